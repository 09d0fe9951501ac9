import numpy as np
import pandas as pd

from highwall.patches.evidence import Surroundings
from highwall.patches.merging import Merged
from highwall.patches.options import RefineOptions
from highwall.patches.outcome import kept_table, tell_segments
from tests.patches import maps

LABELS = np.array([[1, 1, 1, 2, 2, 2, 3, 3]], "i4")


def told(patches: list[int], changes: list[tuple[list[int], str]]) -> pd.DataFrame:
    table = pd.DataFrame(
        {"predicted_share": [0.9, 0.8, 0.1], "reason": ["", "", "too little"]}, index=pd.RangeIndex(1, 4, name="label")
    )
    layers = [(np.array([where], bool), reason) for where, reason in changes]
    merged = Merged(np.array([patches], "i4"), np.ones(max(patches), "i1"), np.zeros((1, 8), bool), layers)
    return tell_segments(table, LABELS, merged=merged, cut=0.5)


def test_a_segment_belongs_to_the_patch_that_holds_most_of_it():
    found = told([1, 1, 0, 2, 2, 2, 0, 0], [])
    assert found["patch_id"].tolist() == ["P001", "P002", ""]
    assert found["is_kept"].tolist() == [True, True, False]
    assert found["reason"].tolist() == [
        "90.0 % of it was predicted, at least the cut of 50.0 %",
        "80.0 % of it was predicted, at least the cut of 50.0 %",
        "too little",
    ]


def test_what_most_of_a_segment_met_last_is_its_reason():
    changes = [
        ([0, 0, 0, 0, 0, 0, 1, 1], "a hole"),
        ([0, 0, 1, 1, 1, 0, 0, 0], "a road"),
        ([0, 0, 0, 1, 1, 1, 0, 0], "small"),
    ]
    found = told([1, 1, 0, 0, 0, 0, 1, 1], changes)
    assert found["reason"].tolist()[1:] == ["small", "a hole"]
    assert found["reason"].iloc[0].startswith("90.0 %")  # a third of it is a road: it stays
    assert found["is_kept"].tolist() == [True, False, True]


def test_the_given_table_stays_as_it_is():
    table = pd.DataFrame({"predicted_share": [0.9], "reason": [""]}, index=pd.RangeIndex(1, 2, name="label"))
    before = table.copy()
    merged = Merged(np.ones((1, 1), "i4"), np.ones(1, "i1"), np.zeros((1, 1), bool), [])
    tell_segments(table, np.ones((1, 1), "i4"), merged=merged, cut=0.5)
    pd.testing.assert_frame_equal(table, before)


def test_a_road_counts_to_the_patch_that_it_leaves_though_another_is_nearer():
    """The upper patch's road ends beside the lower patch, a row of ground between them."""
    patches = np.zeros((9, 12), "i4")
    patches[:3, :3], patches[5:, 8:] = 1, 2
    is_road = np.zeros(patches.shape, bool)
    is_road[1, 3:11] = is_road[1:4, 10] = True
    merged = Merged(patches, np.ones(2, "i1"), is_road, [])
    kept = kept_table(
        maps.probability(np.full(patches.shape, 0.9)), patches, merged=merged, around=Surroundings(),
        options=RefineOptions(),
    )  # fmt: skip
    assert kept["road_m2"].tolist() == [is_road.sum() * maps.PIXEL_M2, 0.0]
