import dataclasses
import json

import numpy as np
import pytest

from highwall.classification.crack_windows.classifier import CrackWindowClassifier
from highwall.classification.crack_windows.options import SensorSimulationOptions
from highwall.classification.crack_windows.simulate import simulated_windows
from highwall.core.errors import InputError, MissingInputError
from highwall.workflows.training.crack_windows import read_windows, train_crack_windows

SMALL = SensorSimulationOptions(n_sites=6, n_sensors=4, n_days=8, window_hours=24)


def save(path, windows):
    np.savez(path, values=windows.values, is_crack=windows.is_crack, opens=windows.opens, site=windows.site)
    return path


def test_both_classifiers_are_trained_and_judged_on_simulated_windows(tmp_path):
    found = train_crack_windows(None, tmp_path, simulation=SMALL)
    assert found["is_simulated"]
    assert set(found["classifiers"]) == {"boosting", "convolution"}
    assert json.loads((tmp_path / "crack-windows.json").read_text()) == found
    for kind in found["classifiers"]:
        classifier = CrackWindowClassifier.open(tmp_path / f"{kind}.onnx")
        assert "simulated" in classifier.training_data
        assert classifier.probability(simulated_windows(SMALL).values[:3]).shape == (3,)


def test_windows_are_read_as_they_were_saved(tmp_path):
    windows = simulated_windows(SMALL)
    found = read_windows(save(tmp_path / "w.npz", windows))
    np.testing.assert_array_equal(found.values, windows.values)
    np.testing.assert_array_equal(found.site, windows.site)
    assert found.is_crack.dtype == bool


def test_windows_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(MissingInputError, match="npz"):
        read_windows(tmp_path / "gone.npz")
    (tmp_path / "text.npz").write_text("no arrays")
    np.savez(tmp_path / "less.npz", values=np.zeros((1, 24, 4)))
    for name in ("text.npz", "less.npz"):
        with pytest.raises(InputError, match=name):
            read_windows(tmp_path / name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"is_crack": np.array([0.0, np.nan])}, "is_crack holds something else"),
        ({"is_crack": np.array(["yes", "no"])}, "is_crack holds something else"),
        ({"opens": np.array([-1, 1])}, "opens holds something else"),
        ({"values": np.full((2, 24, 4), "0.1")}, "give numbers"),
        ({"values": np.full((2, 24, 4), 1e300)}, "192 readings are infinite"),
        ({"values": np.zeros((2, 24, 3))}, "strain, opening, tilt, temperature"),
        ({"site": np.full((2, 1), "a")}, "one of each a window"),
    ],
)
def test_arrays_that_say_something_else_are_refused(tmp_path, change, message):
    arrays = {
        "values": np.zeros((2, 24, 4)), "is_crack": np.array([True, False]), "opens": np.zeros(2, bool),
        "site": np.array(["a", "b"]),
    }  # fmt: skip
    np.savez(tmp_path / "odd.npz", **{**arrays, **change})
    with pytest.raises(InputError, match=message):
        read_windows(tmp_path / "odd.npz")


def test_windows_that_cannot_be_judged_are_refused_before_training(tmp_path):
    windows = simulated_windows(SMALL)
    alone = dataclasses.replace(windows, site=np.full_like(windows.site, "pit"))
    with pytest.raises(InputError, match="one site, pit"):
        train_crack_windows(save(tmp_path / "alone.npz", alone), tmp_path)
    only_here = windows.is_crack & (windows.site == windows.site[0])
    cracked = dataclasses.replace(windows, is_crack=only_here, opens=np.zeros_like(only_here))
    with pytest.raises(InputError, match="windows are of one kind"):
        train_crack_windows(save(tmp_path / "cracked.npz", cracked), tmp_path)


def test_windows_without_readings_are_left_out_and_counted(tmp_path):
    windows = simulated_windows(SMALL)
    windows.values[:5] = np.nan
    found = train_crack_windows(save(tmp_path / "w.npz", windows), tmp_path)
    assert found["n_without_readings"] == 5
    assert found["classifiers"]["boosting"]["n_windows"] == len(windows.site) - 5
