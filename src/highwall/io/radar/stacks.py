"""Highwall's own stack on disk, laid out for reading blocks of pixels: all pairs of a block lie together.

Zarr, as :func:`write_stack` leaves it, or HDF5 and NetCDF-4 with the same names: ``unw`` (pair, y, x) [rad] and perhaps
``coh`` and ``conncomp``; ``first``, ``second`` and perhaps ``bperp`` on ``pair``; ``x``, ``y`` and ``spatial_ref``;
attribute ``wavelength_m``.

Sign: second minus first, positive away from the satellite, as everywhere in Highwall.
"""

from pathlib import Path
from typing import Any

import dask.array as da
import h5py
import numpy as np
import xarray as xr
import zarr
from odc.geo.xr import xr_coords

from highwall.core.errors import InputError, StackError
from highwall.core.grid import windows_over
from highwall.core.products import LAYERS
from highwall.io.aside import aside
from highwall.io.radar.hdf import HdfArray, decoded, grid_of_file, holds, text_of
from highwall.io.rasters import read_zarr
from highwall.io.stores import CHUNK_PX, with_free_text

__all__ = ["CHUNK_PX", "is_stack", "read_stack", "write_stack"]

BLOCK_MIB = 256
"""MiB of the stack that lie in memory while it is written; one chunk of all layers at least."""
_MIB = 2**20
_PAIR_COORDS = ("first", "second", "bperp")
_ZARR_ROOTS = ("zarr.json", ".zgroup")
_NUMBERS = ("wavelength_m", "incidence_deg", "heading_deg", "looks")


def is_stack(source: Path) -> bool:
    """Tell whether a path is a stack in Highwall's layout."""
    if source.is_dir():
        return (source / "unw").is_dir() and any((source / name).is_file() for name in _ZARR_ROOTS)
    return holds(source, "unw") and holds(source, "first")


def read_stack(source: Path) -> xr.Dataset:
    """Open a stack lazily.

    Raises
    ------
    StackError
        It lacks a date or a variable, or cannot be read.
    """
    try:
        return read_zarr(source) if source.is_dir() else _from_hdf(source)
    except (InputError, OSError, KeyError) as error:
        raise StackError(f"{source} is not a readable stack ({error}); write it again.") from error


def write_stack(stack: xr.Dataset, path: Path) -> Path:
    """Write a stack as Zarr, block by block: memory holds one block of all pairs at a time.

    Raises
    ------
    OutputError
        The disk is full; nothing is left under ``path``.
    """
    sides = {"y": min(CHUNK_PX, stack.sizes["y"]), "x": min(CHUNK_PX, stack.sizes["x"])}
    in_space = [name for name, array in stack.variables.items() if {"y", "x"} <= set(array.dims)]
    with aside(path) as temporary:
        template = with_free_text(stack.drop_encoding())
        template = template.assign({name: _chunked(template[name], sides) for name in in_space})
        template.to_zarr(temporary, mode="w", zarr_format=3, consolidated=False, compute=False)
        group: Any = zarr.open_group(temporary, mode="r+")
        for window in windows_over(stack.sizes["y"], stack.sizes["x"], rows=sides["y"], cols=_width(stack, sides)):
            block = window.of(stack[in_space]).load(scheduler="synchronous")
            for name in in_space:
                group[str(name)][(..., *window)] = block[name].values
    return path


def _width(stack: xr.Dataset, sides: dict[str, int]) -> int:
    """Columns of a block [px]: whole chunks, as many as ``BLOCK_MIB`` holds, because most files are stored in rows."""
    one_chunk = stack.nbytes / stack.sizes["y"] / stack.sizes["x"] * sides["y"] * sides["x"]
    return max(1, int(BLOCK_MIB * _MIB / one_chunk)) * sides["x"]


def _chunked(array: xr.DataArray, sides: dict[str, int]) -> xr.DataArray:
    """Array in chunks that hold all of the leading dimension; what is small and has no place on the map stays whole."""
    return array.chunk({dim: sides.get(str(dim), -1) for dim in array.dims})


def _from_hdf(source: Path) -> xr.Dataset:
    with h5py.File(source, "r") as file:
        grid = grid_of_file(file)
        names = [name for name in ("unw", "coh", "conncomp") if name in file]
        arrays = {name: (LAYERS[name].dims, _lazy(source, file[name]), LAYERS[name].attrs()) for name in names}
        coords = {name: ("pair", decoded(file, name)) for name in _PAIR_COORDS if name in file}
        attrs = {key: float(text_of(file.attrs[key])) for key in _NUMBERS if key in file.attrs}
    space = {} if grid is None else dict(xr_coords(grid, dims=("y", "x")))
    return xr.Dataset(arrays, coords={**coords, **space}, attrs=attrs)


def _lazy(source: Path, dataset: h5py.Dataset) -> Any:
    """Dask array of a dataset, chunked as it is stored, or in blocks of all pairs."""
    chunks = dataset.chunks or (dataset.shape[0], CHUNK_PX, CHUNK_PX)
    array = HdfArray(source, dataset.name, dataset.shape, np.dtype(dataset.dtype))
    return da.from_array(array, chunks=chunks, name=f"{source}-{dataset.name}")  # type: ignore[no-untyped-call]
