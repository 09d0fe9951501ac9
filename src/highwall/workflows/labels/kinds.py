"""What the rasters of a folder of labels hold that do not say it: class codes, or sets of bits. All files are asked.

Codes are 0 to 11 and 255 (see `segmentation.labels.from_codes`), sets of bits go up to 2047 and 65535. One file may fit
both; a folder hardly does, for infrastructure, dams and tailings are bits above 11. A folder whose values all fit codes
holds codes. 255 in bytes, and 65535, are no values but mark what lies outside.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from highwall.core.errors import HighwallError, InputError
from highwall.io.windows import read_window
from highwall.segmentation.labels import BLANK_CODE, OUTSIDE
from highwall.workflows.labels.files import LABEL_RASTERS, files_below

CODES, BITS = "codes", "bits"
_BYTE_OUTSIDE: Final = 255


def kind_of_folder(folder: Path) -> str | None:
    """``codes`` or ``bits``: what the rasters of one band hold; None where there are none to tell by.

    Raises
    ------
    InputError
        They hold 0 and 255 alone, which is neither.
    """
    values = _values(files_below(folder, LABEL_RASTERS))
    if not values:
        return None
    meant = values - {_BYTE_OUTSIDE, OUTSIDE}
    if meant <= {0} and _BYTE_OUTSIDE in values:
        raise InputError(
            f"the masks in {folder} hold {', '.join(map(str, sorted(values)))} alone; 255 marks what lies outside the "
            "labels. Give class codes 1 to 10, or bits."
        )
    return CODES if max(meant, default=0) <= BLANK_CODE else BITS


def _values(paths: Iterable[Path]) -> set[int]:
    """Every value of every raster of whole numbers that can be read; the others are set aside when they are opened."""
    found: set[int] = set()
    for path in paths:
        try:
            stored = read_window(path, (1,), None)
        except HighwallError:
            continue
        if stored.dtype.kind in "iu":
            found.update(np.unique(stored).tolist())
    return found
