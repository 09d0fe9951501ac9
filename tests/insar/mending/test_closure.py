import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.products import LAYERS
from highwall.insar.mending.closure import closure, sample, triplets_of, typical_phase
from highwall.insar.network import Network
from tests.insar.stacks import band_network, make_stack

PAIRS, DAYS = band_network(6, band=2), np.arange(6) * 12
TURN = np.float32(2 * np.pi)


@pytest.fixture
def stack():
    """Phases that close within ±π."""
    unw = np.random.default_rng(0).normal(0, 0.3, (len(PAIRS), 5, 4)).astype(np.float32)
    return make_stack(unw, PAIRS, days=DAYS)


def closing_stack(seed, *, band=3, shape=(4, 6)):
    """Phases that are differences of epochs, which close up to rounding."""
    pairs = band_network(7, band=band)
    phase = np.random.default_rng(seed).normal(0, 20, (7, *shape)).astype(np.float32)
    return make_stack(phase[pairs[:, 1]] - phase[pairs[:, 0]], pairs, days=12 * np.arange(7))


def test_triplets_are_triangles():
    found = triplets_of(Network.from_stack(make_stack(np.zeros((9, 1, 1), np.float32), PAIRS, days=DAYS)))
    assert len(found.rows) == 4  # (0,1,2) … (3,4,5)
    assert_array_equal(found.signs, np.tile([1, 1, -1], (4, 1)))
    for ab, bc, ac in found.rows:
        (a, b), (b2, c), (a2, c2) = PAIRS[ab], PAIRS[bc], PAIRS[ac]
        assert (a, b, c) == (a2, b2, c2)


@pytest.mark.parametrize("chunks", [None, {"x": 3, "y": 2}])
def test_cycle_slips_and_only_those_are_counted(stack, chunks):
    stack["unw"][0, 1, 2] += TURN  # pair (0, 1) is in one triplet
    stack["unw"][0, 0, 0] = np.nan
    counted = closure(stack if chunks is None else stack.chunk(chunks))
    assert counted.counts.n_checked.sum() == 4 * 20 - 1
    assert counted.counts.share_open == 1 / 79
    assert float(counted.share_open[1, 2]) == 0.25
    assert int(counted.n_triplets[0, 0]) == 3
    assert counted.share_open.dtype == LAYERS["share_open"].dtype
    of_pairs = counted.counts.share_open_of_pairs(len(PAIRS))
    assert of_pairs[0] == 1 / 19
    assert_array_equal(np.flatnonzero(of_pairs), [0, 1, 2])  # (0,1), (0,2), (1,2)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_a_closing_network_closes_whatever_constants_its_pairs_carry(seed, band):
    stack = closing_stack(seed, band=band)
    assert closure(stack).counts.n_open.sum() == 0
    constants = np.random.default_rng(seed).uniform(-30, 30, stack.sizes["pair"]).astype(np.float32)
    shifted = stack.assign(unw=stack["unw"] + constants[:, None, None])
    assert closure(shifted, offsets=constants).counts.n_open.sum() == 0


def test_constants_that_are_not_taken_out_count(stack):
    shifted = stack.assign(unw=stack["unw"] + TURN * (np.arange(len(PAIRS)) == 3)[:, None, None])
    assert closure(shifted).counts.n_open.sum() > 0
    assert closure(shifted, offsets=typical_phase(shifted)).counts.n_open.sum() == 0


def test_a_pair_that_runs_backwards_closes_too():
    stack = closing_stack(1)
    unw, pairs = stack["unw"].values.copy(), band_network(7, band=3)
    unw[::2], pairs[::2] = -unw[::2], pairs[::2, ::-1].copy()
    counted = closure(make_stack(unw, pairs, days=12 * np.arange(7)))
    assert counted.counts.n_checked.sum() == closure(stack).counts.n_checked.sum() > 0
    assert counted.counts.n_open.sum() == 0


def test_blocks_add_up(stack):
    stack["unw"][2, 3] += TURN
    whole = closure(stack)
    parts = [closure(stack.isel(y=rows)) for rows in (slice(0, 2), slice(2, 5))]
    added = parts[0].counts + parts[1].counts
    assert_array_equal(added.n_open, whole.counts.n_open)
    assert added.share_open == whole.counts.share_open
    assert_array_equal(np.concatenate([part.share_open for part in parts]), whole.share_open)


def test_an_unknown_constant_is_not_checked(stack):
    offsets = np.zeros(len(PAIRS), np.float32)
    offsets[0] = np.nan
    assert closure(stack, offsets=offsets).counts.n_checked.sum() == 3 * 20


def test_without_triangles():
    counted = closure(make_stack(np.zeros((1, 2, 2), np.float32), np.array([[0, 1]]), days=np.array([0, 12])))
    assert counted.counts.n_checked.sum() == 0
    assert np.isnan(counted.counts.share_open)
    assert counted.share_open.isnull().all()


def test_typical_phase_is_the_median_of_a_grid_of_pixels(stack):
    stack["unw"][1] = np.nan
    stack["unw"][0, 2:] = np.nan
    typical = typical_phase(stack)
    assert np.isnan(typical[1])
    assert_allclose(typical[0], np.median(stack["unw"][0, :2]))
    few = sample(stack.chunk(y=2), max_pixels=6)
    assert dict(few.sizes)["y"] * dict(few.sizes)["x"] <= 6
    assert_allclose(typical_phase(few), typical_phase(stack, max_pixels=6))
