"""How the errors of a cluster's series hang together. All series here are simulated."""

import datetime as dt

import numpy as np
import pytest

from highwall.activity.clusters import Cluster
from highwall.activity.motion_beyond import motion_beyond, rate_since
from highwall.activity.options import ActivityOptions
from highwall.activity.series_errors import ERROR_LAYERS, errors_of

from .tables import TODAY, motion, permits, square

N, N_SERIES = 86, 600
START = dt.date(2021, 1, 1)
DAYS = [START + dt.timedelta(days=12 * number) for number in range(N)]
YEARS = np.arange(N) * 12 / 365.25
SLOPE = (YEARS - YEARS.mean()) / np.sum((YEARS - YEARS.mean()) ** 2)
WALK = np.minimum.outer(np.arange(N), np.arange(N)).astype(np.float64)  # of a walk of variance 1 an epoch
LAG = np.abs(np.subtract.outer(np.arange(N), np.arange(N))) * 12.0


def of_unit_rate(covariance):
    """Covariance under which the slope of a line has variance 1."""
    return covariance / (SLOPE @ covariance @ SLOPE)


def with_errors(layers, *, share=0.25):
    """Motion that keeps a walk along the network and independent dates beside it."""
    matrices = {"network_errors": of_unit_rate(WALK), "date_errors": of_unit_rate(np.eye(N))}
    kept = {name: (("epoch", "other_epoch"), matrix) for name, matrix in matrices.items()}
    return layers.assign(kept).assign(network_share=(("y", "x"), np.full(layers["decorrelated"].shape, share)))


CLUSTER = Cluster(np.array([1, 1, 2]), np.array([3, 4, 4]), -0.03, 0.002, 30_000.0)


def test_a_cluster_s_errors_are_those_of_its_pixels_scaled_to_the_error_of_its_rate():
    layers = with_errors(motion(np.zeros((10, 10))))
    layers["network_share"][1, 3] = np.nan
    layers["network_share"][2, 4] = 0.75
    found = errors_of(CLUSTER, layers)
    expected = 0.002**2 * (0.5 * of_unit_rate(WALK) + 0.5 * of_unit_rate(np.eye(N)))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert SLOPE @ found @ SLOPE == pytest.approx(0.002**2)


@pytest.mark.parametrize("lacking", ERROR_LAYERS)
def test_a_product_of_an_earlier_version_keeps_none(lacking):
    assert errors_of(CLUSTER, with_errors(motion(np.zeros((10, 10)))).drop_vars(lacking)) is None


def test_where_no_pixel_knows_its_share_errors_are_unknown():
    assert errors_of(CLUSTER, with_errors(motion(np.zeros((10, 10))), share=np.nan)) is None


CASES = {
    "white": 0.003**2 * np.eye(N),
    "memory of 100 days": 0.003**2 * np.exp(-LAG / 100.0),
    "walk": 0.0015**2 * WALK,
    "both": 0.003**2 * np.eye(N) + 0.0015**2 * WALK,
}


def share_told(covariance, *, n_since, rate, is_known):
    """Share of 600 series that are said to move faster than 5 mm a year."""
    root = np.linalg.cholesky(covariance + 1e-12 * np.eye(N))
    series = root @ np.random.default_rng(7).normal(size=(N, N_SERIES)) + rate * YEARS[:, None]
    whole_std = float(np.sqrt(SLOPE @ covariance @ SLOPE))
    found = [
        rate_since(DAYS, one, since=DAYS[N - n_since - 1], whole_std=whole_std, errors=covariance if is_known else None)
        for one in series.T
    ]
    return np.mean([one.probability_beyond(0.005) >= 0.95 for one in found])


@pytest.mark.parametrize("n_since", [6, 10, 20])
@pytest.mark.parametrize("kind", CASES)
def test_still_ground_whose_errors_are_known_is_hardly_ever_said_to_move(kind, n_since):
    """At most 3.5 %, as without that knowledge; three standard errors of such a share in 600 are 2.2 %."""
    assert share_told(CASES[kind], n_since=n_since, rate=0.0, is_known=True) <= 0.035 + 0.022


@pytest.mark.parametrize(
    ("kind", "n_since", "most", "least"), [("walk", 20, 0.75, 0.95), ("both", 10, 0.05, 0.5), ("walk", 6, 0.05, 0.3)]
)
def test_knowing_the_errors_brings_back_ground_that_moves(kind, n_since, most, least):
    """60 mm a year with lasting errors: seldom told without, often with."""
    assert share_told(CASES[kind], n_since=n_since, rate=0.06, is_known=True) > least
    assert share_told(CASES[kind], n_since=n_since, rate=0.06, is_known=False) < most


def test_a_long_span_is_judged_as_before():
    """Of two epochs in five the whole tells too little: its own memory is hardly longer."""
    series, covariance = np.zeros(N), 0.0015**2 * WALK
    whole = float(np.sqrt(SLOPE @ covariance @ SLOPE))
    since = DAYS[N - 36]
    known = rate_since(DAYS, series, since=since, whole_std=whole, errors=covariance)
    assert known == rate_since(DAYS, series, since=since, whole_std=whole)


def test_motion_after_an_expiry_is_found_by_what_the_product_keeps():
    """Ground that sinks at 100 mm a year, with a walk of 1.5 mm an epoch, and ten epochs since the expiry."""
    velocity = np.zeros((10, 10))
    velocity[4:7, 4:7] = -0.1
    covariance = 0.0015**2 * WALK
    layers = motion(velocity, std=float(np.sqrt(SLOPE @ covariance @ SLOPE)))
    series = velocity[None] * YEARS[:, None, None]
    stamps = np.array(DAYS, dtype="datetime64[ns]")
    layers = layers.assign(displacement_vertical=(("epoch", "y", "x"), series)).assign_coords(epoch=stamps)
    lapsed = permits(square(0, -1000, 1000), valid_to=[DAYS[N - 11].isoformat()])
    assert motion_beyond(layers, lapsed, on=TODAY, options=ActivityOptions()) == []
    kept = with_errors(layers, share=1.0)
    (breach,) = motion_beyond(kept, lapsed, on=TODAY, options=ActivityOptions())
    assert (breach.kind, breach.permit["permit_id"]) == ("motion_after_expiry", "L-1")
