import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from highwall.core.errors import InputError
from highwall.learning.calibration import at_temperature, fit_temperature, reliability

EXACT = 1e-12
"""Both sides add the same numbers in another order."""


def draws(temperature: float, *, n: int = 20_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Truth drawn from honest probabilities, and the probabilities of a network that says them too surely."""
    random = np.random.default_rng(seed)
    honest = random.dirichlet((1.0, 1.0, 1.0), n)
    truth = (random.random((n, 1)) > honest.cumsum(axis=1)).sum(axis=1)
    return truth, at_temperature(honest, temperature=1.0 / temperature)


def negative_log_likelihood(truth: np.ndarray, probability: np.ndarray) -> float:
    return float(-np.log(probability[np.arange(truth.size), truth]).mean())


@pytest.mark.parametrize("n_bins", [5, 15])
def test_bins_agree_with_scikit_learn(n_bins):
    random = np.random.default_rng(1)
    probability = random.random(500) ** 2
    truth = random.random(500) < probability
    found = reliability(truth, probability, n_bins=n_bins)
    share, mean = calibration_curve(truth, probability, n_bins=n_bins)
    kept = found.n > 0
    np.testing.assert_allclose(found.share_of_cases[kept], share, atol=EXACT)
    np.testing.assert_allclose(found.mean_probability[kept], mean, atol=EXACT)
    assert found.n.sum() == 500


def test_the_error_of_nothing_is_undefined_and_of_certain_truth_zero():
    assert np.isnan(reliability(np.zeros(0, bool), np.zeros(0)).error)
    assert reliability(np.array([True, False]), np.array([1.0, 0.0])).error == 0.0


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_fit_finds_the_temperature_that_was_used(temperature):
    truth, probability = draws(temperature)
    # the standard error of log T over 20,000 draws of three classes is about 0.01
    assert fit_temperature(truth, probability) == pytest.approx(temperature, rel=0.05)


def test_no_other_temperature_is_likelier():
    truth, probability = draws(1.7, n=2000)
    fitted = fit_temperature(truth, probability)
    least = negative_log_likelihood(truth, at_temperature(probability, temperature=fitted))
    for temperature in np.geomspace(0.1, 10.0, 41):
        scaled = at_temperature(probability, temperature=temperature)
        assert negative_log_likelihood(truth, scaled) >= least - 1e-9


@given(st.floats(0.2, 5.0), st.integers(0, 1000))
def test_temperature_keeps_the_order_and_the_sum(temperature, seed):
    probability = np.random.default_rng(seed).dirichlet((0.5, 1.0, 2.0), 20)
    scaled = at_temperature(probability, temperature=temperature)
    np.testing.assert_allclose(scaled.sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_array_equal(scaled.argmax(axis=1), probability.argmax(axis=1))


def test_a_network_that_is_always_right_is_made_as_sure_as_may_be():
    assert fit_temperature(np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]])) == pytest.approx(0.05)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="not above 0"):
        at_temperature(np.ones((1, 2)) / 2, temperature=0.0)
    with pytest.raises(InputError, match="N at least 1"):
        fit_temperature(np.zeros(0, int), np.zeros((0, 3)))
    with pytest.raises(InputError, match="give"):
        fit_temperature(np.zeros(3, int), np.ones((2, 3)) / 3)
