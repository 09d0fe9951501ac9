"""dolphin's solver, called as its ``invert_unw_network`` calls it on a block.

Its module asks for GDAL's bindings, which only reading and writing of files use and no wheel holds: an empty stand-in
takes their place. As there, phases that are missing become 0 and their pixel has no answer; the weights that
coherence gives are what ``correlation_to_variance`` returns.
"""

import importlib
import sys
from collections.abc import Mapping
from functools import partial
from unittest.mock import MagicMock

import numpy as np

from rival_serve import Solver, serve


def prepare(case: Mapping[str, np.ndarray]) -> Solver:
    sys.modules.update(dict.fromkeys(("osgeo", "osgeo.gdal", "osgeo.osr"), MagicMock()))
    dolphin = importlib.import_module("dolphin.timeseries")
    unw, pairs = case["unw"], [tuple(pair) for pair in case["pairs"].tolist()]
    A = dolphin.get_incidence_matrix(pairs, sar_idxs=list(range(len(case["years"]))))
    weights = dolphin.correlation_to_variance(case["coh"], int(case["looks"])) if case["weighted"] else None
    has_gap = np.isnan(unw).any(axis=0)[0]
    filled = np.nan_to_num(unw)

    if str(case["norm"]) == "L1":
        invert = partial(dolphin.invert_stack_l1, A, filled)
    else:
        invert = partial(dolphin.invert_stack, A, filled, weights, None)
    return Solver(lambda: np.asarray(invert()[0]), partial(series_of, has_gap=has_gap))


def series_of(phases: np.ndarray, *, has_gap: np.ndarray) -> np.ndarray:
    """Phases of all dates (epoch, pixel); a pixel with a gap has none."""
    series = np.vstack([np.zeros_like(phases[:1, 0]), phases[:, 0]])
    series[:, has_gap] = np.nan
    return series


if __name__ == "__main__":
    serve(prepare)
