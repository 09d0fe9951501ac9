import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.errors import StackError
from highwall.insar.mending.bridging import apply_bridges, bridge_pair, fit_bridges
from highwall.insar.mending.repair import repair
from highwall.insar.options import RepairOptions
from tests.insar.stacks import band_network, make_stack

TURN = 2 * np.pi
OPTIONS = RepairOptions(method="bridging")
PAIRS = band_network(3, band=2)


def islands(*, gap=6, shape=(60, 90), seed=0):
    """Smooth phase with noise, cut into six components by bands without phase: unw, labels."""
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    phase = 3.0 * np.sin(rows / 25) + 0.02 * cols + np.random.default_rng(seed).normal(0, 0.3, shape)
    labels = 1 + rows // 30 + 2 * (cols // 30)
    in_gap = (
        (rows % 30 < gap // 2) | (rows % 30 >= 30 - gap // 2) | (cols % 30 < gap // 2) | (cols % 30 >= 30 - gap // 2)
    )
    return phase, np.where(in_gap, 0, labels)


@pytest.mark.parametrize("gap", [0, 6, 12])
@pytest.mark.parametrize("seed", range(5))
def test_turns_of_components_are_found(gap, seed):
    phase, labels = islands(gap=gap, seed=seed)
    turns = np.random.default_rng(seed).integers(-3, 4, 7)
    found, n_unsure = bridge_pair(phase + TURN * turns[labels], labels, options=OPTIONS)
    assert n_unsure == 0
    largest = int(np.bincount(labels[labels > 0]).argmax())
    assert_array_equal(found[1:], turns[1:] - turns[largest])
    assert found[0] == 0


def test_what_is_far_or_small_or_between_two_turns_stays():
    phase, labels = islands(gap=10)
    wrong = phase + TURN * (labels == 3)
    narrow = OPTIONS.model_copy(update={"max_gap_px": 5.0})
    found, n_unsure = bridge_pair(wrong, labels, options=narrow)
    assert not found.any()
    assert n_unsure == 5
    small = OPTIONS.model_copy(update={"min_component_px": 10_000})
    assert not bridge_pair(wrong, labels, options=small)[0].any()
    halfway, n_unsure = bridge_pair(phase + 0.5 * TURN * (labels == 3), labels, options=OPTIONS)
    assert not halfway.any()
    assert n_unsure == 1


@pytest.fixture
def stack():
    """Three pairs of a scene in six components; the second pair has one of them a turn off."""
    phase, labels = islands()
    unw = np.stack([phase, phase, 2 * phase]).astype(np.float32)
    made = make_stack(unw, PAIRS, days=12 * np.arange(3))
    return made.assign(conncomp=(("pair", "y", "x"), np.broadcast_to(labels, unw.shape).astype(np.uint16)))


@pytest.mark.parametrize("chunks", [None, {"pair": 1, "y": 20}])
def test_the_scene_is_fitted_and_any_block_mended(stack, chunks):
    wrong = stack.copy(deep=True)
    wrong["unw"][1] += np.float32(TURN) * (stack["conncomp"][1] == 4)
    bridges = fit_bridges(wrong if chunks is None else wrong.chunk(chunks), options=OPTIONS)
    assert_array_equal(np.argwhere(bridges.turns), [[1, 4]])
    block = {"y": slice(10, 50), "x": slice(25, 80)}
    mended = repair(wrong.isel(block), options=OPTIONS, bridges=bridges)
    assert_allclose(mended.stack["unw"], stack["unw"].isel(block), atol=1e-5)
    n_moved = int((stack["conncomp"][1].isel(block) == 4).sum())
    assert_array_equal(mended.report.bridged_of, [0, n_moved, 0])
    assert int(mended.n_repaired.sum()) == n_moved


def test_a_missing_phase_moves_nowhere(stack):
    stack["unw"][1] += np.float32(TURN) * (stack["conncomp"][1] == 4)
    bridges = fit_bridges(stack, options=OPTIONS)
    stack["unw"][1] = np.nan
    assert apply_bridges(stack, bridges=bridges)[1].sum() == 0


def test_an_empty_pair_has_nothing_to_bridge(stack):
    stack["unw"][0] = np.nan
    stack["conncomp"][2] = 0
    bridges = fit_bridges(stack, options=OPTIONS)
    assert not bridges.turns[[0, 2]].any()
    assert_array_equal(bridges.n_unsure, [0, 0, 0])


def test_components_are_asked_for(stack):
    with pytest.raises(StackError, match="conncomp"):
        fit_bridges(stack.drop_vars("conncomp"))
