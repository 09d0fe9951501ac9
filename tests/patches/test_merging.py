import numpy as np
import pytest
from odc.geo.geom import box

from highwall.patches.merging import label, merge
from highwall.patches.options import RefineOptions

from .maps import drawn, grid

BARE = RefineOptions(min_area_m2=0, max_hole_m2=0, road_width_m=0)


def mines(picture: str) -> np.ndarray:
    return drawn(picture) > 0.5


def merged(picture: str, **changes: float):
    is_mine = mines(picture)
    options = BARE.model_copy(update=changes)
    return merge(is_mine, grid=grid(*is_mine.shape), options=options, may_fill=np.ones(is_mine.shape, bool))


def test_patches_are_numbered_from_the_largest_on():
    found = merged("#.## #.## ..##")
    assert found.patches.tolist() == [[2, 0, 1, 1], [2, 0, 1, 1], [0, 0, 1, 1]]


def test_only_small_holes_in_known_ground_are_filled():
    is_mine = mines("###### #.##.# ######")
    may_fill = np.ones(is_mine.shape, bool)
    may_fill[1, 4] = False
    found = merge(is_mine, grid=grid(3, 6), options=RefineOptions(max_hole_m2=100), may_fill=may_fill)
    assert found.patches.sum() == 17
    assert found.patches[1, 4] == 0
    assert found.changes[0][0].sum() == 1


@pytest.mark.parametrize(("min_area_m2", "left"), [(0, 2), (100, 2), (101, 1), (401, 0)])
def test_patches_below_the_smallest_area_go(min_area_m2: float, left: int):
    found = merged("##.. ##.#", min_area_m2=min_area_m2)
    assert found.patches.max() == left
    assert found.changes[2][1] == f"its patch is smaller than {min_area_m2} m²"


def test_a_road_leaves_two_patches():
    picture = " ".join(
        ["######............######"] * 2 + ["########################"] + ["######............######"] * 3
    )
    assert merged(picture).patches.max() == 1
    found = merged(picture, road_width_m=20.0, min_road_m=60.0)
    assert found.patches.max() == 2
    assert found.is_road.sum() == 12 - 2 * 2


def test_patches_outside_the_area_go():
    is_mine = mines("##..#")
    options = BARE
    area = box(500_000, 4_989_990, 500_015, 4_990_000, crs="EPSG:32633")
    found = merge(is_mine, grid=grid(1, 5), options=options, may_fill=is_mine, area=area)
    assert found.patches.tolist() == [[1, 1, 0, 0, 0]]


def test_nothing_merges_to_nothing():
    assert merged("... ...", road_width_m=20.0).patches.max() == 0


def test_parts_that_meet_at_a_corner_are_two():
    assert label(mines("#. .#")).max() == 2
