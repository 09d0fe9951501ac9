"""The tables of *Against others* in the room's page, from ``results`` alone; each stands between its markers."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rooms" / "classification.md"
OURS = "**Highwall**"
_NAMES = {"sgd": "SGD", "adam": "Adam", "rmsprop": "RMSProp"}
Rows = Sequence[Mapping[str, Any]]


def write_page(results: Path, *, page: Path = PAGE) -> None:
    """Fill the tables of a page with what was measured."""
    page.write_text(filled(page.read_text(encoding="utf-8"), results), encoding="utf-8")


def filled(text: str, results: Path) -> str:
    """Text with every table whose markers and whose results are there."""
    for room, table in TABLES.items():
        begin, end = f"<!-- table:{room} -->", f"<!-- /table:{room} -->"
        path = results / f"{room}.json"
        if begin in text and path.exists():
            head, _, rest = text.partition(begin)
            made = table(json.loads(path.read_text(encoding="utf-8")))
            text = f"{head}{begin}\n{made}\n{end}{rest.partition(end)[2]}"
    return text


def cost_table(rows: Rows) -> str:
    """One line a network, light ones first."""
    units = {row["case"]: row["unit"] for row in rows}
    head = ["network", *(f"{case} [{unit}]" for case, unit in units.items())]
    values = _values(rows)
    names = [OURS, *sorted((name for name in values if name != OURS), key=lambda name: values[name]["parameters"])]
    return _table(head, ([name, *(_cost(values, name, case) for case in units)] for name in names))


def score_table(rows: Rows) -> str:
    """One line a network, best average precision first."""
    cases = list(dict.fromkeys(row["case"] for row in rows))
    values = _values(rows)
    intervals = {(row["rival"] or OURS, row["case"]): row["note"].partition(";")[0] for row in rows}
    names = sorted(values, key=lambda name: -values[name][cases[0]])
    return _table(
        ["network", *cases],
        ([name, *(f"{values[name][case]:.3f} {intervals[name, case]}" for case in cases)] for name in names),
    )


def optimiser_table(rows: Rows) -> str:
    """The paper's table 4: one line a pair of network and optimiser."""
    cases = list(dict.fromkeys(row["case"].partition(": ")[2] for row in rows))
    values = _values(rows)
    lines = []
    for name in values:
        for optimiser, title in _NAMES.items():
            found = {case: values[name][at] for case in cases if (at := f"{optimiser}: {case}") in values[name]}
            if found:
                lines.append([f"{name} + {title}", *("none" if x is None else f"{x:.3f}" for x in found.values())])
    return _table(["network + optimiser", *cases], lines)


def slice_table(rows: Rows) -> str:
    """The paper's table 3: one line a size."""
    parted = [(*row["case"].split(": "), f"{row['ours']:.3f} {row['note']}") for row in rows]
    cases = list(dict.fromkeys(case for _, case, _ in parted))
    sides = dict.fromkeys(side for side, _, _ in parted)
    return _table(["slice", *cases], ([side, *(cell for at, _, cell in parted if at == side)] for side in sides))


TABLES: dict[str, Callable[[Rows], str]] = {
    "classification": cost_table,
    "classification_scores": score_table,
    "classification_scores_1600": score_table,
    "classification_optimisers": optimiser_table,
    "classification_slices": slice_table,
}


def _values(rows: Rows) -> dict[str, dict[str, float]]:
    """Value of each case by network, ours first."""
    values: dict[str, dict[str, float]] = {OURS: {}}
    for row in rows:
        values[OURS][row["case"]] = row["ours"]
        if row["rival"]:
            values.setdefault(row["rival"], {})[row["case"]] = row["rival_value"]
    return values


def _cost(values: Mapping[str, Mapping[str, float]], name: str, case: str) -> str:
    value = values[name][case]
    times = f" ({value / values[OURS][case]:.2g}×)" if "thread" in case and name != OURS else ""
    return f"{value:,.0f}{times}" if value >= 1000.0 else f"{value:.3g}{times}"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *lines))
