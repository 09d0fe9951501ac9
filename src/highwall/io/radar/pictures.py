"""One quantity of one pair as a file holds it, read window by window as physical float32 values, NaN where missing.

A picture knows where its pixels are stored and reads nothing until it is asked. It is a small frozen value: it travels
to a Dask worker and is opened there, for the time of one read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
import rasterio
import rasterio.windows
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from highwall.core.grid import Window

UNREADABLE = (RasterioError, OSError, ValueError, LookupError)
"""What GDAL, HDF5 and NumPy raise when a file is broken or cut off."""


class Picture(Protocol):
    """A map (y, x) that can be read in windows."""

    @property
    def path(self) -> Path:
        """File behind it."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    def read(self, window: Window) -> NDArray[np.float32]:
        """Physical values of a window, NaN where missing; raises one of ``UNREADABLE`` when they are not there."""


@dataclass(frozen=True)
class RasterPicture:
    """Band of a raster that GDAL reads; the scale and offset that the file itself states are applied."""

    path: Path
    shape: tuple[int, int]
    scale: float = 1.0
    """Physical value = stored value × scale, where the file states neither scale nor offset."""
    zero_is_missing: bool = False
    """Whether a stored 0 means no data, even where the file does not declare it."""
    band: int = 1

    def read(self, window: Window) -> NDArray[np.float32]:
        """Read a window."""
        with rasterio.open(self.path) as dataset:
            return physical(
                dataset, rasterio.windows.Window.from_slices(*window),
                band=self.band, scale=self.scale, zero_is_missing=self.zero_is_missing,
            )  # fmt: skip


@dataclass(frozen=True)
class FlatPicture:
    """Plain numbers row after row, without a header; a row may hold other quantities beside the wanted one."""

    path: Path
    shape: tuple[int, int]
    dtype: str
    """NumPy's name with byte order: ``>f4``, ``<f4``, ``u1``."""
    skip: int = 0
    """Numbers of each row before the wanted ones."""
    row_length: int | None = None
    """Numbers of each row in all; the width when nothing else is stored."""
    zero_is_missing: bool = True

    def read(self, window: Window) -> NDArray[np.float32]:
        """Read a window; ValueError when the file is shorter than its header says."""
        height, width = self.shape
        stored = np.memmap(self.path, dtype=self.dtype, mode="r", shape=(height, self.row_length or width))
        block = stored[window.rows, _moved(window.cols, self.skip)]
        values = block.astype(np.float32)
        return _without_zeros(values) if self.zero_is_missing else values


@dataclass(frozen=True)
class HdfPicture:
    """Dataset of an HDF5 or NetCDF-4 file, or one of its layers."""

    path: Path
    shape: tuple[int, int]
    dataset: str
    index: tuple[int, ...] = ()
    """Numbers of the leading dimensions."""
    scale: float = 1.0
    missing: tuple[float, ...] = ()
    """Stored values that mean no data."""
    keep: str = ""
    """Dataset of the same shape whose 1 marks the pixels to be kept; the others are missing."""

    def read(self, window: Window) -> NDArray[np.float32]:
        """Read a window."""
        with h5py.File(self.path, "r") as file:
            stored = np.asarray(file[self.dataset][(*self.index, *window)])
            kept = file[self.keep][tuple(window)] == 1 if self.keep else True
        if stored.shape != (window.rows.stop - window.rows.start, window.cols.stop - window.cols.start):
            raise ValueError(
                f"{self.dataset} holds fewer pixels than the {self.shape[0]}×{self.shape[1]} that it should"
            )
        gone = np.isin(stored, self.missing) | ~np.broadcast_to(kept, stored.shape)
        return np.where(gone, np.float32(np.nan), stored.astype(np.float32) * np.float32(self.scale))


@dataclass(frozen=True)
class CutPicture:
    """Part of another picture."""

    whole: Picture
    row: int
    col: int
    """Upper left pixel within the whole."""
    shape: tuple[int, int]

    @property
    def path(self) -> Path:
        """File behind it."""
        return self.whole.path

    def read(self, window: Window) -> NDArray[np.float32]:
        """Read a window of the part."""
        return self.whole.read(Window(_moved(window.rows, self.row), _moved(window.cols, self.col)))


@dataclass(frozen=True)
class DerivedPicture:
    """What two pictures on one grid give together, such as a component of a unit vector from two angles."""

    first: Picture
    second: Picture
    formula: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
    """Function of a module, so that it can be sent to a worker."""

    @property
    def path(self) -> Path:
        """File behind the first."""
        return self.first.path

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.first.shape

    def read(self, window: Window) -> NDArray[np.float32]:
        """Read a window of both and join them."""
        return self.formula(self.first.read(window), self.second.read(window)).astype(np.float32)


def physical(
    dataset: Any,
    window: rasterio.windows.Window,
    *,
    band: int = 1,
    scale: float = 1.0,
    zero_is_missing: bool = False,
    dtype: type[np.floating[Any]] = np.float32,
) -> NDArray[Any]:
    """Physical values of an open raster's window (y, x), NaN where missing.

    Parameters
    ----------
    scale
        Of stored values, where the file states neither scale nor offset of its own.
    zero_is_missing
        Whether a stored 0 means no data, even where the file does not declare it.
    """
    stored = np.ma.filled(dataset.read(band, window=window, masked=True).astype(dtype), np.nan)
    present = _without_zeros(stored) if zero_is_missing else stored
    stated = (dataset.scales[band - 1], dataset.offsets[band - 1])
    factor, offset = (scale, 0.0) if stated == (1.0, 0.0) else stated
    values: NDArray[Any] = present * dtype(factor) + dtype(offset)
    return values


def whole(picture: Picture) -> NDArray[np.float32]:
    """Read all of a picture."""
    height, width = picture.shape
    return picture.read(Window(slice(0, height), slice(0, width)))


def check_end(picture: Picture) -> None:
    """Read the last pixel: a file cut off in transfer opens, but has no end. Raises one of ``UNREADABLE``."""
    height, width = picture.shape
    picture.read(Window(slice(height - 1, height), slice(width - 1, width)))


def _moved(span: slice, by: int) -> slice:
    return slice(span.start + by, span.stop + by)


def _without_zeros(values: NDArray[Any]) -> NDArray[Any]:
    return np.where(values == 0.0, values.dtype.type(np.nan), values)
