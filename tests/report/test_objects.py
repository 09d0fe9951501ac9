import numpy as np
import odc.geo.xr
import pytest
import xarray as xr

from highwall.report.objects import (
    AFTER_COLOUR,
    BEFORE_COLOUR,
    BOUNDARY_COLOUR,
    boundary_lines,
    boundary_map,
    refinement_map,
    shown_window,
)

from . import content as made


def layer(values: np.ndarray) -> xr.DataArray:
    grid = made.grid(*values.shape)
    return xr.DataArray(values.astype("i4"), dims=("y", "x"), coords=odc.geo.xr.xr_coords(grid))


def quarters(rows: int = 40, cols: int = 60) -> np.ndarray:
    return np.kron([[1, 2], [3, 4]], np.ones((rows // 2, cols // 2), int))


def grey(rows: int = 40, cols: int = 60, value: int = 90) -> np.ndarray:
    return np.full((rows, cols, 3), value, np.uint8)


def length(labels: np.ndarray) -> int:
    """Pixel edges between different labels, counted."""
    return int((labels[:, 1:] != labels[:, :-1]).sum() + (labels[1:] != labels[:-1]).sum())


def test_lines_run_along_the_edges_between_labels():
    lines = boundary_lines(quarters(4, 6))
    assert {tuple(map(tuple, line)) for line in lines.tolist()} == {((3, 0), (3, 4)), ((0, 2), (6, 2))}


def test_lines_are_as_long_as_the_edges_that_they_stand_for():
    labels = np.random.default_rng(2).integers(0, 3, (17, 23))
    lines = boundary_lines(labels)
    assert np.abs(np.diff(lines, axis=1)).sum() == length(labels)
    assert (np.abs(np.diff(lines, axis=1)).min(axis=2) == 0).all()  # upright or level


@pytest.mark.parametrize("labels", [np.ones((5, 7), int), np.ones((1, 1), int)])
def test_one_object_has_no_boundary(labels):
    assert boundary_lines(labels).shape == (0, 2, 2)
    assert not made.coloured(made.opened(boundary_map(grey(*labels.shape), layer(labels))), BOUNDARY_COLOUR)


def test_boundaries_are_drawn_and_leave_the_image_in_sight():
    picture = made.opened(boundary_map(grey(), layer(quarters()), title="4 objects"))
    bare = made.opened(boundary_map(grey(), layer(np.ones((40, 60))), title="4 objects"))
    drawn = (picture[..., :3].astype(int) - bare[..., :3] != 0).any(axis=-1)
    # Two lines across some 1000 and 670 pixels, with their casing 2 to 5 pixels wide.
    assert 2_000 < drawn.sum() < 10_000
    assert made.is_coloured(picture, BOUNDARY_COLOUR, tolerance=60).sum() > 500


def test_of_many_objects_the_middle_is_shown():
    whole = shown_window((400, 300), 100)
    assert (whole.rows, whole.cols) == (slice(0, 400), slice(0, 300))
    part = shown_window((4000, 3000), 150_000)
    assert (part.rows, part.cols) == (slice(1800, 2200), slice(1350, 1650))


def test_the_shown_window_is_never_empty():
    part = shown_window((1, 5), 10**9)
    assert part.rows.stop > part.rows.start
    assert part.cols.stop > part.cols.start


def test_before_is_on_the_left_after_on_the_right():
    before, after = np.zeros((40, 60), int), np.zeros((40, 60), int)
    before[10:25, 10:30] = 1
    after[10:30, 15:30] = 1
    picture = made.opened(refinement_map(grey(), layer(before), layer(after), titles=("rough", "refined")))
    half = picture.shape[1] // 2
    old, new = (made.is_coloured(picture, colour, tolerance=15) for colour in (BEFORE_COLOUR, AFTER_COLOUR))
    assert old[:, :half].sum() > 10 * old[:, half:].sum()
    assert new[:, half:].sum() > 300
    assert new[:, :half].sum() == 0


def test_what_was_gained_and_lost_is_tinted():
    before, after = np.zeros((40, 60), int), np.zeros((40, 60), int)
    before[5:35, 5:30] = 1
    after[5:35, 30:55] = 1
    picture = made.opened(refinement_map(grey(), layer(before), layer(after), titles=("", "")))
    right = picture[:, picture.shape[1] // 2 :, :3].astype(int)
    is_gained = (right[..., 1] > right[..., 0] + 30) & (right[..., 2] > right[..., 0] + 30)
    is_lost = (right[..., 0] > right[..., 1] + 30) & (right[..., 0] > right[..., 2] + 15)
    assert is_gained.sum() > 20_000
    assert is_lost.sum() > 20_000
    assert np.nonzero(is_lost)[1].mean() < np.nonzero(is_gained)[1].mean()


@pytest.mark.parametrize("shape", [(1, 300), (300, 1)])
def test_a_strip_is_drawn_on_a_sheet_of_usual_size(shape):
    labels = np.arange(300).reshape(shape) // 10
    picture = grey(*shape)
    for drawn in (
        boundary_map(picture, layer(labels), title="30 objects"),
        refinement_map(picture, layer(labels > 5), layer(labels), titles=("before", "after")),
    ):
        height, width = made.opened(drawn).shape[:2]
        assert max(height, width) < 2000
