import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal

from highwall.insar.inversion import invert
from highwall.insar.mending.coherence import lacking_coherence, with_coherence
from highwall.insar.options import AlreadyReferenced, InversionOptions
from tests.insar.stacks import METRES_PER_RADIAN, make_stack, noisy_case

LACKING = [2, 7]


@pytest.fixture
def stack():
    made, _, _ = noisy_case(31)
    made["coh"][LACKING] = np.nan
    made["coh"][:, 0, 0] = np.nan
    return made


def test_a_pair_lacks_coherence_that_has_none_anywhere(stack):
    assert_array_equal(np.flatnonzero(lacking_coherence(stack)), LACKING)
    assert not lacking_coherence(stack.drop_vars("coh")).any()


def test_the_mean_of_a_pixel_stands_for_what_is_unknown_and_nothing_else_changes(stack):
    mended = with_coherence(stack, lacking=lacking_coherence(stack))
    typical = stack["coh"].mean("pair").values
    assert np.isnan(typical[0, 0])  # nothing is known there
    assert_allclose(mended["coh"].values[LACKING], [typical] * 2, rtol=1e-6)
    xr.testing.assert_identical(mended.drop_isel(pair=LACKING), stack.drop_isel(pair=LACKING))
    assert mended["coh"].dtype == np.float32


def test_a_block_of_it_has_the_same_bits_in_memory_and_in_chunks(stack):
    lacking, corner = lacking_coherence(stack), {"y": slice(2, 5), "x": slice(4, 11)}
    whole = with_coherence(stack, lacking=lacking)
    xr.testing.assert_identical(with_coherence(stack.isel(corner), lacking=lacking), whole.isel(corner))
    lazy = with_coherence(stack.chunk(pair=1, x=5), lacking=lacking)
    assert lazy["coh"].chunks is not None
    xr.testing.assert_identical(lazy.compute(), whole)


def test_a_chain_stays_whole():
    pairs, days = np.array([[0, 1], [1, 2], [2, 3]]), np.arange(4) * 12
    coh = np.full((3, 2, 2), 0.8, np.float32)
    coh[1] = np.nan
    stack = make_stack(np.ones((3, 2, 2), np.float32), pairs, days=days, coh=coh)
    options = InversionOptions(reference=AlreadyReferenced())
    result = invert(with_coherence(stack, lacking=lacking_coherence(stack)), options=options)
    assert (result["n_components"] == 1).all()
    assert_allclose(result["displacement"][:, 1, 1] / METRES_PER_RADIAN, [0, 1, 2, 3], atol=1e-6)
    assert (invert(stack, options=options)["n_components"] == 2).all()


def test_a_layer_that_knows_nothing_is_left_out(stack):
    unknown = stack.assign(coh=stack["coh"] * np.nan)
    assert "coh" not in with_coherence(unknown, lacking=lacking_coherence(unknown))
