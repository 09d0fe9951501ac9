"""Reading a scene window by window, and thinning it out for its picture."""

import numpy as np
import pytest

from highwall.core.grid import Window, grid_of
from highwall.io.rasters import open_bands, read_raster
from highwall.patches.evidence import Surroundings
from highwall.workflows.outlining import surroundings
from highwall.workflows.outlining.layers import SceneLayers, thinned_to
from highwall.workflows.outlining.surroundings import Sun, land_cover_on, probability_on, shadow_on


@pytest.fixture
def numbers(mine):
    values = np.arange(1, 96 * 96 + 1).reshape(96, 96)
    return open_bands(mine.write(values, "numbers.tif", layer="object")).isel(band=0, drop=True)


def test_a_window_holds_every_layer(mine, numbers):
    grid = grid_of(numbers)
    cover = land_cover_on(grid, mine.write(np.full((96, 96), 50.0), "town.tif", layer="land_cover"))
    probability, resampling = probability_on(grid, mine.probability)
    layers = SceneLayers(probability, numbers, Surroundings(land_cover=cover))
    assert layers.shape == (96, 96)
    assert resampling is None
    found = layers(Window(slice(10, 30), slice(40, 96)))
    whole = read_raster(mine.probability).load()
    np.testing.assert_array_equal(found.probability.values, whole.values[:, 10:30, 40:])
    assert found.segments.values[0, 0] == 10 * 96 + 40 + 1
    assert (found.around.land_cover.values == 50).all()
    assert found.around.is_shadow is None
    assert grid_of(found.segments) == grid_of(found.probability) == grid[10:30, 40:96]


def test_another_grid_is_read_as_the_whole_would_be(mine, numbers):
    """A map of 80 m pixels is brought to those of 10 m; its windows are parts of what comes of the whole."""
    whole = read_raster(mine.probability).load()
    coarse = whole.coarsen(y=8, x=8).mean().values
    path = mine.write(coarse, "eighth.tif", layer="class_probability", step=80.0, bands=whole["band"].values.tolist())
    lazy, resampling = probability_on(grid_of(numbers), path)
    assert resampling == "bilinear"
    part = SceneLayers(lazy, numbers, Surroundings())(Window(slice(33, 70), slice(5, 50))).probability
    np.testing.assert_allclose(part.values, lazy.compute(scheduler="synchronous").values[:, 33:70, 5:50], atol=1e-6)


@pytest.mark.parametrize(("shape", "step"), [((100, 80), 1), ((101, 80), 2), ((80, 450), 5)])
def test_a_picture_is_thinned_to_its_longest_side(shape, step, numbers):
    thinned = thinned_to(shape, most_px=100)
    assert thinned.step == step
    assert thinned.of(numbers).values[1, 1] == numbers.values[step, step]


def test_shadows_found_in_blocks_are_those_of_the_whole(mine, numbers, monkeypatch):
    row, col = np.mgrid[:96, :96]
    dem = mine.write(150.0 + 150.0 * np.sin(row / 7) * np.cos(col / 11), "hills.tif", layer="height")
    sun = Sun(120.0, 25.0)
    whole = shadow_on(grid_of(numbers), dem, sun).values
    monkeypatch.setattr(surroundings, "_SHADOW_BLOCK_PX", 40)
    in_blocks = shadow_on(grid_of(numbers), dem, sun).values
    assert 0.05 < whole.mean() < 0.95
    # each block takes the direction of true north at its own middle, which may turn a pixel at a shadow's edge
    assert (in_blocks != whole).mean() < 0.002
