"""What the simulated radar sees: the sign of phase, noise that follows coherence, and gaps where works go on."""

import numpy as np
import pytest

from highwall.core.constants import SENTINEL1_WAVELENGTH
from highwall.core.truth import SimulatedSite, decorrelated_at, simulate_site
from highwall.insar.simulate import SimulatedStack, StackOptions, epochs_of, phase_std, simulate_stack

CLEAN = StackOptions(
    n_epochs=8, turbulence_m=0.0, stratified_m_per_km=0.0, has_noise=False, min_coherence=0.0, revisit_days=36
)


@pytest.fixture(scope="module")
def site() -> SimulatedSite:
    return simulate_site(1)


@pytest.fixture(scope="module")
def clean(site: SimulatedSite) -> SimulatedStack:
    return simulate_stack(site, CLEAN)


@pytest.fixture(scope="module")
def noisy(site: SimulatedSite) -> SimulatedStack:
    return simulate_stack(site, StackOptions(n_epochs=12))


def test_clean_phase_is_minus_four_pi_over_wavelength_times_motion(clean: SimulatedStack) -> None:
    stack, displacement = clean
    first, second = (displacement.sel(epoch=stack[name].values).values for name in ("first", "second"))
    expected = -4.0 * np.pi / SENTINEL1_WAVELENGTH * (second - first)
    np.testing.assert_allclose(stack["unw"].values, expected, rtol=0, atol=1e-4)  # float32 of phases below 10 rad
    assert np.abs(expected).max() > 1.0


def test_truth_starts_at_zero_and_is_seen_along_the_line_of_sight(site: SimulatedSite, clean: SimulatedStack) -> None:
    assert not clean.displacement[0].any()
    flat = simulate_stack(site, CLEAN.model_copy(update={"incidence_deg": 0.0})).displacement
    expected = np.cos(np.deg2rad(39.0)) * flat.values
    np.testing.assert_allclose(clean.displacement.values, expected, rtol=0, atol=1e-7)


def test_every_pair_runs_forward_and_no_further_than_asked(noisy: SimulatedStack) -> None:
    days = (noisy.stack["second"] - noisy.stack["first"]).values / np.timedelta64(1, "D")
    assert set(days) == {12.0, 24.0, 36.0}
    assert noisy.stack.sizes["pair"] == 11 + 10 + 9


def test_layers_are_those_of_the_table(noisy: SimulatedStack) -> None:
    stack = noisy.stack
    assert stack["unw"].dims == stack["coh"].dims == ("pair", "y", "x")
    assert stack["unw"].dtype == stack["coh"].dtype == np.float32
    assert stack.odc.geobox.resolution.x == 40.0
    assert stack["unw"].attrs["units"] == "rad"


def test_phase_is_missing_just_where_coherence_is_low(noisy: SimulatedStack) -> None:
    missing = np.isnan(noisy.stack["unw"].values)
    assert np.array_equal(missing, noisy.stack["coh"].values < np.float32(0.2))
    assert 0.0 < missing.mean() < 0.5


def test_worked_pits_lose_their_coherence(site: SimulatedSite, noisy: SimulatedStack) -> None:
    date = epochs_of(site, StackOptions(n_epochs=12))[-1]
    share = decorrelated_at(site, date).reshape(132, 4, 132, 4).mean(axis=(1, 3))
    assert noisy.stack["coh"].values[:, share == 1.0].max() < 0.2


def test_coherence_decays_with_time(noisy: SimulatedStack) -> None:
    days = (noisy.stack["second"] - noisy.stack["first"]).values / np.timedelta64(1, "D")
    mean = noisy.stack["coh"].values.mean(axis=(1, 2))
    assert mean[days == 12.0].min() > mean[days == 36.0].max()


def test_baselines_close(noisy: SimulatedStack) -> None:
    stack = noisy.stack
    baseline = {
        (str(first), str(second)): float(bperp)
        for first, second, bperp in zip(
            stack["first"].values, stack["second"].values, stack["bperp"].values, strict=True
        )
    }
    epochs = [str(epoch) for epoch in noisy.displacement["epoch"].values[:3]]
    around = baseline[epochs[0], epochs[1]] + baseline[epochs[1], epochs[2]]
    assert around == pytest.approx(baseline[epochs[0], epochs[2]])


def test_noise_follows_coherence(site: SimulatedSite, clean: SimulatedStack) -> None:
    noise = simulate_stack(site, CLEAN.model_copy(update={"has_noise": True})).stack
    residual = noise["unw"].values - clean.stack["unw"].values
    coherence = noise["coh"].values
    for low, high in ((0.3, 0.35), (0.7, 0.75)):
        chosen = (coherence > low) & (coherence < high)
        expected = float(phase_std(np.array((low + high) / 2.0), looks=40.0))
        assert residual[chosen].std() == pytest.approx(expected, rel=0.1)  # the bound varies by 8 % across a bin


def test_the_same_stack_twice(site: SimulatedSite, noisy: SimulatedStack) -> None:
    again = simulate_stack(simulate_site(1), StackOptions(n_epochs=12)).stack
    assert again["unw"].values.tobytes() == noisy.stack["unw"].values.tobytes()
