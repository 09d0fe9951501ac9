"""A scene as a land-cover network reads it: lazy bands in their order, of the whole scene or of an area in it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geom import Geometry, box
from odc.geo.xr import xr_coords

from highwall.core.bands import RADAR
from highwall.core.epochs import dates_in
from highwall.core.errors import GridError, MissingInputError, SceneError
from highwall.core.grid import GeoBox, Window, crs_name, grid_of, pixel_sides_m
from highwall.imagery.fusion import fuse
from highwall.imagery.scaling import to_reflectance
from highwall.io.backscatter import read_backscatter
from highwall.io.rasters import loaded
from highwall.io.scenes import FolderSource
from highwall.io.windows import RasterWindows
from highwall.segmentation.fitness import SceneFacts
from highwall.workflows.datasets.sample_images import open_image

Read = Callable[[Window], NDArray[np.float32]]
UNKNOWN: Final = "unknown"
TRUE_COLOUR: Final = ("B04", "B03", "B02")
_BLOCK_PX: Final = 1024


@dataclass(frozen=True)
class Cube:
    """A scene that can be read window by window."""

    choose: Callable[[Sequence[int]], Read]
    """Gives what reads some bands, by their places, of a window of the file."""
    bands: tuple[str, ...]
    grid: GeoBox
    """Of the part that is mapped."""
    name: str
    level: str
    acquired: str
    """ISO date, or ``unknown``."""
    is_simulated: bool
    source: Path
    origin: tuple[int, int] = (0, 0)
    """Row and column of the file at which the part begins."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the part."""
        return int(self.grid.shape.y), int(self.grid.shape.x)

    @property
    def facts(self) -> SceneFacts:
        """What decides whether a network suits it."""
        pixel_m = math.sqrt(math.prod(pixel_sides_m(self.grid)))
        return SceneFacts(self.name, self.bands, self.level, pixel_m, self.is_simulated)

    def reader(self, bands: Sequence[str]) -> Callable[[int, int, int, int], NDArray[np.float32]]:
        """Give what reads some bands, in their order, of rows ``y0:y1`` and columns ``x0:x1`` of the part."""
        chosen = self.choose([self.bands.index(band) for band in bands])
        row, col = self.origin

        def read(y0: int, y1: int, x0: int, x1: int) -> NDArray[np.float32]:
            return chosen(Window(slice(row + y0, row + y1), slice(col + x0, col + x1)))

        return read

    def glance(self, *, max_side: int) -> xr.DataArray:
        """A small version of the part: (band, y, x) of true colour, or of the first band where there is none.

        It takes every n-th pixel, and reads block by block.
        """
        names = list(TRUE_COLOUR) if set(TRUE_COLOUR) <= set(self.bands) else [self.bands[0]]
        height, width = self.shape
        step = max(1, -(-max(self.shape) // max_side))
        block, read = step * max(1, _BLOCK_PX // step), self.reader(names)
        rows = [
            np.concatenate(
                [read(y, min(y + block, height), x, min(x + block, width))[:, ::step, ::step]
                 for x in range(0, width, block)], axis=2,
            )
            for y in range(0, height, block)
        ]  # fmt: skip
        values = np.concatenate(rows, axis=1)
        small = self.grid.zoom_to(values.shape[1:])
        return xr.DataArray(values, dims=("band", "y", "x"), coords=xr_coords(small, dims=("y", "x"))).assign_coords(
            band=names
        )

    def within(self, area: Geometry) -> "Cube":
        """Cut to the box around an area in any CRS.

        Raises
        ------
        GridError
            The area does not meet the scene.
        """
        roi: Any = self.grid.overlap_roi(self.grid.enclosing(area.to_crs(crs_name(self.grid))))
        rows, cols = (slice(*each.indices(length)[:2]) for each, length in zip(roi, self.shape, strict=True))
        if rows.stop <= rows.start or cols.stop <= cols.start:
            raise GridError(f"the area does not meet {self.name}; give one that lies in the scene.")
        part, (row, col) = self.grid[rows, cols], self.origin
        return replace(self, grid=part, origin=(row + rows.start, col + cols.start))


@dataclass(frozen=True)
class CubeSource:
    """How files that do not say everything are read."""

    bands: tuple[str, ...] = ()
    """Names of the bands, in file order."""
    level: str | None = None
    date: str | None = None
    """ISO date of acquisition."""
    radar: Path | None = None
    """Radar image of the same place."""
    is_simulated: bool = False

    def open(self, path: Path) -> Cube:
        """Open a scene: a raster whose bands are named, or a Sentinel-2 product folder.

        Raises
        ------
        MissingInputError
            There is no such path.
        SceneError
            It cannot be read, a band is unknown, or its numbers are neither reflectance nor backscatter.
        """
        if not path.exists():
            raise MissingInputError(f"no scene at {path}; check the path.")
        if path.is_dir() or self.radar is not None:
            return self._stacked(path)
        image = open_image(path, bands=self.bands, level=self.level)
        acquired = _date_in(path) or self.date or UNKNOWN
        simulated = image.is_simulated or self.is_simulated
        return Cube(
            _OfFile(image.read).choose, image.bands, image.grid, path.stem, image.level, acquired, simulated, path
        )

    def _stacked(self, path: Path) -> Cube:
        """A product of many files, or two sensors on one grid."""
        scene = self._scene(path)
        reflectance = to_reflectance(scene)
        radar = None if self.radar is None else read_backscatter(self.radar)
        optical = [str(band) for band in reflectance["band"].values if band != "B10"]
        cube = fuse(reflectance, radar, bands=(*optical, *(() if radar is None else RADAR)))["cube"]
        facts = scene.attrs
        return Cube(
            _OfArray(cube).choose, tuple(str(band) for band in cube["band"].values), grid_of(cube, name=path.name),
            str(facts["scene_id"]), str(facts["level"]), str(facts["acquired"]),
            bool(facts["simulated"]) or self.is_simulated, path,
        )  # fmt: skip

    def _scene(self, path: Path) -> xr.DataArray:
        reading = FolderSource((path,), self.bands, self.level).read(box(-180, -90, 180, 90, crs="EPSG:4326"))
        if not reading.scenes:
            reasons = "; ".join(reason for _, reason in reading.set_aside)
            raise SceneError(f"{path} cannot be read as a scene: {reasons}")
        if len(reading.scenes) > 1:
            raise SceneError(f"{path} holds {len(reading.scenes)} scenes; give each as an argument of its own.")
        scene = reading.scenes[0]
        if scene.attrs["acquired"] == UNKNOWN and self.date:
            scene.attrs["acquired"] = self.date
        return scene


@dataclass(frozen=True)
class _OfFile:
    """Bands of a raster file."""

    windows: RasterWindows

    def choose(self, places: Sequence[int]) -> Read:
        """Give what reads some of them."""
        whole = self.windows
        numbers = tuple(whole.numbers[place] for place in places)
        scale, offset = (tuple(each[place] for place in places) for each in (whole.scale, whole.offset))
        return replace(whole, numbers=numbers, scale=scale, offset=offset)


@dataclass(frozen=True)
class _OfArray:
    """Bands of a lazy array (band, y, x)."""

    array: xr.DataArray

    def choose(self, places: Sequence[int]) -> Read:
        """Give what reads some of them."""
        chosen = self.array.isel(band=list(places))

        def read(window: Window) -> NDArray[np.float32]:
            return np.asarray(loaded(chosen[:, window.rows, window.cols]).values, dtype=np.float32)

        return read


def _date_in(path: Path) -> str | None:
    with rasterio.open(path) as dataset:
        dates = dates_in(dataset.tags().get("ACQUISITION_DATE", "")) or dates_in(path.name)
    return dates[0].isoformat() if dates else None
