"""Windows of a raster file as physical values, read when asked: what training draws from, by several processes."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import windows
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

from highwall.core.errors import SceneError
from highwall.core.grid import Window


@dataclass(frozen=True)
class RasterWindows:
    """Reads (band, y, x) float32 of a file: stored × scale + offset, missing as NaN."""

    path: Path
    numbers: tuple[int, ...]
    """Bands of the file, from 1, in the order in which they are wanted."""
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    nodata: float | None

    def __call__(self, window: Window | None = None) -> NDArray[np.float32]:
        """Read a window, or all.

        Raises
        ------
        SceneError
            The file cannot be read.
        """
        stored = read_window(self.path, self.numbers, window)
        scale, offset = (np.array(each, dtype=np.float32)[:, None, None] for each in (self.scale, self.offset))
        values: NDArray[np.float32] = stored.astype(np.float32) * scale + offset
        return values if self.nodata is None else np.where(stored == self.nodata, np.float32(np.nan), values)


def read_window(path: Path, numbers: tuple[int, ...], window: Window | None) -> NDArray[Any]:
    """Read stored values (band, y, x) of a window, or of all.

    Raises
    ------
    SceneError
        The file cannot be read.
    """
    try:
        with warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning), rasterio.open(path) as dataset:
            cut = None if window is None else windows.Window.from_slices(window.rows, window.cols)
            values: NDArray[Any] = dataset.read(numbers, window=cut)
    except (RasterioIOError, OSError) as error:
        raise SceneError(f"{path} cannot be read ({error}); fetch it again or leave it out.") from error
    return values
