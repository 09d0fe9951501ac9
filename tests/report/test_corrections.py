import numpy as np
import pytest

from highwall.core.errors import InputError
from highwall.report.corrections import Spread, corrections_plot
from highwall.report.style import BAD, GOOD

from . import content as made


def drawn(*spreads: Spread) -> np.ndarray:
    return made.opened(corrections_plot(spreads))


def test_a_correction_that_helps_is_blue_and_one_that_harms_is_red():
    better, worse = drawn(Spread("gacos", 0.012, 0.008)), drawn(Spread("gacos", 0.008, 0.012))
    assert made.coloured(better, GOOD) > 1000 > made.coloured(better, BAD) == 0
    assert made.coloured(worse, BAD) > 1000 > made.coloured(worse, GOOD)


def test_the_length_of_a_bar_is_the_standard_deviation():
    def length(picture: np.ndarray, colour: str) -> int:
        """Longest run of the colour: letters and the axis are shorter."""
        return max(int(row.sum()) for row in made.is_coloured(picture[:150], colour))

    picture = drawn(Spread("ramp", 0.012, 0.006))
    assert length(picture, GOOD) / length(picture, "#a9b1bb") == pytest.approx(0.5, abs=0.02)  # 2 px in 400 at the ends


def test_each_correction_adds_a_row():
    two, five = (drawn(*[Spread("dem_error", 0.01, 0.009)] * count) for count in (2, 5))
    assert five.shape[0] - two.shape[0] == 210  # 3 rows of 0.5 inch at 140 px an inch


def test_the_title_ends_within_the_picture_however_long_the_names():
    picture = drawn(Spread("delay of the troposphere after GACOS", 0.012, 0.008))
    assert (picture[:30] < 128).any()  # letters of the title
    assert (picture[:30, -8:] > 250).all()


def test_a_spread_that_is_not_known_is_named_not_drawn():
    picture = drawn(Spread("tide", 0.01, np.nan), Spread("ramp", 0.0, 0.0))
    assert made.coloured(picture[:-60], GOOD) == 0
    assert picture.shape[1] == 784


def test_no_correction_is_refused_with_the_cure():
    with pytest.raises(InputError, match="give at least one"):
        corrections_plot([])
