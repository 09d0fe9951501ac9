import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from highwall.core.errors import InputError
from highwall.core.taxonomy import BLANK, MINING_AREA, SUBSETS
from highwall.learning.metrics import Confusion
from highwall.segmentation.evaluation_options import EvaluationOptions
from highwall.segmentation.labels import OUTSIDE
from highwall.segmentation.tally import (
    DRAWN,
    FOOTPRINT,
    NOTHING,
    UNION,
    UNLABELLED,
    columns_of,
    confusion_of,
    drawn_as,
    join_tallies,
    said_as,
    tally_scene,
)
from tests.segmentation.judged import ALL, DAM, DUMP, OPTIONS, PIT, TAILINGS, WITH_AREA, mask_of, row, said_of, tally

MASKS = arrays(np.uint16, (5, 7), elements=st.sampled_from([0, 1, 2, 3, 512, 514, 1024, 1025, 32, OUTSIDE]))


def counts(found, column, classes=ALL):
    return confusion_of(found, column, columns=columns_of(classes))


def test_classes_that_overlap_are_each_counted():
    found = tally(row((DUMP, TAILINGS), (DUMP,), ()), row((DUMP,), (DUMP, TAILINGS), (PIT,)))
    assert counts(found, DUMP) == Confusion(2, 0, 0, 1)
    assert counts(found, TAILINGS) == Confusion(0, 1, 1, 1)
    assert counts(found, PIT) == Confusion(0, 1, 0, 2)
    assert counts(found, FOOTPRINT) == Confusion(2, 1, 0, 0)


@given(MASKS, MASKS)
def test_every_class_agrees_with_counting_pixel_by_pixel(drawn, said):
    found = tally(drawn, said, classes=WITH_AREA)
    inside = drawn != OUTSIDE
    assert found.n == inside.sum()
    for column in columns_of(WITH_AREA)[:-1]:
        truth = drawn_as(drawn, FOOTPRINT if column in {MINING_AREA, FOOTPRINT, UNION} else column)[inside]
        alarm = said_as(said_of(said, WITH_AREA).label, column, classes=WITH_AREA)[inside]
        assert counts(found, column, WITH_AREA) == Confusion.of(truth, alarm)


@given(MASKS, MASKS)
def test_parts_of_a_scene_add_up_to_the_whole(drawn, said):
    whole = tally(drawn, said)
    joined = join_tallies([tally(drawn[:2], said[:2]), tally(drawn[2:], said[2:])])
    for name in ("n", "drawn", "said", "both", "pit_and_dump", "bins"):
        assert np.array_equal(getattr(whole, name), getattr(joined, name))
    assert all(np.array_equal(whole.subsets[subset], joined.subsets[subset]) for subset in whole.subsets)


@given(MASKS, MASKS)
def test_a_subset_is_an_exclusive_matrix_of_all_counted_pixels(drawn, said):
    found = tally(drawn, said)
    for subset, names in SUBSETS.items():
        if subset in found.subsets:
            assert found.subsets[subset].shape == (1 + len(names), 1 + len(names))
            assert found.subsets[subset].sum() == found.n
    assert found.pit_and_dump.sum() == found.n


def test_blank_is_certain_background_or_is_not_counted():
    drawn, said = row((BLANK,), (BLANK, PIT), ()), row((PIT,), (PIT,), (PIT,))
    assert counts(tally(drawn, said), PIT) == Confusion(1, 2, 0, 0)
    ignored = tally(drawn, said, options=EvaluationOptions(blank="ignored"))
    assert counts(ignored, PIT) == Confusion(1, 1, 0, 0)
    rows = dict(zip(DRAWN, tally(drawn, said).drawn, strict=True))
    assert (rows[BLANK], rows[UNLABELLED], rows[FOOTPRINT]) == (1, 1, 1)


def test_what_lies_outside_the_labels_or_the_scene_is_not_counted():
    drawn = row((PIT,), (), (PIT,))
    drawn[0, 1] = OUTSIDE
    found = tally(drawn, mask_of(PIT, shape=(1, 3)), valid=np.array([[True, True, False]]))
    assert found.n == 1
    assert counts(found, PIT) == Confusion(1, 0, 0, 0)


def test_the_footprint_is_that_of_subset_4_where_it_is_known_and_the_union_beside_it():
    classes = (PIT, MINING_AREA)
    assert columns_of(classes) == (PIT, MINING_AREA, FOOTPRINT, NOTHING)
    assert columns_of(WITH_AREA)[-3:] == (FOOTPRINT, UNION, NOTHING)
    assert FOOTPRINT not in columns_of(SUBSETS[1])
    label = np.array([[[True, False]], [[False, True]]])
    assert said_as(label, FOOTPRINT, classes=classes).tolist() == [[False, True]]
    assert said_as(label, NOTHING, classes=classes).tolist() == [[False, False]]


def test_a_network_of_one_subset_has_no_matrix_of_pit_against_dump():
    found = tally(row((PIT,)), row((PIT,)), classes=SUBSETS[1])
    assert found.pit_and_dump is None
    assert list(found.subsets) == [1]
    assert join_tallies([found, found]).pit_and_dump is None


def test_bins_hold_pixels_probability_and_cases():
    probability = np.array([[[0.02, 0.98, 1.0]]], dtype=np.float32)
    found = tally(row((), (DUMP,), (DUMP,)), row((), (DUMP,), (DUMP,)), classes=(DUMP,), probability=probability)
    n, total, cases = found.bins[0]
    assert n[[0, -1]].tolist() == [1, 2]
    assert total[-1] == pytest.approx(1.98)
    assert cases[[0, -1]].tolist() == [0, 2]


def test_weights_scale_every_count():
    found = tally(row((PIT,), (DAM,)), row((PIT,), ()))
    half = found.times(0.5)
    assert half.n == 1.0
    assert np.array_equal(half.both, 0.5 * found.both)
    assert np.array_equal(half.subsets[3], 0.5 * found.subsets[3])


def test_shapes_that_differ_are_refused():
    with pytest.raises(InputError, match="one grid"):
        tally_scene(mask_of(shape=(2, 2)), said_of(mask_of(shape=(3, 2))), valid=np.ones((2, 2), bool), options=OPTIONS)
    with pytest.raises(InputError, match="no scene"):
        join_tallies([])
