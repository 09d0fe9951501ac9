"""Run in the rivals' environment: time MintPy's pixel solver on the arrays of a case, print one line of JSON."""

import json
import sys
import time

import mintpy
import numpy as np
from mintpy.ifgram_inversion import estimate_timeseries


def main() -> None:
    case = np.load(sys.argv[1])
    unw, years = case["unw"].astype(np.float64), case["years"]
    c = np.clip(case["coh"].astype(np.float64), 0.01, 0.99)
    root = np.sqrt(2 * case["looks"] * c**2 / (1 - c**2))
    A, B = designs(case["pairs"], years)
    spans = np.diff(years)[:, None]
    start = time.process_time()
    for pixel in range(unw.shape[1]):
        estimate_timeseries(
            A, B, unw[:, pixel, None], spans, weight_sqrt=root[:, pixel, None], min_norm_velocity=True, print_msg=False
        )
    microseconds = 1e6 * (time.process_time() - start) / unw.shape[1]
    print(json.dumps({"microseconds": microseconds, "version": mintpy.__version__}))


def designs(pairs: np.ndarray, years: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """MintPy's two design matrices: phases of the dates but the first, velocities of the intervals."""
    spans, number = np.diff(years), np.arange(len(years) - 1)
    incidence = np.zeros((len(pairs), len(years)))
    rows = np.arange(len(pairs))
    incidence[rows, pairs[:, 0]], incidence[rows, pairs[:, 1]] = -1.0, 1.0
    B = np.where((number >= pairs[:, :1]) & (number < pairs[:, 1:]), spans, 0.0)
    return incidence[:, 1:], B


if __name__ == "__main__":
    main()
