"""Solvers that run in this process: Highwall, its prototype, numpy pixel by pixel, numpy with one pseudo-inverse."""

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from operator import itemgetter
from typing import Any, Protocol

import numpy as np
import xarray as xr

from harness import SHARED
from highwall.insar.inversion import invert
from highwall.insar.options import AlreadyReferenced, InversionOptions
from insar_case import METRES_PER_RADIAN, Case
from insar_scene import LOOKS, YEARS


class Solver(Protocol):
    """One that inverts some pixels of a case."""

    name: str
    note: str
    pixels: np.ndarray
    """Their numbers in the case, row after row."""

    def seconds(self) -> float:
        """CPU time of one run; what is compiled is compiled before."""

    @property
    def phases(self) -> np.ndarray:
        """(epoch, pixel) [rad], NaN where there is no answer."""


@dataclass
class Here:
    """A solver of this process."""

    name: str
    note: str
    pixels: np.ndarray
    solve: Callable[[], Any]
    phases_of: Callable[[Any], np.ndarray]
    """Makes (epoch, …) [rad] of what ``solve`` gives; it is not timed."""

    def seconds(self) -> float:
        """CPU time of one run, all threads."""
        _ = self.phases
        start = time.process_time()
        self.solve()
        return time.process_time() - start

    @cached_property
    def phases(self) -> np.ndarray:
        """(epoch, pixel) [rad]; the run that makes them compiles too."""
        return self.phases_of(self.solve()).reshape(len(YEARS), -1)


def options_of(case: Case) -> InversionOptions:
    weighting = "coherence" if case.weighted else "none"
    return InversionOptions(reference=AlreadyReferenced(), looks=LOOKS, weighting=weighting, norm=case.norm)


def highwall(case: Case) -> Here:
    solve = partial(invert, case.stack, options=options_of(case))
    return Here("highwall", "all outputs", case.pixels, solve, _in_radians)


def _in_radians(result: xr.Dataset) -> np.ndarray:
    return result["displacement"].values / METRES_PER_RADIAN


def in_one_piece(case: Case) -> np.ndarray:
    """(pixel) whether a pixel's pairs join all dates."""
    return invert(case.stack, options=options_of(case))["n_components"].values.ravel() == 1


def prototype(case: Case) -> Here | None:
    """Prototype of Highwall's kernel; None where it is absent."""
    path = SHARED / "prototypes" / "proto_sbas.py"
    spec = importlib.util.spec_from_file_location("proto_sbas", path)
    if not path.exists() or spec is None or spec.loader is None:
        return None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    solve = partial(module.run, case.unw, case.coh, case.pairs, YEARS, nlooks=LOOKS, mode=int(case.weighted))
    return Here("prototype", "no residuals, no scaled error", case.pixels, solve, itemgetter(0))


def lstsq(case: Case, pixels: np.ndarray) -> Here:
    """``numpy.linalg.lstsq`` in float64, pixel by pixel: the oracle."""
    cut = case.at(pixels)
    unw, coh = cut.unw[:, 0], cut.coh[:, 0]
    spans, number = np.diff(YEARS), np.arange(len(YEARS) - 1)
    design = np.where((number >= case.pairs[:, :1]) & (number < case.pairs[:, 1:]), spans, 0.0)
    roots = np.sqrt(weights(coh)) if case.weighted else np.ones(coh.shape)

    def solve() -> np.ndarray:
        return np.stack([_minimum_norm(y, root, design) for y, root in zip(unw.T, roots.T, strict=True)], axis=1)

    return Here("numpy lstsq", "float64 SVD, pixel by pixel", pixels, solve, np.asarray)


def _minimum_norm(y: np.ndarray, root: np.ndarray, design: np.ndarray) -> np.ndarray:
    """Phase of each date [rad] of one pixel, by the least velocities of the intervals."""
    there = np.isfinite(y)
    if not there.any():
        return np.full(len(YEARS), np.nan)
    w = root[there]
    rates = np.linalg.lstsq(w[:, None] * design[there], w * y[there], rcond=1e-9)[0]
    return np.concatenate([[0.0], np.cumsum(rates * np.diff(YEARS))])


def weights(coh: np.ndarray) -> np.ndarray:
    """Inverse variance of a phase [rad⁻²]; the bound of Rodriguez & Martin 1992."""
    c = np.clip(coh.astype(np.float64), 0.01, 0.99) ** 2
    return 2 * LOOKS * c / (1 - c)


def one_product(case: Case) -> Here:
    """One pseudo-inverse times all phases, in float32: what no solver of a whole, unweighted stack can undercut."""
    unw = case.unw.reshape(len(case.unw), -1)
    inverse = np.vstack([np.zeros(len(case.pairs)), np.linalg.pinv(incidence(case)[:, 1:])]).astype(np.float32)
    return Here("numpy, one product", "series only", case.pixels, lambda: inverse @ unw, np.asarray)


def incidence(case: Case) -> np.ndarray:
    """(pair, epoch): −1 at the first date, 1 at the second."""
    matrix = np.zeros((len(case.pairs), len(YEARS)))
    rows = np.arange(len(case.pairs))
    matrix[rows, case.pairs[:, 0]], matrix[rows, case.pairs[:, 1]] = -1.0, 1.0
    return matrix
