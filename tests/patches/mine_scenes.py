"""Real scenes with polygons drawn by eye, and rough predictions made from these polygons by a stated recipe."""

from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import odc.geo.xr
import rioxarray
import shapely
import xarray as xr
from scipy import ndimage

from highwall.core.grid import grid_of, utm_crs
from highwall.core.taxonomy import NONE
from highwall.patches.evidence import burn

PIXEL_M = 10.0


class Drawn(NamedTuple):
    """A scene on a UTM grid, resampled bilinearly, and the polygons of one class."""

    image: xr.DataArray
    """(band, y, x) float32, reflectance × 10,000, NaN missing."""
    references: gpd.GeoDataFrame
    is_reference: np.ndarray
    """(y, x): pixels of the polygons where the scene has data."""


def read_scene(data: Path, name: str, *, mine_class: str) -> Drawn:
    """Read scene K as annotator A drew it: ``K-A``."""
    table = gpd.read_file(data / "mine-classes" / f"{name}.geojson")
    raw = rioxarray.open_rasterio(data / "tailings-ponds" / "images" / f"{name.split('-')[0]}.tif")
    crs = utm_crs(float(raw.x.mean()), float(raw.y.mean()))
    image = raw.astype("f4").where(raw > 0).odc.reproject(crs, resolution=PIXEL_M, resampling="bilinear")
    chosen = table[table["class"] == mine_class].to_crs(crs)
    references = gpd.GeoDataFrame(geometry=shapely.make_valid(chosen.geometry.to_numpy()), crs=crs)
    has_data = np.isfinite(image.values).all(axis=0)
    return Drawn(image, references, burn(references, grid_of(image)) & has_data)


def rough(drawn: Drawn, *, seed: int, name: str) -> xr.DataArray:
    """Probability that knows where a mine is and not its boundary: (band, y, x).

    The drawn area is moved by up to 4 pixels each way, blurred by a Gaussian of 4 pixels, and disturbed by a noise
    that is correlated over 6 pixels and strongest where the probability is near one half.
    """
    random = np.random.default_rng(seed)
    moved = ndimage.shift(drawn.is_reference.astype("f4"), random.integers(-4, 5, 2), order=0)
    smooth = ndimage.gaussian_filter(moved, 4.0)
    noise = ndimage.gaussian_filter(random.standard_normal(smooth.shape), 6.0)
    noise /= noise.std()
    mine = np.clip(smooth + noise * (0.35 * np.sqrt(smooth * (1 - smooth)) + 0.08), 0, 1)
    mine = np.where(np.isfinite(drawn.image.values).all(axis=0), mine, np.nan)
    coordinates = odc.geo.xr.xr_coords(grid_of(drawn.image)) | {"band": [NONE, name]}
    return xr.DataArray(np.stack([1 - mine, mine]), dims=("band", "y", "x"), coords=coordinates)
