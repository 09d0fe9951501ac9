"""Chips as batches of tensors: the doors through which torch sees samples."""

from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from highwall.learning.windows import iter_blocks
from highwall.segmentation.augment import nearer, random_view
from highwall.segmentation.labels import label_weight, target_of
from highwall.segmentation.normalisation import BandStatistics
from highwall.segmentation.options import STRIDE, TrainOptions
from highwall.segmentation.sampling import Plan
from highwall.segmentation.scenes import Chip, Place, Scenes, is_known

_EVERY_MASK: Final = np.arange(1 << 16, dtype=np.uint16)[None]


class Lesson(NamedTuple):
    """What the network sees and what it should say, of one chip or, with one more axis in front, of a batch."""

    image: Tensor
    """(band, y, x) float32"""
    targets: Tensor
    """(subset, y, x) int64: 0 background, 1… classes, −1 not counted."""
    weight: Tensor
    """(y, x) float32"""


def lesson_of(chip: Chip, *, subsets: tuple[int, ...], blank: float = 1.0, background: float = 1.0) -> Lesson:
    """Make a chip's tensors; a pixel without a value in any band does not count.

    Parameters
    ----------
    blank, background
        Weight of pixels drawn as blank, and of those that nobody drew [1].
    """
    weight = _weight_table(blank, background)[chip.mask] * is_known(chip)
    targets = np.stack([_target_table(subset)[chip.mask] for subset in subsets])
    image = np.ascontiguousarray(chip.image, dtype=np.float32)
    return Lesson(torch.from_numpy(image), torch.from_numpy(targets), torch.from_numpy(weight))


@cache
def _target_table(subset: int) -> NDArray[np.int64]:
    """Target of every value that a mask can have: one look instead of one for each class."""
    return np.asarray(target_of(_EVERY_MASK, subset)[0], dtype=np.int64)


@cache
def _weight_table(blank: float, background: float) -> NDArray[np.float32]:
    """Weight of every value that a mask can have."""
    return np.asarray(label_weight(_EVERY_MASK, blank=blank, background=background)[0], dtype=np.float32)


class TrainingChips(Dataset[Lesson]):
    """Chips by their number, counted through all epochs: epoch · n + number in it."""

    def __init__(
        self, scenes: Scenes, plan: Plan, *, n: int, statistics: BandStatistics, options: TrainOptions
    ) -> None:
        self._scenes = scenes
        self._plan = plan
        self._statistics = statistics
        self._options = options
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, number: int) -> Lesson:
        """Draw, cut and vary the chip."""
        epoch, inside = divmod(number, self.n)
        random = np.random.default_rng((self._options.seed, epoch, inside, 1))
        place = nearer(self._plan(epoch, inside), options=self._options.augment, random=random)
        chip = random_view(
            self._scenes.chip(place),
            bands=self._options.network.bands,
            statistics=self._statistics,
            options=self._options.augment,
            side=self._options.sampling.chip_px,
            random=random,
        )
        loss = self._options.loss
        return lesson_of(
            chip,
            subsets=self._options.network.subsets,
            blank=loss.blank_weight,
            background=loss.background_weight,
        )


class EpochNumbers(Sampler[int]):
    """Numbers of an epoch's chips, dealt out over the processes of a distributed run."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Go to an epoch; Lightning calls it."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._n // _world()[1]

    def __iter__(self) -> Iterator[int]:
        rank, world = _world()
        return iter(range(self._epoch * self._n + rank, (self._epoch + 1) * self._n, world))


class ValidationChips(Dataset[Lesson]):
    """Whole scenes in pieces without overlap, or their central chip, unvaried; all inside the data counts alike."""

    def __init__(self, scenes: Scenes, *, options: TrainOptions) -> None:
        self._scenes = scenes
        self._options = options
        self._places = list(_validation_places(scenes, options))

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> Lesson:
        """Cut a piece; smaller scenes are padded no further than they must."""
        place = self._places[number]
        chip = self._scenes.chip(place)
        height, width = self._scenes.samples[place.sample].shape
        rows, columns = (
            min(place.side, _up(length - start)) for length, start in ((height, place.top), (width, place.left))
        )
        inner = Chip(chip.image[:, :rows, :columns], chip.mask[:rows, :columns])
        return lesson_of(inner, subsets=self._options.network.subsets)


def _validation_places(scenes: Scenes, options: TrainOptions) -> Iterator[Place]:
    chip = options.sampling.chip_px
    for number, sample in enumerate(scenes.samples):
        height, width = sample.shape
        for annotator in sample.annotators:
            if options.validation_crop == "centre":
                yield Place(number, annotator, (height - chip) // 2, (width - chip) // 2, chip)
                continue
            for block in iter_blocks(sample.shape, block=options.validation_px):
                yield Place(number, annotator, block.y0, block.x0, options.validation_px)


def _up(length: int) -> int:
    """Next multiple of the stride."""
    return -(-length // STRIDE) * STRIDE


def _world() -> tuple[int, int]:
    """Rank of this process and their number."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1
