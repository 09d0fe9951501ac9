"""Solvers of one case in turn, A B A B: the least CPU time of each, and how far each is from the exact and the true."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from harness import Row
from insar_case import METRES_PER_RADIAN, Case
from insar_scene import YEARS
from insar_solvers import Solver, highwall, in_one_piece, lstsq, one_product, prototype
from rival_process import Entry, RivalError, rival

REPEATS = 5
EXACT_PX = 500
"""Pixels that float64 SVD solves; every rival is given these and more."""


def contest(case: Case, entries: Sequence[Entry] = ()) -> list[Row]:
    """Highwall beside its prototype, numpy and each rival, on the same pixels."""
    order = np.random.default_rng(1).permutation(case.pixels)
    ours, oracle = highwall(case), lstsq(case, order[:EXACT_PX])
    with ExitStack() as stack:
        rivals, absent = started(case, entries, order=order, stack=stack)
        solvers = [*_of_all_pixels(case), oracle, *rivals]
        took = least_microseconds([ours, *solvers])
    judge = Judge(case, oracle, in_one_piece(case))
    rows = [row for solver in solvers for row in _compared(ours, solver, took=took, judge=judge)]
    missing = [Row(f"{case.name}: a pixel", "CPU µs", took[ours.name], name, None, why) for name, why in absent]
    return rows + missing


def least_microseconds(solvers: Sequence[Solver]) -> dict[str, float]:
    """CPU time of a pixel [µs]: the least of some rounds, in each of which every solver runs once."""
    rounds = [{solver.name: solver.seconds() for solver in solvers} for _ in range(REPEATS)]
    return {
        solver.name: 1e6 * min(seconds[solver.name] for seconds in rounds) / solver.pixels.size for solver in solvers
    }


@dataclass(frozen=True)
class Judge:
    """Knows the exact answer at some pixels and the true motion of all."""

    case: Case
    oracle: Solver
    is_whole: np.ndarray
    """(pixel) whether its pairs join all dates, so that its motion is known."""

    def of_phase(self, solver: Solver) -> float:
        """Largest difference of a date's phase from float64 SVD where the solver gives an answer [rad]."""
        difference = phases_at(solver, self.oracle.pixels) - self.oracle.phases
        return float(np.nanmax(np.abs(difference))) if np.isfinite(difference).any() else np.nan

    def of_velocity(self, solver: Solver, pixels: np.ndarray) -> float:
        """RMS difference between the slopes of a solver's series and of the truth [mm year⁻¹]."""
        truth = self.case.at(pixels).series[:, 0]
        error = slope(phases_at(solver, pixels) * METRES_PER_RADIAN - truth)
        return 1e3 * float(np.sqrt(np.mean(error**2)))


def phases_at(solver: Solver, pixels: np.ndarray) -> np.ndarray:
    """Answer of a solver at pixels of the case (epoch, pixel) [rad], NaN at those that it did not solve."""
    place = np.full(max(solver.pixels.max(), pixels.max()) + 1, -1)
    place[solver.pixels] = np.arange(solver.pixels.size)
    at = place[pixels]
    return np.where(at >= 0, solver.phases[:, at], np.nan)


def slope(series: np.ndarray) -> np.ndarray:
    """Slope of the line through (epoch, …) [per year]."""
    centred = YEARS - YEARS.mean()
    return np.tensordot(centred / (centred @ centred), series.astype(np.float64), 1)


def _of_all_pixels(case: Case) -> list[Solver]:
    """Solvers of this process; one product only where one pseudo-inverse fits all pixels."""
    fits_all = not case.weighted and not case.missing
    found = [prototype(case), one_product(case) if fits_all else None]
    return [solver for solver in found if solver is not None]


def started(
    case: Case, entries: Sequence[Entry], *, order: np.ndarray, stack: ExitStack
) -> tuple[list[Solver], list[tuple[str, str]]]:
    """Rivals that run, and the names of those that do not, with the reason."""
    running: list[Solver] = []
    absent: list[tuple[str, str]] = []
    for entry in entries:
        try:
            running.append(stack.enter_context(rival(entry, case, pixels=order[: entry.n_pixels])))
        except RivalError as error:
            absent.append((entry.name, f"{error}"))
    return running, absent


def _compared(ours: Solver, theirs: Solver, *, took: dict[str, float], judge: Judge) -> list[Row]:
    """Time, exactness and truth of two solvers, at the pixels that both solved."""
    name, given = judge.case.name, theirs.pixels
    is_answered = np.isfinite(theirs.phases).all(axis=0)
    fair = given[is_answered & judge.is_whole[given]]
    answered = f"it answered {is_answered.mean():.0%}" if not is_answered.all() else ""
    time_note = f"{theirs.note}; {given.size} pixels"
    rows = [Row(f"{name}: a pixel", "CPU µs", took[ours.name], theirs.name, took[theirs.name], time_note)]
    if theirs is not judge.oracle:
        errors = (judge.of_phase(solver) for solver in (ours, theirs))
        rows.append(
            _row(f"{name}: largest error of a phase", "rad", errors, theirs, f"against float64 SVD; {answered}")
        )
        errors = (judge.of_velocity(solver, fair) for solver in (ours, theirs))
        rows.append(
            _row(f"{name}: RMS error of velocity", "mm/year", errors, theirs, f"{fair.size} pixels in one piece")
        )
    return rows


def _row(case: str, unit: str, errors: Iterable[float], theirs: Solver, note: str) -> Row:
    ours, rivals = errors
    return Row(case, unit, ours, theirs.name, rivals, note.removesuffix("; "))
