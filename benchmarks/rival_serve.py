"""Run in the rivals' environment: a solver that runs once at each line of input, and tells its CPU time."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np


class Solver(NamedTuple):
    """A rival that knows its case."""

    solve: Callable[[], Any]
    """One inversion, timed."""
    phases_of: Callable[[Any], np.ndarray] = np.asarray
    """Makes (epoch, pixel) [rad] of it, NaN where there is no answer; not timed."""


Prepare = Callable[[Mapping[str, np.ndarray]], Solver]
"""Makes a solver of a case: unw, coh, weights (pair, 1, pixel); weighted; pairs; days, years; looks; wavelength_m."""


def serve(prepare: Prepare) -> None:
    """Solve the case in ``argv[1]`` into ``argv[2]``; then once more at each line, and print the seconds.

    What the solver prints goes to the error stream, so that answers stand alone on the output.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    solver = prepare(np.load(sys.argv[1]))
    np.save(sys.argv[2], solver.phases_of(solver.solve()))
    print("ready", file=answers)
    for _ in sys.stdin:
        start = time.process_time()
        solver.solve()
        print(time.process_time() - start, file=answers)


def incidence(pairs: np.ndarray, n_dates: int) -> np.ndarray:
    """(pair, date): −1 at the first date, 1 at the second."""
    matrix = np.zeros((len(pairs), n_dates))
    rows = np.arange(len(pairs))
    matrix[rows, pairs[:, 0]], matrix[rows, pairs[:, 1]] = -1.0, 1.0
    return matrix
