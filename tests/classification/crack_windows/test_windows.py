import numpy as np
import pytest

from highwall.classification.crack_windows.windows import SensorWindows, check_trainable, check_values, cut_windows
from highwall.core.errors import InputError


def some(is_crack):
    n = len(is_crack)
    return SensorWindows(np.zeros((n, 48, 4), np.float32), np.array(is_crack), np.zeros(n, bool), np.full(n, "a"))


def test_a_series_is_cut_side_by_side():
    windows = cut_windows(np.arange(100, dtype=np.float32)[:, None] * np.ones(4, np.float32), length=30)
    assert windows.shape == (3, 30, 4)
    assert windows[2, 0, 0] == 60


def test_a_series_shorter_than_a_window_is_refused():
    with pytest.raises(InputError, match="fewer than a window"):
        cut_windows(np.zeros((5, 4), np.float32), length=6)


def test_labels_must_number_as_the_windows():
    with pytest.raises(InputError, match="one of each a window"):
        SensorWindows(np.zeros((3, 48, 4), np.float32), np.zeros(2, bool), np.zeros(3, bool), np.full(3, "a"))


@pytest.mark.parametrize("label", [False, True])
def test_one_class_cannot_be_learned(label):
    with pytest.raises(InputError, match="needs both kinds"):
        check_trainable(some([label, label]))


def test_chosen_windows_keep_their_labels():
    chosen = some([True, False, True]).where(np.array([True, False, False]))
    assert chosen.is_crack.tolist() == [True]


def test_only_a_crack_can_open():
    with pytest.raises(InputError, match="1 windows open a crack"):
        SensorWindows(np.zeros((2, 48, 4), np.float32), np.zeros(2, bool), np.array([True, False]), np.full(2, "a"))


def test_a_window_is_at_least_a_day():
    with pytest.raises(InputError, match="23 readings"):
        check_values(np.zeros((2, 23, 4), np.float32))


def test_windows_of_which_nothing_is_known_are_left_out():
    values = np.zeros((3, 24, 4), np.float32)
    values[1, :, :3] = np.nan
    no = np.zeros(3, bool)
    assert SensorWindows(values, no, no, np.array(["a", "b", "c"])).with_readings().site.tolist() == ["a", "c"]
    with pytest.raises(InputError, match="none of 3 windows"):
        SensorWindows(np.full_like(values, np.nan), no, no, np.full(3, "a")).with_readings()
