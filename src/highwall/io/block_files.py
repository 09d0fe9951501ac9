"""Finished blocks of a long work, one file each: a stopped run goes on with the first that is missing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from highwall.io.aside import aside


@dataclass(frozen=True)
class BlockFiles:
    """A folder that holds the arrays of each finished block."""

    folder: Path

    def get(self, name: str, make: Callable[[], Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
        """Arrays of a block: read where it was finished before, else made and kept."""
        if not self.has(name):
            self.put(name, make())
        return self.read(name)

    def has(self, name: str) -> bool:
        """Tell whether a block is finished."""
        return self._path(name).exists()

    def put(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep the arrays of a finished block."""
        with aside(self._path(name)) as temporary:
            np.savez(temporary, allow_pickle=False, **dict(arrays))

    def read(self, name: str) -> dict[str, NDArray[Any]]:
        """Arrays of a finished block."""
        with np.load(self._path(name), allow_pickle=False) as held:
            return {key: held[key] for key in held.files}

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"
