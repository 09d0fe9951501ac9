"""Windows of a raster of codes on another raster's grid, by nearest neighbour: what two maps are compared with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioIOError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window as RasterWindow

from highwall.core.errors import InputError, MissingInputError
from highwall.core.grid import GeoBox, Window


@dataclass(frozen=True)
class AlignedCodes:
    """Reads a raster of one band as stored codes (y, x) on a grid."""

    path: Path
    grid: GeoBox
    fill: int
    """Code beyond the raster, and where it has none."""

    def __call__(self, window: Window) -> NDArray[Any]:
        """Read a window of the grid.

        Raises
        ------
        MissingInputError
            There is no such file.
        InputError
            The file cannot be read.
        """
        if not self.path.exists():
            raise MissingInputError(f"no raster at {self.path}; check the path.")
        try:
            with rasterio.open(self.path) as dataset, WarpedVRT(dataset, **self._warp) as placed:
                stored: NDArray[Any] = placed.read(1, window=RasterWindow.from_slices(window.rows, window.cols))
        except RasterioIOError as error:
            raise InputError(f"{self.path} is not a readable raster ({error}); make it again.") from error
        return stored

    @property
    def _warp(self) -> dict[str, Any]:
        return {
            "crs": str(self.grid.crs), "transform": self.grid.transform, "height": self.grid.shape.y,
            "width": self.grid.shape.x, "resampling": Resampling.nearest, "nodata": self.fill,
        }  # fmt: skip
