"""Averages over windows of looks: sums of samples, and the coordinates of the coarser grid."""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from highwall.core.errors import StackError

_PLACE = ("latitude", "longitude")


class Looks(NamedTuple):
    """Samples averaged along each axis."""

    y: int
    x: int

    def of(self, height: int, width: int) -> tuple[int, int]:
        """Size of the averaged image; a last window that is not full is left out.

        Raises
        ------
        StackError
            The image is smaller than one window.
        """
        if height < self.y or width < self.x:
            raise StackError(
                f"{height}×{width} samples hold no window of {self.y}×{self.x} looks; lower looks_y or looks_x."
            )
        return height // self.y, width // self.x


def window_sums(samples: NDArray[Any], looks: Looks) -> NDArray[np.float64]:
    """Sum (layer, y, x) over windows of looks: (layer, y // looks.y, x // looks.x) float64.

    Samples are added one by one in a fixed order, so that a window's sum does not depend on where the array was cut.
    """
    rows, cols = looks.of(*samples.shape[1:])
    total = np.zeros((len(samples), rows, cols))
    for dy in range(looks.y):
        for dx in range(looks.x):
            total += samples[:, dy : rows * looks.y : looks.y, dx : cols * looks.x : looks.x]
    return total


def coarser_space(dataset: xr.Dataset, looks: Looks) -> xr.Dataset:
    """Average what describes the ground, coordinates and layers (…, y, x) of real numbers, over windows of looks.

    A layer's samples that are missing are left out of its means. Latitude and longitude, missing where NaN or both 0,
    are missing in every window that lacks a sample of theirs: the mean of the others would lie elsewhere.

    Returns
    -------
    xr.Dataset
        Layers and coordinates that span y and x but no epoch; where the input has a grid with a CRS, the coarser one.
    """
    looks.of(dataset.sizes["y"], dataset.sizes["x"])
    flat = dataset.drop_vars([name for name, array in dataset.variables.items() if "epoch" in array.dims])
    spans = [name for name, array in flat.variables.items() if array.dims[-2:] == ("y", "x")]
    if not spans:
        return xr.Dataset(coords=_axes(dataset, looks))
    fine = _without_origin(flat.reset_coords().drop_vars(["y", "x", "spatial_ref"], errors="ignore")[spans])
    coarse = fine.coarsen(y=looks.y, x=looks.x, boundary="trim").mean()
    for name in [name for name in _PLACE if name in spans]:
        coarse[name] = fine[name].coarsen(y=looks.y, x=looks.x, boundary="trim").reduce(np.mean)  # NaN where one is
    coarse = coarse.astype({name: flat[name].dtype for name in spans})
    return coarse.set_coords([name for name in spans if name in flat.coords]).assign_coords(_axes(dataset, looks))


def _without_origin(space: xr.Dataset) -> xr.Dataset:
    """NaN for places of (0, 0), by which processors mark samples whose place they do not know."""
    if not set(_PLACE) <= set(space):
        return space
    is_known = (space["latitude"] != 0.0) | (space["longitude"] != 0.0)
    return space.assign({name: space[name].where(is_known) for name in _PLACE})


def _axes(dataset: xr.Dataset, looks: Looks) -> dict[Any, Any]:
    """Coordinates y and x of the coarser grid, if the finer one has a CRS."""
    grid = dataset.odc.geobox
    if not isinstance(grid, GeoBox) or grid.crs is None:
        return {}
    shape = looks.of(grid.shape.y, grid.shape.x)
    return dict(xr_coords(GeoBox(shape, grid.transform * Affine.scale(looks.x, looks.y), grid.crs), dims=("y", "x")))
