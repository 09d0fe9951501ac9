"""One contract for both classifiers, then what is each one's own."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from highwall.classification.crack_windows.boosting import fit_boosting
from highwall.classification.crack_windows.classifier import CrackWindowClassifier, network_input
from highwall.classification.crack_windows.convolution import WindowNetwork, fit_convolution, with_gaps
from highwall.classification.crack_windows.options import (
    BoostingOptions,
    ConvolutionOptions,
    SensorSimulationOptions,
)
from highwall.classification.crack_windows.simulate import simulated_windows
from highwall.classification.crack_windows.windows import SensorWindows
from highwall.classification.extract import SHIPPED_MODEL
from highwall.core.errors import InputError, ModelError

KINDS = ("boosting", "convolution")


def fit(kind, windows, path):
    if kind == "boosting":
        return fit_boosting(windows, path, training_data="simulated", options=BoostingOptions(n_trees=40))
    options = ConvolutionOptions(width=8, n_epochs=20, dropout=0.0)
    return fit_convolution(windows, path, training_data="simulated", options=options)


@pytest.fixture(scope="module")
def windows():
    return simulated_windows(SensorSimulationOptions(n_sites=16, n_sensors=8, n_days=12, window_hours=48))


@pytest.fixture(scope="module")
def trained(windows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("windows")
    seen = windows.where(windows.site <= "simulated-011")
    return {kind: fit(kind, seen, folder / f"{kind}.onnx") for kind in KINDS}, folder


@pytest.mark.parametrize("kind", KINDS)
def test_cracks_at_sites_never_seen_score_above_the_rest(kind, trained, windows):
    """Chance is 0.5; the small runs of this test reach 0.66 or more."""
    unseen = windows.where(windows.site > "simulated-011")
    found = trained[0][kind].probability(unseen.values)
    assert roc_auc_score(unseen.is_crack, found) > 0.6
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_windows_without_readings_have_no_answer(kind, trained, windows):
    """A thermometer alone tells nothing; one reading of the ground is little, but something."""
    values = np.full((3, 48, 4), np.nan, np.float32)
    values[:, :, 3] = 285.0
    values[2, 5, 1] = 0.001
    found = trained[0][kind].probability(values)
    np.testing.assert_array_equal(np.isnan(found), [True, True, False])


@pytest.mark.parametrize("kind", KINDS)
def test_a_site_without_a_thermometer_can_be_learned_from(kind, windows, tmp_path):
    values = windows.values.copy()
    values[:, :, 3] = np.nan
    cold = SensorWindows(values, windows.is_crack, windows.opens, windows.site)
    found = fit(kind, cold, tmp_path / "cold.onnx").probability(values)
    assert roc_auc_score(cold.is_crack, found) > 0.6


@pytest.mark.parametrize("kind", KINDS)
def test_how_many_at_once_does_not_matter(kind, trained, windows):
    classifier = trained[0][kind]
    few = classifier.probability(windows.values[:20], n_at_once=7)
    np.testing.assert_allclose(few, classifier.probability(windows.values[:20]), atol=1e-6)
    assert classifier.probability(windows.values[:0]).shape == (0,)


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_tells_what_it_is(kind, trained):
    again = CrackWindowClassifier.open(trained[1] / f"{kind}.onnx")
    assert (again.kind, again.n_samples, again.training_data) == (kind, 48, "simulated")


@pytest.mark.parametrize("kind", KINDS)
def test_windows_of_another_length_are_refused(kind, trained):
    with pytest.raises(ModelError, match="learned from 48"):
        trained[0][kind].probability(np.zeros((1, 96, 4), np.float32))


@pytest.mark.parametrize("kind", KINDS)
def test_one_class_cannot_be_learned(kind, windows, tmp_path):
    with pytest.raises(InputError, match="needs both kinds"):
        fit(kind, windows.where(~windows.is_crack), tmp_path / "no.onnx")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_learns_the_same(kind, windows, tmp_path):
    some = windows.where(windows.site <= "simulated-003")
    one, other = (fit(kind, some, tmp_path / f"{i}.onnx").probability(windows.values[:50]) for i in range(2))
    np.testing.assert_array_equal(one, other)


def test_a_chip_network_is_refused():
    with pytest.raises(ModelError, match="train crack-windows"):
        CrackWindowClassifier.open(SHIPPED_MODEL)


def test_gradient_flows_to_every_parameter():
    network = WindowNetwork(width=8, dropout=0.0)
    network(torch.randn(4, 8, 48)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_readings_are_finite_and_gaps_are_marked():
    values = np.zeros((1, 48, 4), np.float32)
    values[0, 5:9, 1] = np.nan
    values[0, :, 2] = np.nan
    ready = network_input(values)
    assert ready.shape == (1, 8, 48)
    assert np.isfinite(ready).all()
    assert ready[0, 5].sum() == 4
    assert ready[0, 6].all()


def test_hidden_readings_are_marked_as_gaps():
    x = torch.cat([torch.ones(3, 4, 48), torch.zeros(3, 4, 48)], dim=1)
    seen = with_gaps(x, share=0.2, random=torch.Generator().manual_seed(0))
    level, gap = seen.chunk(2, dim=1)
    assert gap.sum() > 0
    torch.testing.assert_close(level + gap, torch.ones_like(level))


def test_prediction_loads_neither_torch_nor_scikit_learn():
    code = (
        "import sys, highwall.classification.crack_windows.classifier; print({'torch', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
