from highwall.patches.regions import FOUR_CONNECTED, small_holes, small_parts

from .maps import drawn


def test_a_hole_is_enclosed_on_all_sides_corners_included():
    ring = drawn("..... .###. .#.#. .###. .....") > 0.5
    assert small_holes(ring, 1).sum() == 1
    assert small_holes(ring, 0.5).sum() == 0
    leaking = ring.copy()
    leaking[3, 3] = False  # the hole meets the outside at a corner
    assert small_holes(leaking, 3).sum() == 0


def test_ground_that_meets_the_frame_is_no_hole():
    assert small_holes(drawn(".## ###") > 0.5, 9).sum() == 0


def test_small_parts_end_at_their_limit():
    region = drawn("##.# ##..") > 0.5
    assert small_parts(region, FOUR_CONNECTED, limit=1).sum() == 1
    assert small_parts(region, FOUR_CONNECTED, limit=4).sum() == 5
    assert small_parts(region, FOUR_CONNECTED, limit=4, inclusive=False).sum() == 1
