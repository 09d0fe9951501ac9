import datetime as dt

import numpy as np
import pytest
import xarray as xr

from highwall.activity.motion_beyond import RateSince, motion_beyond, rate_since
from highwall.activity.options import ActivityOptions
from highwall.core.grid import grid_of, pixel_sides_m

from .tables import TODAY, motion, permits, square

OPTIONS = ActivityOptions()
PERMIT = square(0, -1000, 400)  # the four left columns of the lower four rows


def field(rows: slice, cols: slice, rate: float = -0.03) -> np.ndarray:
    velocity = np.zeros((10, 10))
    velocity[rows, cols] = rate
    return velocity


def found(velocity: np.ndarray, permitted=None, **changes):
    return motion_beyond(motion(velocity, **changes), permits(PERMIT) if permitted is None else permitted, on=TODAY,
                         options=OPTIONS)  # fmt: skip


def test_moving_ground_beyond_the_boundary_is_found_without_any_patch():
    (breach,) = found(field(slice(6, 8), slice(6, 9)))
    assert breach.kind == "motion_beyond_boundary"
    assert breach.permit["permit_id"] == "L-1"
    assert breach.past.area_m2 == pytest.approx(6 * 100**2)
    assert breach.past.probability > 0.99
    assert breach.note == "It sinks at 30 ± 2 mm/year (95 %), not validated on the ground."


@pytest.mark.parametrize(
    "velocity",
    [
        field(slice(6, 8), slice(0, 3)),  # inside the permit
        field(slice(6, 8), slice(2, 5)),  # across its boundary, with two pixels past it
        field(slice(0, 1), slice(8, 10)),  # two pixels
        field(slice(6, 8), slice(6, 9), 0.004),  # slower than the bound
    ],
)
def test_motion_that_is_permitted_slow_small_or_doubtful_is_none(velocity):
    assert found(velocity) == []


def test_motion_far_from_every_permit_is_nobodys():
    assert found(field(slice(0, 2), slice(0, 3)), permits(square(50_000, 0, 500))) == []


def test_uncertain_rates_are_no_finding():
    assert found(field(slice(6, 8), slice(6, 9), -0.012), std=0.006) == []


def with_series(velocity: np.ndarray, since: dt.date) -> xr.Dataset:
    """Epochs every 12 days from 200 days before a date to 400 after; the ground sinks from that date on."""
    layers = motion(velocity)
    days = [since + dt.timedelta(days=number) for number in range(-200, 401, 12)]
    years = np.array([max((day - since).days, 0) / 365.25 for day in days])
    noise = np.random.default_rng(2).normal(0, 0.001, (len(days), *velocity.shape))
    series = velocity[None] * years[:, None, None] + noise
    return layers.assign(displacement_vertical=(("epoch", "y", "x"), series)).assign_coords(
        epoch=np.array(days, dtype="datetime64[ns]")
    )


def test_ground_that_moves_after_its_permit_ran_out_is_found():
    expiry = dt.date(2023, 6, 1)
    lapsed = permits(square(0, -1000, 1000), valid_to=[expiry.isoformat()])
    layers = with_series(field(slice(4, 7), slice(4, 7)), expiry)
    (breach,) = motion_beyond(layers, lapsed, on=TODAY, options=OPTIONS)
    assert (breach.kind, breach.permit["permit_id"]) == ("motion_after_expiry", "L-1")
    assert "sinks at 30" in breach.note
    assert motion_beyond(layers.drop_vars("displacement_vertical"), lapsed, on=TODAY, options=OPTIONS) == []


def test_motion_that_had_ended_by_then_is_none():
    expiry = dt.date(2023, 6, 1)
    lapsed = permits(square(0, -1000, 1000), valid_to=[expiry.isoformat()])
    layers = with_series(field(slice(4, 7), slice(4, 7)), expiry)
    still = layers.assign(displacement_vertical=layers["displacement_vertical"] * 0.0)
    assert motion_beyond(still, lapsed, on=TODAY, options=OPTIONS) == []


def test_a_rate_needs_six_epochs():
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=12 * number) for number in range(8)]
    line = -0.02 * np.arange(8) * 12 / 365.25
    assert rate_since(days, line, since=days[2], whole_std=0.0) is None
    found = rate_since(days, line, since=days[1], whole_std=0.0)
    assert (found.velocity, found.std) == (pytest.approx(-0.02), pytest.approx(0.0, abs=1e-9))
    assert found.freedom == 4


def test_few_epochs_ask_for_more_than_a_normal_distribution_does():
    """The 95 % point of Student's t with 4 degrees of freedom is 2.132, the 97.5 % point 2.776 (any table)."""
    rate = RateSince(-0.005 - 2.132 * 0.01, 0.01, 4)
    assert rate.probability_beyond(0.005) == pytest.approx(0.95, abs=1e-4)
    assert rate.describe() == "It sinks at 26 ± 28 mm/year (95 %), not validated on the ground."


def test_the_error_of_a_shorter_span_is_that_of_the_whole_scaled_to_it():
    """Independent dates: the error grows as the root of the sum of squares about the mean date falls."""
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=12 * number) for number in range(60)]
    numbers = np.arange(60.0)
    whole, since = (np.sum((part - part.mean()) ** 2) for part in (numbers, numbers[-10:]))
    found = rate_since(days, np.zeros(60), since=days[49], whole_std=0.001)
    assert found.std == pytest.approx(0.001 * np.sqrt(whole / since))


@pytest.mark.parametrize("n_before", [0, 40])
@pytest.mark.parametrize("n_since", [6, 10, 20])
@pytest.mark.parametrize("walk", [0.0, 0.0015])
def test_ground_that_lies_still_is_hardly_ever_said_to_move(n_before: int, n_since: int, walk: float):
    """600 still series, white noise of 3 mm alone and with a walk of 1.5 mm an epoch as along a network.

    At most 5 % may pass 0.95; three standard errors of a share of 5 % in 600 are 2.7 %. The scatter alone as the error,
    with a normal distribution, passes 12 % of six epochs of white noise and 22 to 32 % with the walk.
    """
    random, n = np.random.default_rng(5), n_before + n_since
    days = [dt.date(2022, 1, 1) + dt.timedelta(days=12 * number) for number in range(n + 1)]
    series = random.normal(0, 0.003, (600, n)) + random.normal(0, walk, (600, n)).cumsum(axis=1)
    whole_std = np.polyfit(np.arange(n) * 12 / 365.25, series.T, 1)[0].std()
    found = [rate_since(days[1:], one, since=days[n_before], whole_std=whole_std) for one in series]
    assert np.mean([one.probability_beyond(0.005) >= 0.95 for one in found]) <= 0.05 + 0.027


def test_of_ground_that_moves_across_a_boundary_what_lies_past_it_is_found():
    """Eight of twelve pixels lie past the boundary, 400 m deep; the rest of the pit is permitted."""
    (breach,) = found(field(slice(6, 8), slice(2, 8)))
    assert breach.kind == "motion_beyond_boundary"
    assert (breach.past.area_m2, breach.past.depth_m) == (pytest.approx(8 * 100**2), pytest.approx(400))
    least_m2 = (400 - 1.645 * OPTIONS.position_std_m) * 200
    assert breach.past.least_m2 == pytest.approx(least_m2, rel=1e-3)
    assert breach.note.endswith("moves alike on permitted land, so that works there may be the cause.")


def test_motion_on_a_grid_in_degrees_is_judged_in_metres():
    beside = permits(square(-2300, -1000, 2000))
    sinking = motion(np.full((10, 10), -0.03), crs="EPSG:4326")
    width_m, height_m = pixel_sides_m(grid_of(sinking))
    (breach,) = motion_beyond(sinking, beside, on=TODAY, options=OPTIONS)
    assert breach.past.area_m2 == pytest.approx(sinking["decorrelated"].size * width_m * height_m, rel=0.01)
    assert 1000 < breach.past.depth_m < 2000
