import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.activity.deformation import MOTION_CLASSES
from highwall.activity.fusion import ACTIVITIES, RULES, fuse, motion_probability, rule_for
from highwall.activity.optical import OPTICAL_CLASSES

GROUNDS = ("pit", "dump", "restored", "other")


@pytest.mark.parametrize(
    ("motion", "change", "ground", "activity"),
    [
        ("uplift", "unchanged", "dump", "dumping"),  # all 22 of the paper
        ("subsidence", "expanded", "pit", "continued_mining"),  # 14 iron, 7 clay, 5 sandstone
        ("subsidence", "unchanged", "dump", "haulage_or_levelling"),  # 7 dumps
        ("subsidence", "unchanged", "restored", "levelling"),  # 4 rehabilitated pits
        ("subsidence", "built", "restored", "construction"),  # the photovoltaic station
        ("decorrelated", "expanded", "pit", "continued_mining"),  # 2 of 4
        ("decorrelated", "reworked", "pit", "levelling"),  # 2 of 4
        ("none", "unchanged", "pit", "inactive"),  # 164
        ("subsidence", "unchanged", "other", "subsidence_over_workings"),
        ("none", "revegetated", "pit", "restoration"),
        ("not_measured", "unseen", "pit", "unknown"),
        ("decorrelated", "unseen", "pit", "unknown"),
    ],
)
def test_the_papers_cases_come_out(motion, change, ground, activity):
    assert rule_for(motion, change, ground=ground).activity == activity
    found = fuse({motion: 1.0}, {change: 1.0}, ground=ground)
    assert (found.label, found.probability[activity]) == (activity, 1.0)


@pytest.mark.parametrize("ground", GROUNDS)
def test_every_pair_has_a_rule_and_every_rule_a_reason(ground):
    for motion in MOTION_CLASSES:
        for change in OPTICAL_CLASSES:
            assert rule_for(motion, change, ground=ground).activity in ACTIVITIES
    assert all(rule.basis for rule in RULES)


def test_every_rule_is_reached():
    reached = {
        rule_for(motion, change, ground=ground).name
        for motion in MOTION_CLASSES for change in OPTICAL_CLASSES for ground in GROUNDS
    }  # fmt: skip
    assert reached == {rule.name for rule in RULES}


shares = st.lists(st.floats(0.001, 1.0), min_size=6, max_size=6).map(lambda values: [v / sum(values) for v in values])


@given(shares, shares, st.sampled_from(GROUNDS))
def test_probabilities_add_up_whatever_comes_in(motion, change, ground):
    whole = [value / sum(motion[:5]) for value in motion[:5]]
    found = fuse(
        dict(zip(MOTION_CLASSES, whole, strict=True)), dict(zip(OPTICAL_CLASSES, change, strict=True)), ground=ground
    )
    assert sum(found.probability.values()) == pytest.approx(1.0)
    assert found.rule.activity == found.label


def test_doubt_in_the_motion_is_doubt_in_the_activity():
    found = fuse({"subsidence": 0.7, "none": 0.3}, {"unchanged": 1.0}, ground="dump")
    assert found.probability["haulage_or_levelling"] == pytest.approx(0.7)
    assert found.probability["inactive"] == pytest.approx(0.3)
    assert found.rule.name == "dump is carried off"


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"p_up": 0.0, "p_down": 0.9}, {"uplift": 0.0, "subsidence": 0.9, "decorrelated": 0.0, "none": 0.1}),
        ({"p_up": 1.0, "p_down": 1.0}, {"uplift": 0.5, "subsidence": 0.5, "decorrelated": 0.0, "none": 0.0}),
    ],
)
def test_two_signs_share_what_they_exceed_one_by(given_, expected):
    found = motion_probability(**given_, share_decorrelated=0.0, is_measured=True)
    assert found == pytest.approx(expected)


def test_what_is_not_heard_is_not_still():
    assert motion_probability(p_up=0.0, p_down=0.0, share_decorrelated=0.0, is_measured=False) == {"not_measured": 1.0}
    found = motion_probability(p_up=0.0, p_down=0.5, share_decorrelated=0.6, is_measured=True)
    assert found == pytest.approx({"uplift": 0.0, "subsidence": 0.2, "decorrelated": 0.6, "none": 0.2})
