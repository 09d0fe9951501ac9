import numpy as np
import pytest

from highwall.learning.metrics import Confusion
from highwall.segmentation.averages import absent_is_one, macro, micro, per_scene, with_background
from tests.segmentation.judged import DAM, DUMP, mask_of, row, tally

LARGE, SMALL = Confusion(900, 50, 50, 0), Confusion(1, 4, 5, 990)
ABSENT, INVENTED = Confusion(0, 0, 0, 1000), Confusion(0, 10, 0, 990)


def test_micro_follows_the_large_class_and_macro_takes_both_alike():
    assert micro([LARGE, SMALL])["iou"] == pytest.approx(901 / 1010)
    assert macro([LARGE, SMALL])["iou"] == pytest.approx((0.9 + 0.1) / 2)


def test_a_class_that_nobody_drew_is_in_no_mean_but_its_false_alarms_are_in_micro():
    assert macro([LARGE, INVENTED, ABSENT]) == macro([LARGE])
    assert micro([LARGE, INVENTED])["precision"] == pytest.approx(900 / 960)


def test_without_a_drawn_class_a_mean_is_undefined():
    assert np.isnan(macro([ABSENT])["iou"])
    assert np.isnan(micro([])["iou"])


def test_a_class_that_is_never_said_has_no_precision_and_counts_as_0():
    missed = Confusion(0, 0, 10, 90)
    assert np.isnan(missed.precision)
    assert macro([missed])["precision"] == 0.0


def test_scenes_without_mine_are_left_out_of_the_mean_over_scenes():
    assert per_scene([[LARGE, SMALL], [ABSENT, INVENTED], [LARGE, ABSENT]])["iou"] == pytest.approx((0.5 + 0.9) / 2)


def test_the_background_of_a_subset_is_one_more_class():
    found = tally(row((DUMP,), (), ()), row((DUMP,), (DUMP,), ()))
    assert with_background(found, 2)["iou"] == pytest.approx((0.5 + 0.5) / 2)
    assert with_background(found, 2)["recall"] == pytest.approx((1.0 + 0.5) / 2)


def test_counting_absent_classes_as_one_lifts_the_mean_iou_above_recall_and_precision():
    found = tally(row((DAM,), (DAM,), (), ()), row((DAM,), (), (), ()))
    means = absent_is_one([found], 3)
    assert means["iou"] > means["precision"] > means["recall"]
    honest = with_background(found, 3)
    assert honest["iou"] <= min(honest["precision"], honest["recall"])
    empty = tally(mask_of(shape=(2, 2)), mask_of(shape=(2, 2)))
    assert absent_is_one([empty], 1)["iou"] == 1.0
    assert absent_is_one([empty], 1)["recall"] == pytest.approx(1 / 3)  # of the background alone
