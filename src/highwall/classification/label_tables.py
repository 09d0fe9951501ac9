"""Labels that a person gave by looking: chips sorted by hand, chips named wrongly by their mosaic, related families.

The tables stand beside this module in ``labels/``. A chip of a mosaic is found by its row and column where the whole
mosaic was sorted, and by its content where single chips were judged, because families share chips.
"""

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.core.taxonomy import CHIP_CLASSES

UNSURE: Final = "unsure"
"""Label of a chip that the person who looked would not decide: it neither trains nor judges."""

_HASH_DIGITS = 16


class Cell(NamedTuple):
    """Where a chip lies in its mosaic."""

    mosaic: str
    row: int
    column: int


@dataclass(frozen=True)
class LabelTables:
    """All that people added to what the names of the mosaics say; empty by default."""

    of_cell: Mapping[Cell, str] = field(default_factory=dict)
    """Labels of mosaics that were sorted chip by chip; their other cells count as unsure."""
    of_content: Mapping[str, str] = field(default_factory=dict)
    """Labels of single chips by `content_key`, against the name of their mosaic."""
    group_of: Mapping[str, str] = field(default_factory=dict)
    """Group of each family that shares its source with others; they stay on one side of every split."""

    @property
    def sorted_mosaics(self) -> set[str]:
        """Mosaics whose cells were sorted."""
        return {cell.mosaic for cell in self.of_cell}

    def group(self, family: str) -> str:
        """Group of a family: its own name where nothing is known."""
        return self.group_of.get(family, family)


def content_key(chip: NDArray[np.uint8]) -> str:
    """First 16 hexadecimal digits of the SHA-256 of a chip's levels (48, 48, 3)."""
    return hashlib.sha256(np.ascontiguousarray(chip).tobytes()).hexdigest()[:_HASH_DIGITS]


def parse_cells(lines: Iterable[str]) -> dict[Cell, str]:
    """Read the table ``mosaic,row,column,label``.

    Raises
    ------
    InputError
        A column is missing, or a label is unknown.
    """
    rows = _rows(lines, columns=("mosaic", "row", "column", "label"))
    return {Cell(row["mosaic"], int(row["row"]), int(row["column"])): _known(row["label"]) for row in rows}


def parse_contents(lines: Iterable[str]) -> dict[str, str]:
    """Read the table ``chip,family,label,seen``; errors as in `parse_cells`."""
    rows = _rows(lines, columns=("chip", "family", "label", "seen"))
    return {row["chip"]: _known(row["label"]) for row in rows}


def parse_groups(lines: Iterable[str]) -> dict[str, str]:
    """Read the table ``family,group``; errors as in `parse_cells`."""
    return {row["family"]: row["group"] for row in _rows(lines, columns=("family", "group"))}


def _rows(lines: Iterable[str], *, columns: tuple[str, ...]) -> list[dict[str, str]]:
    reader = csv.DictReader(lines)
    missing = set(columns) - set(reader.fieldnames or ())
    if missing:
        raise InputError(f"a label table lacks {', '.join(sorted(missing))}; its first line is {','.join(columns)}.")
    return list(reader)


def _known(label: str) -> str:
    if label not in (*CHIP_CLASSES, UNSURE):
        raise InputError(f"label {label!r} is unknown; use one of {', '.join((*CHIP_CLASSES, UNSURE))}.")
    return label
