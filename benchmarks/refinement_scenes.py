"""Cases of the refinement benchmark: real scenes, polygons drawn by eye, rough predictions made from these polygons."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import odc.geo.xr
import rioxarray
import shapely
import xarray as xr
from scipy import ndimage

from harness import SHARED
from highwall.core.grid import GeoBox, grid_of, utm_crs
from highwall.core.taxonomy import BLANK, NONE
from highwall.learning.groups import Extent, overlap_groups
from highwall.patches.evidence import burn

DATA = SHARED / "data"
PIXEL_M = 10.0
SURFACES = ("excavation", "dumping_ground", "tailing_storage_facility")
"""Classes that are outlined, each on its own."""
MIN_PX = 200
"""Drawn pixels of a class below which a scene is no case of it: 2 ha."""


class Scene(NamedTuple):
    """A scene on a UTM grid, resampled bilinearly, and what one annotator drew."""

    number: int
    image: xr.DataArray
    """(band, y, x) float32, reflectance × 10,000, NaN missing."""
    drawn: gpd.GeoDataFrame

    @property
    def grid(self) -> GeoBox:
        """Where its pixels lie."""
        return grid_of(self.image)

    @property
    def is_valid(self) -> np.ndarray:
        """(y, x): pixels with a value in every band."""
        return np.isfinite(self.image.values).all(axis=0)

    def polygons(self, *classes: str) -> gpd.GeoDataFrame:
        """Drawn polygons of some classes."""
        chosen = self.drawn[self.drawn["class"].isin(classes)].geometry.to_numpy()
        return gpd.GeoDataFrame(geometry=shapely.make_valid(chosen), crs=str(self.grid.crs))

    def footprint(self) -> gpd.GeoDataFrame:
        """Drawn polygons of every class but *blank*, which is mine land no more."""
        return self.polygons(*(set(self.drawn["class"]) - {BLANK}))


class Case(NamedTuple):
    """One class of one scene."""

    scene: Scene
    name: str
    references: gpd.GeoDataFrame
    is_reference: np.ndarray
    """(y, x): pixels of the polygons where the scene has data."""


def numbers() -> list[int]:
    """Scenes that somebody drew, in rising order."""
    return sorted({int(path.stem.split("-")[0]) for path in (DATA / "mine-classes").glob("*.geojson")})


def read_scene(number: int) -> Scene:
    """Read a scene with the polygons of its first annotator."""
    raw = rioxarray.open_rasterio(DATA / "tailings-ponds" / "images" / f"{number}.tif")
    crs = utm_crs(float(raw.x.mean()), float(raw.y.mean()))
    image = raw.astype("f4").where(raw > 0).odc.reproject(crs, resolution=PIXEL_M, resampling="bilinear")
    table = gpd.read_file(_drawing(number))
    return Scene(number, image.assign_coords(band=["B2", "B3", "B4"]), table.to_crs(crs) if len(table) else table)


def cases_of(scene: Scene) -> Iterator[Case]:
    """Classes of a scene of which enough was drawn."""
    if scene.drawn.empty:
        return
    for name in SURFACES:
        polygons = scene.polygons(name)
        is_reference = burn(polygons, scene.grid) & scene.is_valid
        if is_reference.sum() >= MIN_PX:
            yield Case(scene, name, polygons, is_reference)


@cache
def places() -> dict[int, int]:
    """Place of each scene: scenes that overlap share one."""
    extents = {}
    for number in numbers():
        with rioxarray.open_rasterio(DATA / "tailings-ponds" / "images" / f"{number}.tif") as raw:
            extents[number] = Extent(*raw.rio.bounds())
    return overlap_groups(extents)


def moved_and_blurred(is_reference: np.ndarray, *, seed: int) -> np.ndarray:
    """Recipe A: moved by up to 4 pixels each way, blurred by a Gaussian of 4 pixels, disturbed by correlated noise."""
    random = np.random.default_rng(seed)
    moved = ndimage.shift(is_reference.astype("f4"), random.integers(-4, 5, 2), order=0)
    smooth = ndimage.gaussian_filter(moved, 4.0)
    noise = ndimage.gaussian_filter(random.standard_normal(smooth.shape), 6.0)
    noise /= noise.std()
    return np.clip(smooth + noise * (0.35 * np.sqrt(smooth * (1 - smooth)) + 0.08), 0, 1)


def in_coarse_cells(is_reference: np.ndarray, *, seed: int, cell_px: int = 12) -> np.ndarray:
    """Recipe B: the drawn share of cells of 24 pixels every 12, as a chip network sees it, with noise, interpolated."""
    random = np.random.default_rng(seed)
    half = cell_px // 2
    share = ndimage.uniform_filter(is_reference.astype("f4"), 2 * cell_px)[half::cell_px, half::cell_px]
    share = share + 0.1 * random.standard_normal(share.shape)
    rows, cols = np.indices(is_reference.shape)
    at = [(rows - half) / cell_px, (cols - half) / cell_px]
    return np.clip(ndimage.map_coordinates(share, at, order=1, mode="nearest"), 0, 1)


RECIPES: dict[str, Callable[..., np.ndarray]] = {"A": moved_and_blurred, "B": in_coarse_cells}


def rough(case: Case, recipe: str) -> xr.DataArray:
    """Probability that knows where a mine is and not its boundary: (band, y, x)."""
    mine = np.where(case.scene.is_valid, RECIPES[recipe](case.is_reference, seed=case.scene.number), np.nan)
    return layers_of(np.stack([1 - mine, mine]), case.scene.grid, bands=(NONE, case.name))


def layers_of(values: np.ndarray, grid: GeoBox, *, bands: Sequence[str]) -> xr.DataArray:
    """(band, y, x) on a grid."""
    coordinates = odc.geo.xr.xr_coords(grid) | {"band": list(bands)}
    return xr.DataArray(values.astype("f4"), dims=("band", "y", "x"), coords=coordinates)


def half_of(references: gpd.GeoDataFrame, *, seed: int, min_area_m2: float) -> gpd.GeoDataFrame | None:
    """Half of the patches that are large enough, drawn at random; none where there is but one."""
    parts = shapely.get_parts(shapely.union_all(references.geometry.to_numpy()))
    large = parts[shapely.area(parts) > min_area_m2]
    if large.size < 2:
        return None
    chosen = np.random.default_rng(seed).permutation(large.size)[: large.size // 2]
    return gpd.GeoDataFrame(geometry=large[chosen], crs=references.crs)


def wobbled(is_reference: np.ndarray, *, by_px: float, seed: int) -> np.ndarray:
    """Move the boundary in and out by a smooth random distance of a standard deviation of ``by_px`` pixels."""
    random = np.random.default_rng(seed)
    inward = ndimage.distance_transform_edt(is_reference) - ndimage.distance_transform_edt(~is_reference)
    noise = ndimage.gaussian_filter(random.standard_normal(is_reference.shape), 8.0)
    return inward + by_px * noise / noise.std() > 0


def _drawing(number: int) -> Path:
    return min((DATA / "mine-classes").glob(f"{number}-*.geojson"))
