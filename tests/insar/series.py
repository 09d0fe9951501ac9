"""Series and scenes that tests of velocity and corrections make."""

import numpy as np
import odc.geo.xr  # noqa: F401  registers the .odc accessor
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from highwall.core.constants import DAYS_PER_YEAR, SENTINEL1_WAVELENGTH
from highwall.insar.network import Network
from tests.insar.stacks import band_network

START = np.datetime64("2020-01-04", "D")
SIDE_PX, PIXEL_M = 40, 100.0


def epochs_at(days: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return (START + days.astype("timedelta64[D]")).astype("datetime64[ns]")


def years_of(days: NDArray[np.int64]) -> NDArray[np.float64]:
    return (days - days[0]) / DAYS_PER_YEAR


def as_series(values: NDArray[np.floating], days: NDArray[np.int64]) -> xr.DataArray:
    """Displacement (epoch, y, x) of plain numbers."""
    return xr.DataArray(values, dims=("epoch", "y", "x"), coords={"epoch": epochs_at(days)}, name="displacement")


def network_of(days: NDArray[np.int64], *, band: int = 3, bperp: NDArray[np.float64] | None = None) -> Network:
    pairs = band_network(len(days), band=band)
    lengths = None if bperp is None else bperp[pairs[:, 1]] - bperp[pairs[:, 0]]
    return Network(START + days.astype("timedelta64[D]"), pairs, lengths)


def make_scene(displacement: NDArray[np.floating], days: NDArray[np.int64], *, seed: int = 0) -> xr.Dataset:
    """Displacement (epoch, y, x) on a grid in UTM, with rough terrain, an incidence and a heading."""
    shape = displacement.shape[1:]
    right, top = 500_000 + PIXEL_M * shape[1], 4_000_000 + PIXEL_M * shape[0]
    grid = GeoBox.from_bbox((500_000, 4_000_000, right, top), "EPSG:32650", shape=shape)
    layers = {
        "displacement": (("epoch", "y", "x"), (displacement - displacement[0]).astype(np.float32)),
        "height": (("y", "x"), terrain(shape, seed)),
        "temporal_coherence": (("y", "x"), np.full(shape, 0.9, np.float32)),
    }
    attrs = {"incidence_deg": 39.0, "heading_deg": -12.0, "wavelength_m": SENTINEL1_WAVELENGTH}
    return xr.Dataset(layers, coords={"epoch": epochs_at(days), **xr_coords(grid)}, attrs=attrs)


def terrain(shape: tuple[int, int], seed: int = 0) -> NDArray[np.float32]:
    """A slope to the north-east with hills on it: height and position go together, but not in full [m]."""
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    hills = 80.0 * np.sin(rows / 4.0 + seed) * np.cos(cols / 5.0)
    return (400.0 + 6.0 * cols - 4.0 * rows + hills).astype(np.float32)


def bowl(shape: tuple[int, int], *, depth: float, sigma_px: float) -> NDArray[np.float64]:
    """Depression around the middle, negative."""
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    distance = (rows - shape[0] / 2) ** 2 + (cols - shape[1] / 2) ** 2
    return -depth * np.exp(-distance / (2 * sigma_px**2))
