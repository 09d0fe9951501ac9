"""A photograph whose every pixel is labelled, and which photographs show one place."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError

CRACK_CLASSES: Final = ("none", "crack")
"""Classes of a crack network, in the order of its outputs."""

SAME_PLACE_GAP: Final = 12
"""Photographs numbered at most this far apart may show one place: in uav75, numbers 553 and 565 share ground."""

_NUMBER = re.compile(r"(\d+)\D*$")


@dataclass(frozen=True)
class CrackPhotograph:
    """A labelled photograph, real or simulated."""

    name: str
    place: str
    """Photographs of one place may overlap, and stay on one side of every split."""
    levels: NDArray[np.uint8]
    """(3, y, x) red, green, blue."""
    is_crack: NDArray[np.bool_]
    """(y, x)."""
    is_planking: NDArray[np.bool_]
    """(y, x) straight joints, the distractor; False everywhere where nobody drew them."""

    def __post_init__(self) -> None:
        """Refuse labels of another extent."""
        extents = {self.levels.shape[1:], self.is_crack.shape, self.is_planking.shape}
        if len(extents) > 1 or self.levels.shape[0] != len("rgb"):
            raise InputError(f"{self.name}: levels {self.levels.shape} and labels {self.is_crack.shape} do not fit.")


def places_of(names: Sequence[str], *, max_gap: int = SAME_PLACE_GAP) -> dict[str, str]:
    """Place of each photograph by its number: a run of numbers without a gap above ``max_gap`` is one place.

    A camera numbers what it takes in order, so numbers that are far apart were taken at different places, and letters
    behind a number name parts of one photograph. Photographs without a number are places of their own.

    Returns
    -------
    dict
        From name to place, which is called by the first and last number of its run.
    """
    number_of = {name: int(found[1]) for name in names if (found := _NUMBER.search(name))}
    runs: list[list[int]] = []
    for number in sorted(set(number_of.values())):
        if runs and number - runs[-1][-1] <= max_gap:
            runs[-1].append(number)
        else:
            runs.append([number])
    place_of_number = {number: _run_name(run) for run in runs for number in run}
    return {name: place_of_number[number_of[name]] if name in number_of else name for name in names}


def _run_name(run: list[int]) -> str:
    return str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}"
