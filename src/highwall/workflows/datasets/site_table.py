"""The table of sites of a dataset: what each digs and how, which dates count, and whether its split is fixed."""

import csv
import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from highwall.core.checks import nearest_name
from highwall.core.errors import InputError, MissingInputError
from highwall.segmentation.dataset import MATERIALS, MINE_TYPES, SPLITS

_COLUMNS: Final = {
    "site": "site", "name": "site", "material": "material", "raw_material": "material", "mine_type": "mine_type",
    "type": "mine_type", "surface_mine_type": "mine_type", "dates": "dates", "date": "dates", "split": "split",
}  # fmt: skip
"""Headings that are understood, and what they mean."""
_WORDS: Final = {
    "coal and lignite": "CL", "coal": "CL", "lignite": "CL", "metallic ores": "MO", "metallic ore": "MO",
    "rock raw materials": "RR", "rock": "RR", "opencast": "OC", "open-cast": "OC", "open-pit": "OP", "open pit": "OP",
    "mountain-top": "MT", "mountain top": "MT", "train": "training", "val": "validation", "testing": "test",
}  # fmt: skip
"""What the codes stand for, as MineCam spells it (Jabłońska et al. 2024, section 2.2), and short names of splits."""


class SiteRow(NamedTuple):
    """One site."""

    material: str | None = None
    mine_type: str | None = None
    dates: frozenset[dt.date] = frozenset()
    """Dates whose scenes count; all where there is none."""
    split: str | None = None


def read_sites(path: Path) -> dict[str, SiteRow]:
    """Read a CSV with columns ``site``, ``material``, ``mine_type`` and, if wanted, ``dates`` and ``split``.

    Cells may be empty. Several dates are separated by blanks or semicolons; a site may have several rows, one a date.

    Raises
    ------
    MissingInputError
        No such file.
    InputError
        A column is missing, a value unknown, or two rows of one site contradict each other.
    """
    if not path.is_file():
        raise MissingInputError(f"no site table at {path}; check the path.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8 ({error}); save it as CSV in UTF-8.") from error
    heading = text.partition("\n")[0]
    lines = csv.reader(text.splitlines(), delimiter=max(",;\t", key=heading.count))
    columns = _columns(next(lines, []), path)
    sites: dict[str, SiteRow] = {}
    for number, cells in enumerate(lines, start=2):
        values = {column: cell.strip() for column, cell in zip(columns, cells, strict=False) if column}
        if any(values.values()):
            _add(sites, values, where=f"{path.name}, line {number}")
    if not sites:
        raise InputError(f"{path} has no site below its heading; write a row each site.")
    return sites


def _columns(heading: list[str], path: Path) -> list[str | None]:
    """Meaning of each column; none for those that are not used."""
    columns = [_COLUMNS.get(re.sub(r"\W+", "_", cell.strip().lower())) for cell in heading]
    if "site" not in columns:
        found = ", ".join(heading) or "nothing"
        raise InputError(f"{path} needs a column site in its first line; found {found}.")
    return columns


def _add(sites: dict[str, SiteRow], values: Mapping[str, str], *, where: str) -> None:
    name = values.get("site", "")
    if not name:
        raise InputError(f"{where}: the site has no name; fill the column site.")
    row = SiteRow(
        _one_of(values.get("material", ""), MATERIALS, "material", where),
        _one_of(values.get("mine_type", ""), MINE_TYPES, "mine_type", where),
        _dates(values.get("dates", ""), where),
        _one_of(values.get("split", ""), SPLITS, "split", where),
    )
    known = sites.get(name)
    if known is not None and known._replace(dates=row.dates) != row:
        raise InputError(f"{where}: site {name!r} stands there twice with different facts; make them agree.")
    sites[name] = row if known is None else row._replace(dates=known.dates | row.dates)


def _one_of(text: str, known: tuple[str, ...], column: str, where: str) -> str | None:
    """Read a code, or the words that it stands for."""
    if not text:
        return None
    code = _WORDS.get(text.lower(), text)
    found = next((each for each in known if each.lower() == code.lower()), None)
    if found is None:
        raise InputError(f"{where}: {column} {text!r} is unknown{nearest_name(text, known)}; use {', '.join(known)}.")
    return found


def _dates(text: str, where: str) -> frozenset[dt.date]:
    try:
        return frozenset(dt.date.fromisoformat(part) for part in re.split(r"[\s;,|]+", text) if part)
    except ValueError as error:
        raise InputError(f"{where}: {text!r} holds no date; write dates as 2021-06-30.") from error
