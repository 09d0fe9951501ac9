import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.errors import InputError, StackError
from highwall.insar.forming.interferogram import interferograms
from highwall.insar.forming.unwrapping import SpanningTree, Whirlwind, unwrap_pairs
from highwall.insar.inversion import invert
from highwall.insar.options import AlreadyReferenced, InterferogramOptions, InversionOptions, UnwrappingOptions
from highwall.io.radar.snaphu import Snaphu
from tests.insar.images import bowl, make_slcs, wrapped

SHAPE = (96, 128)
OPTIONS = UnwrappingOptions(min_component_px=50)
UNWRAPPERS = [Whirlwind(OPTIONS), SpanningTree(OPTIONS), Snaphu(min_component_px=50)]
CONGRUENT = 1e-4
"""rad: single precision of a phase of up to 60 rad, and of SNAPHU's files."""


def unwrap(unwrapper, truth, *, missing=None, coherence=0.9):
    ifg = np.exp(1j * truth).astype(np.complex64)
    if missing is not None:
        ifg[missing] = complex(np.nan, np.nan)
    return unwrapper.unwrap(ifg, np.full(truth.shape, coherence, np.float32), looks=20.0)


def level(phase, truth):
    """Whole turns between the two at every pixel."""
    return np.rint((phase - truth) / (2 * np.pi))


@pytest.fixture(params=UNWRAPPERS, ids=lambda unwrapper: type(unwrapper).__name__)
def unwrapper(request):
    return request.param


def test_bowls_come_back_but_for_one_level(unwrapper):
    truth = bowl(SHAPE, depth=45.0, width=22.0) - 0.03 * np.arange(SHAPE[1])
    phase, conncomp = unwrap(unwrapper, truth)
    assert phase.dtype == np.float32
    assert conncomp.dtype == np.uint16
    assert len(np.unique(level(phase, truth))) == 1
    assert_allclose(wrapped(phase - truth), 0.0, atol=CONGRUENT)
    assert_array_equal(conncomp, 1)


def test_missing_pixels_stay_missing(unwrapper):
    truth = bowl(SHAPE, depth=30.0, width=22.0)
    missing = np.zeros(SHAPE, bool)
    missing[20:40, 30:60] = missing[:, 100] = True
    missing[:60, 100] = False
    phase, conncomp = unwrap(unwrapper, truth, missing=missing)
    assert_array_equal(np.isnan(phase), missing)
    assert (conncomp[missing] == 0).all()
    assert len(np.unique(level(phase, truth)[~missing])) == 1


def test_low_coherence_is_left_out(unwrapper):
    wary = {
        Whirlwind: Whirlwind(UnwrappingOptions(min_coherence=0.5)),
        SpanningTree: SpanningTree(UnwrappingOptions(min_coherence=0.5)),
        Snaphu: Snaphu(min_coherence=0.5),
    }[type(unwrapper)]
    coh = np.full(SHAPE, 0.9, np.float32)
    coh[:10] = 0.4
    coh[0, 0] = np.nan
    phase, conncomp = wary.unwrap(np.exp(1j * bowl(SHAPE, depth=9.0, width=22.0)).astype(np.complex64), coh, looks=9.0)
    assert_array_equal(np.isnan(phase), coh != np.float32(0.9))
    assert (conncomp[:10] == 0).all()


def test_nothing_to_unwrap(unwrapper):
    phase, conncomp = unwrap(unwrapper, np.zeros(SHAPE), missing=np.ones(SHAPE, bool))
    assert np.isnan(phase).all()
    assert not conncomp.any()


def test_phase_stays_congruent_under_noise(unwrapper):
    rng = np.random.default_rng(4)
    noisy = bowl(SHAPE, depth=20.0, width=22.0) + rng.normal(0, 0.9, SHAPE)  # leaves residues
    phase = unwrap(unwrapper, noisy, coherence=0.6)[0]
    assert_allclose(wrapped(phase - noisy), 0.0, atol=CONGRUENT)


def test_islands_are_components_by_size():
    missing = np.zeros(SHAPE, bool)
    missing[:, 90:100] = missing[48, 100:] = True
    missing[5, 91] = False  # a component too small
    phase, conncomp = unwrap(SpanningTree(OPTIONS), bowl(SHAPE, depth=9.0, width=30.0), missing=missing)
    assert (conncomp[:, :90] == 1).all()
    assert (conncomp[:48, 100:] == 2).all()
    assert (conncomp[49:, 100:] == 3).all()
    assert conncomp[5, 91] == 0
    assert np.isfinite(phase[5, 91])


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), rows=st.integers(1, 17), cols=st.integers(1, 17), share=st.floats(0.0, 0.3))
def test_the_tree_is_exact_where_neighbours_differ_by_less_than_half_a_turn(seed, rows, cols, share):
    rng = np.random.default_rng(seed)
    # sums of steps along each axis: neighbours differ by less than π, over many turns
    truth = np.cumsum(rng.uniform(-3, 3, rows))[:, None] + np.cumsum(rng.uniform(-3, 3, cols))
    missing = rng.random((rows, cols)) < share
    phase, conncomp = unwrap(SpanningTree(UnwrappingOptions(min_component_px=1)), truth, missing=missing)
    assert_array_equal(np.isnan(phase), missing)
    for component in range(1, conncomp.max() + 1):
        inside = conncomp == component
        assert len(np.unique(level(phase, truth)[inside])) == 1


def test_absent_packages_say_how_to_get_them(monkeypatch):
    for name, unwrapper, cure in (
        ("whirlwind", Whirlwind(), r"highwall\[space\]"),
        ("snaphu", Snaphu(), "non-commercial"),
    ):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(InputError, match=cure):
            unwrap(unwrapper, np.zeros(SHAPE))


def test_a_row_is_too_little_for_snaphu():
    with pytest.raises(InputError, match="two rows"):
        unwrap(Snaphu(), np.zeros((1, 9)))


def test_ground_that_sinks_gives_positive_phase_and_negative_displacement():
    sinking = np.stack([bowl(SHAPE, depth=depth, width=18.0) for depth in (0.0, 0.03, 0.07)])  # range grows [m]
    options = InterferogramOptions(looks_y=1, looks_x=1, samples_per_look=1.0, coherence_window_px=3)
    formed = interferograms(make_slcs(sinking), [[0, 1], [1, 2], [0, 2]], options=options)
    stack = unwrap_pairs(formed, SpanningTree()).load(scheduler="synchronous")
    stack["unw"] -= stack["unw"][:, 0, 0]
    assert stack["unw"][:, 48, 64].min() > 0
    result = invert(stack, options=InversionOptions(reference=AlreadyReferenced()))
    expected = -(sinking - sinking[:, :1, :1])
    assert_allclose(result["displacement"], expected, atol=2e-6)  # m; single precision of phases of 16 rad


def test_the_stack_is_lazy_and_keeps_what_is_known():
    slcs = make_slcs(np.zeros((3, *SHAPE)), coherence=0.8).assign_coords(bperp=("epoch", [0.0, 10.0, 30.0]))
    formed = interferograms(slcs, [[0, 1], [0, 2]])
    stack = unwrap_pairs(formed, SpanningTree())
    assert stack["unw"].chunks[0] == (1, 1)
    assert set(stack.data_vars) == {"unw", "coh", "conncomp"}
    assert {"first", "second", "bperp"} <= set(stack.coords)
    assert {name: str(stack[name].dtype) for name in stack} == {
        "unw": "float32",
        "coh": "float32",
        "conncomp": "uint16",
    }
    alone = unwrap_pairs(formed.isel(pair=[1]), SpanningTree())
    assert_array_equal(alone["unw"].values[0], stack["unw"].values[1])


def test_interferograms_that_lack_something():
    formed = interferograms(make_slcs(np.zeros((2, *SHAPE))), [[0, 1]])
    with pytest.raises(StackError, match="no 'coh'"):
        unwrap_pairs(formed.drop_vars("coh"), SpanningTree())
    with pytest.raises(StackError, match="looks"):
        unwrap_pairs(formed.drop_attrs(), SpanningTree())
