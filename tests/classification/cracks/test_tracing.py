import numpy as np
import pytest

from highwall.classification.cracks.tracing import trace


def drawn(*rows):
    return np.array([[character == "#" for character in row] for row in rows])


def test_a_line_is_one_path_with_two_free_ends():
    (path,) = trace(drawn("......", ".####.", "......"), spur=0)
    assert path.pixels.tolist() == [[1, 1], [1, 2], [1, 3], [1, 4]]
    assert path.starts_free
    assert path.ends_free
    assert path.length == 3


def test_corners_are_not_cut():
    (path,) = trace(drawn("##..", ".##.", "..##"), spur=0)
    assert len(path.pixels) == 6
    assert path.length == 5


def test_a_diagonal_is_long():
    (path,) = trace(drawn("#..", ".#.", "..#"), spur=0)
    assert path.length == pytest.approx(2 * np.sqrt(2))


def test_a_spur_is_left_out_but_a_short_line_is_not():
    fork = drawn("....#....", "....#....", "#########", ".........")
    assert len(trace(fork, spur=0)) == 3
    assert len(trace(fork, spur=3)) == 2
    assert len(trace(drawn("###"), spur=9)) == 1


def test_a_ring_is_closed():
    (path,) = trace(drawn(".#.", "#.#", ".#."), spur=0)
    assert path.pixels[0].tolist() == path.pixels[-1].tolist()
    assert path.length == pytest.approx(4 * np.sqrt(2))


def test_nothing_and_dots_have_no_paths():
    assert trace(np.zeros((3, 3), bool), spur=0) == []
    assert trace(drawn("#.", ".."), spur=0) == []
