"""Half of the patches of a scene held out, evenly over its area: how a network is judged where there is one scene.

Source: the metre-scale paper of 2024, section 2.2.1 (half of 238 patches, evenly distributed, held out).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from highwall.core.errors import InputError
from highwall.segmentation.labels import MINING_BITS, OUTSIDE, Mask, is_inside

_EIGHT_CONNECTED: Final = np.ones((3, 3), dtype=bool)
_MORTON_BITS: Final = 16
"""Bits of a row or column in the order in which patches are dealt out."""


class HeldOut(NamedTuple):
    """Two masks of one scene; background counts in both."""

    training: Mask
    """(y, x) patches that were held out do not count."""
    test: Mask
    """(y, x) patches that were learned from do not count."""


def hold_out_patches(mask: Mask, *, share: float, seed: int) -> HeldOut:
    """Deal the patches of a mask out to training and test, so that neighbours go to different sides.

    A patch is the 8-connected ground of any mining class. Patches are put in an order that keeps neighbours together
    (Z-order of their centres) and taken from it at even steps from a random start.

    Parameters
    ----------
    share
        Share of the patches that is held out [1].

    Raises
    ------
    InputError
        The share is not between 0 and 1, or there are fewer than two patches.
    """
    if not 0.0 < share < 1.0:
        raise InputError(f"a share of {share:g} of the patches cannot be held out; give one between 0 and 1.")
    patches, n = ndimage.label(((mask & MINING_BITS) != 0) & is_inside(mask), structure=_EIGHT_CONNECTED)
    if n < 2:
        raise InputError(f"{n} patches cannot be split; give a scene with two or more, or whole scenes for each split.")
    taken = _every_so_many(n, share=share, start=float(np.random.default_rng(seed).random()))
    is_test = np.zeros(n + 1, dtype=bool)
    is_test[1 + _z_order(patches, n)[taken]] = True
    held_out = is_test[patches]
    learned = (patches > 0) & ~held_out
    return HeldOut(_without(mask, held_out), _without(mask, learned))


def _every_so_many(n: int, *, share: float, start: float) -> NDArray[np.bool_]:
    """Places at even steps: between 1 and n − 1 of them, the share to within one."""
    steps = np.floor(start + share * np.arange(n + 1))
    taken: NDArray[np.bool_] = np.diff(steps) > 0
    if not taken.any() or taken.all():
        taken[0] = not taken[0]
    return taken


def _z_order(patches: NDArray[np.integer], n: int) -> NDArray[np.intp]:
    """Numbers of the patches, from 0, by the interleaved bits of their centres."""
    rows, columns = np.rint(ndimage.center_of_mass(patches > 0, patches, np.arange(1, n + 1))).astype(np.int64).T
    code = np.zeros(n, dtype=np.int64)
    for bit in range(_MORTON_BITS):
        code |= ((rows >> bit) & 1) << (2 * bit + 1) | ((columns >> bit) & 1) << (2 * bit)
    return np.argsort(code, kind="stable")


def _without(mask: Mask, left_out: NDArray[np.bool_]) -> Mask:
    kept = mask.copy()
    kept[left_out] = OUTSIDE
    return kept
