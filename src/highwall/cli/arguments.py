"""Arguments that several verbs share, and how their text is read."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder that takes the results.")]
RunFile = Annotated[Path | None, typer.Option("--run", help="run.yaml: bounds that differ from the defaults.")]
Bands = Annotated[str | None, typer.Option(help="Bands to segment, as B04,B03,B02; by default as run.yaml says.")]
Scale = Annotated[float | None, typer.Option(help="Scale of the segmentation; by default as run.yaml says.")]
EstimateScale = Annotated[bool, typer.Option("--estimate-scale", help="Take the scale from the image (ESP2).")]
Convert = Annotated[bool, typer.Option("--convert", help="Put L2A scenes back to L1C, through a clear sky.")]
Date = Annotated[str | None, typer.Option("--date", help="Date of the data, as 2024-06-30.")]
_LEVELS = ("L1C", "L2A")


def date_of(text: str | None) -> dt.date | None:
    """Read a date, as 2024-06-30."""
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a date; write it as 2024-06-30") from error


def level_of(text: str | None) -> str | None:
    """Read a processing level, in either case."""
    level = None if text is None else text.upper()
    if level not in (None, *_LEVELS):
        raise typer.BadParameter(f"{text!r} is no level; --level is {' or '.join(_LEVELS)}")
    return level


def words_of(text: str | None) -> tuple[str, ...] | None:
    """Split words with commas between."""
    return None if text is None else tuple(part.strip() for part in text.split(","))


def pairs_of(texts: list[str] | None, *, example: str) -> dict[str, str]:
    """Read pairs, written as the example is, each name once."""
    pairs = [text.partition("=") for text in texts or []]
    names = [name for name, _, _ in pairs]
    for name, equals, _ in pairs:
        if not equals:
            raise typer.BadParameter(f"{name!r} is no pair; write it as {example}")
        if names.count(name) > 1:
            raise typer.BadParameter(f"{name!r} is given {names.count(name)} times; give it once, as {example}")
    return {name: column for name, _, column in pairs}
