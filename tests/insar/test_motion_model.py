import datetime as dt

import numpy as np
import pytest

from highwall.core.errors import InputError
from highwall.insar.motion_model import motion_model
from highwall.insar.options import VelocityOptions
from tests.insar.series import epochs_at

TWO_YEARS = epochs_at(np.arange(0, 732, 12))


def test_terms_stand_in_order():
    options = VelocityOptions(season="semi-annual", steps=(dt.date(2021, 3, 1), dt.date(2020, 9, 1)))
    model = motion_model(TWO_YEARS, options)
    assert model.terms == (
        "constant", "velocity", "annual cosine", "annual sine", "semi-annual cosine", "semi-annual sine",
        "step of 2020-09-01", "step of 2021-03-01",
    )  # fmt: skip
    assert model.design.shape == (61, 8)
    assert model.n_layers == 6
    assert motion_model(TWO_YEARS, VelocityOptions()).n_layers == 2


def test_a_pass_on_the_day_of_the_step_comes_after_it():
    date = TWO_YEARS[7].astype("datetime64[D]")
    step = motion_model(TWO_YEARS, VelocityOptions(steps=(date.item(),))).design[:, -1]
    assert step[6] == 0.0
    assert step[7] == 1.0


@pytest.mark.parametrize("date", [dt.date(2020, 1, 4), dt.date(2019, 1, 1), dt.date(2022, 6, 1)])
def test_a_step_outside_the_series_is_refused(date):
    with pytest.raises(InputError, match="lies outside the series, 2020-01-04 to"):
        motion_model(TWO_YEARS, VelocityOptions(steps=(date,)))


def test_two_steps_without_a_pass_between_cannot_be_told_apart():
    with pytest.raises(InputError, match="cannot tell"):
        motion_model(TWO_YEARS, VelocityOptions(steps=(dt.date(2020, 6, 2), dt.date(2020, 6, 3))))


def test_a_season_needs_a_year():
    with pytest.raises(InputError, match=r"spans 0\.66 years; a season needs at least one"):
        motion_model(epochs_at(np.arange(0, 252, 12)), VelocityOptions(season="annual"))


def test_one_epoch_has_no_velocity():
    with pytest.raises(InputError, match="1 epochs cannot tell constant, velocity apart"):
        motion_model(TWO_YEARS[:1], VelocityOptions())
