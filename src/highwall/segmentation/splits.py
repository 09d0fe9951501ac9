"""Which sites serve for training, validation and test: near sites stay together, and every kind of mine is spread.

Source of the shares and of the one image a held-out site: Jabłońska et al. 2024, section 2.3 (70:15:15 by location).
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from highwall.core.errors import InputError
from highwall.learning.groups import Extent, connected, hash_rank
from highwall.segmentation.dataset import SPLITS, TEST, TRAINING, VALIDATION

Key = TypeVar("Key", bound=Hashable)

_M_PER_DEGREE: Final = 111_320.0
"""Length of a degree of a great circle of the Earth [m]."""
_FARTHEST_NORTH: Final = 89.0
"""Latitude at which meridians are taken to be as near as they get [degree]."""


class SiteFacts(NamedTuple):
    """What the split knows of a group of sites."""

    n_sites: int
    kind: tuple[str | None, str | None]
    """Raw material and mine type of most of them."""
    fixed: str | None = None
    """Split that it must be in, if any."""


def near_groups(extents: Mapping[Key, Extent], *, distance_m: float) -> dict[Key, Key]:
    """Group what lies within a distance of each other, directly or through others.

    Parameters
    ----------
    extents
        In longitude and latitude [degree].
    distance_m
        Gap between two extents up to which they stay together [m]; 0 groups those that overlap.

    Returns
    -------
    dict
        By key: the first key of its group.
    """
    keys = list(extents)
    grown = {key: _grown(extent, 0.5 * distance_m) for key, extent in extents.items()}
    links = ((a, b) for i, a in enumerate(keys) for b in keys[i + 1 :] if grown[a].overlaps(grown[b]))
    return connected(keys, links)


def split_groups(facts: Mapping[str, SiteFacts], *, shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Put whole groups into training, validation and test, so that each kind of mine is shared out alike.

    Groups are taken by size, then by the hash of their name; each goes where sites are missing most, in its kind and
    overall. Those with a fixed split stay there. With three groups or more no split is empty.

    Parameters
    ----------
    shares
        Share of the sites that each split should have; they add up to 1.

    Returns
    -------
    dict
        By group: one of ``dataset.SPLITS``.

    Raises
    ------
    InputError
        The shares do not add up to 1.
    """
    if not math.isclose(sum(shares.values()), 1.0, abs_tol=1e-6):
        raise InputError(f"shares of the splits add up to {sum(shares.values()):g}; they must add up to 1.")
    wanted = _Wanted(facts, shares)
    found = {name: fact.fixed for name, fact in facts.items() if fact.fixed is not None}
    for name, split in found.items():
        wanted.give(split, facts[name])
    for name in sorted(facts.keys() - found, key=lambda name: (-facts[name].n_sites, hash_rank(name, seed=seed))):
        found[name] = wanted.neediest(facts[name])
        wanted.give(found[name], facts[name])
    return _none_empty({name: found[name] for name in facts}, facts, shares)


def one_a_site(names: Sequence[str], *, seed: int) -> str:
    """Choose the one image by which a held-out site is judged: by the hash of its name, so that no date is favoured."""
    return min(names, key=lambda name: hash_rank(name, seed=seed))


class _Wanted:
    """How many sites each split still wants, overall and of each kind."""

    def __init__(self, facts: Mapping[str, SiteFacts], shares: Mapping[str, float]) -> None:
        self._overall: dict[str, float] = defaultdict(float)
        self._of_kind: dict[tuple[object, str], float] = defaultdict(float)
        for fact in facts.values():
            for split, share in shares.items():
                self._overall[split] += share * fact.n_sites
                self._of_kind[fact.kind, split] += share * fact.n_sites

    def neediest(self, fact: SiteFacts) -> str:
        """Split that wants a group like this most; the larger share comes first where two want it alike."""
        return max(SPLITS, key=lambda split: self._overall[split] + self._of_kind[fact.kind, split])

    def give(self, split: str, fact: SiteFacts) -> None:
        """Take note that a group went to a split."""
        self._overall[split] -= fact.n_sites
        self._of_kind[fact.kind, split] -= fact.n_sites


def _none_empty(found: dict[str, str], facts: Mapping[str, SiteFacts], shares: Mapping[str, float]) -> dict[str, str]:
    """Move the smallest free training groups into empty splits, as long as training keeps one."""
    for split in (VALIDATION, TEST):
        if split in found.values() or not shares.get(split):
            continue
        free = [name for name, at in found.items() if at == TRAINING and facts[name].fixed is None]
        if len(free) > 1:
            found[min(free, key=lambda name: facts[name].n_sites)] = split
    return found


def _grown(extent: Extent, margin_m: float) -> Extent:
    """Grow an extent by a length on every side; eastward by as many degrees as its farthest latitude needs."""
    north = min(max(abs(extent.south), abs(extent.north)), _FARTHEST_NORTH)
    dy = margin_m / _M_PER_DEGREE
    dx = dy / math.cos(math.radians(north))
    return Extent(extent.west - dx, extent.south - dy, extent.east + dx, extent.north + dy)


def kind_of(kinds: Iterable[tuple[str | None, str | None]]) -> tuple[str | None, str | None]:
    """Most frequent raw material and mine type; the first of those that are equally frequent."""
    counted = list(kinds)
    return max(dict.fromkeys(counted), key=counted.count)
