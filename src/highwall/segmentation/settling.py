"""After training: how sure a network may be, and from which probability each class is said."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from highwall.core.taxonomy import CLASS_SETS
from highwall.learning.calibration import at_temperature, fit_temperature
from highwall.segmentation.dataset import SampleSet
from highwall.segmentation.loading import ValidationChips
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.options import TrainOptions
from highwall.segmentation.scenes import Scenes

_MOST_PIXELS: Final = 100_000
"""Pixels by which a subset is settled, evenly taken from all validation scenes [px]."""
_STEPS: Final = np.round(np.arange(0.05, 0.951, 0.05), 2)
"""Thresholds that are tried [1]."""


class Settled(NamedTuple):
    """What validation data add to a network."""

    temperature: dict[int, float]
    """By subset [1]."""
    thresholds: dict[str, float]
    """By class that was drawn [1]: where its IoU is best."""


class _Pixels(NamedTuple):
    truth: NDArray[np.int64]
    """(N,) 0 background, 1… classes."""
    probability: NDArray[np.float32]
    """(N, 1 + class)"""


def settle(network: SegmentationNetwork, validation: SampleSet, *, options: TrainOptions) -> Settled:
    """Fit the temperature of each subset and the threshold of each class on the validation data.

    Returns
    -------
    Settled
        Temperatures of 1 and no thresholds where no pixel counts.
    """
    temperature, thresholds = {}, {}
    pixels = _pixels(network.eval(), validation, options=options)
    for subset, each in zip(options.network.subsets, pixels, strict=True):
        temperature[subset] = fit_temperature(each.truth, each.probability) if each.truth.size else 1.0
        cooled = at_temperature(each.probability, temperature=temperature[subset])
        for number, name in enumerate(CLASS_SETS[subset], start=1):
            if (each.truth == number).any():
                thresholds[name] = best_threshold(each.truth == number, cooled[:, number])
    return Settled(temperature, thresholds)


def best_threshold(truth: NDArray[np.bool_], probability: NDArray[np.floating]) -> float:
    """Threshold of the best IoU; of equal ones the nearest to 0.5."""
    scores = []
    for threshold in _STEPS:
        said = probability >= threshold
        scores.append(float(np.count_nonzero(said & truth)) / max(int(np.count_nonzero(said | truth)), 1))
    best = _STEPS[np.isclose(scores, max(scores))]
    return float(best[np.abs(best - 0.5).argmin()])


def _pixels(network: SegmentationNetwork, validation: SampleSet, *, options: TrainOptions) -> list[_Pixels]:
    """Truth and probability of a share of the validation pixels, for each subset."""
    scenes = Scenes(validation, bands=options.network.bands, cache_mb=options.run.cache_mb)
    chips = ValidationChips(scenes, options=options)
    each = max(_MOST_PIXELS // max(len(chips), 1), 1)
    parts = [list(_of_chip(network, chips, number, n_pixels=each)) for number in range(len(chips))]
    return [
        _Pixels(*(np.concatenate(values) for values in zip(*of_subset, strict=True)))
        for of_subset in zip(*parts, strict=True)
    ]


def _of_chip(network: SegmentationNetwork, chips: ValidationChips, number: int, *, n_pixels: int) -> Iterator[_Pixels]:
    lesson = chips[number]
    with torch.no_grad():
        logits = network.logits(lesson.image[None])
    for target, said in zip(lesson.targets, logits, strict=True):
        counted = torch.nonzero(((target >= 0) & (lesson.weight > 0)).flatten())[:, 0]
        kept = counted[:: max(len(counted) // n_pixels, 1)]
        probability = said[0].softmax(dim=0).flatten(1).T[kept]
        yield _Pixels(target.flatten()[kept].numpy(), probability.numpy())
