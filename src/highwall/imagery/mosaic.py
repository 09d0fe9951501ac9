"""Tiles of one pass side by side, and what of a place they show."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import xarray as xr

from highwall.core.errors import SceneError
from highwall.core.grid import check_same_grid

_HIDDEN: Final[Mapping[str, tuple[int, ...]]] = {
    "nodata": (0, 1), "cloud": (8, 9, 10), "shadow": (3,), "snow": (11,),
}  # fmt: skip
"""Codes of Sentinel-2's scene classification under which the ground cannot be seen (ESA, L2A ATBD, table 3)."""


class Sight(NamedTuple):
    """Shares of a place [1] that a scene hides, by the cause."""

    nodata: float
    cloud: float
    shadow: float
    snow: float

    @property
    def hidden(self) -> float:
        """Share that is not to be seen, for whatever cause [1]."""
        return self.nodata + self.cloud + self.shadow + self.snow


def overlay(layers: Sequence[xr.DataArray], *, missing: float = float("nan")) -> xr.DataArray:
    """Lay arrays of one grid over one another: each pixel is the first layer's that has one there.

    Parameters
    ----------
    layers : (…, y, x)
        Of the same pass; the first lies on top, and gives the attributes.
    missing
        What marks a pixel without data: NaN, or a code.

    Raises
    ------
    SceneError
        There is none.
    GridError
        They lie on different grids.
    """
    if not layers:
        raise SceneError("there is no layer to lay over another; give one at least.")
    check_same_grid(*layers)
    top = layers[0]
    for below in layers[1:]:
        is_there = top.notnull() if np.isnan(missing) else top != missing
        top = top.where(is_there, below)
    return top.astype(layers[0].dtype).assign_attrs(layers[0].attrs)


def sight_of(scl: xr.DataArray) -> Sight:
    """What a scene classification (y, x) says of a place: shares of its pixels that are hidden."""
    codes, counts = np.unique(np.nan_to_num(scl.values), return_counts=True)
    found = dict(zip(codes.astype(int).tolist(), (counts / max(scl.size, 1)).tolist(), strict=True))
    return Sight(**{cause: sum(found.get(code, 0.0) for code in codes) for cause, codes in _HIDDEN.items()})
