"""Fitted pictures → the stack, in memory when it is small, else as Dask chunks that are read when they are asked for.

A small stack is read in one go, which is also its check: a pair that cannot be read in full is set aside. Of a large
one only the last pixel of each file was read; a window that turns out broken later is NaN, the file is set aside in
that moment, and the log says so. One bad block never stops a run of hours.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from highwall.core.errors import SetAside, StackError
from highwall.core.grid import Window
from highwall.core.products import LAYERS
from highwall.io.radar.faults import Faults
from highwall.io.radar.pairs import Fitted, Pair
from highwall.io.radar.pictures import UNREADABLE, Picture, whole

_MIB = 2**20
_COMPONENTS = ("east", "north", "up")
_COORDS = {"latitude": "degrees_north", "longitude": "degrees_east"}

WRAPPED_RAD = np.pi * 1.001
"""Greatest phase [rad] of a wrapped interferogram, with room for rounding."""
_FULL_CIRCLE = 0.95
"""Share of π that wrapped phases reach in most pairs; a quiet, unwrapped stack does not."""
GREATEST_COHERENCE = 1.01
"""Coherence [1] that none exceeds, with room for rounding and resampling."""
_TOP = 0.99
"""Quantile of a pair's coherences that is held against it: interpolation may carry a few pixels beyond."""
_SAMPLED_PAIRS = 12
_SAMPLE_PX = 256


class _PictureArray:
    """Pictures as an array (picture, y, x) for Dask, which hands cuts down to it: only what is asked for is read."""

    ndim = 3

    def __init__(
        self, pictures: Sequence[Picture | None], shape: tuple[int, int], *, layer: str, faults: Faults
    ) -> None:
        self.pictures = pictures
        self.shape = (len(pictures), *shape)
        self.layer = layer
        self.dtype = np.dtype(LAYERS[layer].dtype)
        self.faults = faults

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return ("highwall", self.layer, [repr(picture) for picture in self.pictures])

    def __getitem__(self, key: tuple[Any, Any, Any]) -> NDArray[Any]:
        chosen, (rows, row), (cols, col) = (_span(size, index) for size, index in zip(self.shape, key, strict=True))
        window = Window(rows, cols)
        found = np.stack([self._read(picture, window) for picture in self.pictures[chosen[0]]])
        values: NDArray[Any] = _stored(found, self.layer)[:, :, col][:, row][chosen[1]]
        return values

    def _read(self, picture: Picture | None, window: Window) -> NDArray[np.float32]:
        if picture is not None:
            try:
                return picture.read(window)
            except UNREADABLE as error:
                self.faults.report(picture.path, error, consequence="missing where it cannot be read")
        return np.full((window.rows.stop - window.rows.start, window.cols.stop - window.cols.start), np.nan, np.float32)


def _span(size: int, index: Any) -> tuple[slice, NDArray[Any]]:
    """Contiguous part of an axis that holds what an index asks for, and the index within it."""
    wanted = np.arange(size)[index]
    first = int(wanted.min()) if wanted.size else 0
    return slice(first, int(wanted.max()) + 1 if wanted.size else 0), wanted - first


def assembled(fitted: Fitted, set_aside: list[SetAside], *, in_memory_mib: float, chunk_px: int) -> xr.Dataset:
    """Stack of fitted pictures, without baselines and attributes.

    Raises
    ------
    StackError
        No phase can be read in full.
    """
    n_values = int(np.prod(fitted.shape)) * sum(len(fitted.layers["unw"]) for _ in fitted.layers)
    faults = Faults(set_aside)
    if n_values * 4 <= in_memory_mib * _MIB:
        layers, pairs = _loaded(fitted, faults)
    else:
        pairs = sorted(fitted.layers["unw"])
        layers = {name: _lazy([held.get(pair) for pair in pairs], fitted.shape, layer=name, faults=faults,
                              chunk_px=chunk_px) for name, held in fitted.layers.items()}  # fmt: skip
    stack = _dataset(layers, pairs, grid=fitted.grid)
    return stack.assign(_maps(fitted, faults, in_memory=isinstance(layers["unw"], np.ndarray), chunk_px=chunk_px))


def _loaded(fitted: Fitted, faults: Faults) -> tuple[dict[str, NDArray[Any]], list[Pair]]:
    """Layers in memory, and the pairs whose phase could be read."""
    pairs = sorted(fitted.layers["unw"])
    phases = np.empty((len(pairs), *fitted.shape), np.float32)
    is_read = np.zeros(len(pairs), bool)
    for number, pair in enumerate(pairs):
        values = _whole_or_none(fitted.layers["unw"][pair], faults, consequence="this pair is left out")
        if values is not None:
            phases[number], is_read[number] = values, True
    if not is_read.any():
        raise StackError("no phase of the stack can be read in full; download or convert the files again.")
    kept = [pair for pair, there in zip(pairs, is_read, strict=True) if there]
    layers: dict[str, NDArray[Any]] = {"unw": phases if is_read.all() else phases[is_read]}
    for name in sorted(fitted.layers.keys() - {"unw"}):
        layers[name] = np.empty(layers["unw"].shape, LAYERS[name].dtype)
        for number, pair in enumerate(kept):
            layers[name][number] = _of_pair(name, fitted.layers[name].get(pair), shape=fitted.shape, faults=faults)
    return layers, kept


def _of_pair(layer: str, picture: Picture | None, *, shape: tuple[int, int], faults: Faults) -> NDArray[Any]:
    """One pair's picture of a layer beside the phase, missing throughout where there is none."""
    values = None if picture is None else _whole_or_none(picture, faults, consequence="missing for this pair")
    return _stored(np.full(shape, np.nan, np.float32) if values is None else values, layer)


def _whole_or_none(picture: Picture, faults: Faults, *, consequence: str) -> NDArray[np.float32] | None:
    try:
        return whole(picture)
    except UNREADABLE as error:
        faults.report(picture.path, error, consequence=consequence)
        return None


def _stored(values: NDArray[np.float32], layer: str) -> NDArray[Any]:
    """Values in the layer's type, with its fill for NaN."""
    dtype = np.dtype(LAYERS[layer].dtype)
    if dtype.kind == "f":
        return values.astype(dtype, copy=False)
    return np.where(np.isnan(values), LAYERS[layer].fill, values).astype(dtype)


def _lazy(
    pictures: Sequence[Picture | None], shape: tuple[int, int], *, layer: str, faults: Faults, chunk_px: int
) -> Any:
    """Dask array (picture, y, x), a chunk of at most ``chunk_px`` square of one picture each."""
    array = _PictureArray(pictures, shape, layer=layer, faults=faults)
    return da.from_array(array, chunks=(1, chunk_px, chunk_px))  # type: ignore[no-untyped-call]


def _dataset(layers: Mapping[str, Any], pairs: Sequence[Pair], *, grid: GeoBox | None) -> xr.Dataset:
    first, second = np.array(pairs, dtype="datetime64[ns]").T
    space = {} if grid is None else dict(xr_coords(grid, dims=("y", "x")))
    arrays = {name: (LAYERS[name].dims, layers[name], LAYERS[name].attrs()) for name in sorted(layers, reverse=True)}
    return xr.Dataset(arrays, coords={"first": ("pair", first), "second": ("pair", second), **space})


def _maps(fitted: Fitted, faults: Faults, *, in_memory: bool, chunk_px: int) -> xr.Dataset:
    """Height, unit vector and, in radar coordinates, latitude and longitude."""
    found = xr.Dataset()
    for name, pictures in fitted.maps.items():
        layer = "height" if name in _COORDS else name
        values = _lazy(pictures, fitted.shape, layer=layer, faults=faults, chunk_px=chunk_px)
        values = values.compute(scheduler="synchronous") if in_memory else values
        if name == "los_enu":
            found = found.assign_coords(component=list(_COMPONENTS))
            found[name] = (("component", "y", "x"), values, LAYERS[name].attrs())
        elif name in _COORDS:
            found = found.assign_coords({name: (("y", "x"), values[0], {"units": _COORDS[name]})})
        else:
            found[name] = (("y", "x"), values[0], LAYERS[name].attrs())
    return found


def looks_wrapped(stack: xr.Dataset) -> bool:
    """Tell whether a sample of the phases lies within ±π in every pair, and nearly fills it in most."""
    sample = np.abs(_sample(stack["unw"]))
    there = np.isfinite(sample).any(axis=(1, 2))
    greatest = np.where(np.isfinite(sample), sample, 0.0).max(axis=(1, 2))[there]
    if not greatest.size:
        return False
    return bool((greatest <= WRAPPED_RAD).all() and (greatest > _FULL_CIRCLE * np.pi).mean() > 0.5)


def top_coherence(stack: xr.Dataset) -> float:
    """High quantile of the usual pair's coherence [1] in a sample; 0 where no coherence is known."""
    sample = _sample(stack["coh"]) if "coh" in stack else ()
    known = [values[np.isfinite(values)] for values in sample]
    tops = [np.quantile(values, _TOP) for values in known if values.size]
    return float(np.median(tops)) if tops else 0.0


def _sample(layer: xr.DataArray) -> NDArray[np.float32]:
    """Middle of some pairs of a layer (pair, y, x)."""
    step = max(1, layer.sizes["pair"] // _SAMPLED_PAIRS)
    middle = {dim: _middle(layer.sizes[dim]) for dim in ("y", "x")}
    values: NDArray[np.float32] = layer.isel({"pair": slice(None, None, step), **middle}).values
    return values


def _middle(size: int) -> slice:
    start = max(0, (size - _SAMPLE_PX) // 2)
    return slice(start, start + _SAMPLE_PX)
