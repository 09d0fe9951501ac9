"""Splits by site: nothing near on two sides, every kind of mine shared out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.learning.groups import Extent
from highwall.segmentation.dataset import MATERIALS, SPLITS, TEST, TRAINING, VALIDATION
from highwall.segmentation.splits import SiteFacts, kind_of, near_groups, one_a_site, split_groups

SHARES = {TRAINING: 0.70, VALIDATION: 0.15, TEST: 0.15}
KM_PER_DEGREE = 111.32


def place(lon: float, lat: float) -> Extent:
    return Extent(lon, lat, lon + 0.01, lat + 0.01)


@pytest.mark.parametrize("lat", [0.0, 60.0, -33.0])
def test_sites_within_the_distance_are_of_one_group_at_any_latitude(lat):
    east_km = 0.01 * KM_PER_DEGREE + 3.0 / (1.0 if lat == 0.0 else 0.5 if lat == 60.0 else 0.8387)
    extents = {"a": place(10.0, lat), "b": place(10.0 + east_km / KM_PER_DEGREE, lat)}
    assert near_groups(extents, distance_m=3200.0) == {"a": "a", "b": "a"}
    assert near_groups(extents, distance_m=2800.0) == {"a": "a", "b": "b"}


def test_near_sites_chain_and_overlap_suffices_at_no_distance():
    extents = {name: place(0.008 * i, 0.0) for i, name in enumerate("abc")} | {"d": place(5.0, 0.0)}
    assert near_groups(extents, distance_m=0.0) == {"a": "a", "b": "a", "c": "a", "d": "d"}


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(MATERIALS)), min_size=3, max_size=80), st.integers(0, 9))
def test_every_group_lies_in_one_split_and_none_is_empty(groups, seed):
    facts = {f"g{i}": SiteFacts(n, (material, None)) for i, (n, material) in enumerate(groups)}
    found = split_groups(facts, shares=SHARES, seed=seed)
    assert found.keys() == facts.keys()
    assert set(found.values()) == set(SPLITS)


def test_shares_hold_overall_and_in_each_kind():
    facts = {
        f"{kind}{i}": SiteFacts(1, (kind, None)) for kind, n in (("RR", 200), ("MO", 100), ("CL", 60)) for i in range(n)
    }
    found = split_groups(facts, shares=SHARES, seed=3)
    for kind in MATERIALS:
        members = [split for name, split in found.items() if name.startswith(kind)]
        for split, share in SHARES.items():
            assert abs(members.count(split) - share * len(members)) <= 2  # whole sites


def test_the_same_seed_gives_the_same_split_and_another_one_another():
    facts = {f"g{i}": SiteFacts(1, (None, None)) for i in range(40)}
    first = split_groups(facts, shares=SHARES, seed=0)
    assert split_groups(dict(reversed(facts.items())), shares=SHARES, seed=0) == first
    assert split_groups(facts, shares=SHARES, seed=1) != first


def test_a_fixed_split_is_kept_and_counts():
    facts = {f"g{i}": SiteFacts(1, (None, None), TEST if i < 4 else None) for i in range(20)}
    found = split_groups(facts, shares=SHARES, seed=0)
    assert [found[f"g{i}"] for i in range(4)] == [TEST] * 4
    assert list(found.values()).count(TEST) == 4  # more than 15 % already: none is added


def test_two_groups_leave_a_split_empty_and_one_trains():
    one = split_groups({"a": SiteFacts(1, (None, None))}, shares=SHARES, seed=0)
    assert one == {"a": TRAINING}
    two = split_groups({"a": SiteFacts(1, (None, None)), "b": SiteFacts(1, (None, None))}, shares=SHARES, seed=0)
    assert sorted(two.values()) == [TRAINING, VALIDATION]


def test_shares_must_add_up():
    with pytest.raises(InputError, match=r"add up to 0\.9"):
        split_groups({}, shares={TRAINING: 0.7, VALIDATION: 0.1, TEST: 0.1}, seed=0)


def test_the_image_of_a_held_out_site_depends_on_names_and_seed_alone():
    names = [f"site_{year}-06-01" for year in range(2016, 2023)]
    chosen = {one_a_site(names, seed=seed) for seed in range(40)}
    assert one_a_site(names[::-1], seed=0) == one_a_site(names, seed=0)
    assert len(chosen) > 3  # no year is favoured


def test_a_group_is_of_the_kind_of_most_of_its_sites():
    assert kind_of([("CL", "OC"), ("MO", "OP"), ("MO", "OP")]) == ("MO", "OP")
