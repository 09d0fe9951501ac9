"""What every benchmark shares: a row beside a rival, a table for people, JSON for the documents, the machine."""

import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
SHARED = Path(os.environ.get("HIGHWALL_SHARED") or Path(__file__).resolve().parents[2] / "shared")
"""Folder of data and prototypes beside the repository."""
RIVALS_PYTHON = (
    Path(os.environ.get("HIGHWALL_RIVALS") or Path(__file__).resolve().parents[1] / ".venv-bench") / "bin" / "python"
)
"""Interpreter of the environment ``HIGHWALL_RIVALS``, by default ``.venv-bench``: rivals never share Highwall's own."""


@dataclass(frozen=True)
class Row:
    """One measurement of ours beside one rival's, on the same input in the same run."""

    case: str
    unit: str
    ours: float | None
    rival: str = ""
    rival_value: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Rival's value over ours: above 1 where less is better and ours is less."""
        return self.rival_value / self.ours if self.ours and self.rival_value is not None else None


def cpu_seconds(run: Callable[[], object], *, repeats: int = 5) -> float:
    """Least CPU time of a call over some repeats [s]: all threads of the process, the first call apart."""
    run()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def machine() -> str:
    """One line on where the numbers come from."""
    return f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def report(room: str, rows: Sequence[Row], *, title: str, folder: Path = RESULTS) -> Path:
    """Print the rows and write ``<folder>/<room>.json``, a list of objects."""
    table = Table(title=title, caption=machine())
    for column in ("case", "unit", "ours", "rival", "rival's", "ratio", "note"):
        table.add_column(column, justify="left" if column in {"case", "rival", "note"} else "right")
    for row in rows:
        table.add_row(
            row.case, row.unit, _text(row.ours), row.rival, _text(row.rival_value), _text(row.ratio), row.note
        )
    Console(width=160).print(table)
    path = folder / f"{room}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([_as_json(row) for row in rows], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _as_json(row: Row) -> dict[str, str | float | None]:
    values: dict[str, str | float | None] = {**asdict(row), "ratio": row.ratio}
    order = ("case", "unit", "ours", "rival", "rival_value", "ratio", "note")
    return {key: float(f"{value:.6g}") if isinstance(value := values[key], float) else value for key in order}


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
