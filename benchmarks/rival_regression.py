"""Learned virtual sensors in the rivals' environment: ``python rival_regression.py IN.npz OUT.json``.

Root mean square error on the last part of a series of ridge, gradient boosting (150 trees) and a network of one hidden
layer (32) that learned from the first part, over the standard deviation of the sensor there; the same inputs for all.
"""

import json
import sys
import warnings

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

_N_LAGS = 2


def inputs(values: np.ndarray, sensor: int) -> np.ndarray:
    others = np.delete(values, sensor, axis=1)
    return np.concatenate([others[_N_LAGS - lag : len(values) - lag] for lag in range(_N_LAGS + 1)], axis=1)


def errors(values: np.ndarray, cut: int, model: object) -> list[float]:
    found = []
    for sensor in range(values.shape[1]):
        x, y = inputs(values, sensor), values[_N_LAGS:, sensor]
        scaler = StandardScaler().fit(y[:cut, None])
        known = scaler.transform(y[:, None])[:, 0]
        guess = model().fit(x[:cut], known[:cut]).predict(x[cut:])
        found.append(float(np.sqrt(np.mean((guess - known[cut:]) ** 2)) / known[cut:].std()))
    return found


MODELS = {
    "boosting": lambda: HistGradientBoostingRegressor(max_iter=150, random_state=0),
    "network": lambda: make_pipeline(
        StandardScaler(),
        MLPRegressor(hidden_layer_sizes=(32,), alpha=1.0, early_stopping=True, max_iter=300, random_state=0),
    ),
}


def main(given: str, out: str) -> None:
    warnings.simplefilter("ignore")
    case = np.load(given)
    names = [name for name in case.files if not name.startswith("cut_")]
    found = {
        name: {of: errors(case[name], int(case[f"cut_{name}"]) - _N_LAGS, model) for of, model in MODELS.items()}
        for name in names
    }
    with open(out, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
