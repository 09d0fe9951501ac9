"""What HDF5 and NetCDF-4 files say beside their arrays: text, dates, axes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from highwall.core.errors import StackError


def text_of(value: Any) -> str:
    """Text of an attribute or scalar, which files hold as bytes, as str or as arrays of one."""
    flat = np.asarray(value).reshape(-1)
    return flat[0].decode() if isinstance(flat[0], bytes) else str(flat[0])


def texts_of(attributes: Mapping[str, Any]) -> dict[str, str]:
    """All attributes that are text or single numbers, as text."""
    return {key: text_of(value) for key, value in attributes.items() if np.size(value) == 1}


def holds(path: Path, dataset: str) -> bool:
    """Tell whether a file is HDF5 and has that dataset.

    Raises
    ------
    StackError
        It begins as HDF5, but cannot be opened.
    """
    if not (path.is_file() and h5py.is_hdf5(path)):
        return False
    try:
        with h5py.File(path, "r") as file:
            return dataset in file
    except OSError as error:
        raise StackError(f"{path} cannot be opened ({error}); download it or write it again.") from error


def grid_of_file(file: h5py.File) -> GeoBox | None:
    """Grid of a file with axes ``x``, ``y`` (pixel centres) and ``spatial_ref``; None where one is missing."""
    if not all(name in file for name in ("x", "y", "spatial_ref")):
        return None
    x, y = file["x"][()], file["y"][()]
    wkt = next(
        (text_of(value) for key, value in file["spatial_ref"].attrs.items() if key in {"crs_wkt", "spatial_ref"}), ""
    )
    if not wkt or min(x.size, y.size) < 2:
        return None
    step_x, step_y = (float(axis[-1] - axis[0]) / (axis.size - 1) for axis in (x, y))
    corner = Affine(step_x, 0.0, float(x[0]) - step_x / 2, 0.0, step_y, float(y[0]) - step_y / 2)
    return GeoBox((y.size, x.size), corner, wkt)


def decoded(file: h5py.File, name: str) -> NDArray[Any]:
    """Values of a small dataset: dates written as text or by CF's rules become datetime64[ns]."""
    values = file[name][()]
    if values.dtype.kind in "SO":
        return np.array([text_of(value) for value in values], dtype="datetime64[ns]")
    variable = xr.Variable(file[name].dims[0].label or ("n",), values, texts_of(file[name].attrs))
    return xr.decode_cf(xr.Dataset({name: variable}))[name].values


@dataclass(frozen=True)
class HdfArray:
    """Dataset of a file as an array that opens the file for each read, so that it can be sent to a worker."""

    path: Path
    dataset: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        with h5py.File(self.path, "r") as file:
            return np.asarray(file[self.dataset][key])
