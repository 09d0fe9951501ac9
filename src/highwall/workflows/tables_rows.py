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


def average_of(rows: Sequence[Sequence[Cell]]) -> list[Cell]:
    """Plain mean of each column over the rows that have it."""
    return [_mean(column) for column in zip(*rows, strict=True)]


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


def _mean(column: Sequence[Cell]) -> Cell:
    known = [cell for cell in column if isinstance(cell, float)]
    return sum(known) / len(known) if known else None
