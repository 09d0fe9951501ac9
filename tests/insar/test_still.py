import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.errors import InputError, NetworkError
from highwall.insar.options import AutomaticReference
from highwall.insar.reference import phase_at
from highwall.insar.still import choose_place, shortest_interval, still_history, survey
from tests.insar.stacks import METRES_PER_RADIAN, band_network, make_stack

DAYS = np.arange(12) * 12
PAIRS = band_network(12, band=3)
SPANS = (DAYS[PAIRS[:, 1]] - DAYS[PAIRS[:, 0]]) / DAYS_PER_YEAR
SHAPE = (30, 40)


def scene(rates, *, coherence=0.7, seed=0, noise=0.1):
    """Steady rates (y, x) [m/year], noise, and an arbitrary constant on every pair."""
    rng = np.random.default_rng(seed)
    phase = rates / METRES_PER_RADIAN * SPANS[:, None, None] + rng.normal(0, noise, (len(PAIRS), *SHAPE))
    phase += rng.uniform(-30, 30, len(PAIRS))[:, None, None]
    coh = np.broadcast_to(coherence, phase.shape).astype(np.float32)
    return make_stack(phase.astype(np.float32), PAIRS, days=DAYS, coh=coh.copy())


def sinking_city():
    """Two thirds sink at 50 to 300 mm/year, each pixel otherwise; the western third stands still."""
    rates = np.zeros(SHAPE)
    rates[:, 13:] = -np.linspace(0.05, 0.3, 27)
    return rates


def chosen(stack, *, avoid=None, **options):
    history = still_history(stack, avoid=avoid)
    return choose_place(
        survey(stack, history=history), history=history, options=AutomaticReference(**options), avoid=avoid
    )


def test_still_ground_is_where_rates_lie_densest_not_their_median():
    rates = sinking_city()
    stack = scene(rates)
    maps = survey(stack, history=still_history(stack))
    assert abs(float(maps["rate"].values[rates == 0].mean())) < 0.001  # the still level wavers by 0.5 mm/year
    assert np.median(rates) < -0.05
    place = chosen(stack)
    assert place.cols.stop <= 13
    assert "the median coherent pixel by -" in place.why


def test_a_scene_that_stands_still_rises_nowhere():
    rates = np.zeros(SHAPE)
    rates[10:16, 10:20] = -0.08  # a pit
    stack = scene(rates)
    place = chosen(stack)
    relative = stack["unw"] - phase_at(place.window(stack), place=place).phase[:, None, None]
    seen = METRES_PER_RADIAN * (relative * SPANS[:, None, None]).sum("pair").values / (SPANS**2).sum()
    assert abs(np.median(seen)) < 0.001
    assert (seen > 0.005).mean() < 0.01


def test_no_motion_bears_no_minus():
    place = chosen(scene(np.full(SHAPE, -0.05), noise=0.0))
    assert "the stillest ground moves by +0.0, the median coherent pixel by +0.0 mm/year" in place.why


def test_the_rate_is_that_of_the_least_squares_series():
    stack = scene(np.linspace(-0.1, 0.02, SHAPE[0] * SHAPE[1]).reshape(SHAPE))
    history = still_history(stack)
    phase = stack["unw"].values.astype(float) - history.phase[:, None, None]
    design = np.zeros((len(PAIRS), 12))
    design[np.arange(len(PAIRS)), PAIRS[:, 1]], design[np.arange(len(PAIRS)), PAIRS[:, 0]] = 1.0, -1.0
    series = np.linalg.lstsq(design[:, 1:], phase.reshape(len(PAIRS), -1), rcond=None)[0]
    series = np.vstack([np.zeros(series.shape[1]), series])
    slope = np.polyfit(DAYS / DAYS_PER_YEAR, series, 1)[0].reshape(SHAPE) * METRES_PER_RADIAN
    maps = survey(stack, history=history)
    assert_allclose(maps["rate"], slope, atol=1e-6)
    assert_allclose(maps["deviation"], np.sqrt((phase**2).mean(axis=0)), rtol=1e-5)


def test_missing_pairs_do_not_bend_a_steady_rate():
    stack = scene(np.zeros(SHAPE), noise=0.0)
    history = still_history(stack)
    stack["unw"] += (-0.05 / METRES_PER_RADIAN * SPANS).astype(np.float32)[:, None, None]
    stack["unw"][::3, 5, 5] = np.nan
    stack["unw"][:, 6, 6] = np.nan
    rate = survey(stack, history=history)["rate"]
    assert_allclose(rate[5, 5], -0.05, rtol=1e-3)
    assert np.isnan(rate[6, 6])


@pytest.mark.parametrize("size", [7, 13])
def test_blocks_of_a_survey_are_those_of_the_whole(size):
    stack = scene(sinking_city())
    stack["unw"][3, 4, 7] = np.nan
    history = still_history(stack)
    whole = survey(stack, history=history)
    for start in range(0, SHAPE[1], size):
        cols = {"x": slice(start, start + size)}
        part = survey(stack.isel(cols), history=history)
        for name in whole:
            assert_array_equal(part[name], whole[name].isel(cols))


def test_it_keeps_away_from_what_is_avoided():
    avoid = np.zeros(SHAPE, dtype=bool)
    avoid[:, :30] = True
    place = chosen(scene(np.zeros(SHAPE)), avoid=avoid, margin_px=4)
    assert place.cols.start >= 32  # the fit pixels of the window lie beyond the margin, its edge may not
    assert "px from what is avoided" in place.why
    window = np.zeros(SHAPE, dtype=bool)
    window[place.rows, place.cols] = place.counts
    assert not window[:, :33].any()


def test_pixels_that_are_incoherent_or_open_or_lack_pairs_do_not_count():
    stack = scene(np.zeros(SHAPE))
    stack["coh"][:, ::3] = 0.4
    stack["unw"][2, 1, :20] = np.nan
    stack["unw"][5, 4] += np.float32(2 * np.pi)
    place = chosen(stack, radius_px=30)
    counted = np.zeros(SHAPE, dtype=bool)
    counted[place.rows, place.cols] = place.counts
    assert not counted[::3].any()
    assert not counted[1, :20].any()
    assert not counted[4].any()
    assert counted[5].any()


def test_without_coherence():
    rates = sinking_city()
    assert chosen(scene(rates).drop_vars("coh")).cols.stop <= 13


def test_a_history_of_a_sample_serves_the_scene():
    stack = scene(sinking_city())
    few = still_history(stack, max_pixels=300)
    assert few.n_pixels < still_history(stack).n_pixels
    assert abs(float(survey(stack, history=few)["rate"].values[:, :13].mean())) < 0.002


def test_nothing_to_choose_from():
    stack = scene(np.zeros(SHAPE))
    with pytest.raises(NetworkError, match="avoid less"):
        chosen(stack, avoid=np.ones(SHAPE, dtype=bool))
    with pytest.raises(InputError, match="avoid has shape"):
        still_history(stack, avoid=np.ones((2, 2), dtype=bool))
    stack["unw"][:] = np.nan
    with pytest.raises(NetworkError, match="no pixel has a phase"):
        still_history(stack)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=40), st.floats(0.05, 1))
def test_no_interval_that_holds_the_share_is_shorter(values, share):
    low, high = shortest_interval(np.array(values), share=share)
    ordered = np.sort(values)
    needed = max(int(np.ceil(share * len(values))), 1)
    assert ((ordered >= low) & (ordered <= high)).sum() >= needed
    assert high - low == min(ordered[n + needed - 1] - ordered[n] for n in range(len(ordered) - needed + 1))


def test_ground_that_moves_together_elsewhere_is_named_as_a_rival():
    rates = np.random.default_rng(2).uniform(-0.3, -0.1, SHAPE)
    rates[:, :13] = 0.0
    rates[:, 25:] = -0.05
    place = chosen(scene(rates, noise=0.02))
    assert "moves together at" in place.why
    level = 0.0 if place.cols.stop <= 13 else -0.05
    said = float(place.why.split("moves together at ")[1].split(" ")[0])
    assert said == pytest.approx(1e3 * (-0.05 if level == 0.0 else 0.05), abs=5)


def test_a_still_scene_has_no_rival():
    assert "moves together" not in chosen(scene(np.zeros(SHAPE))).why
