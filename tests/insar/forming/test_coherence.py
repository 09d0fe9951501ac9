import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.special import gamma, hyp2f1

from highwall.core.errors import InputError
from highwall.insar.forming.coherence import expected_coherence, unbiased_coherence
from tests.insar.images import speckle

LOOKS = st.floats(min_value=1.5, max_value=400.0)


def mean_of_density(coherence, looks):
    """Oracle: the mean of the density of the sample coherence, by quadrature (Touzi et al. 1999)."""

    def density(d):
        scale = 2 * (looks - 1) * (1 - coherence**2) ** looks
        return scale * d * (1 - d**2) ** (looks - 2) * hyp2f1(looks, looks, 1, (d * coherence) ** 2)

    return quad(lambda d: d * density(d), 0, 1, limit=200)[0]


@pytest.mark.parametrize("looks", [2.0, 4.0, 7.5, 20.0])
@pytest.mark.parametrize("coherence", [0.0, 0.13, 0.4, 0.77, 0.92])
def test_expectation_is_the_mean_of_the_density(looks, coherence):
    # 2e-4: the table is linear between its nodes
    assert_allclose(expected_coherence(coherence, looks=looks), mean_of_density(coherence, looks), atol=2e-4)


@pytest.mark.parametrize("looks", [2.0, 9.0, 60.0])
def test_without_coherence_the_estimate_is_a_quotient_of_gammas(looks):
    assert_allclose(expected_coherence(0.0, looks=looks), gamma(looks) * gamma(1.5) / gamma(looks + 0.5), rtol=1e-9)


def test_expectation_holds_for_simulated_speckle():
    looks, coherence, n = 5, 0.35, 40_000
    one, other = speckle((n, looks), seed=1), speckle((n, looks), seed=2)
    other = coherence * one + np.sqrt(1 - coherence**2) * other
    power = np.sqrt((np.abs(one) ** 2).sum(1) * (np.abs(other) ** 2).sum(1))
    sample = np.abs((one * other.conj()).sum(1)) / power
    error = sample.std() / np.sqrt(n)
    assert abs(sample.mean() - expected_coherence(coherence, looks=looks)) < 4 * error
    assert sample.mean() - coherence > 20 * error  # the bias is there


@given(looks=LOOKS, coherence=st.floats(min_value=0.0, max_value=1.0))
def test_correction_undoes_the_expectation(looks, coherence):
    # flat where coherence is low: there the inverse magnifies rounding
    expected = expected_coherence(coherence, looks=looks)
    assert_allclose(unbiased_coherence(expected, looks=looks), coherence, atol=1e-6)


@given(looks=LOOKS)
def test_expectation_rises_and_lies_above_the_truth(looks):
    true = np.linspace(0.0, 1.0, 301)
    expected = expected_coherence(true, looks=looks)
    assert (np.diff(expected) > 0).all()
    assert (expected >= true - 1e-3 / looks).all()
    assert expected[-1] == 1.0


def test_estimate_below_that_of_none_is_none():
    floor = expected_coherence(0.0, looks=4.0)
    assert unbiased_coherence(0.9 * floor, looks=4.0) == 0.0
    assert np.isnan(unbiased_coherence(np.nan, looks=4.0))


def test_one_look_tells_nothing():
    with pytest.raises(InputError, match="average more samples"):
        unbiased_coherence(0.5, looks=1.0)
