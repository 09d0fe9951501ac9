"""Chips of a dataset on disk: a GeoTIFF each, or all in one Zarr store.

Images are stored in 16 bits with one scale a band: 1e-4 for reflectance, as Sentinel-2 delivers it, so that nothing is
lost, and 1e-3 dB for backscatter. Labels are sets of bits, row ``mining_labels`` of ``core.products``. A chip's *place*
in the dataset is its file, relative to the folder; for Zarr the array in it, and its number there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
import rasterio
import zarr
import zarr.errors
from numpy.typing import NDArray

from highwall.core.bands import BANDS
from highwall.core.errors import SceneError
from highwall.core.grid import GeoBox, Window
from highwall.core.products import LAYERS
from highwall.io.aside import aside
from highwall.io.windows import RasterWindows, read_window

Place = dict[str, Any]
Image = NDArray[np.float32]
Mask = NDArray[np.uint16]
ChipFormat = Literal["geotiff", "zarr"]

MISSING: Final = -32768
"""Stored value of missing pixels of an image."""
STORE: Final = "chips.zarr"
_LEAST, _MOST = -32767, 32767
_SCALES: Final = {"1": 1e-4, "dB": 1e-3}
"""Value of one step of a stored number, by the band's unit."""
_BLOCK: Final = 256
"""px, side of a GeoTIFF's tiles."""
_IMAGE, _LABELS = "image", "labels"


class ChipStore(Protocol):
    """Takes chips and tells their places."""

    def put_image(self, name: str, values: Image, *, grid: GeoBox, tags: Mapping[str, str]) -> Place:
        """Store (band, y, x) float32, NaN missing."""
        ...

    def put_labels(self, name: str, mask: Mask, *, grid: GeoBox) -> Place:
        """Store (y, x) uint16."""
        ...


@dataclass(frozen=True)
class GeoTiffChips:
    """A GeoTIFF a chip, in ``images`` and ``labels``."""

    folder: Path
    bands: tuple[str, ...]

    def put_image(self, name: str, values: Image, *, grid: GeoBox, tags: Mapping[str, str]) -> Place:
        """Store (band, y, x) float32, NaN missing."""
        file = f"images/{name}.tif"
        with _geotiff(self.folder / file, encode(values, self.bands), grid=grid, nodata=MISSING) as dataset:
            dataset.descriptions, dataset.scales = self.bands, scales_of(self.bands)
            dataset.units = tuple(BANDS[band].unit for band in self.bands)
            dataset.update_tags(**tags)
        return {"file": file}

    def put_labels(self, name: str, mask: Mask, *, grid: GeoBox) -> Place:
        """Store (y, x) uint16."""
        file = f"labels/{name}.tif"
        write_labels(self.folder / file, mask, grid=grid)
        return {"file": file}


@dataclass(frozen=True)
class ZarrChips:
    """All chips in one store, arrays ``image`` (chip, band, y, x) and ``labels`` (drawing, y, x), a chunk a chip."""

    folder: Path
    bands: tuple[str, ...]
    chip_px: int

    def put_image(self, name: str, values: Image, *, grid: GeoBox, tags: Mapping[str, str]) -> Place:
        """Store (band, y, x) float32, NaN missing."""
        return self._append(_IMAGE, encode(values, self.bands))

    def put_labels(self, name: str, mask: Mask, *, grid: GeoBox) -> Place:
        """Store (y, x) uint16."""
        return self._append(_LABELS, mask)

    def create(self) -> "ZarrChips":
        """Make the store anew and empty."""
        px, layer = self.chip_px, LAYERS["mining_labels"]
        facts: dict[str, Any] = {"bands": self.bands, "scale": scales_of(self.bands), "nodata": MISSING}
        with aside(self.folder / STORE) as temporary:
            group = zarr.open_group(temporary, mode="w", zarr_format=3)
            group.create_array(
                _IMAGE, shape=(0, len(self.bands), px, px), chunks=(1, len(self.bands), px, px), dtype="int16",
                fill_value=MISSING, dimension_names=("chip", "band", "y", "x"), attributes=facts,
            )  # fmt: skip
            group.create_array(
                _LABELS, shape=(0, px, px), chunks=(1, px, px), dtype=layer.dtype, fill_value=int(layer.fill),
                dimension_names=("drawing", "y", "x"), attributes=dict(layer.attrs()),
            )  # fmt: skip
        return self

    def cut_back(self, *, n_images: int, n_labels: int) -> "ZarrChips":
        """Drop what was stored beyond these counts, when work goes on that was stopped within a scene."""
        group: Any = zarr.open_group(self.folder / STORE, mode="r+")
        for name, count in ((_IMAGE, n_images), (_LABELS, n_labels)):
            group[name].resize((count, *group[name].shape[1:]))
        return self

    def _append(self, array: str, values: NDArray[Any]) -> Place:
        target: Any = zarr.open_group(self.folder / STORE, mode="r+")[array]
        number = int(target.shape[0])
        target.append(values[None], axis=0)
        return {"file": STORE, "array": array, "number": number}


@dataclass(frozen=True)
class ZarrWindows:
    """Reads windows of one chip of a store, as stored."""

    path: Path
    array: str
    number: int

    def stored(self, window: Window | None) -> NDArray[Any]:
        """Give (…, y, x) of a window, or of all.

        Raises
        ------
        SceneError
            The store cannot be read.
        """
        rows, cols = (slice(None), slice(None)) if window is None else (window.rows, window.cols)
        try:
            source: Any = zarr.open_group(self.path, mode="r")[self.array]
            values: NDArray[Any] = source[(self.number, ..., rows, cols)]
        except (zarr.errors.BaseZarrError, KeyError, IndexError, OSError, ValueError) as error:
            raise SceneError(f"chip {self.number} of {self.path} cannot be read ({error}); build it anew.") from error
        return values


@dataclass(frozen=True)
class ZarrImage:
    """Reads windows of an image: (band, y, x) float32, missing as NaN."""

    windows: ZarrWindows
    bands: tuple[str, ...]

    def __call__(self, window: Window | None = None) -> Image:
        """Read a window, or all."""
        return decode(self.windows.stored(window), self.bands)


@dataclass(frozen=True)
class ZarrMask:
    """Reads windows of a mask in a store: (y, x) uint16."""

    windows: ZarrWindows

    def __call__(self, window: Window | None = None) -> Mask:
        """Read a window, or all."""
        mask: Mask = self.windows.stored(window).astype(np.uint16)
        return mask


@dataclass(frozen=True)
class GeoTiffMask:
    """Reads windows of a mask in a file of its own: (y, x) uint16."""

    path: Path

    def __call__(self, window: Window | None = None) -> Mask:
        """Read a window, or all."""
        mask: Mask = read_window(self.path, (1,), window)[0].astype(np.uint16)
        return mask


def open_image_chip(folder: Path, place: Place, bands: tuple[str, ...]) -> Callable[[Window | None], Image]:
    """Open what reads the image at a place of a dataset."""
    if "array" in place:
        return ZarrImage(_windows(folder, place), bands)
    numbers, scales = tuple(range(1, len(bands) + 1)), scales_of(bands)
    return RasterWindows(folder / place["file"], numbers, scales, (0.0,) * len(bands), MISSING)


def open_label_chip(folder: Path, place: Place) -> Callable[[Window | None], Mask]:
    """Open what reads the mask at a place of a dataset."""
    return ZarrMask(_windows(folder, place)) if "array" in place else GeoTiffMask(folder / place["file"])


def write_labels(path: Path, mask: Mask, *, grid: GeoBox) -> None:
    """Write a mask (y, x) uint16 as a GeoTIFF that says what it is, in a folder that is made if need be.

    Raises
    ------
    OutputError
        It could not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    layer = LAYERS["mining_labels"]
    with _geotiff(path, mask[None], grid=grid, nodata=layer.fill) as dataset:
        dataset.descriptions = (layer.name,)
        dataset.update_tags(LAYER=layer.name, LONG_NAME=layer.long_name, SOURCE=layer.source)


def scales_of(bands: Sequence[str]) -> tuple[float, ...]:
    """Value of one step of the stored numbers of each band."""
    return tuple(_SCALES[BANDS[band].unit] for band in bands)


def encode(values: Image, bands: Sequence[str]) -> NDArray[np.int16]:
    """Turn (band, y, x) float32 into stored numbers; what lies beyond ±3.2767, or ±32.767 dB, is cut off there."""
    scale = np.array(scales_of(bands))[:, None, None]
    numbers = np.clip(np.rint(np.nan_to_num(values) / scale), _LEAST, _MOST).astype(np.int16)
    return np.where(np.isnan(values), np.int16(MISSING), numbers)


def decode(stored: NDArray[np.int16], bands: Sequence[str]) -> Image:
    """Turn stored numbers (band, y, x) into values, missing as NaN."""
    values = stored.astype(np.float32) * np.array(scales_of(bands), dtype=np.float32)[:, None, None]
    return np.where(stored == MISSING, np.float32(np.nan), values)


def _windows(folder: Path, place: Place) -> ZarrWindows:
    return ZarrWindows(folder / place["file"], place["array"], place["number"])


@contextmanager
def _geotiff(path: Path, values: NDArray[Any], *, grid: GeoBox, nodata: float) -> Iterator[Any]:
    """Write (band, y, x) as a tiled GeoTIFF, and give the open file for its names and tags."""
    profile = {
        "driver": "GTiff", "dtype": values.dtype.name, "count": len(values), "height": grid.shape.y,
        "width": grid.shape.x, "crs": str(grid.crs), "transform": grid.transform, "nodata": nodata,
        "tiled": True, "blockxsize": _BLOCK, "blockysize": _BLOCK, "compress": "deflate", "predictor": 2,
        "interleave": "band",
    }  # fmt: skip
    with aside(path) as temporary, rasterio.open(temporary, "w", **profile) as dataset:
        dataset.write(values)
        yield dataset
