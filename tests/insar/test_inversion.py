from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.errors import InputError, NetworkError, StackError
from highwall.core.products import LAYERS
from highwall.insar.inversion import invert
from highwall.insar.options import AlreadyReferenced, AutomaticReference, InversionOptions, PixelReference
from highwall.insar.reference import ReferencePhase, reference_phase
from tests.insar.stacks import METRES_PER_RADIAN, band_network, make_stack, noisy_case
from tests.oracles.insar import PixelSolution, coherence_weights, multilook_phase, sbas

PLAIN = InversionOptions(reference=AlreadyReferenced(), weighting="none")
WEIGHTED = InversionOptions(reference=AlreadyReferenced(), looks=12.0)
LEAST_SIZES = WEIGHTED.model_copy(update={"norm": "L1"})


def solve_by_oracle(stack: xr.Dataset, pairs, days, *, weighted: bool) -> dict[tuple[int, int], PixelSolution]:
    unw, coh = stack["unw"].values.astype(float), stack["coh"].values.astype(float)
    weights = coherence_weights(coh, 12.0) if weighted else np.ones_like(coh)
    return {
        (r, c): sbas(unw[:, r, c], weights[:, r, c], pairs, days / DAYS_PER_YEAR)
        for r in range(unw.shape[1])
        for c in range(unw.shape[2])
    }


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("band", "missing"), [(4, 0.0), (4, 0.3), (3, 0.7), (11, 0.2)], ids=["full", "gaps", "split", "dense"]
)
def test_agrees_with_the_pseudoinverse(weighted, band, missing):
    stack, pairs, days = noisy_case(band, band=band, missing=missing)
    result = invert(stack, options=WEIGHTED if weighted else PLAIN)
    for (r, c), truth in solve_by_oracle(stack, pairs, days, weighted=weighted).items():
        pixel = result.isel(y=r, x=c)
        assert pixel["n_valid_pairs"] == truth.n_pairs
        assert pixel["n_components"] == len(days) - truth.rank
        # phases reach some 50 rad: float32 rounds them to 4e-6
        assert_allclose(pixel["displacement"] / METRES_PER_RADIAN, truth.phase, atol=5e-5)
        assert_allclose(pixel["velocity"] / METRES_PER_RADIAN, truth.velocity, rtol=1e-5, atol=1e-4)
        assert_allclose(pixel["residual_rms"], truth.residual_rms, rtol=1e-4, atol=1e-5)
        assert_allclose(pixel["temporal_coherence"], truth.temporal_coherence, atol=2e-5)
        if truth.n_pairs > truth.rank:
            assert_allclose(pixel["velocity_std"] / -METRES_PER_RADIAN, truth.velocity_std, rtol=1e-4, atol=1e-4)


def test_split_pixels_are_among_those_compared():
    stack, _, _ = noisy_case(3, band=3, missing=0.7)
    pieces = invert(stack, options=PLAIN)["n_components"].values
    assert pieces.min() >= 1
    assert (pieces > 2).mean() > 0.5


@st.composite
def connected_networks(draw):
    """Uneven dates, a random tree over them, and some more pairs; weights over four decades."""
    n = draw(st.integers(2, 25))
    steps = draw(st.lists(st.integers(1, 200), min_size=n - 1, max_size=n - 1))
    tree = {(draw(st.integers(0, j - 1)), j) for j in range(1, n)}
    more = draw(st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=20))
    pairs = draw(st.permutations(sorted(tree) + sorted((i, j) for i, j in more if i != j and (i, j) not in tree)))
    return np.cumsum([0, *steps]), np.array(pairs), draw(st.integers(0, 2**32 - 1))


@settings(max_examples=60, deadline=None)
@given(connected_networks())
def test_noise_free_is_exact_on_any_connected_network(network):
    days, pairs, seed = network
    rng = np.random.default_rng(seed)
    phase = rng.normal(0, 10, (len(days), 2, 3))
    phase -= phase[0]
    coh = rng.uniform(0.02, 0.98, (len(pairs), 2, 3)).astype(np.float32)
    stack = make_stack((phase[pairs[:, 1]] - phase[pairs[:, 0]]).astype(np.float32), pairs, days=days, coh=coh)
    result = invert(stack, options=WEIGHTED)
    # phases of up to 50 rad come in as float32 (4e-6 rad) and add up over at most 24 links
    assert_allclose(result["displacement"] / METRES_PER_RADIAN, phase, atol=2e-4)
    assert (result["n_components"] == 1).all()
    assert_allclose(result["temporal_coherence"], 1.0, atol=1e-5)


@pytest.mark.parametrize("options", [PLAIN, WEIGHTED, LEAST_SIZES], ids=["plain", "weighted", "L1"])
@pytest.mark.parametrize("chunks", [{"y": 1, "x": 5}, {"pair": 7, "y": 4, "x": 17}, {"y": 9, "x": 1}])
def test_chunks_do_not_change_a_bit(options, chunks):
    stack, _, _ = noisy_case(5, missing=0.5)
    whole = invert(stack, options=options)
    lazy = invert(stack.chunk(chunks), options=options)
    assert lazy["velocity"].chunks is not None
    assert whole["velocity"].chunks is None
    for name in whole:
        assert_array_equal(lazy[name].values, whole[name].values, err_msg=str(name))
        assert lazy[name].dtype == whole[name].dtype


@pytest.mark.parametrize("band", [3, 11], ids=["banded", "scheduled"])
def test_threads_do_not_change_a_bit(band):
    """Blocks of split pixels, solved at the same time, are those of the scene."""
    stack, _, _ = noisy_case(24, band=band, shape=(24, 70), missing=0.8)
    whole = invert(stack, options=WEIGHTED)
    assert (whole["n_components"] > 1).mean() > 0.5
    rows = [stack.isel(y=slice(start, start + 3)) for start in range(0, 24, 3)]
    with ThreadPoolExecutor(4) as pool:
        blocks = list(pool.map(partial(invert, options=WEIGHTED), rows))
    xr.testing.assert_equal(xr.concat(blocks, dim="y").drop_attrs(), whole.drop_attrs())


def test_which_pixels_are_split_beside_it_does_not_change_a_bit():
    """Split pixels are gathered from several groups and joined together; a pixel alone is joined alone."""
    stack, _, _ = noisy_case(25, shape=(2, 150), missing=0.6)
    whole = invert(stack, options=WEIGHTED)
    split = np.argwhere(whole["n_components"].values > 1)
    assert len(split) > 64  # more than are joined together
    for row, col in split[[0, len(split) // 2, -1]]:
        alone = invert(stack.isel(y=[row], x=[col]), options=WEIGHTED)
        xr.testing.assert_equal(alone.drop_attrs(), whole.isel(y=[row], x=[col]).drop_attrs())


def test_order_of_pairs_does_not_change_a_bit():
    stack, _, _ = noisy_case(6)
    shuffled = stack.isel(pair=np.random.default_rng(0).permutation(stack.sizes["pair"]))
    xr.testing.assert_equal(invert(stack, options=WEIGHTED), invert(shuffled, options=WEIGHTED))


def test_a_pair_that_runs_backwards_is_the_same_pair():
    stack, pairs, days = noisy_case(7)
    backwards = make_stack(-stack["unw"].values, pairs[:, ::-1], days=days, coh=stack["coh"].values)
    xr.testing.assert_equal(invert(stack, options=WEIGHTED), invert(backwards, options=WEIGHTED))


def test_every_layer_is_a_row_of_the_table():
    stack, _, _ = noisy_case(8)
    result = invert(stack)
    for name, array in result.items():
        assert array.dims == LAYERS[name].dims
        assert array.dtype == LAYERS[name].dtype
        assert array.attrs == LAYERS[name].attrs()
    assert result.odc.geobox == stack.odc.geobox
    assert (result["displacement"].isel(epoch=0).fillna(0.0) == 0.0).all()


def test_more_range_is_motion_away():
    """A target that recedes by one wavelength in a year: phase 4π, displacement −λ."""
    stack = make_stack(np.full((1, 2, 2), 4 * np.pi, np.float32), np.array([[0, 1]]), days=np.array([0, 365]))
    result = invert(stack, options=PLAIN)
    assert_allclose(result["displacement"].isel(epoch=1), -0.0554658, rtol=1e-6)
    assert_allclose(result["velocity"], -0.0554658 * 365.25 / 365, rtol=1e-6)


def test_a_doubled_phase_is_a_doubled_motion_and_error():
    stack, _, _ = noisy_case(9)
    once, twice = (invert(stack.assign(unw=stack["unw"] * factor), options=WEIGHTED) for factor in (1.0, 2.0))
    for name in ("displacement", "velocity", "velocity_std", "residual_rms"):
        assert_allclose(twice[name], 2.0 * once[name], rtol=2e-5, atol=1e-7)


def test_constants_of_pairs_do_not_matter_once_referenced():
    stack, _, _ = noisy_case(10, missing=0.0)
    constants = xr.DataArray(
        np.random.default_rng(1).normal(0, 20, stack.sizes["pair"]).astype(np.float32), dims="pair"
    )
    options = InversionOptions(reference=PixelReference(row=2, col=3))
    plain, shifted = (invert(s, options=options) for s in (stack, stack.assign(unw=stack["unw"] + constants)))
    assert_allclose(shifted["displacement"], plain["displacement"], atol=1e-6)  # float32 of 60 rad: 4e-6 rad, 2e-8 m
    assert (shifted["velocity"].isel(y=2, x=3) == 0.0).all()


def test_pairs_without_a_reference_are_dropped_and_named():
    stack, _, _ = noisy_case(11, missing=0.0)
    stack["unw"][4, 2, 3] = np.nan
    options = InversionOptions(reference=PixelReference(row=2, col=3), weighting="none")
    result = invert(stack, options=options)
    kept = invert(stack.drop_isel(pair=[4]), options=options)
    assert len(result.attrs["pairs_set_aside"]) == 1
    assert str(stack["first"].values[4])[:10] in result.attrs["pairs_set_aside"][0]
    assert_array_equal(result["velocity"], kept["velocity"])


def test_min_coherence_drops_observations():
    stack, _, _ = noisy_case(12, missing=0.0)
    options = InversionOptions(reference=AlreadyReferenced(), weighting="none", min_coherence=0.5)
    by_hand = stack.assign(unw=stack["unw"].where(stack["coh"] >= 0.5))
    xr.testing.assert_equal(invert(stack, options=options).drop_attrs(), invert(by_hand, options=PLAIN).drop_attrs())


def test_min_pairs_leaves_counts_only():
    stack, _, _ = noisy_case(13, missing=0.6)
    result = invert(stack, options=PLAIN.model_copy(update={"min_pairs": 15}))
    few = result["n_valid_pairs"] < 15
    assert 0 < few.sum() < few.size
    assert result["velocity"].isnull().equals(few.drop_attrs())


def test_a_pixel_without_data_is_nan():
    stack, _, _ = noisy_case(14)
    stack["unw"][:, 0, 0] = np.nan
    pixel = invert(stack, options=WEIGHTED).isel(y=0, x=0)
    assert pixel["n_valid_pairs"] == 0
    assert pixel["n_components"] == 0
    assert pixel[["displacement", "velocity", "velocity_std", "temporal_coherence", "residual_rms"]].isnull().all()


def test_infinite_phase_is_missing():
    stack, _, _ = noisy_case(15, missing=0.0)
    stack["unw"][3] = np.inf
    assert_array_equal(
        invert(stack, options=PLAIN)["velocity"], invert(stack.drop_isel(pair=[3]), options=PLAIN)["velocity"]
    )


def test_without_redundancy_the_error_comes_from_coherence_or_is_unknown():
    days, pairs = np.array([0, 365]), np.array([[0, 1]])
    coh = np.full((1, 1, 1), 0.6, np.float32)
    stack = make_stack(np.ones((1, 1, 1), np.float32), pairs, days=days, coh=coh)
    sigma = np.sqrt((1 - 0.36) / (2 * 12.0 * 0.36)) * -METRES_PER_RADIAN * 365.25 / 365
    assert_allclose(invert(stack, options=WEIGHTED)["velocity_std"], sigma, rtol=1e-5)
    assert invert(stack, options=PLAIN)["velocity_std"].isnull().all()


@pytest.mark.parametrize("weighted", [False, True])
def test_velocity_std_is_the_scatter_of_the_velocity(weighted):
    """Multilooked phase noise of the stated coherence and looks: z scores have unit spread (simulated)."""
    rng = np.random.default_rng(3)
    pairs, days = band_network(30, band=4), np.arange(30) * 12
    shape = (len(pairs), 40, 40)
    coh = rng.uniform(0.3, 0.9, shape).astype(np.float32) if weighted else np.full(shape, 0.6, np.float32)
    rate = 3.0  # rad/year
    truth = rate * (days[pairs[:, 1]] - days[pairs[:, 0]]) / DAYS_PER_YEAR
    unw = (truth[:, None, None] + multilook_phase(rng, coh, 12)).astype(np.float32)
    result = invert(make_stack(unw, pairs, days=days, coh=coh), options=WEIGHTED if weighted else PLAIN)
    z = (result["velocity"] - rate * METRES_PER_RADIAN) / result["velocity_std"]
    assert abs(float(z.std()) - 1.0) < 0.1  # 1600 samples: sampling error 0.018
    assert abs(float(z.mean())) < 0.1  # sampling error 0.025


def test_missing_coherence_is_said():
    stack, _, _ = noisy_case(16)
    result = invert(stack.drop_vars("coh"), options=WEIGHTED)
    assert "no coherence" in result.attrs["weighting"]
    assert_array_equal(result["velocity"], invert(stack, options=PLAIN)["velocity"])


def test_split_stack_is_solved_and_reported():
    pairs, days = np.array([[0, 1], [2, 3]]), np.array([0, 12, 24, 36])
    result = invert(make_stack(np.ones((2, 3, 3), np.float32), pairs, days=days), options=PLAIN)
    assert "2 pieces" in result.attrs["network"]
    assert (result["n_components"] == 2).all()
    # one radian over the first and the last interval, least norm: none between
    assert_allclose(result["displacement"].isel(y=0, x=0) / METRES_PER_RADIAN, [0, 1, 1, 2], atol=1e-6)


def test_nothing_to_invert():
    stack, _, _ = noisy_case(17)
    with pytest.raises(NetworkError, match="phase"):
        invert(stack.assign(unw=stack["unw"] * np.nan), options=InversionOptions(reference=AutomaticReference()))
    with pytest.raises(StackError, match="empty"):
        invert(stack.isel(pair=slice(0)))
    with pytest.raises(StackError, match="wavelength_m"):
        invert(stack.drop_attrs())
    with pytest.raises(StackError, match="'first'"):
        invert(stack.drop_vars("first"))
    with pytest.raises(StackError, match="'unw'"):
        invert(stack.rename(unw="phase"))
    with pytest.raises(InputError, match="transpose"):
        invert(stack.transpose("y", "x", "pair"))


def test_a_stack_of_one_date_is_refused():
    stack = make_stack(np.ones((1, 2, 2), np.float32), np.array([[0, 0]]), days=np.array([0]))
    with pytest.raises(StackError, match="begins and ends on 2020-01-04"):
        invert(stack, options=PLAIN)


def test_all_nan_stack_that_is_referenced_gives_no_numbers():
    stack, _, _ = noisy_case(18)
    result = invert(stack.assign(unw=stack["unw"] * np.nan), options=PLAIN)
    assert (result["n_valid_pairs"] == 0).all()
    assert result["velocity"].isnull().all()


def test_weights_of_every_strength_do_not_hide_or_invent_a_gap():
    """A cluster of the strongest pairs hangs on a chain of the weakest; cutting one link of it splits the network."""
    chain = [(i, i + 1) for i in range(40)]
    cluster = [(i, j) for i in range(40, 60) for j in range(i + 1, 60)]
    pairs, days = np.array(chain + cluster), np.arange(60) * 12
    coh = np.where(pairs[:, 1] <= 40, 0.0, 1.0).astype(np.float32)[:, None, None]
    stack = make_stack((pairs[:, 1] - pairs[:, 0]).astype(np.float32)[:, None, None], pairs, days=days, coh=coh)
    whole = invert(stack, options=WEIGHTED)
    assert whole["n_components"] == 1
    assert_allclose(whole["displacement"][:, 0, 0] / METRES_PER_RADIAN, np.arange(60.0), rtol=1e-5)
    stack["unw"][17] = np.nan
    cut = invert(stack, options=WEIGHTED)
    assert cut["n_components"] == 2
    assert_allclose(np.diff(cut["displacement"][:, 0, 0] / METRES_PER_RADIAN)[[16, 17, 18]], [1, 0, 1], atol=1e-4)


def test_one_long_pair_keeps_the_rest_banded_and_right():
    """A yearly pair over a chain: the envelope holds one full row, and the answer is the oracle's."""
    pairs = np.array([*band_network(31, band=2), (0, 30), (1, 30)])
    days = np.arange(31) * 12
    unw = np.random.default_rng(4).normal(0, 3, (len(pairs), 1, 1)).astype(np.float32)
    phase = invert(make_stack(unw, pairs, days=days), options=PLAIN)["displacement"][:, 0, 0] / METRES_PER_RADIAN
    truth = sbas(unw[:, 0, 0].astype(float), np.ones(len(pairs)), pairs, days / DAYS_PER_YEAR)
    assert_allclose(phase, truth.phase, atol=2e-5)


def test_the_same_pair_twice_counts_twice():
    stack, pairs, days = noisy_case(19, missing=0.2)
    twice = xr.concat([stack, stack.isel(pair=slice(5))], dim="pair")
    pairs = np.concatenate([pairs, pairs[:5]])
    result = invert(twice, options=WEIGHTED)
    for (r, c), truth in solve_by_oracle(twice, pairs, days, weighted=True).items():
        assert_allclose(result["displacement"][:, r, c] / METRES_PER_RADIAN, truth.phase, atol=5e-5)


@pytest.mark.parametrize("missing", [0.0, 0.4, 0.75])
def test_a_wide_network_agrees_with_the_pseudoinverse(missing):
    """Yearly pairs over short ones: the schedule eliminates the least linked epochs first."""
    rng = np.random.default_rng(20)
    pairs = np.array([*band_network(40, band=2), *((i, i + 15) for i in range(0, 25, 2))])
    days = np.arange(40) * 24
    unw = rng.normal(0, 5, (len(pairs), 3, 70)).astype(np.float32)
    unw[rng.random(unw.shape) < missing] = np.nan
    coh = rng.uniform(0.05, 0.98, unw.shape).astype(np.float32)
    stack = make_stack(unw, pairs, days=days, coh=coh)
    result = invert(stack, options=WEIGHTED)
    for (r, c), truth in solve_by_oracle(stack.isel(x=slice(0, 70, 9)), pairs, days, weighted=True).items():
        pixel = result.isel(y=r, x=9 * c)
        assert pixel["n_components"] == len(days) - truth.rank
        assert_allclose(pixel["displacement"] / METRES_PER_RADIAN, truth.phase, atol=1e-4)
        if truth.n_pairs > truth.rank:
            assert_allclose(pixel["velocity_std"] / -METRES_PER_RADIAN, truth.velocity_std, rtol=1e-3, atol=1e-4)
    lazy = invert(stack.chunk({"y": 2, "x": 13}), options=WEIGHTED)
    for name in result:
        assert_array_equal(lazy[name].values, result[name].values, err_msg=str(name))


def test_a_block_with_the_scene_s_reference_is_a_block_of_the_scene():
    stack, _, _ = noisy_case(21, missing=0.2)
    options = InversionOptions(reference=PixelReference(row=2, col=3, half_width_px=2))
    whole = invert(stack, options=options)
    reference = reference_phase(stack, reference=options.reference)
    corner = {"y": slice(5, 9), "x": slice(8, 17)}
    block = invert(stack.isel(corner), options=options, reference=reference)
    xr.testing.assert_equal(block.drop_attrs(), whole.isel(corner).drop_attrs())
    with pytest.raises(StackError, match="pairs"):
        invert(stack, reference=ReferencePhase(reference.phase[1:], reference.why))


def test_least_sizes_do_not_follow_blunders():
    """Pairs off by 2π: least squares spreads them over the series, least sizes leave them in the residuals."""
    rng = np.random.default_rng(22)
    pairs, days = band_network(20, band=5), np.arange(20) * 12
    phase = np.cumsum(rng.normal(0, 1, (20, 4, 16)), axis=0)
    phase -= phase[0]
    unw = (phase[pairs[:, 1]] - phase[pairs[:, 0]]).astype(np.float32)
    inner = np.flatnonzero((pairs[:, 0] >= 2) & (pairs[:, 1] <= 17))  # each with many ways round it
    for pixel in np.ndindex(unw.shape[1:]):
        unw[(rng.choice(inner, 2, replace=False), *pixel)] += np.float32(2 * np.pi)
    stack = make_stack(unw, pairs, days=days)
    robust, plain = (invert(stack, options=PLAIN.model_copy(update={"norm": norm})) for norm in ("L1", "L2"))
    # the blunder still pulls with the weight 1 / 2π against 1 / 0.001 of the others
    assert_allclose(robust["displacement"] / METRES_PER_RADIAN, phase, atol=5e-3)
    assert float(np.abs(plain["displacement"] / METRES_PER_RADIAN - phase).max()) > 0.5
    assert robust.attrs["norm"] == "L1"


def test_velocity_std_of_least_sizes_does_not_boast():
    """The law of its scatter holds for many pairs an epoch; with four it errs to the large side."""
    rng = np.random.default_rng(23)
    pairs, days = band_network(30, band=4), np.arange(30) * 12
    unw = rng.normal(0, 0.3, (len(pairs), 40, 40)).astype(np.float32)
    result = invert(make_stack(unw, pairs, days=days), options=PLAIN.model_copy(update={"norm": "L1"}))
    z = result["velocity"] / result["velocity_std"]
    assert 0.75 < float(z.std()) < 1.05  # 1600 samples: sampling error 0.015
