import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import gaussian_filter

from highwall.core.errors import InputError
from highwall.core.products import LAYERS
from highwall.core.truth import simulate_site
from highwall.insar.mending.closure import closure, typical_phase
from highwall.insar.mending.repair import repair
from highwall.insar.options import RepairOptions
from highwall.insar.simulate import StackOptions, simulate_stack
from tests.insar.stacks import band_network, make_stack

TURN = np.float32(2 * np.pi)
PAIRS = band_network(8, band=3)


def noisy(seed, *, shape=(3, 5), missing=0.0):
    """Differences of epochs with noise well within a turn; phases missing at random."""
    rng = np.random.default_rng(seed)
    phase = rng.normal(0, 5, (8, *shape))
    unw = phase[PAIRS[:, 1]] - phase[PAIRS[:, 0]] + rng.normal(0, 0.2, (len(PAIRS), *shape))
    unw[rng.random(unw.shape) < missing] = np.nan
    return make_stack(unw.astype(np.float32), PAIRS, days=12 * np.arange(8))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.6))
def test_what_has_no_error_is_not_changed(seed, missing):
    stack = noisy(seed, missing=missing)
    mended = repair(stack)
    assert mended.stack["unw"].equals(stack["unw"])
    assert mended.report.n_pixels_open == mended.report.n_pixels_repaired == 0
    assert not mended.n_repaired.any()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, len(PAIRS) - 1), st.sampled_from([-3, -2, -1, 1, 2, 3]))
def test_one_wrong_pair_of_a_redundant_network_is_mended_exactly(seed, pair, turns):
    truth = noisy(seed)
    wrong = truth.copy(deep=True)
    wrong["unw"][pair, 1, 2] += turns * TURN
    mended = repair(wrong)
    assert_allclose(mended.stack["unw"], truth["unw"], atol=1e-5)  # float32 of some 40 rad
    assert int(mended.n_repaired.sum()) == int(mended.n_repaired[1, 2]) == 1
    assert_array_equal(mended.report.moved_of, np.arange(len(PAIRS)) == pair)
    assert mended.report.n_pixels_left == 0


def test_a_choice_between_equals_is_left_and_flagged():
    """In a single triangle no pair is guiltier than another."""
    stack = make_stack(np.zeros((3, 1, 2), np.float32), band_network(3, band=2), days=12 * np.arange(3))
    stack["unw"][1, 0, 1] = TURN
    mended = repair(stack)
    assert mended.stack["unw"].equals(stack["unw"])
    assert_array_equal(mended.share_open, [[0.0, 1.0]])
    assert (mended.report.n_pixels_open, mended.report.n_pixels_left) == (1, 1)
    assert "1 pixels keep open triplets" in mended.report.describe()


def test_no_pair_that_moved_keeps_an_open_triplet():
    moved_and_left = 0
    for seed in range(40):
        stack = noisy(seed, shape=(1, 1))
        stack["unw"] += TURN * (np.random.default_rng(seed).random(stack["unw"].shape) < 0.25).astype(np.float32)
        mended = repair(stack, options=RepairOptions(max_left_share=1.0))
        counts = closure(mended.stack).counts
        still_open = np.unique(counts.triplets.rows[counts.n_open > 0])
        moved = np.flatnonzero(mended.report.moved_of)
        assert not np.isin(still_open, moved).any()
        moved_and_left += bool(len(moved) and len(still_open))
    assert moved_and_left > 2  # the law was put to the test


def test_a_margin_asks_for_more():
    stack = noisy(5)
    stack["unw"][0, 0, 0] += TURN  # pair (0, 1): two triplets, whose other pairs gain nothing
    assert repair(stack, options=RepairOptions(min_margin=2)).report.n_pixels_repaired == 1
    assert repair(stack, options=RepairOptions(min_margin=3)).report.n_pixels_repaired == 0


def test_constants_of_pairs_do_not_matter():
    stack = noisy(6, shape=(6, 7))
    stack["unw"][3, 2, 2] += TURN
    constants = np.random.default_rng(0).uniform(-40, 40, len(PAIRS)).astype(np.float32)
    shifted = stack.assign(unw=stack["unw"] + constants[:, None, None])
    mended = repair(shifted, offsets=constants)
    assert_allclose(mended.stack["unw"] - constants[:, None, None], repair(stack).stack["unw"], atol=2e-5)
    assert mended.report.moved_of[3] == 1


def test_blocks_do_not_change_a_bit():
    stack = noisy(7, shape=(9, 300), missing=0.1)
    wrong = np.random.default_rng(1).random(stack["unw"].shape) < 0.02
    stack["unw"] += TURN * wrong.astype(np.float32)
    whole = repair(stack)
    parts = [repair(stack.isel(x=cols)) for cols in (slice(0, 1), slice(1, 140), slice(140, 300))]
    assert_array_equal(np.concatenate([part.stack["unw"] for part in parts], axis=2), whole.stack["unw"])
    total = parts[0].report + parts[1].report + parts[2].report
    assert total.describe() == whole.report.describe()
    assert total.n_pixels_repaired > 500


def test_noise_is_no_error_of_whole_turns():
    """Phases without signal (simulated): a third of the triplets are open, and moves would close most, not all."""
    pairs = band_network(40, band=3)
    noise = np.random.default_rng(0).uniform(-np.pi, np.pi, (len(pairs), 20, 20)).astype(np.float32)
    stack = make_stack(noise, pairs, days=12 * np.arange(40))
    mended = repair(stack)
    assert mended.report.n_pixels_left == 400
    assert mended.report.n_pixels_repaired < 20  # 10 measured; without the bound nearly all
    assert repair(stack, options=RepairOptions(max_left_share=1.0)).report.n_pixels_repaired > 390
    assert float(mended.share_open.mean()) > 0.3


def test_none_counts_and_changes_nothing():
    stack = noisy(8)
    stack["unw"][3, 2, 2] += TURN
    mended = repair(stack, options=RepairOptions(method="none"))
    assert mended.stack["unw"].equals(stack["unw"])
    assert mended.report.n_pixels_open == mended.report.n_pixels_left == 1
    assert float(mended.share_open[2, 2]) > 0.0
    for name, layer in (("n_repaired_pairs", mended.n_repaired), ("share_open", mended.share_open)):
        assert (layer.name, layer.dtype, layer.attrs) == (name, LAYERS[name].dtype, LAYERS[name].attrs())


def test_bridging_asks_for_its_bridges():
    with pytest.raises(InputError, match="fit_bridges"):
        repair(noisy(9), options=RepairOptions(method="both"))


@pytest.fixture(scope="module")
def mine():
    """Simulated Sentinel-1 stack with noise, 31 dates, 87 pairs, unwrapped without error."""
    return simulate_stack(simulate_site(1), StackOptions(n_epochs=31)).stack


def injected(shape, *, kind, share):
    """Turns of ±1 at single phases, or over regions of each pair."""
    rng = np.random.default_rng(3)
    if kind == "pixels":
        return rng.choice([-1, 1], shape) * (rng.random(shape) < share)
    fields = np.stack([gaussian_filter(rng.standard_normal(shape[1:]), 6) for _ in range(shape[0])])
    bound = np.quantile(fields, 1 - share, axis=(1, 2), keepdims=True)
    return rng.choice([-1, 1], (shape[0], 1, 1)) * (fields > bound)


@pytest.mark.parametrize(
    ("kind", "share", "least_mended", "most_false"),
    [
        ("pixels", 0.001, 0.99, 0.001),
        ("pixels", 0.01, 0.97, 0.002),
        ("pixels", 0.05, 0.90, 0.02),
        ("regions", 0.01, 0.90, 0.01),
        ("regions", 0.05, 0.84, 0.03),
    ],
)
def test_injected_errors_found_mended_and_falsely_changed(mine, kind, share, least_mended, most_false):
    """Bounds a little beyond what was measured: see docs; false changes are a share of all changes."""
    turns = injected(mine["unw"].shape, kind=kind, share=share)
    wrong = mine.assign(unw=mine["unw"] + (TURN * turns).astype(np.float32))
    mended = repair(wrong, offsets=typical_phase(mine))
    left = np.rint((mended.stack["unw"] - mine["unw"]).values / TURN)
    there = np.isfinite(mine["unw"].values)
    is_wrong = there & (turns != 0)
    changed = there & (left != turns)
    assert (left[is_wrong] == 0).mean() > least_mended
    assert (changed & ~is_wrong).sum() < most_false * changed.sum()
    touched = is_wrong.any(axis=0)
    assert mended.report.n_pixels_open > 0.99 * touched.sum()  # found


@pytest.mark.real
def test_mexico_city(real_data):
    from highwall.io.radar.interferograms import open_stack

    stack: xr.Dataset = open_stack(real_data / "insar" / "mexico-city-s1").stack
    mended = repair(stack, offsets=typical_phase(stack))
    report = mended.report
    assert (report.n_pixels_open, report.n_pixels_repaired) == (7, 1)
    assert int(mended.n_repaired.sum()) == int(report.moved_of.sum()) == 1
