"""A Zarr store that is filled block by block, and knows which blocks it holds: work that can be stopped and resumed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
import zarr

from highwall.core.errors import SetAside
from highwall.core.grid import Window
from highwall.io.aside import aside, remove, write_text

CHUNK_PX = 128
"""px, side of a chunk, which holds a pixel's whole series. Blocks that begin and end on multiples of it share none."""


@dataclass(frozen=True)
class BlockStore:
    """A store on disk that takes blocks in any order, from several threads or machines at once."""

    path: Path

    @classmethod
    def resume(cls, path: Path, *, example: xr.Dataset, space: xr.Dataset) -> "BlockStore":
        """Open the store at ``path`` as it was left, or create it empty; one without a variable is begun anew.

        Parameters
        ----------
        example
            One block, as it will be put: it tells names, types and attributes.
        space
            Anything on the whole grid: it tells the size and the coordinates of ``y`` and ``x``.
        """
        store = cls(path)
        if path.is_dir() and not example.data_vars.keys() <= set(zarr.open_group(path, mode="r").keys()):
            remove(path)  # an earlier version began it, and wrote less
        if not path.is_dir():
            remove(store._ledger)
            with aside(path) as temporary:
                template = _stretched(example, space)
                template.to_zarr(temporary, mode="w", zarr_format=3, consolidated=False, compute=False)
        store._ledger.mkdir(parents=True, exist_ok=True)  # a kill may fall between the store and its ledger
        return store

    def has(self, window: Window) -> bool:
        """Tell whether a block of just these pixels was written whole: another memory cuts others."""
        return self._note(window).exists()

    def put(self, window: Window, block: xr.Dataset, *, set_aside: Sequence[SetAside] = ()) -> None:
        """Write the data variables of a block (…, y, x), then note that it is there, and what it was made without."""
        with zarr.config.set({"async.concurrency": 4}):
            group = zarr.open_group(self.path, mode="r+")
            for name, array in block.data_vars.items():
                target: Any = group[str(name)]
                target[(..., window.rows, window.cols)] = np.asarray(array.values)
        write_text(json.dumps(list(set_aside)), self._note(window))

    def add(self, whole: xr.Dataset) -> None:
        """Write variables that have no place on the map beside the blocks; those of the same name are replaced."""
        attrs = zarr.open_group(self.path, mode="r").attrs.asdict()  # xarray puts its own in their place
        whole.assign_attrs(attrs).to_zarr(self.path, mode="a", zarr_format=3, consolidated=False)

    def set_aside(self) -> list[SetAside]:
        """What the blocks that are there were made without, each input once."""
        notes = (json.loads(note.read_text(encoding="utf-8")) for note in sorted(self._ledger.glob("rows*")))
        entries = (SetAside(*entry) for note in notes for entry in note)
        return list({entry.name: entry for entry in entries}.values())

    def release(self, path: Path) -> None:
        """Give the store, which is full, its final place; what stood there is replaced."""
        with aside(path) as temporary:
            self.path.replace(temporary)
        remove(self._ledger)

    def _note(self, window: Window) -> Path:
        rows, cols = window
        return self._ledger / f"rows{rows.start}-{rows.stop}-cols{cols.start}-{cols.stop}"

    @property
    def _ledger(self) -> Path:
        return self.path.with_name(f"{self.path.stem}.blocks")


def _stretched(example: xr.Dataset, space: xr.Dataset) -> xr.Dataset:
    """Dataset of the whole grid with the names, types and attributes of a block of it; it takes no memory."""
    size = {"y": space.sizes["y"], "x": space.sizes["x"]}
    arrays = {name: (array.dims, _blank(array, size), array.attrs) for name, array in example.data_vars.items()}
    used = {dim for array in example.data_vars.values() for dim in array.dims}
    kept = {name: coord for name, coord in example.coords.items() if set(coord.dims) <= used - {"y", "x"}}
    placed = {name: coord for name, coord in space.coords.items() if {"y", "x"} & set(coord.dims)}
    return with_free_text(xr.Dataset(arrays, coords=kept | placed, attrs=example.attrs))


def with_free_text(dataset: xr.Dataset) -> xr.Dataset:
    """Dataset whose text coordinates are of any length: Zarr has no settled form of text of fixed length."""
    texts = {name: array.astype(object) for name, array in dataset.coords.items() if array.dtype.kind == "U"}
    return dataset.assign_coords(texts)


def _blank(array: xr.DataArray, size: dict[str, int]) -> Any:
    shape = [size.get(str(dim), length) for dim, length in array.sizes.items()]
    chunks = [min(CHUNK_PX, length) if dim in size else length for dim, length in zip(array.dims, shape, strict=True)]
    return da.zeros(shape, dtype=array.dtype, chunks=chunks)
