import numpy as np
import pytest
from odc.geo.geom import box

from highwall.patches.evidence import Surroundings
from highwall.patches.merging import Ground, merge
from highwall.patches.options import RefineOptions

from .maps import grid, probability

BARE = RefineOptions(min_area_m2=0, max_hole_m2=0, road_width_m=0)


def classes_in(picture: str) -> np.ndarray:
    """Draw classes by their numbers; ``.`` is none."""
    return np.array([[0 if mark == "." else int(mark) for mark in line] for line in picture.split()], "i1")


def ground(classes: np.ndarray, **layers: np.ndarray) -> Ground:
    everywhere = np.ones(classes.shape, bool)
    return Ground(classes, **{name: layers.get(name, everywhere) for name in ("may_fill", "is_predicted", "is_seed")})


def merged(picture: str, *, cut: float = 0.5, around=None, layers=None, **changes: float):
    classes = classes_in(picture)
    options = BARE.model_copy(update=changes)
    return merge(
        ground(classes, **(layers or {})),
        grid=grid(*classes.shape),
        cut=cut,
        options=options,
        around=around or Surroundings(),
    )


def reasons(found) -> dict[str, int]:
    return {reason: int(where.sum()) for where, reason in found.changes if where.any()}


def test_patches_are_numbered_from_the_largest_on():
    found = merged("1.11 1.11 ..11")
    assert found.patches.tolist() == [[2, 0, 1, 1], [2, 0, 1, 1], [0, 0, 1, 1]]
    assert found.classes.tolist() == [1, 1]


def test_classes_that_touch_are_patches_of_their_own():
    found = merged("1122 1122 .1.2 ..11")
    assert found.patches.tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [0, 1, 0, 2], [0, 0, 3, 3]]
    assert found.classes.tolist() == [1, 2, 1]


def test_a_hole_takes_the_class_that_most_of_its_rim_has():
    found = merged("1112222 11.2.22 1112222", max_hole_m2=100)
    assert found.patches.tolist() == [[2, 2, 2, 1, 1, 1, 1], [2, 2, 2, 1, 1, 1, 1], [2, 2, 2, 1, 1, 1, 1]]
    assert reasons(found) == {"it is a hole of its patch, no larger than 100 m²": 2}


def test_an_island_of_another_class_is_no_hole():
    found = merged("11111 12221 11111", max_hole_m2=1000)
    assert found.patches.tolist() == [[1] * 5, [1, 2, 2, 2, 1], [1] * 5]
    assert found.classes.tolist() == [1, 2]


def test_a_part_too_small_to_stand_alone_joins_what_it_touches():
    found = merged("1111 1211 1111", min_area_m2=200)
    assert (found.patches == 1).all()
    assert found.classes.tolist() == [1]
    assert not reasons(found)


def test_a_mine_of_small_parts_takes_the_class_of_most_of_them():
    found = merged("1212 2122", min_area_m2=800)
    assert found.patches.max() == 1
    assert found.classes.tolist() == [2]
    assert merged("1212 2122", min_area_m2=801).patches.max() == 0


def test_the_border_of_a_class_makes_no_road():
    """Two strips of two rows are narrow, the mine of both is not."""
    picture = " ".join(["1" * 12] * 2 + ["2" * 12] * 2)
    found = merged(picture, road_width_m=20.0, min_road_m=60.0)
    assert not found.is_road.any()
    assert found.classes.tolist() == [1, 2]


def test_only_small_holes_in_known_ground_are_filled():
    may_fill = np.ones((3, 6), bool)
    may_fill[1, 4] = False
    found = merged("111111 1.11.1 111111", layers={"may_fill": may_fill}, max_hole_m2=100)
    assert found.patches.sum() == 17
    assert found.patches[1, 4] == 0
    assert found.changes[0][0].sum() == 1


@pytest.mark.parametrize(("min_area_m2", "left"), [(0, 2), (100, 2), (101, 1), (401, 0)])
def test_mines_below_the_smallest_area_go(min_area_m2: float, left: int):
    found = merged("11.. 11.1", min_area_m2=min_area_m2)
    assert found.patches.max() == left
    assert left == 2 or f"its patch is smaller than {min_area_m2} m²" in reasons(found)


def test_a_mine_needs_a_seed_and_each_of_its_classes_does_not():
    is_seed = np.zeros((2, 6), bool)
    is_seed[0, 0] = True
    found = merged("112.12 112.12", layers={"is_seed": is_seed}, seed=0.8)
    assert found.patches.tolist() == [[1, 1, 2, 0, 0, 0], [1, 1, 2, 0, 0, 0]]
    assert reasons(found) == {"nowhere in its patch is the probability 0.8 or more": 4}


@pytest.mark.parametrize(("cut", "left"), [(0.75, 1), (0.76, 0)])
def test_what_is_left_of_a_mine_must_reach_the_cut_its_holes_apart(cut: float, left: int):
    """6 of 8 pixels around a hole were predicted; of all 9 it is two thirds."""
    is_predicted = classes_in("111 1.1 1..") > 0
    found = merged("111 1.1 111", layers={"is_predicted": is_predicted}, cut=cut, max_hole_m2=100)
    assert found.patches.max() == left


def test_a_mine_that_is_mostly_vetoed_land_goes():
    """Five of nine pixels are water, one of them a hole that is filled."""
    cover = probability(np.zeros((3, 3))).isel(band=0, drop=True).copy(data=np.full((3, 3), 80.0))
    cover[0, :] = cover[1, 0] = 10
    around = Surroundings(land_cover=cover)
    found = merged("111 1.1 111", around=around, max_hole_m2=100)
    assert reasons(found)["most of its patch is built_up or cropland or permanent_water"] == 9
    assert merged("111 1.1 111", around=around, max_hole_m2=100, max_veto_share=0.6).patches.all()


def test_a_road_leaves_two_patches():
    picture = " ".join(
        ["111111............111111"] * 2 + ["111111111111111111111111"] + ["111111............111111"] * 3
    )
    assert merged(picture).patches.max() == 1
    found = merged(picture, road_width_m=20.0, min_road_m=60.0)
    assert found.patches.max() == 2
    assert found.is_road.sum() == 12 - 2 * 2


def test_mines_outside_the_area_go():
    area = box(500_000, 4_989_990, 500_015, 4_990_000, crs="EPSG:32633")
    assert merged("112.1", around=Surroundings(area=area)).patches.tolist() == [[1, 1, 2, 0, 0]]


def test_nothing_merges_to_nothing():
    found = merged("... ...", road_width_m=20.0)
    assert found.patches.max() == 0
    assert found.classes.size == 0
