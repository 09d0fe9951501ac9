import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.activity.area import Estimate, estimate_areas
from highwall.activity.area_design import allocate, sample_size
from highwall.core.errors import InputError

NAMES = ("deforestation", "forest_gain", "stable_forest", "stable_non_forest")
COUNTS = ((66, 0, 5, 4), (0, 55, 8, 12), (1, 0, 153, 11), (2, 1, 9, 313))
"""Rows as mapped, columns in truth: Olofsson et al. 2014, table 8."""
PIXELS = (200_000, 150_000, 3_200_000, 6_450_000)
PIXEL_M2 = 900.0
AREAS = {name: count * PIXEL_M2 for name, count in zip(NAMES, PIXELS, strict=True)}
HECTARE = 1e4


def points(counts=COUNTS, names=NAMES) -> pd.DataFrame:
    rows = [
        (mapped, mapped, there)
        for mapped, row in zip(names, counts, strict=True)
        for there, count in zip(names, row, strict=True)
        for _ in range(count)
    ]
    return pd.DataFrame(rows, columns=["stratum", "mapped", "reference"])


def producers_std() -> list[float]:
    """Olofsson et al. 2014, eq. 7, written out for the table."""
    counts, area = np.array(COUNTS, dtype=float), np.array(PIXELS, dtype=float)
    n = counts.sum(axis=1)
    users = np.diag(counts) / n
    inside = area @ (counts / n[:, None])
    found = []
    for j in range(len(NAMES)):
        right = area[j] * users[j] / inside[j]
        own = area[j] ** 2 * (1 - right) ** 2 * users[j] * (1 - users[j]) / (n[j] - 1)
        share = counts[:, j] / n
        others = np.delete(area**2 * share * (1 - share) / (n - 1), j).sum()
        found.append(float(np.sqrt(own + right**2 * others) / inside[j]))
    return found


def test_the_worked_example_of_olofsson_comes_out_to_the_digit():
    found = estimate_areas(points(), AREAS)
    hectares = found.classes["area_m2"] / HECTARE
    half = 1.96 * found.classes["area_std_m2"] / HECTARE
    assert [round(hectares[name]) for name in NAMES] == [21_158, 11_686, 285_770, 581_386]
    assert [round(half[name]) for name in NAMES] == [6_158, 3_756, 15_510, 16_282]
    assert [round(found.classes["users"][name], 2) for name in NAMES] == [0.88, 0.73, 0.93, 0.96]
    assert [round(1.96 * found.classes["users_std"][name], 2) for name in NAMES] == [0.07, 0.10, 0.04, 0.02]
    assert [round(found.classes["producers"][name], 2) for name in NAMES] == [0.75, 0.85, 0.93, 0.96]
    assert found.classes["producers_std"].to_dict() == pytest.approx(dict(zip(NAMES, producers_std(), strict=True)))
    assert round(found.overall.value, 2) == 0.95
    assert round(1.96 * found.overall.std, 2) == 0.02


def test_the_mapped_area_is_that_of_the_strata_and_shares_add_up_to_one():
    found = estimate_areas(points(), AREAS)
    assert found.classes["mapped_m2"].to_dict() == pytest.approx(AREAS)
    assert found.proportions.to_numpy().sum() == pytest.approx(1.0)
    assert found.proportions.sum(axis=0).to_dict() == pytest.approx(
        (found.classes["area_m2"] / sum(AREAS.values())).to_dict()
    )


def test_a_class_that_the_map_never_names_has_an_area_but_no_users_accuracy():
    sample = points(((9, 1), (2, 8)), ("mine", "none"))
    sample.loc[sample["mapped"] == "none", "mapped"] = "other"
    found = estimate_areas(sample.assign(mapped="other"), {"mine": 1e6, "none": 9e6})
    assert np.isnan(found.classes.loc["mine", "users"])
    assert found.classes.loc["mine", "producers"] == 0.0
    assert found.classes.loc["mine", "area_m2"] == pytest.approx(0.9 * 1e6 + 0.2 * 9e6)


def test_strata_may_be_other_than_the_classes():
    """Two strata of one map: the estimate is the mean over strata, whatever the map says in them."""
    sample = pd.DataFrame(
        {"stratum": ["a"] * 4 + ["b"] * 4, "mapped": ["mine", "none"] * 4, "reference": ["mine"] * 6 + ["none"] * 2}
    )
    found = estimate_areas(sample, {"a": 1e6, "b": 3e6})
    assert found.classes.loc["mine", "area_m2"] == pytest.approx(1e6 + 0.5 * 3e6)


def test_intervals_hold_the_truth_nearly_as_often_as_they_say():
    """Of 400 samples of one simulated land: errors of a rare kind are few, so that 95 % are about 91 %."""
    random = np.random.default_rng(1)
    right = {"mine": 0.8, "none": 0.97}
    area = {"mine": 2e6, "none": 8e6}
    truth = area["mine"] * 0.8 + area["none"] * 0.03
    held = 0
    for _ in range(400):
        rows = []
        for name in area:
            is_right = random.random(80) < right[name]
            other = "none" if name == "mine" else "mine"
            rows += [(name, name, name if ok else other) for ok in is_right]
        sample = pd.DataFrame(rows, columns=["stratum", "mapped", "reference"])
        mine = estimate_areas(sample, area).classes.loc["mine"]
        low, high = Estimate(mine["area_m2"], mine["area_std_m2"]).interval()
        held += low <= truth <= high
    assert 0.87 <= held / 400 <= 0.98


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reference": None}, r"point 1 of the sample has no stratum or class"),
        ({"stratum": "mine"}, r"no area is given for the stratum mine"),
    ],
)
def test_a_point_without_a_class_or_of_an_unknown_stratum_is_named(change, message):
    with pytest.raises(InputError, match=message):
        estimate_areas(points().assign(**change), AREAS)


def test_a_missing_column_and_a_bare_stratum_are_named():
    with pytest.raises(InputError, match=r"it lacks reference; did you mean 'referenc'"):
        estimate_areas(points().rename(columns={"reference": "referenc"}), AREAS)
    with pytest.raises(InputError, match=r"too few points in lake \(0\): a stratum needs 2 or more"):
        estimate_areas(points(), AREAS | {"lake": 1e6})


@pytest.mark.parametrize("area_m2", [0.0, -1e6, np.nan, np.inf])
def test_a_stratum_without_a_usable_area_is_refused(area_m2):
    with pytest.raises(InputError, match=r"each needs a finite one above 0"):
        estimate_areas(points(), AREAS | {NAMES[0]: area_m2})
    with pytest.raises(InputError, match=r"each needs a finite one above 0"):
        estimate_areas(points(), AREAS | {NAMES[-1]: area_m2})  # not only where it comes first


def test_the_sample_size_of_olofssons_example():
    users = dict(zip(NAMES, (0.70, 0.60, 0.90, 0.95), strict=True))
    assert sample_size(AREAS, users=users, overall_std=0.01) == 641


def test_sample_sizes_that_make_no_sense_are_refused():
    users = dict.fromkeys(NAMES, 0.9)
    with pytest.raises(InputError, match="do not make sense"):
        sample_size(AREAS, users=users | {NAMES[0]: 1.1}, overall_std=0.01)
    with pytest.raises(InputError, match="match them"):
        sample_size(AREAS, users={"mine": 0.9}, overall_std=0.01)


def test_rare_strata_get_their_least_and_the_rest_goes_by_area():
    shared = allocate(640, AREAS, least=75)
    assert sum(shared.values()) == 640
    assert shared["deforestation"] == shared["forest_gain"] == 75
    assert shared["stable_non_forest"] / shared["stable_forest"] == pytest.approx(6450 / 3200, rel=0.02)


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.floats(1.0, 1e9), min_size=1),
    st.integers(0, 40),
    st.integers(0, 500),
)
def test_all_points_are_shared_out_and_none_goes_below_the_least(areas, least, extra):
    n_points = least * len(areas) + extra
    shared = allocate(n_points, areas, least=least)
    assert sum(shared.values()) == n_points
    assert min(shared.values()) >= least


def test_too_few_points_are_refused():
    with pytest.raises(InputError, match=r"100 points do not give 50 to each of 4 strata; ask for 200 or more"):
        allocate(100, AREAS)
