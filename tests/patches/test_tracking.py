import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from highwall.core.errors import InputError
from highwall.patches.tracking import CHANGES, COLUMNS, group, track

from .tables import rectangles

PIT = (0, 0, 100, 100)


@pytest.mark.parametrize(
    ("after", "change"),
    [
        ((0, 0, 100, 100), "same"),
        ((0, 0, 109, 100), "same"),
        ((0, 0, 120, 100), "grown"),
        ((0, 0, 80, 100), "shrunk"),
        ((15, 0, 120, 100), "moved"),  # gained 20, lost 15
        ((20, 0, 115, 100), "moved"),
        ((20, 0, 120, 100), "moved"),
        ((15, 0, 126, 100), "grown"),
        ((26, 0, 115, 100), "shrunk"),
    ],
)
def test_one_patch_against_one(after: tuple[float, float, float, float], change: str):
    (row,) = track(rectangles(PIT), rectangles(after)).itertuples()
    assert row.change == change
    assert (row.before_ids, row.after_ids) == ("a", "a")
    assert row.area_change_m2 == pytest.approx(row.gained_m2 - row.lost_m2) == 100 * (after[2] - after[0]) - 10_000
    assert row.geometry.equals(box(*after))


def test_areas_of_change_and_iou():
    (row,) = track(rectangles(PIT), rectangles((50, 0, 150, 100))).itertuples()
    assert (row.gained_m2, row.lost_m2, row.iou) == (5000.0, 5000.0, pytest.approx(1 / 3))


def test_split_merged_new_and_gone():
    before = rectangles(PIT, (200, 0, 250, 50), (260, 0, 300, 50), (900, 0, 910, 10))
    after = rectangles((0, 0, 100, 45), (0, 55, 100, 100), (200, 0, 300, 50), (500, 0, 520, 20))
    found = track(before, after)
    assert found[["change", "before_ids", "after_ids"]].to_numpy().tolist() == [
        ["split", "a", "a;b"],
        ["merged", "b;c", "c"],
        ["gone", "d", ""],
        ["new", "", "d"],
    ]
    assert found["lost_m2"].tolist() == [1000.0, 0.0, 100.0, 0.0]
    assert found["gained_m2"].tolist() == [0.0, 500.0, 0.0, 400.0]
    assert found.geometry.iloc[2].equals(box(900, 0, 910, 10))


def test_a_many_to_many_tangle_falls_apart_at_its_smallest_overlap():
    before = rectangles((0, 0, 100, 100), (100, 0, 200, 100))
    after = rectangles((0, 0, 130, 100), (130, 0, 200, 100))
    found = track(before, after, min_overlap=0.1)
    assert found["change"].tolist() == ["grown", "shrunk"]
    assert found["before_ids"].tolist() == found["after_ids"].tolist() == ["a", "b"]
    assert found["also_overlaps"].tolist() == ["b", "a"]  # a after also took ground of b before


def test_a_rim_below_the_smallest_overlap_links_nothing():
    before, after = rectangles(PIT), rectangles((95, 0, 195, 100))
    assert track(before, after).change.tolist() == ["gone", "new"]
    assert track(before, after, min_overlap=0.05).change.tolist() == ["moved"]


def links(chosen: list[tuple[int, int, float]]) -> pd.DataFrame:
    return pd.DataFrame(chosen, columns=["left", "right", "overlap_m2"])


@given(matrix=st.lists(st.lists(st.sampled_from([0, 0, 1, 2, 3]), min_size=4, max_size=4), min_size=3, max_size=3))
@settings(max_examples=150, deadline=None)
def test_every_patch_is_in_one_group_and_every_group_is_a_star(matrix: list[list[int]]):
    chosen = [(i, j, float(area)) for i, row in enumerate(matrix) for j, area in enumerate(row) if area]
    groups, left_over = group(links(chosen), n_before=3, n_after=4)
    assert sorted(i for one in groups for i in one.before) == [0, 1, 2]
    assert sorted(j for one in groups for j in one.after) == [0, 1, 2, 3]
    assert all(min(len(one.before), len(one.after)) <= 1 for one in groups)
    taken = {(i, j) for one in groups for i in one.before for j in one.after}
    assert taken | left_over == {(i, j) for i, j, _ in chosen}
    assert not taken & left_over
    if chosen:  # the largest overlap is always taken
        assert min(chosen, key=lambda link: (-link[2], link[0], link[1]))[:2] in taken


@given(cells=st.lists(st.integers(0, 3), min_size=12, max_size=12), shift=st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_areas_balance_over_all_changes(cells: list[int], shift: int):
    before = rectangles(*[(30 * n, 0, 30 * n + 10 + 6 * c, 20) for n, c in enumerate(cells[:6]) if c])
    after = rectangles(*[(30 * n + shift, 0, 30 * n + 10 + 6 * c, 20) for n, c in enumerate(cells[6:]) if c])
    found = track(before, after)
    assert set(found["change"]) <= set(CHANGES)
    assert found["area_before_m2"].sum() == pytest.approx(before.area.sum())
    assert found["area_after_m2"].sum() == pytest.approx(after.area.sum())
    np.testing.assert_allclose(found["area_change_m2"], found["gained_m2"] - found["lost_m2"], atol=1e-6)


def test_tables_without_patches_give_every_column():
    found = track(rectangles(), rectangles())
    assert found.empty
    assert tuple(found.columns) == COLUMNS


def test_shares_and_ids_are_checked():
    with pytest.raises(InputError, match=r"same_share is 1\.2; give a share between 0 and 1"):
        track(rectangles(PIT), rectangles(PIT), same_share=1.2)
    with pytest.raises(InputError, match="after needs a column patch_id"):
        track(rectangles(PIT), rectangles(PIT).drop(columns="patch_id"))


def test_ids_that_are_numbers_are_written_as_text():
    before, after = (rectangles(PIT).assign(patch_id=[number]) for number in (7, 8))
    found = track(before, after)
    assert found[["before_ids", "after_ids"]].to_numpy().tolist() == [["7", "8"]]
