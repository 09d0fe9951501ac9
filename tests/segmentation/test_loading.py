from dataclasses import replace

import numpy as np
import pytest
import torch

from highwall.segmentation.dataset import InMemory
from highwall.segmentation.labels import BITS, NOT_COUNTED, OUTSIDE, target_of
from highwall.segmentation.loading import EpochNumbers, TrainingChips, ValidationChips, lesson_of
from highwall.segmentation.normalisation import band_statistics
from highwall.segmentation.sampling import plan_of
from highwall.segmentation.scenes import Chip, Scenes
from tests.segmentation.lessons import scene, tiny_options

RGB = ("B04", "B03", "B02")


def test_a_lesson_says_what_counts_and_how_much():
    mask = np.array([[0, BITS["blank"], BITS["excavation"], OUTSIDE]], dtype=np.uint16)
    image = np.ones((3, 1, 4), dtype=np.float32)
    image[:, 0, 0] = np.nan
    lesson = lesson_of(Chip(image, mask), subsets=(1, 2), blank=2.0, background=0.5)
    assert lesson.targets[:, 0].tolist() == [[0, 0, 1, NOT_COUNTED], [0, 0, 0, NOT_COUNTED]]
    assert lesson.weight[0].tolist() == [0.0, 2.0, 1.0, 0.0]  # the first is background without a value


def test_training_chips_of_an_epoch_are_the_same_each_time_and_of_the_next_others():
    options = tiny_options(augment={"scale": 1.3, "gain": 0.2, "noise": 0.1})
    samples = [scene("one"), scene("two")]
    statistics = band_statistics(samples, bands=RGB)

    def chips():
        scenes = Scenes(samples, bands=RGB, cache_mb=10)
        plan, n = plan_of(scenes, subsets=(1, 2), options=options.sampling, seed=options.seed)
        return TrainingChips(scenes, plan, n=n, statistics=statistics, options=options)

    first, again = chips(), chips()
    assert len(first) == 4
    for number in (7, 0, 5):
        assert all(torch.equal(a, b) for a, b in zip(first[number], again[number], strict=True))
    assert not torch.equal(first[0].image, first[4].image)
    assert first[0].image.shape == (3, 32, 32)
    assert first[0].targets.shape == (2, 32, 32)


def test_epochs_are_numbered_through():
    numbers = EpochNumbers(6)
    numbers.set_epoch(2)
    assert list(numbers) == [12, 13, 14, 15, 16, 17]
    assert len(numbers) == 6


@pytest.mark.parametrize("shape", [(64, 96), (70, 130), (20, 200)])
def test_every_pixel_of_a_validation_scene_counts_once(shape):
    sample = scene("one", split="validation", shape=shape) if min(shape) > 60 else None
    mask = np.ones(shape, dtype=np.uint16)
    sample = replace(scene("one"), grid=scene("one", shape=(64, 64)).grid) if sample is None else sample
    sample = replace(
        sample,
        grid=sample.grid.expand(shape) if sample.shape != shape else sample.grid,
        read_image=InMemory(np.ones((3, *shape), dtype=np.float32)),
        read_masks={"1": InMemory(mask)},
    )
    chips = ValidationChips(Scenes([sample], bands=RGB, cache_mb=1), options=tiny_options(validation_px=64))
    counted = sum(int((chips[n].targets[0] >= 0).sum()) for n in range(len(chips)))
    assert counted == shape[0] * shape[1]
    assert all(side % 32 == 0 for n in range(len(chips)) for side in chips[n].weight.shape)


def test_the_centre_crop_is_the_middle_of_the_scene():
    sample = scene("one", shape=(96, 128))
    chips = ValidationChips(Scenes([sample], bands=RGB, cache_mb=1), options=tiny_options(validation_crop="centre"))
    assert len(chips) == 1
    assert np.array_equal(chips[0].targets[0].numpy(), target_of(sample.mask()[32:64, 48:80], 1))


def test_weights_of_losses_do_not_change_what_is_judged():
    sample = scene("one")
    options = tiny_options(loss={"blank_weight": 0.0, "background_weight": 0.1})
    lesson = ValidationChips(Scenes([sample], bands=RGB, cache_mb=1), options=options)[0]
    assert set(lesson.weight.unique().tolist()) == {1.0}


def test_every_annotator_of_a_validation_scene_is_judged():
    sample = scene("one")
    sample = replace(sample, read_masks={who: InMemory(sample.mask()) for who in ("a", "b")})
    scenes = Scenes([sample], bands=RGB, cache_mb=1)
    assert len(ValidationChips(scenes, options=tiny_options(validation_px=96))) == 2
