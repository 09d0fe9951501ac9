"""Stacks that tests make."""

import numpy as np
import odc.geo.xr  # noqa: F401  registers the .odc accessor
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

WAVELENGTH = 0.0554658
METRES_PER_RADIAN = -WAVELENGTH / (4 * np.pi)
START = np.datetime64("2020-01-04")


def make_stack(
    unw: NDArray[np.float32],
    pairs: NDArray[np.int64],
    *,
    days: NDArray[np.int64],
    coh: NDArray[np.float32] | None = None,
) -> xr.Dataset:
    """Stack of phases (pair, y, x) on a grid of 10 m in UTM zone 50 N."""
    dates = (START + days.astype("timedelta64[D]")).astype("datetime64[ns]")
    grid = GeoBox.from_bbox((500_000, 4_000_000, 500_000 + 10 * unw.shape[2], 4_000_000 + 10 * unw.shape[1]),
                            "EPSG:32650", shape=unw.shape[1:])  # fmt: skip
    arrays = {"unw": (("pair", "y", "x"), unw)}
    if coh is not None:
        arrays["coh"] = (("pair", "y", "x"), coh)
    coords = {"first": ("pair", dates[pairs[:, 0]]), "second": ("pair", dates[pairs[:, 1]]), **xr_coords(grid)}
    return xr.Dataset(arrays, coords=coords, attrs={"wavelength_m": WAVELENGTH, "incidence_deg": 39.0})


def band_network(n_epochs: int, *, band: int) -> NDArray[np.int64]:
    """Every pair of epochs at most ``band`` apart."""
    return np.array([(i, j) for i in range(n_epochs) for j in range(i + 1, min(i + band + 1, n_epochs))])


def noisy_case(
    seed: int, *, n_epochs: int = 12, band: int = 4, shape: tuple[int, int] = (9, 17), missing: float = 0.3
) -> tuple[xr.Dataset, NDArray[np.int64], NDArray[np.int64]]:
    """Random phases with missing values and coherences on uneven dates: stack, pairs, days."""
    rng = np.random.default_rng(seed)
    days = np.cumsum(np.concatenate([[0], rng.choice([6, 12, 24, 36], n_epochs - 1)]))
    pairs = rng.permutation(band_network(n_epochs, band=band))
    size = (len(pairs), *shape)
    unw = rng.normal(0, 5, size).astype(np.float32)
    unw[rng.random(size) < missing] = np.nan
    coh = rng.uniform(0.05, 0.98, size).astype(np.float32)
    coh[rng.random(size) < 0.03] = np.nan
    return make_stack(unw, pairs, days=days, coh=coh), pairs, days
