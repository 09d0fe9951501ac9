import numpy as np
import pytest

from highwall.core.errors import InputError
from highwall.report.series import Series, series_plot
from highwall.report.style import BAD, GOOD, MUTED, data_uri

from . import content as made


def drawn(*series: Series) -> np.ndarray:
    return made.opened(series_plot(series))


def noisy(**changes) -> Series:
    one = made.series()[0]
    scatter = np.random.default_rng(5).normal(0.0, 0.004, 8)
    return one._replace(displacement=one.displacement + scatter, velocity_std=0.02, **changes)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_series_are_drawn_in_two_columns(count: int):
    picture = drawn(*[*made.series(), made.series()[0]][:count])
    assert picture.shape[1] == (574 if count == 1 else 1148)
    assert picture.shape[0] == (749 if count == 3 else 399)
    assert made.coloured(picture, GOOD) > 50 * count
    assert made.coloured(picture, BAD) > 100 * count


def test_no_series_is_refused_with_the_cure():
    with pytest.raises(InputError, match="give at least one point"):
        series_plot([])


def test_a_series_with_missing_epochs_lacks_their_points():
    one = noisy()
    gaps = one._replace(displacement=np.where(np.arange(8) % 2 == 1, np.nan, one.displacement))
    assert made.coloured(drawn(gaps), GOOD) < 0.75 * made.coloured(drawn(one), GOOD)


def test_a_series_that_was_never_measured_is_an_empty_panel():
    picture = drawn(made.series()[0]._replace(displacement=np.full(8, np.nan), velocity=np.nan, velocity_std=np.nan))
    points = made.coloured(picture[:300], GOOD)
    assert points == 0
    assert picture.shape == (399, 574, 4)


def test_one_epoch_is_drawn():
    one = Series("P1", made.DATES[:1], np.zeros(1), np.nan, np.nan)
    assert made.coloured(drawn(one)[:300], GOOD) > 10


def test_the_line_of_a_velocity_runs_through_the_mean_of_what_is_known():
    one = noisy()
    known = np.arange(8) != 4
    gaps = one._replace(displacement=np.where(known, one.displacement, np.nan))
    assert (gaps.displacement - gaps.fitted)[known].mean() == pytest.approx(0.0, abs=1e-12)
    assert np.diff(gaps.fitted) / np.diff(gaps.years) == pytest.approx(one.velocity)


def test_the_error_of_a_line_is_that_of_least_squares():
    """Against the covariance of numpy's fit of a straight line."""
    one = noisy()
    design = np.column_stack([np.ones(8), one.years])
    solution, squares, *_ = np.linalg.lstsq(design, one.displacement, rcond=None)
    covariance = squares[0] / 6 * np.linalg.inv(design.T @ design)
    fitted = one._replace(velocity=solution[1], velocity_std=np.sqrt(covariance[1, 1]))
    assert fitted.fitted == pytest.approx(design @ solution, abs=1e-12)
    assert fitted.fitted_std == pytest.approx(np.sqrt(np.einsum("ei,ij,ej->e", design, covariance, design)))


def test_a_model_replaces_the_line():
    bent = 0.01 * np.sin(np.linspace(0.0, 6.0, 8))
    one = noisy(model=bent)
    np.testing.assert_array_equal(one.fitted, bent)
    assert not np.array_equal(drawn(one), drawn(noisy()))


def test_a_wider_error_gives_a_wider_band():
    def band(std: float) -> int:
        picture = drawn(noisy(displacement_std=np.full(8, std)))[:300, :, :3].astype(int)
        return int((picture[..., 2] - picture[..., 0] > 30).sum())  # bluish: band and points

    # A twelvefold error makes a band of many times the area, though the axis grows with it.
    assert band(0.012) > 1.5 * band(0.001)


def test_the_uncorrected_series_stands_beside_the_corrected_one():
    without, both = drawn(noisy()), drawn(noisy(uncorrected=noisy().displacement + 0.003))
    assert made.coloured(both, MUTED) > made.coloured(without, MUTED) + 40


def test_pieces_of_a_split_network_are_marked_apart():
    whole, split = drawn(noisy(pieces=np.zeros(8, int))), drawn(noisy(pieces=np.repeat([0, 3], 4)))
    assert made.coloured(whole, "#cc79a7") == 0
    assert made.coloured(split, "#cc79a7") > 50


def test_a_picture_is_embedded_as_png():
    assert data_uri(series_plot(made.series())).startswith("data:image/png;base64,iVBOR")
