"""What became of each pixel between two maps of one subset: from which class to which."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.segmentation.decision import CODES, NO_DATA

FromTo = NDArray[np.uint16]
"""100 × code before + code after; :data:`NOT_SEEN` where one of the maps has no data."""

STEP: Final = 100
"""What the code before is multiplied with."""
NOT_SEEN: Final = 65535
"""Where one of the maps has no data."""
BACKGROUND: Final = "background"
EXPANSION, ABANDONMENT, CONVERSION = "expansion", "abandonment", "conversion"
KINDS: Final = (EXPANSION, ABANDONMENT, CONVERSION)
"""Ground that became mine, that stopped being mine, and that changed its class."""
_NAMES: Final = {0: BACKGROUND} | {code: name for name, code in CODES.items()}
_N_CODES: Final = 1 + max(_NAMES)


class Change(NamedTuple):
    """One entry of a from-to matrix."""

    before: str
    """Class, or ``background``."""
    after: str
    n_px: int

    @property
    def kind(self) -> str | None:
        """One of :data:`KINDS`; None where nothing changed."""
        return kind_of(self.before, self.after)


def from_to(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> FromTo:
    """Join two maps of codes on one grid, :data:`decision.NO_DATA` where nothing is known: (y, x) → (y, x).

    Raises
    ------
    InputError
        The shapes differ, or a value is no code of a class.
    """
    if before.shape != after.shape:
        raise InputError(f"maps of {before.shape} and {after.shape} pixels; put one on the other's grid first.")
    seen = (before != NO_DATA) & (after != NO_DATA)
    highest = max((int(codes[seen].max(initial=0)) for codes in (before, after)), default=0)
    if highest >= _N_CODES:
        raise InputError(f"{highest} is no code of a class; codes are {', '.join(map(str, _NAMES))}.")
    joined = STEP * before.astype(np.uint16) + after
    return np.where(seen, joined, np.uint16(NOT_SEEN))


def changed(codes: FromTo) -> NDArray[np.int32]:
    """Codes where the class is another, 0 where it is not, or is not known."""
    is_other = (codes // STEP != codes % STEP) & (codes != NOT_SEEN)
    return np.where(is_other, codes, 0).astype(np.int32)


def count_changes(codes: FromTo, where: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Count pixels of each code before (row) and after (column), where both are known, and where a layer is True."""
    counted = codes != NOT_SEEN if where is None else (codes != NOT_SEEN) & where
    pixels = codes[counted].astype(np.int64)
    flat = np.bincount(pixels // STEP * _N_CODES + pixels % STEP, minlength=_N_CODES**2)
    return np.asarray(flat.reshape(_N_CODES, _N_CODES), dtype=np.int64)


def changes_of(counts: NDArray[np.int64]) -> list[Change]:
    """Entries of a matrix of :func:`count_changes` that are not zero, by class before and after."""
    return [Change(_NAMES[int(a)], _NAMES[int(b)], int(counts[a, b])) for a, b in np.argwhere(counts)]


def names_of(code: int) -> tuple[str, str]:
    """Classes before and after that a from-to code stands for."""
    return _NAMES[code // STEP], _NAMES[code % STEP]


def kind_of(before: str, after: str) -> str | None:
    """Kind of a change, one of :data:`KINDS`; None where the class is the same."""
    if before == after:
        return None
    return EXPANSION if before == BACKGROUND else ABANDONMENT if after == BACKGROUND else CONVERSION
