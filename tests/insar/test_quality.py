import numpy as np
import pytest
from numpy.testing import assert_array_equal

from highwall.insar.inversion import invert
from highwall.insar.network import Network
from highwall.insar.options import AlreadyReferenced, DecorrelationOptions, InversionOptions
from highwall.insar.quality import closure, decorrelated, triplets_of
from tests.insar.stacks import band_network, make_stack

PAIRS, DAYS = band_network(6, band=2), np.arange(6) * 12
OPTIONS = InversionOptions(reference=AlreadyReferenced())


@pytest.fixture
def stack():
    """Still ground of coherence 0.8."""
    shape = (len(PAIRS), 2, 4)
    return make_stack(np.zeros(shape, np.float32), PAIRS, days=DAYS, coh=np.full(shape, 0.8, np.float32))


def lost(stack, **options):
    result = decorrelated(invert(stack, options=OPTIONS), stack, options=DecorrelationOptions(**options))
    assert result.dtype == bool
    return result.values


def test_coherent_ground_is_not_decorrelated(stack):
    assert not lost(stack).any()


def test_each_reason_alone(stack):
    stack["coh"][:, 0, 0] = 0.2  # low coherence
    stack["unw"][PAIRS[:, 1] == 5, 0, 1] = np.nan  # the last epoch is cut off
    stack["unw"][1:, 0, 2] = np.nan  # one pair is left
    stack["unw"][:, 0, 3] = np.nan  # no phase, but coherence: in the footprint
    stack["unw"][:, 1, 0] = np.nan  # neither: outside
    stack["coh"][:, 1, 0] = np.nan
    stack["unw"][1, 1, 1] = np.nan  # one pair of many is missing: no harm
    assert_array_equal(lost(stack), [[True, True, True, True], [False, False, False, False]])


def test_thresholds(stack):
    assert lost(stack, min_mean_coherence=0.81).all()
    stack["unw"][1, 0, 0] = np.nan
    assert lost(stack, min_valid_share=1.0).sum() == 1


def test_without_coherence(stack):
    plain = stack.drop_vars("coh")
    plain["unw"][:, 0, 0] = np.nan
    plain["unw"][2:, 0, 1] = np.nan
    assert_array_equal(lost(plain), [[False, True, False, False], [False] * 4])


def test_dask_gives_the_same(stack):
    stack["coh"][:, 0, 0] = 0.2
    lazy = decorrelated(invert(stack.chunk(x=1), options=OPTIONS), stack.chunk(x=1))
    assert lazy.chunks is not None
    assert_array_equal(lazy.values, lost(stack))


def test_triplets():
    found = triplets_of(Network.from_stack(make_stack(np.zeros((9, 1, 1), np.float32), PAIRS, days=DAYS)))
    assert len(found) == 4  # (0,1,2) … (3,4,5)
    for ab, bc, ac in found:
        (a, b), (b2, c), (a2, c2) = PAIRS[ab], PAIRS[bc], PAIRS[ac]
        assert (a, b, c) == (a2, b2, c2)


@pytest.mark.parametrize("chunks", [None, {"x": 2}])
def test_closure_counts_cycle_slips_and_only_those(stack, chunks):
    rng = np.random.default_rng(0)
    stack["unw"][:] = rng.normal(0, 0.3, stack["unw"].shape)  # closes within ±π
    stack["unw"][0, 1, 2] += 2 * np.pi  # pair (0, 1) is in one triplet
    stack["unw"][0, 0, 0] = np.nan
    counted = closure(stack if chunks is None else stack.chunk(chunks))
    assert counted.n_triplets == 4
    assert counted.n_checked == 4 * 8 - 1
    assert counted.share_open == 1 / 31
    assert float(counted.share_open_map[1, 2]) == 0.25


def test_closure_without_triangles():
    counted = closure(make_stack(np.zeros((1, 2, 2), np.float32), np.array([[0, 1]]), days=np.array([0, 12])))
    assert counted.n_triplets == counted.n_checked == 0
    assert np.isnan(counted.share_open)
    assert counted.share_open_map.isnull().all()
