"""What scenes say has changed in a patch between two dates.

Classes are told from the land itself (bare, green, built) at both dates, within the outline that the patch had and the
one that it has; pixels that cloud, shadow, haze or snow hide at either date are left out, and a patch that is mostly
hidden is *unseen*: no change is not the same as none seen.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.activity.options import ActivityOptions

EXPANDED, REWORKED, REVEGETATED = "expanded", "reworked", "revegetated"
BUILT, UNCHANGED, UNSEEN = "built", "unchanged", "unseen"
OPTICAL_CLASSES: Final = (EXPANDED, REWORKED, REVEGETATED, BUILT, UNCHANGED, UNSEEN)

Cells = NDArray[np.bool_]


class Look(NamedTuple):
    """Pixels of a patch and its surroundings at one date, all (y, x)."""

    is_mine: Cells
    """Inside the patch at that date."""
    ndvi: NDArray[np.floating]
    """(NIR − red) / (NIR + red)."""
    bsi: NDArray[np.floating]
    """Bare soil index, ((SWIR + red) − (NIR + blue)) / their sum."""
    is_clear: Cells
    """Not hidden by cloud, shadow, haze or snow, and not missing."""
    is_built: Cells
    """Infrastructure on the class map; all False where there is none."""


class OpticalChange(NamedTuple):
    """What a pair of dates says of one patch."""

    shares: dict[str, float]
    """Probability of each of :data:`OPTICAL_CLASSES`; they add up to 1."""
    new_bare_px: int
    """Pixels that were neither mine nor bare and are both."""
    regrown_px: int
    """Pixels of the earlier patch that are green now and were not."""
    reworked_px: int
    """Pixels of the patch at both dates, bare at both, whose brightness of soil changed clearly."""
    built_px: int
    """Pixels of the patch that carry infrastructure now and did not."""
    clear_share: float
    """Share of the patch, at either date, that is clear at both."""

    @property
    def label(self) -> str:
        """Likeliest class."""
        return max(self.shares, key=lambda name: self.shares[name])


def optical_change(before: Look, after: Look, *, options: ActivityOptions) -> OpticalChange:
    """Compare two looks at a patch.

    Each kind of change is as likely as its pixels exceed the smallest number that counts: p = n / (n + n₀), one half at
    n₀ = ``min_change_px``, so that a few stray pixels make no change and hundreds leave no doubt. The kinds share what
    is seen in proportion to those odds; what is hidden stays unseen.

    Parameters
    ----------
    before, after
        On the same pixels.
    """
    ground = before.is_mine | after.is_mine
    clear = before.is_clear & after.is_clear & np.isfinite(before.ndvi + after.ndvi)
    seen = ground & clear
    clear_share = float(seen.sum() / ground.sum()) if ground.any() else 0.0
    counts = _counts(before, after, seen, options)
    shares = _odds(counts, n_half=options.min_change_px)
    shown = min(clear_share / options.min_clear_share, 1.0)
    whole = {name: share * shown for name, share in shares.items()} | {UNSEEN: 1.0 - shown}
    return OpticalChange(whole, counts[EXPANDED], counts[REVEGETATED], counts[REWORKED], counts[BUILT], clear_share)


def _counts(before: Look, after: Look, seen: Cells, options: ActivityOptions) -> dict[str, int]:
    """Pixels of each kind of change, each pixel counted once."""
    was_green, is_green = before.ndvi >= options.green_ndvi, after.ndvi >= options.green_ndvi
    was_bare, is_bare = before.bsi > options.bare_bsi, after.bsi > options.bare_bsi
    built = seen & after.is_built & ~before.is_built
    grown = seen & after.is_mine & ~before.is_mine & is_bare & ~was_bare & ~built
    regrown = seen & before.is_mine & is_green & ~was_green & ~built
    both_bare = seen & before.is_mine & after.is_mine & was_bare & is_bare & ~built
    reworked = both_bare & (_departure(after.bsi - before.bsi, both_bare) > options.reworked_bsi)
    found = {EXPANDED: grown, REWORKED: reworked, REVEGETATED: regrown, BUILT: built}
    return {name: int(np.count_nonzero(cells)) for name, cells in found.items()}


def _departure(change: NDArray[Any], among: Cells) -> NDArray[Any]:
    """How far each pixel's change departs from the middle one: what light and haze do to all of them is left out."""
    middle = float(np.median(change[among])) if among.any() else 0.0
    return np.abs(change - middle)


def _odds(counts: dict[str, int], *, n_half: int) -> dict[str, float]:
    """Share 1 among the kinds of change and none at all, by the odds n / n₀ of each against 1 of none."""
    odds = {name: count / n_half for name, count in counts.items()}
    total = 1.0 + sum(odds.values())
    return {name: value / total for name, value in odds.items()} | {UNCHANGED: 1.0 / total}
