"""Samples and sets of them."""

import dataclasses
import pickle

import numpy as np
import pytest

from highwall.core.errors import InputError
from highwall.core.grid import Window
from highwall.segmentation.dataset import SampleSet, sample_of_arrays
from highwall.segmentation.labels import rasterise
from tests.segmentation.drawings import RGB, box, drawn, grid_of, sample


def twice_drawn():
    grid = grid_of()
    masks = {who: rasterise(drawn(("dam", box(0, 0, side, side))), grid) for who, side in (("2", 5), ("1", 3))}
    return sample_of_arrays("a", np.zeros((3, *grid.shape), np.float32), masks=masks, grid=grid, bands=RGB)


def test_a_window_is_a_part_of_the_whole():
    one = sample("a", ("dam", box(3, 4, 20, 30)))
    window = Window(slice(2, 10), slice(3, 20))
    assert np.array_equal(one.image(window), one.image()[:, 2:10, 3:20])
    assert np.array_equal(one.mask(window), one.mask()[2:10, 3:20])
    assert one.shape == (40, 50)


def test_the_first_annotator_speaks_unless_another_is_named():
    one = twice_drawn()
    assert one.annotators == ("1", "2")
    assert np.count_nonzero(one.mask()) == 9
    assert np.count_nonzero(one.mask(annotator="2")) == 25
    assert {who: int(np.count_nonzero(mask)) for who, mask in one.masks().items()} == {"1": 9, "2": 25}
    with pytest.raises(InputError, match="not drawn by '3'; its annotators are 1, 2"):
        one.mask(annotator="3")


def test_each_annotator_becomes_a_sample_of_the_same_place():
    both = SampleSet([twice_drawn(), sample("b")]).each_annotator()
    assert [one.name for one in both] == ["a-1", "a-2", "b"]
    assert {one.group for one in both[:2]} == {"a"}
    assert np.count_nonzero(both[1].mask()) == 25


def test_sets_are_chosen_by_facts_and_by_group():
    samples = SampleSet(
        dataclasses.replace(sample(name, site=name[0]), split=split, material=material)
        for name, split, material in (("a1", "training", "MO"), ("a2", "training", "MO"), ("b1", "test", "CL"))
    )
    assert [one.name for one in samples.where(split="training", material="MO")] == ["a1", "a2"]
    assert len(samples.where(is_simulated=True)) == 0
    assert samples.groups == samples.sites == ("a", "b")
    assert [one.name for one in samples.of_groups(["b"])] == ["b1"]
    assert [one.name for one in samples.without_groups(["b"])] == ["a1", "a2"]
    assert [one.name for one in samples[1:]] == ["a2", "b1"]
    assert repr(samples) == "SampleSet(3 samples of 2 sites in 2 groups)"


def test_the_bands_of_a_set_are_those_that_all_have():
    one = sample("a")
    fewer = dataclasses.replace(one, bands=("B02", "B04"))
    assert SampleSet([one, fewer]).bands == ("B04", "B02")
    with pytest.raises(InputError, match="share no band"):
        _ = SampleSet([one, dataclasses.replace(one, bands=("VV",))]).bands
    with pytest.raises(InputError, match="without samples"):
        _ = SampleSet([]).bands


def test_samples_travel_to_other_processes():
    one = sample("a", ("dam", box(3, 4, 20, 30)))
    again = pickle.loads(pickle.dumps(SampleSet([one])))[0]
    assert np.array_equal(again.mask(), one.mask())
    assert np.array_equal(again.image(), one.image())


def test_arrays_that_do_not_fit_are_refused():
    grid = grid_of()
    with pytest.raises(InputError, match="do not fit bands and grid"):
        sample_of_arrays(
            "a", np.zeros((2, *grid.shape), np.float32), masks=np.zeros(grid.shape, np.uint16), grid=grid, bands=RGB
        )
