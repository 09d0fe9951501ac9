"""Work that goes block by block over a stack: on this machine's threads or on a Dask cluster; stopped and resumed."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import xarray as xr

from highwall.core.errors import InputError
from highwall.core.grid import Window, windows_over
from highwall.io.stores import CHUNK_PX, BlockStore

Advance = Callable[[str, int, int], None]
"""Told what is being done, how many blocks are, and how many there will be."""
MEMORY_MIB = 768
"""MiB that blocks in work may take together, by default."""
_MIB = 2**20


class BlockWork(Protocol):
    """Makes the layers of one block. On a cluster it travels to the workers."""

    @property
    def bytes_per_pixel(self) -> float:
        """Memory that a pixel takes while its block is in work, at most."""
        ...

    def __call__(self, window: Window) -> xr.Dataset:
        """Layers (…, y, x) of a block."""
        ...


def unmoved(what: str, done: int, total: int) -> None:
    """Tell nobody how far the work is."""


@dataclass(frozen=True)
class Crew:
    """Who works on the blocks."""

    executor: Executor
    size: int
    """Blocks in work at a time."""
    memory_mib: int = MEMORY_MIB
    advance: Advance = unmoved

    def fill(self, store: BlockStore, work: BlockWork, windows: Sequence[Window], *, what: str) -> None:
        """Fill a store; blocks that it holds are left as they are. A stop loses the blocks in work and no others."""
        missing = [window for window in windows if not store.has(window)]
        done = len(windows) - len(missing)
        self.advance(what, done, len(windows))
        for window in self._done(_Filling(store, work), missing):
            done += 1
            self.advance(f"{what}, {window.name}", done, len(windows))

    def _done(self, function: Callable[[Window], None], windows: Sequence[Window]) -> Iterator[Window]:
        waiting = list(reversed(windows))
        working: dict[Future[None], Window] = {}
        try:
            while waiting or working:
                while waiting and len(working) < self.size:
                    window = waiting.pop()
                    working[self.executor.submit(function, window)] = window
                for future in wait(working, return_when=FIRST_COMPLETED).done:
                    window = working.pop(future)
                    future.result()
                    yield window
        finally:
            for future in working:
                future.cancel()

    def windows(self, space: xr.Dataset, work: BlockWork) -> list[Window]:
        """Blocks that keep within the memory: whole chunks of the output and, if they fit, of the input."""
        height, width = space.sizes["y"], space.sizes["x"]
        pixels = self.memory_mib * _MIB / (self.size * work.bytes_per_pixel)
        across = min(_whole_chunks(_input_chunk(space, "x", width)), max(_fitting(pixels / CHUNK_PX), CHUNK_PX))
        down = min(max(_fitting(pixels / across), CHUNK_PX), _whole_chunks(_input_chunk(space, "y", height)))
        return list(windows_over(height, width, rows=down, cols=across))


@contextmanager
def crew(address: str | None = None, *, memory_mib: int = MEMORY_MIB, advance: Advance = unmoved) -> Iterator[Crew]:
    """Assemble a crew: one thread a core, or the workers of the Dask cluster at ``address``.

    Raises
    ------
    InputError
        No cluster answers there, or Dask's distributed part is not installed.
    """
    if address is None:
        size = len(os.sched_getaffinity(0))
        with ThreadPoolExecutor(size) as threads:
            yield Crew(threads, size, memory_mib, advance)
        return
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise InputError(
            f"a cluster needs Dask's distributed part ({error}): pip install 'highwall[cluster]'"
        ) from error
    try:
        client: Any = Client(address, timeout="10s")  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise InputError(f"no Dask scheduler answers at {address} ({error}); start one: dask scheduler") from error
    with client:
        size = sum(client.nthreads().values())
        yield Crew(client.get_executor(), size, memory_mib, advance)


@dataclass(frozen=True)
class _Filling:
    """What a member of the crew does with a window."""

    store: BlockStore
    work: BlockWork

    def __call__(self, window: Window) -> None:
        if not self.store.has(window):
            self.store.put(window, self.work(window))


def _input_chunk(space: xr.Dataset, dim: str, size: int) -> int:
    chunks = space.chunksizes.get(dim)
    return chunks[0] if chunks else size


def _whole_chunks(pixels: int) -> int:
    """Round up to whole chunks of the output."""
    return -(-pixels // CHUNK_PX) * CHUNK_PX


def _fitting(pixels: float) -> int:
    """Round down to whole chunks of the output."""
    return int(pixels // CHUNK_PX) * CHUNK_PX
