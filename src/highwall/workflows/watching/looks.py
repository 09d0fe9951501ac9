"""Two scenes of one site → what has changed in each patch, and how green it is against the land around."""

from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray
from rasterio.features import geometry_mask

from highwall.activity.optical import Look, OpticalChange, optical_change
from highwall.activity.options import ActivityOptions
from highwall.core.errors import SceneError
from highwall.core.grid import GeoBox, Window, grid_of, same_grid
from highwall.imagery.indices import INDICES, index
from highwall.imagery.quality import HIDING
from highwall.io.rasters import loaded, read_raster
from highwall.segmentation.labels import OUTSIDE, has_class
from highwall.workflows.mapping.mining import LABELS

_MARGIN_PX: Final = 5
"""Pixels around a patch in which it may have grown unseen by its outline [px]."""
_CELL_PX: Final = 16
"""Side of the cells in which clear ground is counted [px]."""
_STRIP_PX: Final = 64 * _CELL_PX
"""Rows of flags that are held at a time [px]."""
_AROUND_PX: Final = 60
"""Reach of the undisturbed land that a patch is held against [px]: 600 m."""


class Scene(NamedTuple):
    """One date of a site, as a run left it."""

    reflectance: xr.DataArray
    """(band, y, x), lazy."""
    quality: xr.DataArray
    """(y, x), lazy."""
    patches: gpd.GeoDataFrame
    labels: xr.DataArray | None = None
    """(y, x) classes of the land as bits, lazy; None where no network told them apart."""

    @classmethod
    def of_run(cls, folder: Path, patches: gpd.GeoDataFrame) -> "Scene | None":
        """Open the scene of a run; None where its bands do not tell green from bare."""
        reflectance = read_raster(folder / "scene.tif")
        needed = {band for name in ("ndvi", "bsi") for band in (*INDICES[name].plus, *INDICES[name].minus)}
        if not needed <= {str(band) for band in reflectance["band"].values}:
            return None
        labels = read_raster(folder / LABELS) if (folder / LABELS).exists() else None
        return cls(reflectance, read_raster(folder / "quality.tif"), patches, labels)

    @property
    def grid(self) -> GeoBox:
        """Grid of the scene."""
        return grid_of(self.reflectance)

    @property
    def outlines(self) -> gpd.GeoDataFrame:
        """Patches in the CRS of the scene."""
        return self.patches.to_crs(str(self.grid.crs))


class Greenness(NamedTuple):
    """How green a patch is on a date."""

    ndvi: float
    ndvi_around: float
    """Of the land within 600 m that is no mine."""
    open_share: float
    """Share of the patch that is bare [1]."""
    clear_share: float


def changes(before: Scene, after: Scene, *, options: ActivityOptions) -> dict[str, OpticalChange]:
    """Optical change of each later patch, by ``patch_id``; what was built is told where both scenes have classes.

    Raises
    ------
    SceneError
        The two scenes lie on different grids.
    """
    if not same_grid(before.grid, after.grid):
        raise SceneError(
            "the earlier run lies on another grid, so that pixels cannot be compared; run it again with the same site."
        )
    if before.labels is None or after.labels is None:  # else all that stands in one would be new in the other
        before, after = before._replace(labels=None), after._replace(labels=None)
    was = before.outlines
    found = {}
    for patch in after.outlines.itertuples():
        earlier = shapely.union_all(was[was.intersects(patch.geometry)].geometry.to_numpy())
        window = _window(shapely.union(patch.geometry, earlier), after.grid, margin=_MARGIN_PX)
        if window is not None:
            looks = (_look(one, window, ground) for one, ground in ((before, earlier), (after, patch.geometry)))
            found[str(patch.patch_id)] = optical_change(*looks, options=options)
    return found


def greenness(scene: Scene, *, options: ActivityOptions) -> dict[str, Greenness]:
    """Greenness of each patch, by ``patch_id``."""
    outlines = scene.outlines
    mines = shapely.union_all(outlines.geometry.to_numpy())
    found = {}
    for patch in outlines.itertuples():
        window = _window(patch.geometry, scene.grid, margin=_AROUND_PX)
        if window is not None:
            own = _look(scene, window, patch.geometry)
            anywhere = _look(scene, window, mines).is_mine
            found[str(patch.patch_id)] = _greenness(own, anywhere, options)
    return found


def clear_ground(quality: xr.DataArray) -> Any:
    """Ground of a scene that nothing hides, as a geometry on cells of 16 pixels: a cell is clear if most of it is."""
    transform, n_rows = grid_of(quality).transform, quality.sizes["y"]
    cells = []
    for top in range(0, n_rows, _STRIP_PX):
        strip = loaded(quality.isel(y=slice(top, min(top + _STRIP_PX, n_rows)))).values
        for row, col in zip(*np.nonzero(_mostly(_is_clear(strip))), strict=True):
            x, y = col * _CELL_PX, top + row * _CELL_PX
            cells.append(shapely.box(*(transform * (x, y)), *(transform * (x + _CELL_PX, y + _CELL_PX))))
    return shapely.union_all(cells)


def _mostly(clear: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells of which more than half is clear; what lies past the edge is not."""
    rows, cols = (-(-side // _CELL_PX) for side in clear.shape)
    padded = np.zeros((rows * _CELL_PX, cols * _CELL_PX), bool)
    padded[: clear.shape[0], : clear.shape[1]] = clear
    return np.asarray(padded.reshape(rows, _CELL_PX, cols, _CELL_PX).mean(axis=(1, 3)) > 0.5)


def _greenness(own: Look, is_mine_anywhere: NDArray[np.bool_], options: ActivityOptions) -> Greenness:
    known = own.is_clear & np.isfinite(own.ndvi)
    inside, around = own.is_mine & known, ~is_mine_anywhere & known
    if not inside.any():
        return Greenness(float("nan"), float("nan"), float("nan"), 0.0)
    return Greenness(
        float(own.ndvi[inside].mean()),
        float(np.median(own.ndvi[around])) if around.any() else float("nan"),
        float((own.bsi[inside] > options.bare_bsi).mean()),
        float(inside.sum() / own.is_mine.sum()),
    )


def _look(scene: Scene, window: Window, ground: Any) -> Look:
    """Look at a window; ``ground`` is in the CRS of the scene."""
    rows, cols = window.rows, window.cols
    reflectance = loaded(scene.reflectance.isel(y=rows, x=cols))
    transform = scene.grid.transform * scene.grid.transform.translation(cols.start, rows.start)
    shape = (rows.stop - rows.start, cols.stop - cols.start)
    is_mine = (
        np.zeros(shape, bool) if ground.is_empty
        else geometry_mask([ground], out_shape=shape, transform=transform, invert=True)
    )  # fmt: skip
    flags = loaded(scene.quality.isel(y=rows, x=cols)).values
    ndvi, bsi = (index(reflectance, name).values for name in ("ndvi", "bsi"))
    return Look(np.asarray(is_mine), ndvi, bsi, _is_clear(flags), _is_built(scene, window))


def _is_built(scene: Scene, window: Window) -> NDArray[np.bool_]:
    """Pixels of a window that carry infrastructure; none where the scene has no classes."""
    rows, cols = window.rows, window.cols
    if scene.labels is None:
        return np.zeros((rows.stop - rows.start, cols.stop - cols.start), bool)
    bits = loaded(scene.labels.isel(y=rows, x=cols)).values
    return has_class(np.where(np.isfinite(bits), bits, OUTSIDE).astype(np.uint16), "infrastructure")


def _is_clear(flags: NDArray[Any]) -> NDArray[np.bool_]:
    """Pixels that nothing hides; 255, NaN and the bits of HIDING do."""
    known = np.isfinite(flags) & (flags != 255)
    return np.asarray(known & ((np.where(known, flags, 0).astype(np.int64) & HIDING) == 0))


def _window(ground: Any, grid: GeoBox, *, margin: int) -> Window | None:
    """Pixels around a geometry in the CRS of the grid; None where it lies off the grid."""
    corners = shapely.get_coordinates(shapely.box(*ground.bounds))
    cols, rows = ~grid.transform * (corners[:, 0], corners[:, 1])
    y0, y1 = (int(value) for value in (np.floor(rows.min()) - margin, np.ceil(rows.max()) + margin))
    x0, x1 = (int(value) for value in (np.floor(cols.min()) - margin, np.ceil(cols.max()) + margin))
    y0, x0, y1, x1 = max(y0, 0), max(x0, 0), min(y1, grid.shape[0]), min(x1, grid.shape[1])
    return None if y0 >= y1 or x0 >= x1 else Window(slice(y0, y1), slice(x0, x1))
