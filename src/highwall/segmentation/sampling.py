"""Which windows an epoch of training sees: a pure function of seed, epoch and number, so that a run can be resumed.

At random, weighted to pixels that somebody drew; or on a fixed lattice, each window once an epoch.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.core.taxonomy import CLASS_SETS
from highwall.segmentation.dataset import Sample
from highwall.segmentation.labels import bits_of, is_inside
from highwall.segmentation.options import SamplingOptions
from highwall.segmentation.scenes import Place, Scenes

Plan = Callable[[int, int], Place]
"""Gives the window of an epoch and a number in it."""

_KEPT: Final = 512
"""Labelled pixels remembered of each class, sample and annotator: enough to reach all of its parts [px]."""


class Seen(NamedTuple):
    """Where one annotator drew one class on one sample."""

    sample: int
    annotator: str
    pixels: NDArray[np.intp]
    """(pixel, 2) row and column of some of them."""
    n: int
    """All of them [px]."""


def plan_of(scenes: Scenes, *, subsets: tuple[int, ...], options: SamplingOptions, seed: int) -> tuple[Plan, int]:
    """Plan of the training windows, and how many an epoch has.

    Raises
    ------
    InputError
        There is no sample, or labelled pixels are sought and there are none.
    """
    if not scenes.samples:
        raise InputError("there is no sample to train on; give a data set with a training split.")
    if options.step_px is not None:
        lattice = LatticePlaces(scenes.samples, side=options.chip_px, step=options.step_px, seed=seed)
        return lattice.place, len(lattice)
    n = max(round(options.draws_per_sample * len(scenes.samples)), 1)
    draw = RandomPlaces(scenes, subsets=subsets, options=options)
    return lambda epoch, number: draw.place(np.random.default_rng((seed, epoch, number))), n


class LatticePlaces:
    """Windows at every multiple of a step that fit in a sample, or one if it is smaller; shuffled anew every epoch."""

    def __init__(self, samples: Sequence[Sample], *, side: int, step: int, seed: int) -> None:
        self._places = [
            Place(number, annotator, top, left, side)
            for number, sample in enumerate(samples)
            for annotator in sample.annotators
            for top in _starts(sample.shape[0], side=side, step=step)
            for left in _starts(sample.shape[1], side=side, step=step)
        ]
        self._seed = seed
        self._epoch = -1
        self._order = np.arange(len(self._places))

    def __len__(self) -> int:
        return len(self._places)

    def place(self, epoch: int, number: int) -> Place:
        """Window of a number in an epoch; numbers beyond the last begin again."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = np.random.default_rng((self._seed, epoch)).permutation(len(self._places))
        return self._places[int(self._order[number % len(self._places)])]


class RandomPlaces:
    """Windows drawn at random: anywhere, or around a pixel of a class drawn by its area."""

    def __init__(self, scenes: Scenes, *, subsets: tuple[int, ...], options: SamplingOptions) -> None:
        self._samples = scenes.samples
        self._options = options
        self._groups = _numbers_by_group(scenes.samples)
        self._seen: list[list[Seen]] = []
        self._share: NDArray[np.float64] = np.ones(0)
        if options.labelled_share:
            self._look_at(scenes, subsets)

    def place(self, random: Generator) -> Place:
        """Draw one window."""
        if self._options.labelled_share and random.random() < self._options.labelled_share:
            return self._labelled(random)
        return self._anywhere(random)

    def _anywhere(self, random: Generator) -> Place:
        number = self._any_sample(random)
        sample, side = self._samples[number], self._options.chip_px
        annotator = sample.annotators[int(random.integers(len(sample.annotators)))]
        top, left = (_start(length, side=side, random=random) for length in sample.shape)
        return Place(number, annotator, top, left, side)

    def _any_sample(self, random: Generator) -> int:
        if not self._options.by_group:
            return int(random.integers(len(self._samples)))
        members = self._groups[int(random.integers(len(self._groups)))]
        return members[int(random.integers(len(members)))]

    def _labelled(self, random: Generator) -> Place:
        seen = self._seen[int(random.choice(len(self._seen), p=self._share))]
        found = seen[int(random.integers(len(seen)))]
        row, column = found.pixels[int(random.integers(len(found.pixels)))]
        side = self._options.chip_px
        height, width = self._samples[found.sample].shape
        return Place(
            found.sample,
            found.annotator,
            _start(height, side=side, random=random, at=int(row)),
            _start(width, side=side, random=random, at=int(column)),
            side,
        )

    def _look_at(self, scenes: Scenes, subsets: tuple[int, ...]) -> None:
        """Remember where each class was drawn."""
        seen = [_where_drawn(scenes, name) for subset in subsets for name in CLASS_SETS[subset]]
        self._seen = [each for each in seen if each]
        if not self._seen:
            raise InputError(
                "labelled_share asks for chips around labelled pixels, and no training sample has a pixel of subset "
                f"{', '.join(map(str, subsets))}; give labels of these classes, or set it to 0."
            )
        area = np.array([sum(one.n for one in each) for each in self._seen], dtype=np.float64)
        weight = area**self._options.class_power
        self._share = weight / weight.sum()


def _where_drawn(scenes: Scenes, name: str) -> list[Seen]:
    """Where a class was drawn, in every sample and by every annotator that has it."""
    bits, found = bits_of(name), []
    for number, sample in enumerate(scenes.samples):
        for annotator in sample.annotators:
            mask = scenes.mask(number, annotator)
            pixels = np.argwhere(((mask & bits) != 0) & is_inside(mask))
            if len(pixels):
                kept = pixels[:: max(len(pixels) // _KEPT, 1)]
                found.append(Seen(number, annotator, kept, len(pixels)))
    return found


def _numbers_by_group(samples: Sequence[Sample]) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for number, sample in enumerate(samples):
        groups.setdefault(sample.group, []).append(number)
    return list(groups.values())


def _start(length: int, *, side: int, random: Generator, at: int | None = None) -> int:
    """First row of a window that lies inside, or holds all if it is larger; one that holds ``at``, if that is given."""
    low, high = min(length - side, 0), max(length - side, 0)
    if at is not None:
        low, high = max(low, at - side + 1), min(high, at)
    return int(random.integers(low, high + 1))


def _starts(length: int, *, side: int, step: int) -> range:
    return range(0, max(length - side, 0) + 1, step)
