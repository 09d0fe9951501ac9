"""What the rasters of a folder of labels hold that do not say it: class codes, or sets of bits. All files are asked.

Codes are 0 to 11, 13 to 16 and 255 (see `segmentation.labels.from_codes`), sets of bits go up to 65535. One file may
fit both; a folder hardly does, for infrastructure, dams and tailings are bits above 11. A folder whose values all fit
codes holds codes; those of types of mines, 13 to 16, count in bytes alone. 255 in bytes, and 65535, are no values but
mark what lies outside.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from highwall.core.errors import HighwallError, InputError
from highwall.core.taxonomy import MINE_TYPES
from highwall.io.windows import read_window
from highwall.segmentation.labels import BLANK_CODE, OUTSIDE
from highwall.workflows.labels.files import LABEL_RASTERS, files_below

CODES, BITS = "codes", "bits"
_BYTE_OUTSIDE: Final = 255
_PLAIN_CODES: Final = frozenset(range(BLANK_CODE + 1))
_CODES_IN_BYTES: Final = _PLAIN_CODES | {each.code for each in MINE_TYPES}


def kind_of_folder(folder: Path) -> str | None:
    """``codes`` or ``bits``: what the rasters of one band hold; None where there are none to tell by.

    Raises
    ------
    InputError
        They hold 0 and 255 alone, which is neither.
    """
    by_width = _values(files_below(folder, LABEL_RASTERS))
    if not by_width:
        return None
    values = set().union(*by_width.values())
    meant = values - {_BYTE_OUTSIDE, OUTSIDE}
    if meant <= {0} and _BYTE_OUTSIDE in values:
        raise InputError(
            f"the masks in {folder} hold {', '.join(map(str, sorted(values)))} alone; 255 marks what lies outside the "
            "labels. Give class codes 1 to 10, or bits."
        )
    known = _CODES_IN_BYTES if set(by_width) == {1} else _PLAIN_CODES
    return CODES if meant <= known else BITS


def _values(paths: Iterable[Path]) -> dict[int, set[int]]:
    """Every value of every raster of whole numbers that can be read, by bytes a pixel; others are set aside later."""
    found: dict[int, set[int]] = {}
    for path in paths:
        try:
            stored = read_window(path, (1,), None)
        except HighwallError:
            continue
        if stored.dtype.kind in "iu":
            found.setdefault(stored.dtype.itemsize, set()).update(np.unique(stored).tolist())
    return found
