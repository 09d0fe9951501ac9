"""Fields on coarse geographic grids (delay of the air, tide), read between their nodes at the pixels of a block."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyproj import Transformer

from highwall.core.errors import GridError, InputError, StackError
from highwall.insar.geometry import los_enu

Grid = NDArray[np.float64]


class Places(NamedTuple):
    """Where the pixels of a block lie."""

    longitude: Grid
    """(y, x) [degree]"""
    latitude: Grid
    """(y, x) [degree]"""

    @property
    def are_known(self) -> NDArray[np.bool_]:
        """(y, x): pixels whose place is known; NaN is missing, and so is 0 in both."""
        finite = np.isfinite(self.longitude) & np.isfinite(self.latitude)
        return np.asarray(finite & ((self.longitude != 0.0) | (self.latitude != 0.0)))


@dataclass(frozen=True)
class CoarseField:
    """Values on a regular geographic grid."""

    longitude: Grid
    """(longitude,) [degree], ascending, evenly spaced."""
    latitude: Grid
    """(latitude,) [degree], ascending, evenly spaced."""
    values: NDArray[Any]
    """(..., latitude, longitude)"""

    @classmethod
    def of(cls, array: xr.DataArray) -> "CoarseField":
        """Take an array whose last dims are ``latitude`` and ``longitude``, in any direction.

        Raises
        ------
        InputError
            It has other dims or fewer than two nodes along one of them.
        """
        if array.dims[-2:] != ("latitude", "longitude") or min(array.shape[-2:]) < 2:
            raise InputError(
                f"a coarse field has dims {tuple(array.dims)} of shape {array.shape}; expected (..., latitude, "
                "longitude) with two nodes or more along each."
            )
        ordered = array.sortby(["latitude", "longitude"])
        longitude, latitude = (ordered[name].values.astype(np.float64) for name in ("longitude", "latitude"))
        return cls(longitude, latitude, ordered.values)

    def at(self, places: Places) -> Grid:
        """Values (..., y, x), bilinear between the four nodes around each place; NaN outside the nodes."""
        (left, across), (below, up) = (
            _between(axis, wanted)
            for axis, wanted in ((self.longitude, places.longitude), (self.latitude, places.latitude))
        )
        south, north = (
            self.values[..., row, left] * (1.0 - across) + self.values[..., row, left + 1] * across
            for row in (below, below + 1)
        )
        return np.asarray(south * (1.0 - up) + north * up)


def _between(axis: Grid, wanted: Grid) -> tuple[NDArray[np.int64], Grid]:
    """Number of the node before each wanted place and the way from it to the next, 0 to 1; NaN outside."""
    position = (wanted - axis[0]) / (axis[-1] - axis[0]) * (len(axis) - 1)
    inside = (position >= 0.0) & (position <= len(axis) - 1)
    before = np.clip(np.where(inside, position, 0.0).astype(np.int64), 0, len(axis) - 2)
    return before, np.where(inside, position - before, np.nan)


def places_of(block: xr.Dataset) -> Places:
    """Geographic places of a block's pixels: its 2-D ``latitude`` and ``longitude``, or its x and y and their CRS.

    Raises
    ------
    GridError
        It has neither.
    """
    if {"latitude", "longitude"} <= set(block.coords):
        return Places(*(block[name].values.astype(np.float64) for name in ("longitude", "latitude")))
    crs = block.odc.crs
    if crs is None:
        raise GridError("the block carries no CRS; geocode it, or give it 2-D 'latitude' and 'longitude'.")
    x, y = np.meshgrid(block["x"].values, block["y"].values)
    return Places(*Transformer.from_crs(str(crs), "EPSG:4326", always_xy=True).transform(x, y))


def cos_incidence(block: xr.Dataset) -> Grid:
    """Cosine of the incidence angle at a block's pixels, (y, x) or (): ``los_enu`` up, or ``incidence_deg``.

    Raises
    ------
    StackError
        The block has neither.
    """
    if "los_enu" in block:
        return np.asarray(block["los_enu"].sel(component="up").values, dtype=np.float64)
    if "incidence_deg" not in block.attrs:
        raise StackError("the incidence angle is unknown; give the attribute 'incidence_deg' or the layer 'los_enu'.")
    return np.asarray(np.cos(np.deg2rad(float(block.attrs["incidence_deg"]))))


def line_of_sight(block: xr.Dataset) -> Grid:
    """Unit vectors from the ground to the satellite, (3, y, x) or (3, 1, 1): east, north, up.

    Raises
    ------
    StackError
        The block has neither ``los_enu`` nor the attributes ``incidence_deg`` and ``heading_deg``.
    """
    if "los_enu" in block:
        return np.asarray(block["los_enu"].sel(component=["east", "north", "up"]).values, dtype=np.float64)
    missing = [name for name in ("incidence_deg", "heading_deg") if name not in block.attrs]
    if missing:
        raise StackError(f"the line of sight is unknown; give {' and '.join(missing)}, or the layer 'los_enu'.")
    vector = los_enu(float(block.attrs["incidence_deg"]), heading_deg=float(block.attrs["heading_deg"]))
    return np.asarray(vector, dtype=np.float64).reshape(3, 1, 1)


def mean_at_reference(layer: Grid, anchor: xr.Dataset, *, what: str) -> Grid:
    """Mean of a layer (epoch, y, x) over the pixels of ``anchor`` that have a displacement: (epoch,).

    Raises
    ------
    InputError
        At some epoch it has no value at any of them.
    """
    known = np.isfinite(layer) & np.isfinite(anchor["displacement"].values).any(axis=0)
    if not known.any(axis=(1, 2)).all():
        raise InputError(f"{what} has no value at the reference; give it for the whole stack, or leave it out.")
    return np.asarray(np.where(known, layer, 0.0).sum(axis=(1, 2)) / known.sum(axis=(1, 2)))
