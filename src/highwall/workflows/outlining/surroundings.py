"""What lies beside a prediction, brought to the grid on which patches are outlined, each by a named step."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
import yaml
from numpy.typing import NDArray
from odc.geo.xr import xr_coords

from highwall.core.checks import nearest_name
from highwall.core.errors import InputError, MissingInputError
from highwall.core.grid import GeoBox, grid_of, pixel_area_m2, same_grid, windows_over
from highwall.core.taxonomy import LAND_COVER_MAPS, WORLD_COVER
from highwall.io.rasters import BLOCK, read_raster
from highwall.patches.shadow import terrain_shadow

LAND_COVER_RESAMPLING = "nearest"
PROBABILITY_RESAMPLING = "bilinear"
HEIGHT_RESAMPLING = "bilinear"
_ROUNDING = 1e-3
"""What a network's softmax or a resampling may lie beyond 0 and 1."""
_MOST_MARGIN_PX = 1024
"""Pixels beyond the grid, at most, whose terrain may cast shadows into it."""
_SHADOW_BLOCK_PX = 2048
"""Side of the blocks in which shadows are found [pixel]."""


class Sun(NamedTuple):
    """Where the sun stood when the image was taken."""

    azimuth_deg: float
    """From north, clockwise [°]."""
    elevation_deg: float
    """Above the horizon [°]."""


def class_map_of(said: str | Mapping[int, str]) -> Mapping[int, str]:
    """Name each code of a land-cover map.

    Parameters
    ----------
    said
        Name of a known map, path of a YAML file with a line ``code: name`` for each code, or the names themselves.

    Raises
    ------
    MissingInputError
        It is neither a known map nor a file.
    InputError
        The file does not name codes.
    """
    if isinstance(said, Mapping):
        return said
    return LAND_COVER_MAPS[said] if said in LAND_COVER_MAPS else _read_class_map(Path(said))


def _read_class_map(path: Path) -> dict[int, str]:
    if not path.is_file():
        raise MissingInputError(
            f"{str(path)!r} is neither a file nor a known land-cover map; choose one of {', '.join(LAND_COVER_MAPS)}, "
            f"or write a YAML file with a line such as 40: cropland a code{nearest_name(str(path), LAND_COVER_MAPS)}"
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {error}") from error
    if not isinstance(content, dict) or not content or not all(isinstance(code, int) for code in content):
        raise InputError(f"{path} names no codes; write a line such as 40: cropland for each.")
    return {code: str(name) for code, name in content.items()}


def land_cover_on(grid: GeoBox, path: Path, *, class_map: Mapping[int, str] = WORLD_COVER) -> xr.DataArray:
    """Open a land-cover map, nearest neighbour: codes cannot be mixed. It stays lazy.

    Raises
    ------
    InputError
        The file has several bands, or shows nothing of the grid.
    """
    cover = _single(path, name="land_cover", what="a land-cover map has one, of codes")
    cover = on_grid(cover, grid, resampling=LAND_COVER_RESAMPLING)
    if not fetched(cover.isin(list(class_map)).any()):
        raise InputError(
            f"{path} has none of the codes {', '.join(map(str, class_map))} over the site; choose a map that shows it, "
            f"or say what its codes mean: {', '.join(LAND_COVER_MAPS)} (--land-cover-classes, land_cover.classes)."
        )
    return cover


def read_probability(path: Path) -> xr.DataArray:
    """Open a map of class probabilities: (band, y, x), a band a class. It stays lazy.

    Raises
    ------
    InputError
        It has one band or nameless ones, its values are no probabilities, or there is none.
    """
    layers = read_raster(path, name="class_probability")
    if layers.ndim != 3:
        raise InputError(
            f"{path} has one band; give a band a class, one of them named none, as `highwall detect` does."
        )
    if layers["band"].dtype.kind in "iu":
        raise InputError(f"{path} does not name its bands; name them after their classes, one of them none.")
    low, high = (float(fetched(bound)) for bound in (layers.min(), layers.max()))
    if math.isnan(low):
        raise InputError(f"{path} has no pixel with a probability; choose another map.")
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise InputError(f"{path} holds {low:g} to {high:g}; probabilities lie between 0 and 1: give those of classes.")
    return layers


def probability_on(grid: GeoBox, path: Path) -> tuple[xr.DataArray, str | None]:
    """Open a probability map, and say the resampling that it took; none where it lies on the grid already.

    Raises
    ------
    InputError
        It shows nothing of the grid, or holds no probabilities.
    """
    layers = read_probability(path)
    if same_grid(grid_of(layers, name=str(path)), grid):
        return layers, None
    moved = on_grid(layers, grid, resampling=PROBABILITY_RESAMPLING)
    if fetched(moved.isnull().all()):
        raise InputError(f"{path} shows nothing of the image; give a probability map of the same place.")
    return moved, PROBABILITY_RESAMPLING


def shadow_on(grid: GeoBox, dem: Path, sun: Sun) -> xr.DataArray:
    """Find the terrain's shadows on a grid; terrain beyond its rim casts them too, as far as the sun's height says.

    Raises
    ------
    GridError
        The grid is not in metres.
    InputError
        The file has several bands, shows nothing of the grid, or the sun is not above the horizon.
    """
    heights = _single(dem, name="height", what="a height model has one")
    if fetched(on_grid(heights, grid, resampling=HEIGHT_RESAMPLING).isnull().all()):
        raise InputError(f"{dem} has no height over the site; choose a height model that shows it.")
    is_shadow = np.zeros(grid.shape, bool)
    for block in windows_over(grid.shape.y, grid.shape.x, rows=_SHADOW_BLOCK_PX, cols=_SHADOW_BLOCK_PX):
        is_shadow[block.rows, block.cols] = _shadow_in(heights, grid[block.rows, block.cols], sun)
    return xr.DataArray(is_shadow, dims=("y", "x"), coords=xr_coords(grid), name="terrain_shadow")


def _shadow_in(heights: xr.DataArray, grid: GeoBox, sun: Sun) -> NDArray[np.bool_]:
    """Shadows in a block: (y, x); none where no height is known."""
    outer = placed(heights, grid.pad(_MOST_MARGIN_PX), resampling=HEIGHT_RESAMPLING)
    inner = _without_margin(outer, _MOST_MARGIN_PX)
    if inner.isnull().all():
        return np.zeros(grid.shape, bool)
    margin_px = _reach_px(float(outer.max() - inner.min()), grid, sun)
    ground = _without_margin(outer, _MOST_MARGIN_PX - margin_px)
    is_shadow = terrain_shadow(ground, sun_azimuth_deg=sun.azimuth_deg, sun_elevation_deg=sun.elevation_deg)
    return np.asarray(_without_margin(is_shadow, margin_px).values)


def _reach_px(relief_m: float, grid: GeoBox, sun: Sun) -> int:
    """Length of the shadow that a relief casts [pixel]."""
    if sun.elevation_deg <= 0:
        return 0
    reach_m = relief_m / math.tan(math.radians(sun.elevation_deg))
    return min(math.ceil(reach_m / math.sqrt(pixel_area_m2(grid))), _MOST_MARGIN_PX)


def _without_margin(layer: xr.DataArray, margin_px: int) -> xr.DataArray:
    return layer.isel({dim: slice(margin_px, layer.sizes[dim] - margin_px) for dim in ("y", "x")})


def _single(path: Path, *, name: str, what: str) -> xr.DataArray:
    layer = read_raster(path, name=name)
    if layer.ndim != 2:
        raise InputError(f"{path} has {layer.shape[0]} bands; {what}.")
    grid_of(layer, name=str(path))
    return layer


def placed(layer: xr.DataArray, grid: GeoBox, *, resampling: str) -> xr.DataArray:
    """Put a layer (…, y, x) on a grid and fetch it, NaN where it shows nothing."""
    return fetched(on_grid(layer, grid, resampling=resampling))


def on_grid(layer: xr.DataArray, grid: GeoBox, *, resampling: str) -> xr.DataArray:
    """Put a layer (…, y, x) on a grid, NaN where it shows nothing; a lazy one stays lazy."""
    if not _meet(grid_of(layer), grid):
        return _nothing(layer, grid)
    moved: xr.DataArray = layer.odc.reproject(grid, resampling=resampling, dst_nodata=np.nan, chunks=(BLOCK, BLOCK))
    axes = dict(zip(moved.dims[-2:], ("y", "x"), strict=True))
    return moved.rename({dim: name for dim, name in axes.items() if dim != name})


def _meet(one: GeoBox, other: GeoBox) -> bool:
    """Tell whether two grids may share ground, however far apart their projections reach."""
    return bool(one.geographic_extent.intersects(other.geographic_extent))


def _nothing(layer: xr.DataArray, grid: GeoBox) -> xr.DataArray:
    """Make a layer of the same bands without a value."""
    others = layer.dims[:-2]
    values = np.broadcast_to(np.float32(np.nan), (*layer.shape[:-2], *grid.shape))  # takes no memory
    coords = {name: layer[name] for name in others if name in layer.coords} | xr_coords(grid)
    return xr.DataArray(values, dims=(*others, "y", "x"), coords=coords, name=layer.name)


def fetched(layer: xr.DataArray) -> xr.DataArray:
    """Compute a lazy layer in this thread: others would let rasterio's silenced warnings through."""
    return layer.compute(scheduler="synchronous")
