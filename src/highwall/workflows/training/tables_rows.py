"""A table as a value, and as text: the scores of MineCam's tables in its columns."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

SCORES: Final = {"iou": "IoU", "recall": "Rec", "precision": "Prec", "accuracy": "Acc"}
"""Scores of the paper's tables, by our names."""

Cell = str | float | None


class PaperTable(NamedTuple):
    """One table of the paper, made anew."""

    number: int
    title: str
    heading: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    notes: list[str]


def four_scores(means: Mapping[str, Any] | None) -> list[Cell]:
    """IoU, recall, precision and accuracy; empty where there is nothing to judge."""
    return [None if means is None else means[name] for name in SCORES]


def means_of_both(pairs: Sequence[tuple[Sequence[Cell], Sequence[Cell]]]) -> tuple[list[Cell], list[Cell]]:
    """Plain means, column by column, of two kinds of rows, over the pairs in which both have a score."""
    first, second = list[Cell](), list[Cell]()
    for column in range(len(pairs[0][0])):
        cells = [(one[column], other[column]) for one, other in pairs]
        both = [(one, other) for one, other in cells if isinstance(one, float) and isinstance(other, float)]
        first.append(sum(one for one, _ in both) / len(both) if both else None)
        second.append(sum(other for _, other in both) / len(both) if both else None)
    return first, second


def as_markdown(table: PaperTable) -> str:
    """Write a table in Markdown, with its notes."""
    lines = [f"### Table {table.number}. {table.title}", "", _line(table.heading)]
    lines.append(_line(["---", *["--:"] * (len(table.heading) - 1)]))
    lines += [_line([text_of(cell) for cell in row]) for row in table.rows]
    return "\n".join([*lines, "", *(f"* {note}" for note in table.notes), ""])


def as_json(table: PaperTable) -> str:
    """Write a table as JSON, each row by the names of its columns."""
    rows = [dict(zip(table.heading, row, strict=True)) for row in table.rows]
    content = {"table": table.number, "title": table.title, "notes": table.notes, "rows": rows}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def text_of(cell: Cell) -> str:
    """Write a cell: scores with three digits, as the paper has them."""
    if cell is None:
        return "–"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
