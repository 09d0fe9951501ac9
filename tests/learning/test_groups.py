import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.learning.groups import Extent, assign_folds, connected, hold_out, overlap_groups

extents = st.builds(
    lambda west, south, width, height: Extent(west, south, west + width, south + height),
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(1, 8),
    st.integers(1, 8),
)


@given(st.lists(extents, min_size=1, max_size=25))
def test_scenes_of_different_groups_never_overlap(found):
    scenes = dict(enumerate(found))
    group_of = overlap_groups(scenes)
    for a in scenes:
        for b in scenes:
            if scenes[a].overlaps(scenes[b]):
                assert group_of[a] == group_of[b]


@given(st.lists(extents, min_size=1, max_size=15))
def test_groups_are_no_larger_than_chains_of_overlap_make_them(found):
    scenes = dict(enumerate(found))
    group_of = overlap_groups(scenes)
    for start in scenes:  # oracle: everything reachable by overlaps, found by flooding
        reached, front = {start}, [start]
        while front:
            here = front.pop()
            new = {other for other in scenes if scenes[here].overlaps(scenes[other])} - reached
            reached |= new
            front += new
        assert reached == {other for other in scenes if group_of[other] == group_of[start]}


def test_touching_edges_share_no_area():
    assert not Extent(0, 0, 1, 1).overlaps(Extent(1, 0, 2, 1))


def test_a_group_is_named_after_its_first_member():
    assert connected(["a", "b", "c", "d"], [("d", "b"), ("c", "d")]) == {"a": "a", "b": "b", "c": "b", "d": "b"}


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.integers(1, 9), min_size=5, max_size=40))
def test_folds_partition_groups_and_balance_weight(weights):
    fold_of = assign_folds(weights, n_folds=5)
    assert set(fold_of) == set(weights)
    total = [sum(weights[name] for name in weights if fold_of[name] == fold) for fold in range(5)]
    assert max(total) - min(total) <= max(weights.values())  # greedy: no fold exceeds another by more than one group


def test_fewer_groups_than_folds_is_refused():
    with pytest.raises(InputError, match="fewer folds"):
        assign_folds({"a": 1.0}, n_folds=2)


@given(st.sets(st.text("abcdef", min_size=1, max_size=4), min_size=4, max_size=20), st.integers(0, 5))
def test_hold_out_ignores_order_and_survives_new_groups(names, seed):
    chosen = hold_out(sorted(names), n=3, seed=seed)
    assert chosen == hold_out(sorted(names, reverse=True), n=3, seed=seed)
    assert len(chosen & hold_out([*names, "new"], n=3, seed=seed)) >= 2
