"""What is printed of a search and of a table."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from highwall.workflows.training.tables_rows import PaperTable, text_of


def tuned_table(found: Mapping[str, Any]) -> Table:
    """Choice of a search, with what each part of it explains."""
    best, tested = found["best"], found["tested"]
    counts = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in found["counts"].items() if n)
    table = Table(title=Text(f"{counts} of {found['space_size']:,} combinations"), box=SIMPLE, title_justify="left")
    for heading, side in (("choice", "left"), ("value", "right"), ("importance", "right")):
        table.add_column(heading, justify="left" if side == "left" else "right")
    for name, value in best["choices"].items():
        share = found["importance"].get(name)
        table.add_row(name.replace("_", " "), str(value), "" if share is None else f"{share:.2f}")
    table.add_row("validation IoU", f"{best['validation_iou']:.3f}", "")
    for subset, means in (tested["means"] if tested else {}).items():
        if subset != "all_classes":
            table.add_row(f"test IoU, {subset.replace('_', ' ')}", text_of(means["macro"]["iou"]), "")
    if tested:
        table.caption = Text(f"test: {tested['n_scenes']} scenes, {tested['n_simulated']} of them simulated")
        table.caption_justify = "left"
    return table


def paper_table(table: PaperTable) -> Table:
    """A table of the paper, with its notes."""
    title = Text(f"Table {table.number}. {table.title}")
    shown = Table(title=title, box=SIMPLE, title_justify="left", caption_justify="left")
    for number, heading in enumerate(table.heading):
        shown.add_column(heading, justify="left" if number == 0 else "right")
    for row in table.rows:
        shown.add_row(*(text_of(cell) for cell in row))
    shown.caption = Text("\n".join(table.notes))
    return shown
