"""SNAPHU as an unwrapper: statistical costs, network flow. An extra, and never the default.

SNAPHU's licence allows research and other non-commercial use; parts of it (the network solver CS2) need the consent of
their owners for anything else. Who installs ``highwall[snaphu]`` accepts that; Highwall itself contains none of it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.core.unwrapper import Unwrapped, unwrappable

SMALLEST_SIDE = 2
"""px, side below which there is no loop of pixels, and nothing for a flow to do."""


@dataclass(frozen=True)
class Snaphu:
    """The statistical-cost, network-flow algorithm, run on files in a scratch folder.

    Source: Chen & Zebker 2001, 2002; Python package snaphu.
    """

    min_coherence: float = 0.0
    """Coherence below which a pixel is not unwrapped [1]."""
    min_component_px: int = 100
    """Size below which a connected component is not labelled [px]."""
    cost: Literal["smooth", "defo"] = "smooth"
    """Statistics of the phase: ``smooth``, or ``defo`` for motion with steps."""
    scratch: Path | None = None
    """Folder for SNAPHU's files; by default a temporary one, removed afterwards."""

    def unwrap(self, ifg: NDArray[np.complex64], coh: NDArray[np.float32], *, looks: float) -> Unwrapped:
        """Unwrap an interferogram.

        Raises
        ------
        InputError
            The package is not installed, or the interferogram is a single row or column.
        """
        try:
            import snaphu
        except ModuleNotFoundError as error:
            raise InputError(
                "SNAPHU is not installed; pip install 'highwall[snaphu]' if its licence, with its non-commercial "
                "parts, suits your use, or set the method to 'whirlwind'."
            ) from error
        if min(ifg.shape) < SMALLEST_SIDE:
            raise InputError(f"SNAPHU needs two rows and columns, found {ifg.shape}; lower the looks.")
        valid = unwrappable(ifg, coh, min_coherence=self.min_coherence)
        if not valid.any():
            return Unwrapped.nothing(ifg.shape)
        phase, components = snaphu.unwrap(
            np.where(valid, ifg, 0).astype(np.complex64), np.where(valid, coh, 0).astype(np.float32),
            nlooks=max(looks, 1.0), cost=self.cost, mask=valid, scratchdir=self.scratch,
            min_conncomp_frac=min(self.min_component_px / valid.size, 1.0),
        )  # fmt: skip
        return Unwrapped(
            np.where(valid, phase, np.nan).astype(np.float32), np.where(valid, components, 0).astype(np.uint16)
        )
