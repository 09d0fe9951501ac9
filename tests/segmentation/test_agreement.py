"""Agreement of two annotators, what they disagree on, and one drawing made of both."""

import math

import numpy as np
import pytest

from highwall.core.errors import InputError, VectorError
from highwall.core.taxonomy import MINING_AREA
from highwall.segmentation.adjudication import adjudicate, disagreements
from highwall.segmentation.agreement import DrawnTwice, agree, called_instead, kappa_of_subsets
from highwall.segmentation.label_options import AgreementOptions
from highwall.segmentation.labels import OUTSIDE, UNSURE, has_class, rasterise
from tests.segmentation.drawings import box, drawn, grid_of

QUICK = AgreementOptions(n_resamples=100)
WHO = ("anna", "bert")


def pair(first, second, *, scene="a", group=None):
    masks = (rasterise(drawn(*shapes), grid_of()) for shapes in (first, second))
    return DrawnTwice(scene, group or scene, *masks, WHO)


def test_scores_are_those_of_the_counts():
    found = agree([pair([("dam", box(0, 0, 10, 10))], [("dam", box(0, 0, 10, 20))])], QUICK)["dam"]
    assert found.pixels == (100, 200)
    assert found.scores["iou"].value == pytest.approx(0.5)
    assert found.scores["f1"].value == pytest.approx(2 / 3)
    n, both = 2000, 100  # of 40 × 50 pixels
    chance = (100 * 200 + 1900 * 1800) / n**2
    observed = (both + n - 200) / n
    assert found.scores["kappa"].value == pytest.approx((observed - chance) / (1 - chance))
    assert math.isnan(found.scores["iou"].low)  # one scene says nothing of others


def test_agreement_is_the_same_either_way_round():
    shapes = [("excavation", box(0, 0, 10, 30)), ("dam", box(20, 0, 25, 9))], [("excavation", box(5, 5, 14, 30))]
    there, back = (agree([pair(*order), pair(*order, scene="b")], QUICK) for order in (shapes, shapes[::-1]))
    for name in ("excavation", "dam", MINING_AREA):
        assert there[name].scores == back[name].scores
        assert there[name].pixels == back[name].pixels[::-1]


def test_drawings_that_agree_score_one_and_a_class_that_nobody_drew_has_no_score():
    same = [("dumping_ground", box(0, 0, 9, 9))]
    found = agree([pair(same, same), pair(same, same, scene="b")], QUICK)
    assert found["dumping_ground"].scores["iou"] == (1.0, 1.0, 1.0)
    assert found["dumping_ground"].scores["kappa"].value == pytest.approx(1.0)
    assert found["stockpile"].scores["iou"] is None
    assert found["stockpile"].by_scene == {}


def test_an_interval_needs_the_class_in_two_groups():
    dam = [("dam", box(0, 0, 10, 10))], [("dam", box(0, 0, 10, 14))]
    pit = [("excavation", box(0, 0, 10, 10))], [("excavation", box(0, 0, 10, 20))]
    found = agree([pair(*dam), pair(*pit, scene="b"), pair(*pit, scene="c"), pair(*dam, scene="d", group="a")], QUICK)
    assert math.isnan(found["dam"].scores["iou"].low)
    assert found["excavation"].scores["iou"] == (0.5, 0.5, 0.5)
    assert set(found["dam"].by_scene) == {"a:anna-bert", "d:anna-bert"}


def test_what_was_drawn_instead_is_counted_either_way_round():
    found = called_instead(
        [pair([("excavation", box(0, 0, 10, 10))], [("dumping_ground", box(0, 0, 10, 8)), ("blank", box(0, 8, 10, 9))])]
    )
    assert found["excavation"] == {"dumping_ground": 80, "blank": 10, "nothing": 10}
    assert found["dumping_ground"] == {"excavation": 80}


def test_kappa_of_a_subset_knows_its_classes_apart():
    same = [("dam", box(0, 0, 9, 9)), ("stockpile", box(20, 0, 29, 9))]
    swapped = [("stockpile", box(0, 0, 9, 9)), ("dam", box(20, 0, 29, 9))]
    assert kappa_of_subsets([pair(same, same)])[3] == pytest.approx(1.0)
    assert kappa_of_subsets([pair(same, swapped)])[3] < 0.7
    assert kappa_of_subsets([pair(same, swapped)])[4] == pytest.approx(1.0)


def test_unsure_ground_of_either_counts_for_nothing():
    first, second = [("dam", box(0, 0, 10, 10))], [(UNSURE, box(0, 5, 10, 10)), ("dam", box(0, 0, 10, 5))]
    assert agree([pair(first, second)], QUICK)["dam"].scores["iou"].value == 1.0


def test_nothing_and_grids_that_differ_are_refused():
    with pytest.raises(InputError, match="no scene was drawn by two annotators"):
        agree([])
    small, large = (np.zeros(shape, np.uint16) for shape in ((3, 3), (4, 3)))
    with pytest.raises(InputError, match=r"scene a: masks of \(3, 3\) and \(4, 3\)"):
        agree([DrawnTwice("a", "a", small, large, WHO)])


def two_drawings():
    first = drawn(("excavation", box(0, 0, 20, 20)), ("dam", box(30, 0, 33, 30)))
    second = drawn(("dumping_ground", box(0, 0, 20, 20)), ("dam", box(30, 0, 35, 30)))
    return first, second


def test_disagreements_say_who_drew_what_and_what_the_other_called_it():
    found = disagreements(*two_drawings(), annotators=WHO, options=QUICK)
    rows = found[["class", "drawn_by", "not_by", "called_instead", "is_boundary"]].to_numpy().tolist()
    assert rows[:2] == [
        ["excavation", "anna", "bert", "dumping_ground", False],
        ["dumping_ground", "bert", "anna", "excavation", False],
    ]
    assert rows[2:] == [["dam", "bert", "anna", "nothing", True]]  # a strip of 20 m
    assert found["area_m2"].tolist() == [40_000.0, 40_000.0, 6_000.0]
    assert set(found["decision"]) == {""}


def test_the_adjudicated_drawing_holds_what_both_drew_and_leaves_the_rest_uncounted():
    mask = rasterise(adjudicate(*two_drawings()), grid_of())
    assert (mask[:20, :20] == OUTSIDE).all()
    assert np.count_nonzero(has_class(mask, "dam")) == 3 * 30
    assert (mask[33:35, :30] == OUTSIDE).all()


@pytest.mark.parametrize(("undecided", "pixels"), [("yes", 5 * 30), ("no", 3 * 30)])
def test_undecided_ground_can_be_of_the_class_or_not(undecided, pixels):
    mask = rasterise(adjudicate(*two_drawings(), options=AgreementOptions(undecided=undecided)), grid_of())
    assert np.count_nonzero(has_class(mask, "dam")) == pixels
    assert not (mask == OUTSIDE).any()


def test_decisions_settle_the_ground_that_they_cover():
    listed = disagreements(*two_drawings(), annotators=WHO, options=QUICK)
    listed["decision"] = ["Yes", "no", None]
    mask = rasterise(adjudicate(*two_drawings(), decisions=listed.to_crs("EPSG:4326")), grid_of())
    assert has_class(mask, "excavation")[:20, :20].mean() > 0.99  # a turn of degrees and back moves outlines by < 1 mm
    assert not has_class(mask, "dumping_ground").any()
    assert (mask[33:35, :30] == OUTSIDE).all()


def test_unknown_decisions_are_refused():
    listed = disagreements(*two_drawings(), annotators=WHO, options=QUICK)
    with pytest.raises(VectorError, match="decision 'perhaps' is unknown; write yes or no"):
        adjudicate(*two_drawings(), decisions=listed.assign(decision="perhaps"))
    with pytest.raises(VectorError, match="need a column decision"):
        adjudicate(*two_drawings(), decisions=listed.drop(columns="decision"))


def test_annotators_who_agree_leave_nothing_to_decide():
    one = drawn(("dam", box(3, 3, 9, 20)), ("blank", box(20, 0, 30, 9)))
    assert disagreements(one, one, annotators=WHO, options=QUICK).empty
    made = adjudicate(one, one)
    assert np.array_equal(rasterise(made, grid_of()), rasterise(one, grid_of()))
    assert UNSURE not in set(made["class"])
