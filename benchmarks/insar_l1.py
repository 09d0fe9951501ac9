"""Least sum of misfits (L1) where some phases are off by a cycle: Highwall, dolphin, and the exact linear programme."""

from contextlib import ExitStack

import numpy as np
from scipy.optimize import linprog

from harness import Row
from insar_case import Case
from insar_contest import Judge, least_microseconds, phases_at, started
from insar_solvers import Here, Solver, highwall, incidence
from rival_process import Entry

EXACT_PX = 60
"""Pixels that the linear programme solves."""


def contest_l1(case: Case, entry: Entry) -> list[Row]:
    """Time, distance from the least sum, and error of velocity; least squares beside them."""
    order = np.random.default_rng(1).permutation(case.pixels)
    ours, squares = highwall(case), highwall(case._replace(norm="L2"))
    oracle = linear_programme(case, order[:EXACT_PX])
    with ExitStack() as stack:
        rivals, absent = started(case, [entry], order=order, stack=stack)
        took = least_microseconds([ours, *rivals])
    judge = Judge(case, oracle, np.ones(case.pixels.size, bool))
    rows = [row for rival in rivals for row in _compared(ours, rival, took=took, judge=judge)]
    errors = [judge.of_velocity(solver, case.pixels) for solver in (ours, squares)]
    missing = [Row(f"{case.name}: a pixel", "CPU µs", took[ours.name], name, None, why) for name, why in absent]
    return [*rows, *missing, Row(f"{case.name}: RMS error of velocity", "mm/year", errors[0], "ours, L2", errors[1])]


def linear_programme(case: Case, pixels: np.ndarray) -> Here:
    """Exact minimum of Σ|φ_pair − (φ_j − φ_i)|: the oracle."""
    unw, design = case.at(pixels).unw[:, 0].astype(np.float64), incidence(case)[:, 1:]

    def solve() -> np.ndarray:
        return np.stack([_least_sum(design, y) for y in unw.T], axis=1)

    return Here("linear programme", "scipy HiGHS", pixels, solve, np.asarray)


def _least_sum(design: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Phase of each date [rad]; each misfit is the difference of two numbers that are not negative."""
    n_pairs, n = design.shape
    cost = np.concatenate([np.zeros(n), np.ones(2 * n_pairs)])
    split = np.hstack([design, np.eye(n_pairs), -np.eye(n_pairs)])
    bounds = [(None, None)] * n + [(0, None)] * (2 * n_pairs)
    return np.concatenate([[0.0], linprog(cost, A_eq=split, b_eq=y, bounds=bounds).x[:n]])


def _compared(ours: Solver, theirs: Solver, *, took: dict[str, float], judge: Judge) -> list[Row]:
    name, note = judge.case.name, f"{theirs.note}; {theirs.pixels.size} pixels"
    excess = [_excess(solver, judge) for solver in (ours, theirs)]
    errors = [judge.of_velocity(solver, theirs.pixels) for solver in (ours, theirs)]
    return [
        Row(f"{name}: a pixel", "CPU µs", took[ours.name], theirs.name, took[theirs.name], note),
        Row(f"{name}: sum of misfits above the least", "%", excess[0], theirs.name, excess[1], "mean; exact by HiGHS"),
        Row(f"{name}: RMS error of velocity", "mm/year", errors[0], theirs.name, errors[1]),
    ]


def _excess(solver: Solver, judge: Judge) -> float:
    """How far the sum of misfits is above the least one, on average [%]."""
    pixels, design = judge.oracle.pixels, incidence(judge.case)
    unw = judge.case.at(pixels).unw[:, 0]
    sums, least = (np.abs(unw - design @ phases_at(s, pixels)).sum(axis=0) for s in (solver, judge.oracle))
    return 100 * float(np.mean(sums / least - 1))
