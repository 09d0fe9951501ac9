"""Rules after a prediction, for a whole scene: what they leave of what the network said.

Rules look at whole patches, so that they hold the classes of the scene in memory, a byte a class and pixel.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.bands import OPTICAL
from highwall.core.errors import InputError, MissingInputError
from highwall.core.grid import GeoBox, Window, pixel_sides_m, windows_over
from highwall.imagery.options import QualityOptions
from highwall.imagery.quality import FLAGS, evaluable, quality
from highwall.io.rasters import read_raster
from highwall.segmentation.evaluation_options import RuleOptions
from highwall.segmentation.rules import RULES, Ground, apply_rules
from highwall.segmentation.tally import Said
from highwall.workflows.mapping.cube import Cube

BoolArray = NDArray[np.bool_]

UNCLEAR: Final = FLAGS["cloud"] | FLAGS["snow"]
"""What hides the ground from a network."""
_BLOCK_PX: Final = 1024


class Kept(NamedTuple):
    """What rules leave, and what each did."""

    label: BoolArray
    """(class, y, x)."""
    removed_px: dict[str, int]
    unused: dict[str, str]
    """Rules that could not be applied, and why."""


def named_rules(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names as a user gives them; ``all`` stands for every rule."""
    return tuple(RULES) if names == ("all",) else names


def kept_by_rules(said: Said, missing: BoolArray, cube: Cube, *, land_cover: Path | None, options: RuleOptions) -> Kept:
    """Apply rules to what was said of a scene.

    Parameters
    ----------
    said
        Of the whole scene.
    missing : (y, x)
        True where the scene has no data.
    land_cover
        Map in WorldCover's codes, on any grid.

    Raises
    ------
    MissingInputError
        There is no such map.
    InputError
        It has several bands or no CRS, or a vetoed land cover is none of WorldCover's.
    """
    height_m, width_m = pixel_sides_m(cube.grid)[::-1]
    codes = land_cover_on(land_cover, cube.grid) if land_cover else None
    ground = Ground((height_m, width_m), missing, codes, unclear_in(cube) if "unclear" in options.names else None)
    found = apply_rules(said, ground, options=options)
    return Kept(found.said.label, found.removed, found.unused)


def land_cover_on(path: Path, grid: GeoBox) -> NDArray[np.uint8]:
    """Codes of a map of land cover on a scene's grid, nearest; 0 where the map does not reach.

    Raises
    ------
    MissingInputError
        There is no such map.
    InputError
        It has several bands, or no CRS.
    """
    if not path.exists():
        raise MissingInputError(f"no map of land cover at {path}; check the path.")
    cover = read_raster(path)
    if cover.ndim != 2:
        raise InputError(f"{path.name} has {cover.shape[0]} bands; a map of land cover has one.")
    if cover.odc.crs is None:
        raise InputError(f"{path.name} carries no CRS, so it has no place; give it one (gdal_edit.py -a_srs).")
    codes: NDArray[np.uint8] = np.nan_to_num(cover.odc.reproject(grid, resampling="nearest").values).astype(np.uint8)
    return codes


def unclear_in(cube: Cube) -> BoolArray | None:
    """Pixels under cloud or snow: (y, x); None where the bands cannot tell both."""
    names = [band for band in cube.bands if band in OPTICAL]
    found = np.zeros(cube.shape, bool)
    for window, scene in _blocks(cube, names):
        if not {"cloud", "snow"} <= set(evaluable(scene)):
            return None
        found[window.rows, window.cols] = (quality(scene, QualityOptions()) & UNCLEAR) > 0
    return found


def _blocks(cube: Cube, names: list[str]) -> Iterator[tuple[Window, xr.DataArray]]:
    read = cube.reader(names)
    for window in windows_over(*cube.shape, rows=_BLOCK_PX, cols=_BLOCK_PX):
        values = read(window.rows.start, window.rows.stop, window.cols.start, window.cols.stop)
        yield window, xr.DataArray(values, coords={"band": names}, dims=("band", "y", "x"))
