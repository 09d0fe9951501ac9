import numpy as np
import pytest
from numpy.testing import assert_allclose

from highwall.core.errors import StackError
from highwall.insar.stack import check_stack, mean_coherence, metres_per_radian, wavelength_of
from tests.insar.stacks import make_stack


@pytest.fixture
def stack():
    pairs, shape = np.array([[0, 1], [1, 2]]), (2, 2, 3)
    return make_stack(np.zeros(shape, np.float32), pairs, days=np.arange(3), coh=np.full(shape, 0.4, np.float32))


def test_a_turn_of_phase_is_half_a_wavelength_away(stack):
    assert_allclose(2 * np.pi * metres_per_radian(stack), -0.0554658 / 2)


@pytest.mark.parametrize("value", [None, "C band", 0.0, -0.05, 55.4658, np.nan])
def test_a_wavelength_in_metres_is_asked_for(stack, value):
    stack.attrs["wavelength_m"] = value
    with pytest.raises(StackError, match="'wavelength_m'"):
        wavelength_of(stack)


def test_what_is_empty_in_space(stack):
    with pytest.raises(StackError, match="empty"):
        check_stack(stack.isel(x=slice(0)))


@pytest.mark.parametrize("chunks", [None, {"x": 1}])
def test_mean_coherence_of_what_is_there(stack, chunks):
    stack["coh"][0, 0, 0] = np.nan
    stack["coh"][:, 1, 2] = np.nan
    stack["coh"][1, 1, 1] = 0.8
    mean = mean_coherence(stack if chunks is None else stack.chunk(chunks))
    assert mean.dtype == np.float32
    assert_allclose(mean, [[0.4, 0.4, 0.4], [0.4, 0.6, np.nan]], rtol=1e-6)
