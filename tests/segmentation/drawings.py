"""Labels made up for tests: rectangles on a small grid, and samples of them."""

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine

from highwall.core.grid import GeoBox
from highwall.segmentation.dataset import Sample, sample_of_arrays
from highwall.segmentation.labels import rasterise

CRS = "EPSG:32723"
LEFT, TOP, PIXEL_M = 600_000.0, 7_800_000.0, 10.0
RGB = ("B04", "B03", "B02")


def grid_of(rows: int = 40, cols: int = 50, *, east_m: float = 0.0) -> GeoBox:
    """A grid of 10 m pixels, moved east."""
    return GeoBox((rows, cols), Affine(PIXEL_M, 0, LEFT + east_m, 0, -PIXEL_M, TOP), CRS)


def box(top: float, left: float, bottom: float, right: float) -> shapely.Polygon:
    """Rectangle of rows and columns of the grid."""
    return shapely.box(LEFT + PIXEL_M * left, TOP - PIXEL_M * bottom, LEFT + PIXEL_M * right, TOP - PIXEL_M * top)


def drawn(*shapes: tuple[str, shapely.Geometry], crs: str | None = CRS) -> gpd.GeoDataFrame:
    """A label file: a class and a shape each row."""
    return gpd.GeoDataFrame({"class": [name for name, _ in shapes]}, geometry=[shape for _, shape in shapes], crs=crs)


def sample(name: str, *shapes: tuple[str, shapely.Geometry], site: str | None = None) -> Sample:
    """A sample in memory with noise for an image."""
    grid = grid_of()
    image = np.random.default_rng(len(name)).uniform(0.0, 0.4, (3, *grid.shape)).astype(np.float32)
    return sample_of_arrays(name, image, masks=rasterise(drawn(*shapes), grid), grid=grid, bands=RGB, site=site)
