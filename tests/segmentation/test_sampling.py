from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.segmentation.dataset import InMemory
from highwall.segmentation.labels import BITS, OUTSIDE
from highwall.segmentation.options import SamplingOptions
from highwall.segmentation.sampling import plan_of
from highwall.segmentation.scenes import Scenes
from tests.segmentation.lessons import scene


def plan(samples, *, seed=0, subsets=(1, 2), **options):
    scenes = Scenes(samples, bands=("B04",), cache_mb=10)
    return plan_of(scenes, subsets=subsets, options=SamplingOptions(chip_px=32, **options), seed=seed)


def with_mask(mask, name="drawn"):
    made = scene(name, shape=mask.shape)
    return replace(made, read_masks={"1": InMemory(mask)})


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 20), st.floats(0.0, 1.0))
def test_a_window_follows_from_seed_epoch_and_number(seed, epoch, number, share):
    samples = [scene("one"), scene("two", shape=(40, 33))]
    first, _ = plan(samples, seed=seed, labelled_share=share)
    again, _ = plan(samples, seed=seed, labelled_share=share)
    again(epoch + 1, number + 1)  # what was drawn before does not matter
    assert first(epoch, number) == again(epoch, number)


@given(st.integers(20, 70), st.integers(20, 70), st.integers(0, 1000))
def test_a_window_lies_inside_or_holds_all(height, width, number):
    draw, _ = plan([scene("one", shape=(60, 60)), with_mask(np.full((height, width), 1, dtype=np.uint16))])
    place = draw(0, number)
    for start, length in zip((place.top, place.left), ((60, 60), (height, width))[place.sample], strict=True):
        assert min(length - 32, 0) <= start <= max(length - 32, 0)


def test_labelled_windows_hold_what_they_were_drawn_for():
    mask = np.zeros((200, 200), dtype=np.uint16)
    mask[150:153, 10:13] = BITS["excavation"]
    draw, _ = plan([scene("empty"), with_mask(mask)], labelled_share=1.0, subsets=(1,))
    for number in range(40):
        place = draw(0, number)
        if place.sample == 1:
            assert mask[place.top : place.top + 32, place.left : place.left + 32].any()


def test_rare_classes_come_as_often_as_their_power_says():
    mask = np.zeros((64, 300), dtype=np.uint16)
    mask[20:30, 20:30] = BITS["excavation"]  # 100 px, far from
    mask[20:40, 200:300] = BITS["dumping_ground"]  # 2000 px
    for power, expected in ((0.0, 0.5), (1.0, 100 / 2100)):
        draw, _ = plan([with_mask(mask)], labelled_share=1.0, class_power=power)
        share = np.mean([draw(0, number).left < 100 for number in range(600)])
        assert share == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 600))


def test_what_lies_outside_the_data_is_not_sought():
    mask = np.zeros((64, 64), dtype=np.uint16)
    mask[:] = OUTSIDE  # all bits are set in it
    with pytest.raises(InputError, match="no training sample has a pixel of subset 1, 2"):
        plan([with_mask(mask)], labelled_share=0.5)


def test_groups_are_drawn_alike_if_asked():
    samples = [scene(f"crowd-{n}", group="crowd") for n in range(9)] + [scene("alone", group="alone")]
    shares = {}
    for by_group in (False, True):
        draw, _ = plan(samples, by_group=by_group)
        shares[by_group] = np.mean([draw(0, number).sample == 9 for number in range(400)])
    assert shares[False] == pytest.approx(0.1, abs=0.06)
    assert shares[True] == pytest.approx(0.5, abs=0.1)


def test_every_annotator_is_drawn():
    sample = scene("one")
    sample = replace(sample, read_masks={who: InMemory(sample.mask()) for who in ("a", "b")})
    draw, _ = plan([sample])
    assert {draw(0, number).annotator for number in range(40)} == {"a", "b"}


def test_a_lattice_gives_every_window_once_an_epoch_in_a_new_order():
    draw, n = plan([scene("one", shape=(64, 96)), scene("small", shape=(20, 20))], step_px=16)
    assert n == 3 * 5 + 1
    epochs = [[draw(epoch, number) for number in range(n)] for epoch in (0, 1)]
    assert epochs[0] != epochs[1]
    assert Counter(epochs[0]) == Counter(epochs[1])
    assert max(Counter(epochs[0]).values()) == 1
    assert {place.top % 16 for place in epochs[0]} == {0}
    assert draw(0, n) == draw(0, 0)


def test_without_a_sample_there_is_nothing_to_draw():
    with pytest.raises(InputError, match="no sample to train on"):
        plan([])
