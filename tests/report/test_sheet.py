import numpy as np
import pytest
import xarray as xr

from highwall.report.sheet import motion_sheet
from highwall.report.style import DECORRELATED_COLOUR, GOOD

from . import content as made


def result(**layers: np.ndarray) -> xr.Dataset:
    motion = made.motion()
    return motion.assign({name: (("y", "x"), values) for name, values in layers.items()})


def drawn(motion: xr.Dataset, **parts) -> np.ndarray:
    return made.opened(motion_sheet(motion, **({"network": made.network()} | parts)))


def test_all_that_is_known_is_on_one_sheet():
    shape = made.motion()["velocity"].shape
    motion = result(mean_coherence=np.full(shape, 0.5), velocity_std=np.full(shape, 0.002))
    picture = drawn(motion, series=made.series(), reference=(made.LEFT + 20, made.TOP - 20), title="Serra Velha")
    middle = picture.shape[0] // 2
    assert picture.shape[1] == 1736
    teal = made.coloured(picture[:middle, 868:], "#21918c")  # viridis at 0.5
    assert teal > 50_000
    assert made.coloured(picture[:middle, :868], DECORRELATED_COLOUR) > 500
    assert made.coloured(picture[middle:, :868], GOOD) > 100
    assert made.coloured(picture[middle:, 868:], GOOD) > 100


def test_temporal_coherence_stands_in_for_mean_coherence():
    shape = made.motion()["velocity"].shape
    picture = drawn(result(temporal_coherence=np.full(shape, 0.5)))
    assert made.coloured(picture[: picture.shape[0] // 2, 868:], "#21918c") > 50_000


def test_what_is_missing_leaves_its_panel_empty():
    picture = drawn(result().drop_vars("decorrelated"))
    assert made.coloured(picture[:, 868:], "#ffffff") > 0.95 * picture[:, 868:, 0].size


def test_only_the_first_three_series_are_shown():
    four = made.series() * 2
    np.testing.assert_array_equal(drawn(made.motion(), series=four), drawn(made.motion(), series=four[:3]))


@pytest.mark.parametrize(("rows", "height"), [(5, 3.0 + 3.4), (200, 8.0 + 3.4)])
def test_maps_of_any_proportion_fit(rows: int, height: float):
    grid = made.grid(rows, 25, 40.0)
    motion = xr.Dataset({"velocity": xr.DataArray(np.zeros(grid.shape), dims=("y", "x"))}).odc.assign_crs(made.UTM)
    motion = motion.assign_coords(x=made.LEFT + 40.0 * np.arange(25), y=made.TOP - 40.0 * np.arange(rows))
    assert drawn(motion).shape[0] == round(140 * height)
