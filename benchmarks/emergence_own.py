"""A model of its own for pairs: a random forest on six bands of both dates, judged on places it never saw."""

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from highwall.learning.groups import assign_folds

N_FOLDS, N_TREES, SEED = 5, 500, 0
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_TINY = 1e-6


def out_of_fold(before: np.ndarray, after: np.ndarray, truth: np.ndarray, *, group: np.ndarray) -> np.ndarray:
    """Probability of mining of each pair by a forest that saw no pair of its group.

    Parameters
    ----------
    before, after : (N, band, y, x) [1]
        Reflectance of B02, B03, B04, B08, B11, B12. NaN is missing.
    """
    features = np.concatenate([_quantiles(date) for date in _layers(before, after)], axis=1)
    counts = {str(name): float((group == name).sum()) for name in np.unique(group)}
    fold_of_group = assign_folds(counts, n_folds=N_FOLDS)
    fold = np.array([fold_of_group[str(name)] for name in group])
    found = np.empty(len(truth))
    for number in range(N_FOLDS):
        forest = RandomForestClassifier(N_TREES, class_weight="balanced", min_samples_leaf=2, random_state=SEED)
        forest.fit(features[fold != number], truth[fold != number])
        found[fold == number] = forest.predict_proba(features[fold == number])[:, 1]
    return found


def _layers(before: np.ndarray, after: np.ndarray) -> list[np.ndarray]:
    """Bands and indices of each date, and how each changed."""
    was, now = (np.concatenate([date, _indices(date)], axis=1) for date in (before, after))
    return [was, now, now - was]


def _indices(date: np.ndarray) -> np.ndarray:
    """NDVI, MNDWI and bare-soil index of (N, band, y, x)."""
    blue, green, red, infrared, swir1, _ = np.moveaxis(date, 1, 0)
    pairs = ((infrared, red), (green, swir1), (swir1 + red, infrared + blue))
    return np.stack([(a - b) / (a + b + _TINY) for a, b in pairs], axis=1)


def _quantiles(layers: np.ndarray) -> np.ndarray:
    """Quantiles over each patch: (N, layer · quantile); of a patch without data 0."""
    pixels = layers.reshape(*layers.shape[:2], -1)
    found = np.nanquantile(pixels, QUANTILES, axis=2)
    return np.nan_to_num(np.moveaxis(found, 0, 2).reshape(len(layers), -1))
