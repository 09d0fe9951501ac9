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
        path = self.folder / f"{name}.npz"
        if not path.exists():
            with aside(path) as temporary:
                np.savez(temporary, allow_pickle=False, **dict(make()))
        with np.load(path, allow_pickle=False) as held:
            return {key: held[key] for key in held.files}
