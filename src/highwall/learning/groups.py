"""Splits that share nothing: samples that overlap belong to one group, and a group lies in one fold."""

import hashlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from highwall.core.errors import InputError

Key = TypeVar("Key", bound=Hashable)


class Extent(NamedTuple):
    """An axis-aligned rectangle, in any one unit."""

    west: float
    south: float
    east: float
    north: float

    def overlaps(self, other: "Extent") -> bool:
        """Tell whether the two share area."""
        return (
            self.west < other.east and other.west < self.east and self.south < other.north and other.south < self.north
        )


def connected(keys: Sequence[Key], links: Iterable[tuple[Key, Key]]) -> dict[Key, Key]:
    """Map each key to the first key of its connected component (union-find).

    Parameters
    ----------
    keys
        Every sample, in the order that decides a group's name.
    links
        Pairs that must not be separated.
    """
    order = {key: i for i, key in enumerate(keys)}
    parent = {key: key for key in keys}

    def root(key: Key) -> Key:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for a, b in links:
        first, second = sorted((root(a), root(b)), key=order.__getitem__)
        parent[second] = first
    return {key: root(key) for key in keys}


def overlap_groups(extents: Mapping[Key, Extent]) -> dict[Key, Key]:
    """Group samples whose extents overlap, directly or through others."""
    keys = list(extents)
    links = ((a, b) for i, a in enumerate(keys) for b in keys[i + 1 :] if extents[a].overlaps(extents[b]))
    return connected(keys, links)


def assign_folds(weights: Mapping[str, float], *, n_folds: int, seed: int = 0) -> dict[str, int]:
    """Put whole groups into folds of about equal weight: heaviest first, into the lightest fold.

    Parameters
    ----------
    weights
        Weight of each group, such as its number of samples.

    Raises
    ------
    InputError
        There are fewer groups than folds.
    """
    if len(weights) < n_folds:
        raise InputError(f"{len(weights)} groups cannot fill {n_folds} folds; ask for fewer folds.")
    total = [0.0] * n_folds
    fold_of: dict[str, int] = {}
    for name in sorted(weights, key=lambda name: (-weights[name], hash_rank(name, seed=seed))):
        fold_of[name] = min(range(n_folds), key=total.__getitem__)
        total[fold_of[name]] += weights[name]
    return fold_of


def hold_out(names: Iterable[str], *, n: int, seed: int = 0) -> set[str]:
    """Choose ``n`` groups by the hash of their name: the choice knows no score and survives new groups."""
    return set(sorted(names, key=lambda name: hash_rank(name, seed=seed))[:n])


def hash_rank(name: str, *, seed: int = 0) -> str:
    """Return a name's place in a fixed random order."""
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
