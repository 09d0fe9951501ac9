import numpy as np
import pytest

from highwall.core.errors import SceneError
from highwall.imagery.chips import chips, true_colour

from .scenes import grid, scene

BANDS = ("B02", "B03", "B04")


def cube(rows: int = 20, cols: int = 30):
    return scene(np.random.default_rng(0).random((3, rows, cols), dtype="f4"), grid(rows, cols), bands=BANDS)


@pytest.mark.parametrize(("size", "step"), [(8, 4), (8, 5), (20, 1), (1, 1)])
def test_every_chip_is_the_window_that_it_names_and_shares_its_memory(size: int, step: int):
    given = cube()
    cut = chips(given, size=size, step=step)
    assert cut.dims == ("row", "col", "band", "chip_y", "chip_x")
    for i, row in enumerate(cut["row"].values):
        for j, col in enumerate(cut["col"].values):
            np.testing.assert_array_equal(cut.values[i, j], given.values[:, row : row + size, col : col + size])
    assert np.shares_memory(cut.values, given.values)
    assert cut["row"].values[-1] + size <= 20 < cut["row"].values[-1] + size + step


def test_a_scene_smaller_than_a_chip_is_refused():
    with pytest.raises(SceneError, match="20×30 pixels, a chip 21×21"):
        chips(cube(), size=21, step=1)


def test_true_colour_stretches_each_band_between_its_percentiles_and_is_white_where_nothing_is():
    ramp = np.linspace(0.0, 1.0, 101, dtype="f4")
    values = np.stack([0.1 + 0.2 * ramp, 0.5 - 0.4 * ramp, ramp])[:, None, :].copy()
    values[:, 0, 50] = np.nan
    picture = true_colour(scene(values, grid(1, 101), bands=BANDS))
    assert picture.shape == (1, 101, 3)
    assert picture.dtype == np.uint8
    red, green, blue = picture[0].T.astype(int)
    assert picture[0, 50].tolist() == [255, 255, 255]
    assert np.delete(np.abs(red - blue), 50).max() <= 1  # the same ramp, however bright it was
    assert np.delete(np.abs(red - green[::-1]), 50).max() <= 1
    assert (red[0], red[-1]) == (0, 255)
    assert (np.diff(np.delete(red, 50)) >= 0).all()


def test_a_scene_without_a_pixel_is_white():
    assert (true_colour(scene(np.full((3, 2, 2), np.nan, "f4"), grid(2, 2), bands=BANDS)) == 255).all()
