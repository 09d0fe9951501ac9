"""A small mine, made up: an image, a rough prediction of it, and what lies around."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import odc.geo.xr
import pytest
import shapely
import xarray as xr
from affine import Affine

from highwall.core.grid import GeoBox
from highwall.core.taxonomy import CHIP_CLASSES
from highwall.io.rasters import write_cog

CRS = "EPSG:32633"
LEFT, TOP, SIDE, PIXEL_M = 500_000.0, 4_990_000.0, 96, 10.0
RADIUS, CELL = 22, 16


@dataclass(frozen=True)
class MadeUpMine:
    """Files of a disc of bare ground in woods, 96 × 96 pixels of 10 m, and the truth of it."""

    folder: Path
    is_mine: np.ndarray

    @property
    def image(self) -> Path:
        return self.folder / "image.tif"

    @property
    def probability(self) -> Path:
        return self.folder / "probability.tif"

    @property
    def references(self) -> Path:
        return self.folder / "references.gpkg"

    def write(self, values: np.ndarray, name: str, *, layer: str, step: float = PIXEL_M, bands=()) -> Path:
        """Write a layer whose pixels are ``step`` metres, the first at the corner of the image."""
        grid = GeoBox(values.shape[-2:], Affine(step, 0, LEFT, 0, -step, TOP), CRS)
        dims = ("band", "y", "x")[-values.ndim :]
        array = xr.DataArray(values, dims=dims, coords=odc.geo.xr.xr_coords(grid))
        return write_cog(array.assign_coords(band=list(bands)) if bands else array, self.folder / name, layer=layer)


@pytest.fixture(scope="session")
def mine(tmp_path_factory):
    row, col = np.mgrid[:SIDE, :SIDE]
    is_mine = np.hypot(row - 47.5, col - 47.5) < RADIUS
    made = MadeUpMine(tmp_path_factory.mktemp("mine"), is_mine)
    made.write(_reflectance(is_mine), "image.tif", layer="reflectance", bands=("B02", "B03", "B04", "B08"))
    share = is_mine.reshape(SIDE // CELL, CELL, SIDE // CELL, CELL).mean(axis=(1, 3))
    rough = np.kron(share, np.ones((CELL, CELL)))
    layers = np.stack([1 - rough, 0.0 * rough, rough])
    made.write(layers, "probability.tif", layer="class_probability", bands=CHIP_CLASSES)
    disc = shapely.Point(LEFT + 10 * SIDE / 2, TOP - 10 * SIDE / 2).buffer(10 * RADIUS)
    gpd.GeoDataFrame(geometry=[disc], crs=CRS).to_file(made.references)
    return made


def _reflectance(is_mine: np.ndarray) -> np.ndarray:
    """Woods and bare ground, each with a band of its own in the lower half, and noise of 0.004."""
    rng = np.random.default_rng(4)
    woods, bare = np.array([0.06, 0.07, 0.05, 0.3]), np.array([0.12, 0.15, 0.2, 0.25])
    layers = np.where(is_mine, bare[:, None, None], woods[:, None, None])
    layers[:, SIDE // 2 :] *= 1.15
    return layers + rng.normal(0, 0.004, layers.shape)
