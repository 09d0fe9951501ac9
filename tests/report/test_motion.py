import numpy as np
import odc.geo.xr
import pytest
import xarray as xr
from affine import Affine
from matplotlib import colormaps

from highwall.core.errors import InputError
from highwall.core.grid import GeoBox
from highwall.report.motion import closure_map, coherence_map, velocity_map
from highwall.report.style import DECORRELATED_COLOUR, HATCH_COLOUR, INK, NO_DATA_COLOUR

from . import content as made


def layer(values: np.ndarray, name: str = "velocity", *, place: GeoBox | None = None) -> xr.DataArray:
    grid = place or made.grid(*values.shape, 40.0)
    return xr.DataArray(values.astype("f4"), dims=("y", "x"), coords=odc.geo.xr.xr_coords(grid), name=name)


def halves(left: float, right: float, *, rows: int = 20, cols: int = 30) -> np.ndarray:
    return np.where(np.arange(cols) < cols // 2, left, right) * np.ones((rows, 1))


def hexes(colour_map: str, value: float) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colormaps[colour_map](value)[:3])


def exactly(picture: np.ndarray, colour: str) -> np.ndarray:
    return made.is_coloured(picture, colour, tolerance=1)


def middle(mask: np.ndarray) -> float:
    """Mean column, as a share of the width, of the places of a mask in the map's part of a picture."""
    return float(np.nonzero(mask[:, :1000])[1].mean()) / 1000


def test_a_pixel_of_known_velocity_has_the_colour_of_the_scale():
    """±20 mm/year on equal halves: the scale ends at 20, so that they have the colours of its ends."""
    picture = made.opened(velocity_map(layer(halves(-0.020, 0.020))))
    down, up = exactly(picture, hexes("RdBu", 0.0)), exactly(picture, hexes("RdBu", 1.0))
    assert down.sum() == pytest.approx(up.sum(), rel=0.05)  # the north arrow and the scale bar cover a little
    assert down.sum() > 150_000
    assert middle(down) < 0.4 < 0.6 < middle(up)


def test_half_the_speed_has_the_colour_half_way():
    values = halves(-0.020, 0.010)
    picture = made.opened(velocity_map(layer(values)))
    assert exactly(picture, hexes("RdBu", 0.75)).sum() > 150_000


def test_a_few_extremes_do_not_stretch_the_scale():
    values = halves(-0.020, 0.020)
    values[0, 0] = -5.0  # 1 of 600 pixels, less than the hundredth that may lie beyond
    picture = made.opened(velocity_map(layer(values)))
    assert exactly(picture, hexes("RdBu", 1.0)).sum() > 150_000


def test_noise_is_not_drawn_in_full_colour():
    """Below 5 mm/year the scale does not shrink further."""
    picture = made.opened(velocity_map(layer(halves(-0.0025, 0.0))))
    assert exactly(picture, hexes("RdBu", 0.25)).sum() > 150_000


@pytest.mark.parametrize("flip", ["y", "x"])
def test_a_grid_that_runs_the_other_way_is_drawn_north_up_and_east_right(flip: str):
    values = halves(-0.020, 0.020)
    values[: len(values) // 2] = 0.0
    usual = velocity_map(layer(values))
    step_x, step_y = (-40.0, -40.0) if flip == "x" else (40.0, 40.0)
    left, top = (made.LEFT + 1200.0, made.TOP) if flip == "x" else (made.LEFT, made.TOP - 800.0)
    other = GeoBox(values.shape, Affine(step_x, 0, left, 0, step_y, top), made.UTM)
    turned = values[:, ::-1] if flip == "x" else values[::-1]
    np.testing.assert_array_equal(made.opened(velocity_map(layer(turned, place=other))), made.opened(usual))


def test_decorrelated_ground_is_hatched_and_missing_ground_is_not():
    values = halves(0.020, 0.020)
    values[:5] = np.nan
    lost = layer(values).copy(data=np.zeros(values.shape, bool))
    lost[10:15] = True
    bare, hatched = (made.opened(velocity_map(layer(values), decorrelated=known)) for known in (None, lost))
    for colour in (DECORRELATED_COLOUR, HATCH_COLOUR):
        assert exactly(hatched, colour).sum() > exactly(bare, colour).sum() + 5_000
    assert exactly(bare, NO_DATA_COLOUR).sum() == pytest.approx(exactly(hatched, NO_DATA_COLOUR).sum(), rel=0.02)
    assert exactly(bare, NO_DATA_COLOUR).sum() > 50_000


def test_decorrelated_motion_does_not_set_the_scale():
    values = halves(-0.020, 9.0)
    lost = layer(values).copy(data=values > 1.0)
    picture = made.opened(velocity_map(layer(values), decorrelated=lost))
    assert exactly(picture, hexes("RdBu", 0.0)).sum() > 150_000


def test_the_reference_is_marked_where_it_lies():
    values = layer(halves(0.020, 0.020))
    place = (float(values["x"][3]), float(values["y"][10]))
    marked = made.opened(velocity_map(values, reference=place))
    ground = np.argwhere(exactly(marked, hexes("RdBu", 1.0))[:, :1130])  # the map, without the colour bar
    (top, left), (bottom, right) = ground.min(axis=0), ground.max(axis=0)
    expected = top + (bottom - top) * 10.5 / 20, left + (right - left) * 3.5 / 30
    mark = np.argwhere(exactly(marked, "#000000")[: bottom - 60, : left + 300])
    mark = mark[(mark > (top + 5, left + 5)).all(axis=1)]  # inside the map's edges
    assert mark.mean(axis=0) == pytest.approx(expected, abs=1.5)  # half a pixel of the picture, and rounding


def test_patches_are_outlined_in_any_crs():
    ground = made.patches()
    bare, near, far = (
        made.opened(velocity_map(layer(halves(0.02, 0.02)), patches=frame))
        for frame in (None, ground, ground.to_crs("EPSG:4326"))
    )
    assert made.coloured(near, INK) > made.coloured(bare, INK) + 300
    assert made.coloured(far, INK) == pytest.approx(made.coloured(near, INK), rel=0.1)


@pytest.mark.parametrize("name", ["velocity", "velocity_vertical", "velocity_up", "velocity_east"])
def test_every_velocity_has_words_of_its_own(name: str):
    pictures = [made.opened(velocity_map(layer(halves(-0.01, 0.02), other))) for other in ("velocity", name)]
    assert np.array_equal(*pictures) == (name == "velocity")


def test_a_layer_that_is_no_velocity_is_refused():
    with pytest.raises(InputError, match="'residual_rms' is no velocity; name the layer one of velocity,"):
        velocity_map(layer(halves(0.0, 1.0), "residual_rms"))


@pytest.mark.parametrize("draw", [velocity_map, coherence_map, closure_map])
def test_a_map_without_a_measurement_is_grey(draw):
    name = {velocity_map: "velocity", coherence_map: "mean_coherence", closure_map: "share_open"}[draw]
    picture = made.opened(draw(layer(np.full((20, 30), np.nan), name)))
    assert exactly(picture, NO_DATA_COLOUR).sum() > 400_000


def test_the_error_of_a_velocity_is_told_even_where_it_is_unknown():
    values = layer(halves(-0.01, 0.02))
    known, unknown = (made.opened(velocity_map(values, velocity_std=values * factor)) for factor in (0.1, np.nan))
    np.testing.assert_array_equal(unknown, made.opened(velocity_map(values)))
    assert known.shape == unknown.shape
    assert not np.array_equal(known, unknown)


def test_coherence_runs_from_zero_to_one_whatever_its_range():
    picture = made.opened(coherence_map(layer(halves(0.25, 0.5), "mean_coherence")))
    for value in (0.25, 0.5):
        assert exactly(picture, hexes("viridis", value)).sum() > 150_000
    with pytest.raises(InputError, match="is no coherence"):
        coherence_map(layer(halves(0.25, 0.5)))


def test_open_triplets_are_scaled_by_those_that_are_open():
    """A hundredth of the pixels is open: their colour is not that of the end of a scale of one percent."""
    values = np.zeros((20, 30))
    values[10, 10:16] = [0.1, 0.1, 0.1, 0.2, 0.2, 0.2]
    picture = made.opened(closure_map(layer(values, "share_open")))
    assert exactly(picture, hexes("magma_r", 0.0)).sum() > 400_000
    for value in (0.5, 1.0):
        assert exactly(picture[150:-150], hexes("magma_r", value)).sum() > 2_000


def test_a_radar_image_is_drawn_in_pixels_with_its_first_row_on_top():
    values = np.where(np.arange(20)[:, None] < 10, -0.020, 0.020) * np.ones(30)
    radar = xr.DataArray(values, dims=("y", "x"), name="velocity")
    picture = made.opened(velocity_map(radar))
    down, up = exactly(picture, hexes("RdBu", 0.0)), exactly(picture, hexes("RdBu", 1.0))
    assert np.nonzero(down[:, :900])[0].mean() < np.nonzero(up[:, :900])[0].mean()
    assert down.sum() > 150_000


def test_a_large_map_is_thinned_and_keeps_its_place():
    picture = made.opened(velocity_map(layer(halves(-0.020, 0.020, rows=2100, cols=3150))))
    assert exactly(picture, hexes("RdBu", 0.0)).sum() > 150_000
    assert picture.shape[1] < 1400


def test_one_pixel_is_a_map():
    picture = made.opened(velocity_map(layer(np.full((1, 1), -0.02))))
    assert exactly(picture, hexes("RdBu", 0.0)).sum() > 100_000
