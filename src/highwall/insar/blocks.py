"""Run a kernel over all pixels of a stack: at once in memory, block by block with Dask; the numbers are the same."""

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

BlockFunction = Callable[..., NDArray[np.float32]]
"""Takes blocks (pair, y, x), gives (layer, y, x) float32."""


def map_pixels(function: BlockFunction, *arrays: xr.DataArray, n_layers: int, **parameters: Any) -> Any:
    """Apply ``function`` to the pixels of arrays (pair, y, x): (layer, y, x) float32, Dask if the first array is.

    Blocks are cut in y and x only; all pairs of a pixel stay together.
    """
    if arrays[0].chunks is None:
        return function(*(np.asarray(array.values) for array in arrays), **parameters)
    first = arrays[0].chunk(pair=-1)
    lazy = [first.data, *(array.chunk(first.chunksizes).data for array in arrays[1:])]
    return _map_blocks(function, *lazy, n_layers=n_layers, parameters=parameters)


def _map_blocks(function: BlockFunction, *blocks: Any, n_layers: int, parameters: dict[str, Any]) -> Any:
    import dask.array as da

    chunks = ((n_layers,), *blocks[0].chunks[1:])
    meta = np.empty((0, 0, 0), np.float32)
    return da.map_blocks(  # type: ignore[no-untyped-call]
        function, *blocks, chunks=chunks, dtype=np.float32, meta=meta, **parameters
    )
