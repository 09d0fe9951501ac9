"""Rivals of quality control in their own environment: ``python rival_qc.py IN.npz OUT.npz``.

QARTOD of the Integrated Ocean Observing System (``ioos-qc``: gross range, spike, rate of change), the filter of the
package ``hampel`` (its window is centred: it sees the future), and scikit-learn's IsolationForest on value, difference,
and mean and standard deviation of the last twelve. Each learns from the first readings, as far as it learns at all.

The input holds, for each series k, ``values_k`` (time, sensor), ``seconds_k`` (time,) and ``learn_k``; the output a
score (time,) a rival and series: how many times its limit may be widened before the alarm goes.
"""

import sys
import warnings

import numpy as np
import pandas as pd
from hampel import hampel
from ioos_qc import qartod
from sklearn.ensemble import IsolationForest

_WINDOW = 12
_FACTORS = np.geomspace(2.0, 40.0, 7)
_FLAGGED = (3, 4)


def qartod_score(values: np.ndarray, seconds: np.ndarray, n_learn: int) -> np.ndarray:
    """Largest factor at which a check of QARTOD still flags; limits are factors of the learned spread."""
    score = np.zeros(len(values))
    learned = values[:n_learn]
    mean, spread = learned.mean(), max(learned.std(), 1e-12)
    step = max(np.diff(learned).std(), 1e-12)
    rate = max((np.diff(learned) / np.maximum(np.diff(seconds[:n_learn]), 1e-9)).std(), 1e-12)
    times = pd.to_datetime(seconds, unit="s")
    for factor in _FACTORS:
        span = (mean - factor * spread, mean + factor * spread)
        flags = [
            qartod.gross_range_test(values, fail_span=span, suspect_span=span),
            qartod.spike_test(values, suspect_threshold=factor * step, fail_threshold=factor * step),
            qartod.rate_of_change_test(values, times, threshold=factor * rate),
        ]
        score[np.isin(np.ma.filled(np.array(flags), 2), _FLAGGED).any(axis=0)] = factor
    return score


def hampel_score(values: np.ndarray, _seconds: np.ndarray, _n_learn: int) -> np.ndarray:
    """Largest factor of scaled MAD at which the filter still calls a reading an outlier."""
    score = np.zeros(len(values))
    for factor in _FACTORS:
        found = hampel(pd.Series(values), window_size=2 * _WINDOW + 1, n_sigma=float(factor)).outlier_indices
        score[list(found)] = factor
    return score


def forest_score(values: np.ndarray, n_learn: int) -> np.ndarray:
    """How much sooner than others a reading is isolated: (time,)."""
    features = []
    for column in values.T:
        rolling = pd.Series(column).rolling(_WINDOW, min_periods=1)
        features += [column, np.diff(column, prepend=column[0]), rolling.mean(), rolling.std().fillna(0.0)]
    table = np.stack(features, axis=1)
    forest = IsolationForest(n_estimators=200, random_state=0, n_jobs=1).fit(table[:n_learn])
    return -forest.score_samples(table)


def main(given: str, out: str) -> None:
    warnings.simplefilter("ignore")
    case = np.load(given)
    scores = {}
    for k in range(int(case["n"])):
        values, seconds, n_learn = case[f"values_{k}"], case[f"seconds_{k}"], int(case[f"learn_{k}"])
        for name, of in (("qartod", qartod_score), ("hampel", hampel_score)):
            scores[f"{name}_{k}"] = np.max([of(column, seconds, n_learn) for column in values.T], axis=0)
        scores[f"forest_{k}"] = forest_score(values, n_learn)
    np.savez(out, **scores)


if __name__ == "__main__":
    main(*sys.argv[1:])
