"""What the verbs for labels print: short tables."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from highwall.segmentation.agreement import SCORES


def check_table(report: Mapping[str, Any]) -> Table:
    """Tabulate how many issues of each severity each file has; sound files are counted together."""
    table = Table(box=SIMPLE, title_justify="left")
    for heading in ("file", "polygons", "errors", "warnings", "notices"):
        table.add_column(heading, justify="left" if heading == "file" else "right", overflow="fold")
    columns = ("n_polygons", "n_errors", "n_warnings", "n_notices")
    sound = [row for row in report["files"].values() if not row["issues"]]
    for name, row in report["files"].items():
        if row["issues"]:
            table.add_row(name, *(str(row[column]) for column in columns))
    if sound:
        table.add_row(f"{len(sound)} sound", str(sum(row["n_polygons"] for row in sound)), "0", "0", "0")
    return table


def agreement_table(report: Mapping[str, Any]) -> Table:
    """Tabulate agreement by class: IoU with its 95 % interval over scenes, F1 and kappa."""
    scenes = {scene["scene"] for scene in report["scenes"]}
    table = Table(box=SIMPLE, title=f"Agreement on {len(scenes)} scenes", title_justify="left", padding=(0, 1, 0, 0))
    for heading in ("class", "scenes", "IoU", "95 %", "F1", "kappa"):
        table.add_column(heading, justify="left" if heading == "class" else "right", no_wrap=True)
    for name, row in report["classes"].items():
        scores = [row[score] or {} for score in SCORES]
        low, high = (_number(scores[0].get(side)) for side in ("low", "high"))
        iou, *others = (_number(score.get("value")) or "–" for score in scores)
        table.add_row(name, str(row["n_scenes"]), iou, f"{low}…{high}" if low else "", *others)
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{round(value, 2) + 0.0:.2f}"
