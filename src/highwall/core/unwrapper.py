"""What an unwrapper is: the seam between rooms that hold one."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Unwrapped(NamedTuple):
    """Continuous phase, and what of it hangs together."""

    phase: NDArray[np.float32]
    """(y, x) float32 [rad], NaN missing; congruent with the interferogram, known up to a multiple of 2π."""
    conncomp: NDArray[np.uint16]
    """(y, x) uint16: number of the connected component, 0 is none."""

    @classmethod
    def nothing(cls, shape: tuple[int, ...]) -> "Unwrapped":
        """Make the result of an interferogram without a valid pixel."""
        return cls(np.full(shape, np.nan, np.float32), np.zeros(shape, np.uint16))


class Unwrapper(Protocol):
    """Anything that unwraps an interferogram."""

    def unwrap(self, ifg: NDArray[np.complex64], coh: NDArray[np.float32], *, looks: float) -> Unwrapped:
        """Unwrap an interferogram (y, x), NaN or 0 missing, with its coherence and equivalent number of looks."""
        ...


def unwrappable(
    ifg: NDArray[np.complex64], coh: NDArray[np.float32], *, min_coherence: float = 0.0
) -> NDArray[np.bool_]:
    """Pixels (y, x) that carry a phase and a coherence above 0 and not below ``min_coherence``."""
    valid: NDArray[np.bool_] = np.isfinite(ifg) & (ifg != 0) & (coh > 0) & (coh >= min_coherence)
    return valid
