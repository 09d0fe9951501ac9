"""Work that goes block by block over a stack: on this machine's threads or on a Dask cluster; stopped and resumed."""

import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import xarray as xr

from highwall.core.errors import InputError
from highwall.core.grid import Window, windows_over
from highwall.io.radar.faults import listening
from highwall.io.stores import CHUNK_PX, BlockStore

Advance = Callable[[str, int, int], None]
"""Told what is being done, how many blocks are, and how many there will be."""
MEMORY_MIB = 768
"""MiB that blocks in work may take together, by default."""
_MIB = 2**20
_MMAP_THRESHOLD = -3
"""``M_MMAP_THRESHOLD`` of glibc's malloc.h."""


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


def _as_it_is(shared: Any) -> Any:
    """Threads see the same memory."""
    return shared


@dataclass(frozen=True)
class Crew:
    """Who works on the blocks."""

    executor: Executor
    size: int
    """Blocks in work at a time, at most."""
    memory_mib: int = MEMORY_MIB
    advance: Advance = unmoved
    share: Callable[[Any], Any] = _as_it_is
    """Brings what all blocks need to every hand, once, and returns what stands for it in a block's task."""

    def fill(self, store: BlockStore, work: BlockWork, windows: Sequence[Window], *, what: str) -> None:
        """Fill a store; blocks that it holds are left as they are. A stop loses the blocks in work and no others."""
        missing = [window for window in windows if not store.has(window)]
        done = len(windows) - len(missing)
        self.advance(what, done, len(windows))
        if not missing:
            return
        filling = self.share(_Filling(store, work))
        for window in self._done(filling, missing, at_once=self.at_once(windows, work)):
            done += 1
            self.advance(f"{what}, {window.name}", done, len(windows))

    def at_once(self, windows: Sequence[Window], work: BlockWork) -> int:
        """Blocks in work at a time: fewer than there are hands where the smallest blocks would not fit together."""
        largest = max((w.rows.stop - w.rows.start) * (w.cols.stop - w.cols.start) for w in windows)
        fitting = int(self.memory_mib * _MIB / (largest * work.bytes_per_pixel))
        return max(min(self.size, len(windows), fitting), 1)

    def _done(self, filling: Any, windows: Sequence[Window], *, at_once: int) -> Iterator[Window]:
        waiting = list(reversed(windows))
        working: dict[Future[None], Window] = {}
        try:
            while waiting or working:
                while waiting and len(working) < at_once:
                    window = waiting.pop()
                    working[self.executor.submit(_fill, filling, window)] = window
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
        _give_back_memory()
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
        share = partial(client.scatter, broadcast=True, hash=False)
        yield Crew(client.get_executor(), size, memory_mib, advance, share)


def _give_back_memory() -> None:
    """Have glibc return arrays of a MiB or more to the system as soon as they are freed.

    By default it raises that bound to 32 MiB as it goes, and each thread keeps what lies below: a stack of 334 pairs
    and 768² pixels then peaked at 1,264 MB, and at 804 MB with this.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(_MMAP_THRESHOLD, _MIB)


@dataclass(frozen=True)
class _Filling:
    """What a member of the crew does with a window."""

    store: BlockStore
    work: BlockWork

    def __call__(self, window: Window) -> None:
        if not self.store.has(window):
            with listening() as heard:
                block = self.work(window)
            self.store.put(window, block, set_aside=list(heard.values()))


def _fill(filling: _Filling, window: Window) -> None:
    """Do a block's task; on a cluster the filling lies with the worker already."""
    filling(window)


def _input_chunk(space: xr.Dataset, dim: str, size: int) -> int:
    chunks = space.chunksizes.get(dim)
    return chunks[0] if chunks else size


def _whole_chunks(pixels: int) -> int:
    """Round up to whole chunks of the output."""
    return -(-pixels // CHUNK_PX) * CHUNK_PX


def _fitting(pixels: float) -> int:
    """Round down to whole chunks of the output."""
    return int(pixels // CHUNK_PX) * CHUNK_PX
