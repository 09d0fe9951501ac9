"""Write the reference pages from the code: `make docs`. A test holds them in step."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from highwall.cli import app
from highwall.core.errors import HighwallError
from highwall.core.products import LAYERS, RUN_FILES, RUN_FILES_ASKED
from highwall.core.taxonomy import CHIP_CLASSES, MINING_CLASSES
from highwall.workflows.sample import SAMPLES, sample
from highwall.workflows.watching.summary import schema

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
_TIMES = ("s", "CPU s", "CPU µs", "CPU s/Mpx")


def pages() -> dict[str, str]:
    """Content of every generated page by file name."""
    return {
        "benchmarks.md": _benchmarks(),
        "cli.md": _cli(),
        "products.md": _products(),
        "taxonomy.md": _taxonomy(),
        "errors.md": _errors(),
        "summary.schema.json": json.dumps(schema(), indent=2, ensure_ascii=False) + "\n",
        **{f"{name}.yaml": sample(name) for name in SAMPLES},
    }


def with_speeds(text: str) -> str:
    """Fill the tables of speed of a page, between their markers: how many times faster than each rival."""
    for path in sorted((ROOT / "benchmarks" / "results").glob("*.json")):
        begin, end = f"<!-- speeds:{path.stem} -->", f"<!-- /speeds:{path.stem} -->"
        if begin in text:
            head, _, rest = text.partition(begin)
            text = f"{head}{begin}\n{_speeds(_rows(path))}\n{end}{rest.partition(end)[2]}"
    return text


def with_changes(text: str) -> str:
    """Fill the tables of a page that hold what a room does to its input, between their markers: before → after."""
    for path in sorted((ROOT / "benchmarks" / "results").glob("*.json")):
        begin, end = f"<!-- changes:{path.stem} -->", f"<!-- /changes:{path.stem} -->"
        if begin in text:
            head, _, rest = text.partition(begin)
            text = f"{head}{begin}\n\n{_changes(_rows(path))}\n\n{end}{rest.partition(end)[2]}"
    return text


def _changes(rows: list[dict[str, Any]]) -> str:
    """One line a case, one column a measure; the rival's value stands before the arrow."""
    cells: dict[str, dict[str, str]] = {}
    for row in rows:
        case, _, measure = row["case"].partition(": ")
        figures = [f"{row[side]:.3g}" for side in ("rival_value", "ours") if row[side] is not None]
        cells.setdefault(case, {})[measure if row["unit"] == "1" else f"{measure} [{row['unit']}]"] = " → ".join(
            figures
        )
    measures = list(dict.fromkeys(measure for line in cells.values() for measure in line))
    lines = [f"| | {' | '.join(measures)} |", "|---|" + "---|" * len(measures)]
    return "\n".join(
        [
            *lines,
            *(f"| {case} | {' | '.join(line.get(name, '') for name in measures)} |" for case, line in cells.items()),
        ]
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return rows


def _speeds(rows: list[dict[str, Any]]) -> str:
    """One line a case, one column a rival; of the rows that hold times."""
    timed = [row for row in rows if row["unit"] in _TIMES]
    rivals = list(dict.fromkeys(row["rival"] for row in timed if row["ratio"] is not None))
    lines = [f"| case | Highwall | {' | '.join(rivals)} |", "|---|---|" + "---|" * len(rivals)]
    for case in dict.fromkeys(row["case"] for row in timed):
        ours = next(row for row in timed if row["case"] == case)
        ratio = {row["rival"]: row["ratio"] for row in timed if row["case"] == case}
        cells = (f"{ratio[rival]:.3g}×" if ratio.get(rival) is not None else "" for rival in rivals)
        lines.append(f"| {case} | {ours['ours']:.3g} {ours['unit']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _benchmarks() -> str:
    parts = [
        "# Benchmarks\n\nWritten from `benchmarks/results` by `make docs`; made by `make bench ROOM=insar` etc. "
        "Both sides of a row ran in the same run on the same input; *ratio* is the rival's value over ours. Rivals "
        "live in an environment of their own: `make rivals`.\n"
    ]
    for path in sorted((ROOT / "benchmarks" / "results").glob("*.json")):
        parts.append(f"## {path.stem}\n\n{_table(_rows(path))}\n")
    return "\n".join(parts)


def _table(rows: list[dict[str, Any]]) -> str:
    lines = ["| case | unit | Highwall | rival | rival's | ratio | note |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        figures = ("" if row[name] is None else f"{row[name]:.3g}" for name in ("ours", "rival_value", "ratio"))
        ours, rival, ratio = figures
        lines.append(f"| {row['case']} | {row['unit']} | {ours} | {row['rival']} | {rival} | {ratio} | {row['note']} |")
    return "\n".join(lines)


def commands(group: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every verb with its full name."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _cli() -> str:
    parts = ["# Command line\n\nWritten from the code by `make docs`.\n"]
    for name, command in sorted(commands()):
        parts.append(f"## `highwall {name}`\n\n{command.help}\n")
        rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            parts.append("| argument | meaning | default |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _parameter(parameter: Any) -> str:
    is_argument = parameter.param_type_name == "argument"
    name = parameter.name.upper() if is_argument else ", ".join(parameter.opts)
    has_default = parameter.default not in (None, [])
    default = "required" if parameter.required else f"`{parameter.default}`" if has_default else ""
    return f"| `{name}` | {parameter.help} | {default} |"


def _products() -> str:
    rows = "\n".join(
        f"| `{layer.name}` | {', '.join(layer.dims)} | {layer.dtype} | {layer.unit} | {layer.scale:g} | "
        f"{layer.fill:g} | {layer.long_name}{f'; {layer.sign}' if layer.sign else ''} | {layer.source} |"
        for layer in LAYERS.values()
    )
    files, asked = (
        "\n".join(f"| `{name}` | {meaning} |" for name, meaning in table.items())
        for table in (RUN_FILES, RUN_FILES_ASKED)
    )
    return (
        "# Products\n\nWritten from `core/products.py` by `make docs`. SI units in files; no unit or sign depends "
        "on an option.\n\n## Layers\n\n| layer | dims | type | unit | scale | fill | meaning | source |\n"
        f"|---|---|---|---|---|---|---|---|\n{rows}\n\n## Files of a run\n\n| file | content |\n|---|---|\n{files}\n\n"
        f"Only when asked for:\n\n| file | content |\n|---|---|\n{asked}\n"
    )


def _taxonomy() -> str:
    rows = "\n".join(
        f"| {row.code} | {row.name} | {row.subset} | {row.inside or ''} | {row.definition} |" for row in MINING_CLASSES
    )
    return (
        "# Taxonomy\n\nThe ten mining land-cover classes, after MineCam (Jabłońska et al. 2024, Table 1).\n\n"
        f"| code | class | subset | lies in | definition |\n|---|---|---|---|---|\n{rows}\n\n"
        f"The chip network tells {', '.join(f'`{name}`' for name in CHIP_CLASSES)} apart.\n"
    )


def _errors() -> str:
    rows = "\n".join(_error_rows(HighwallError, depth=0))
    return f"# Errors\n\nEvery error that Highwall raises on purpose.\n\n{rows}\n"


def _error_rows(kind: type[Exception], depth: int) -> Iterator[str]:
    summary = (kind.__doc__ or "").strip().splitlines()[0]
    yield f"{'  ' * depth}- `{kind.__name__}`: {summary}"
    for child in kind.__subclasses__():
        yield from _error_rows(child, depth + 1)


if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for file_name, content in pages().items():
        (REFERENCE / file_name).write_text(content, encoding="utf-8")
    for page in (ROOT / "docs" / "rooms").glob("*.md"):
        page.write_text(with_changes(page.read_text(encoding="utf-8")), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_speeds(readme.read_text(encoding="utf-8")), encoding="utf-8")
