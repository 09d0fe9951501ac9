import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from highwall.core.errors import InputError
from highwall.core.taxonomy import CLASS_NAMES, SUBSETS
from highwall.segmentation.evaluation_options import RuleOptions
from highwall.segmentation.rules import RULES, Ground, apply_rules, near
from highwall.segmentation.tally import Said

SIDE = 24
PIXEL_M = (10.0, 10.0)
TREES, BARE = 10, 60


def patches(**where):
    """A prediction: class → list of (rows, columns)."""
    label = np.zeros((len(CLASS_NAMES), SIDE, SIDE), bool)
    for name, places in where.items():
        for rows, columns in places:
            label[CLASS_NAMES.index(name), rows, columns] = True
    return Said(CLASS_NAMES, label)


def ground(**known):
    return Ground(PIXEL_M, np.zeros((SIDE, SIDE), bool), **known)


def layer(result, name):
    return result.said.label[CLASS_NAMES.index(name)]


def options(*names, **changes):
    return RuleOptions(names=names, **changes)


PIT = (slice(5, 10), slice(5, 10))
BESIDE = (slice(5, 10), slice(12, 14))
"""Two pixels away from the pit: a gap of 20 m."""
FAR = (slice(16, 18), slice(16, 18))


def test_nothing_happens_unless_a_rule_is_named():
    said = patches(preparatory_work_area=[FAR])
    result = apply_rules(said, ground(), options=RuleOptions())
    assert np.array_equal(result.said.label, said.label)
    assert (result.removed, result.unused) == ({}, {})


def test_preparatory_work_stays_only_beside_an_excavation():
    said = patches(excavation=[PIT], preparatory_work_area=[BESIDE, FAR])
    result = apply_rules(said, ground(), options=options("preparatory_work"))
    left = layer(result, "preparatory_work_area")
    assert left[BESIDE].all()
    assert not left[FAR].any()
    assert result.removed == {"preparatory_work": 4}
    assert np.array_equal(layer(result, "excavation"), said.label[0])


def test_the_gap_is_measured_in_metres_between_edges():
    said = patches(excavation=[PIT], preparatory_work_area=[BESIDE])
    kept = {
        gap: layer(
            apply_rules(said, ground(), options=options("preparatory_work", max_gap_m=gap)), "preparatory_work_area"
        ).any()
        for gap in (0.0, 10.0, 20.0, 30.0)
    }
    assert kept == {0.0: False, 10.0: False, 20.0: True, 30.0: True}
    one = np.zeros((5, 5), bool)
    one[2, 2] = True
    assert near(one, pixel_m=PIXEL_M, gap_m=0.0).sum() == 9
    assert not near(np.zeros((5, 5), bool), pixel_m=PIXEL_M, gap_m=50.0).any()


def test_a_dam_leans_on_tailings_or_a_pond_and_a_slope_on_its_excavation():
    pond = (slice(1, 3), slice(1, 3))
    dam = (slice(3, 4), slice(1, 3))
    said = patches(settling_pond=[pond], dam=[dam, FAR], exploitation_slope=[PIT], excavation=[PIT])
    result = apply_rules(said, ground(), options=options("dam", "slope"))
    assert layer(result, "dam")[dam].all()
    assert not layer(result, "dam")[FAR].any()
    assert layer(result, "exploitation_slope")[PIT].all()
    assert result.removed == {"dam": 4, "slope": 0}


@pytest.mark.parametrize("border", ["edge", "missing"])
def test_what_touches_the_unknown_is_spared(border):
    missing = np.zeros((SIDE, SIDE), bool)
    place = (slice(0, 2), slice(12, 14)) if border == "edge" else FAR
    missing[18:, 18:] = border == "missing"
    result = apply_rules(patches(dam=[place]), Ground(PIXEL_M, missing), options=options("dam"))
    assert layer(result, "dam")[place].all()


def test_a_patch_in_the_forest_is_vetoed_and_one_half_in_it_is_not():
    cover = np.full((SIDE, SIDE), BARE, np.uint8)
    cover[:, :12] = TREES
    across = (slice(16, 20), slice(8, 16))
    said = patches(dumping_ground=[PIT, across])
    result = apply_rules(said, ground(land_cover=cover), options=options("land_cover"))
    assert not layer(result, "dumping_ground")[PIT].any()
    assert layer(result, "dumping_ground")[across].all()


def test_nothing_is_said_under_cloud_nor_in_a_scene_of_clouds():
    unclear = np.zeros((SIDE, SIDE), bool)
    unclear[:7] = True
    said = patches(excavation=[PIT])
    result = apply_rules(said, ground(unclear=unclear), options=options("unclear"))
    assert layer(result, "excavation").sum() == 15
    refused = apply_rules(said, ground(unclear=unclear), options=options("unclear", max_unclear=0.2))
    assert not refused.said.label.any()


def test_rules_that_cannot_be_applied_say_why():
    said = Said(SUBSETS[2], np.ones((1, SIDE, SIDE), bool))
    result = apply_rules(said, ground(), options=options(*RULES))
    assert result.removed == {}
    assert set(result.unused) == set(RULES)
    assert "--land-cover" in result.unused["land_cover"]
    assert "cloud" in result.unused["unclear"]
    assert "does not know dam" in result.unused["dam"]
    only_dam = Said(("dam",), np.ones((1, SIDE, SIDE), bool))
    assert "settling_pond" in apply_rules(only_dam, ground(), options=options("dam")).unused["dam"]


def test_an_unknown_land_cover_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'tree_cover'"):
        apply_rules(patches(), ground(), options=options("land_cover", vetoed_land_cover=("tree_cver",)))


@given(arrays(bool, (10, 8, 8)), arrays(np.uint8, (8, 8), elements=st.sampled_from([0, 10, 60])), arrays(bool, (8, 8)))
def test_rules_only_take_back_and_a_second_pass_takes_no_more(label, cover, unclear):
    here = Ground(PIXEL_M, np.zeros((8, 8), bool), cover, unclear)
    asked = options("preparatory_work", "dam", "slope", "unclear", max_unclear=1.0)
    once = apply_rules(Said(CLASS_NAMES, label), here, options=asked)
    twice = apply_rules(once.said, here, options=asked)
    assert not (once.said.label & ~label).any()
    assert np.array_equal(once.said.label, twice.said.label)
    assert sum(once.removed.values()) == (label & ~once.said.label).sum()
