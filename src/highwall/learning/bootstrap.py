"""How sure a score is, when samples of one group resemble each other: resample groups, never samples."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError


class Interval(NamedTuple):
    """A score and the bounds of its interval."""

    value: float
    low: float
    high: float


def group_bootstrap(
    score: Callable[[NDArray[np.intp]], float],
    groups: Sequence[Hashable] | NDArray[np.generic],
    *,
    n_resamples: int = 1000,
    coverage: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Percentile interval of a score under resampling of whole groups.

    Parameters
    ----------
    score
        Takes sample numbers, with repeats, and gives the score of those samples; resamples where it is NaN are left
        out.
    groups
        Group of each sample.
    coverage
        Probability that the interval is meant to hold.

    Raises
    ------
    InputError
        There is only one group: nothing can be said about others.

    Source: Davison & Hinkley 1997, section 3.8 (resampling clusters).
    """
    found = group_bootstrap_of_many(
        lambda numbers: {"score": score(numbers)}, groups, n_resamples=n_resamples, coverage=coverage, seed=seed
    )
    return found["score"]


def group_bootstrap_of_many(
    scores: Callable[[NDArray[np.intp]], Mapping[str, float]],
    groups: Sequence[Hashable] | NDArray[np.generic],
    *,
    n_resamples: int = 1000,
    coverage: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Percentile intervals of several scores at once, each resample being drawn for all of them.

    Parameters
    ----------
    scores
        As for :func:`group_bootstrap`, by name; the same names each time.

    Raises
    ------
    InputError
        There is only one group: nothing can be said about others.
    """
    members: dict[Hashable, list[int]] = {}
    for number, group in enumerate(groups):
        members.setdefault(group, []).append(number)
    if len(members) < 2:
        raise InputError("an interval needs at least two groups; with one, only the score itself can be told.")
    numbers = [np.array(found, dtype=np.intp) for found in members.values()]
    random = np.random.default_rng(seed)
    drawn = [
        scores(np.concatenate([numbers[i] for i in random.integers(0, len(numbers), len(numbers))]))
        for _ in range(n_resamples)
    ]
    values = scores(np.concatenate(numbers))
    return {name: _interval(value, [each[name] for each in drawn], coverage=coverage) for name, value in values.items()}


def _interval(value: float, drawn: Sequence[float], *, coverage: float) -> Interval:
    defined = [each for each in drawn if not np.isnan(each)] or [float("nan")]
    low, high = np.quantile(defined, [0.5 - coverage / 2, 0.5 + coverage / 2])
    return Interval(value, float(low), float(high))
