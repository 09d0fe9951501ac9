import numpy as np
import pytest

from highwall.activity.optical import OPTICAL_CLASSES, Look, optical_change
from highwall.activity.options import ActivityOptions

OPTIONS = ActivityOptions()
SIDE = 40


def look(**changes: np.ndarray) -> Look:
    """A bare patch of 20 × 20 pixels in green land, under a clear sky."""
    mine = np.zeros((SIDE, SIDE), bool)
    mine[10:30, 10:30] = True
    plain = {
        "is_mine": mine, "ndvi": np.where(mine, 0.1, 0.7), "bsi": np.where(mine, 0.2, -0.2),
        "is_clear": np.ones((SIDE, SIDE), bool), "is_built": np.zeros((SIDE, SIDE), bool),
    }  # fmt: skip
    return Look(**(plain | changes))


def grown(width: int) -> Look:
    mine = np.zeros((SIDE, SIDE), bool)
    mine[10:30, 10 : 30 + width] = True
    return look(is_mine=mine, ndvi=np.where(mine, 0.1, 0.7), bsi=np.where(mine, 0.2, -0.2))


def changed(after: Look, before: Look | None = None):
    return optical_change(look() if before is None else before, after, options=OPTIONS)


def test_nothing_new_is_unchanged_and_shares_add_up():
    found = changed(look())
    assert (found.label, found.shares["unchanged"]) == ("unchanged", 1.0)
    assert set(found.shares) == set(OPTICAL_CLASSES)
    assert sum(found.shares.values()) == pytest.approx(1.0)


def test_new_bare_ground_is_expansion_and_a_few_pixels_are_none():
    found = changed(grown(5))
    assert (found.label, found.new_bare_px) == ("expanded", 100)
    assert found.shares["expanded"] == pytest.approx(100 / 120)
    assert changed(look(is_mine=grown(1).is_mine)).label == "unchanged"  # drawn wider, but the ground is as it was


def test_ground_that_turns_green_is_regrown():
    ndvi = look().ndvi.copy()
    ndvi[10:20, 10:30] = 0.6
    found = changed(look(ndvi=ndvi))
    assert (found.label, found.regrown_px) == ("revegetated", 200)


def test_moved_ground_departs_from_what_light_does_to_all_of_it():
    bsi = look().bsi + 0.15  # haze and sun: every pixel alike
    assert changed(look(bsi=np.where(look().is_mine, bsi, look().bsi))).label == "unchanged"
    bsi[10:16, 10:30] += 0.2
    found = changed(look(bsi=np.where(look().is_mine, bsi, look().bsi)))
    assert (found.label, found.reworked_px) == ("reworked", 120)


def test_what_is_built_is_construction_and_counts_once():
    built = np.zeros((SIDE, SIDE), bool)
    built[12:22, 12:22] = True
    found = changed(look(is_built=built))
    assert (found.label, found.built_px, found.reworked_px) == ("built", 100, 0)


@pytest.mark.parametrize(("hidden_rows", "label"), [(20, "unseen"), (4, "expanded")])
def test_cloud_hides_a_patch_only_where_it_lies(hidden_rows: int, label: str):
    clear = np.ones((SIDE, SIDE), bool)
    clear[10 : 10 + hidden_rows] = False
    found = changed(grown(8)._replace(is_clear=clear))
    assert found.label == label
    assert found.clear_share == pytest.approx(1 - hidden_rows / 20)
    assert sum(found.shares.values()) == pytest.approx(1.0)


def test_missing_pixels_are_hidden():
    ndvi = look().ndvi.copy()
    ndvi[:] = np.nan
    assert changed(look(ndvi=ndvi)).shares["unseen"] == 1.0
