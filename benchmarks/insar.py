"""Inversion of a network beside its rivals: ``python benchmarks/insar.py [side_px]``.

Simulated, after the network of a published mine survey (2024): 91 dates, 334 pairs, coherence that decays with time, a
phase of low coherence missing. All solvers get the same arrays in the same run and use one thread.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

os.environ["NUMBA_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import xarray as xr
from scipy.ndimage import gaussian_filter

from harness import RIVALS_PYTHON, SHARED, Row, cpu_seconds, report
from highwall.core.constants import DAYS_PER_YEAR, SENTINEL1_WAVELENGTH
from highwall.insar.inversion import invert
from highwall.insar.options import AlreadyReferenced, InversionOptions
from highwall.insar.stack import metres_per_radian
from highwall.insar.velocity import fit_velocity

N_DATES, N_PAIRS, REVISIT_DAYS, LOOKS = 91, 334, 12, 20
MAX_BASELINE_M, MIN_COHERENCE = 111.0, 0.22
"""The survey's longest perpendicular baseline; coherence below which a phase is missing."""
LSTSQ_PIXELS, MINTPY_PIXELS = 1000, 1000
OPTIONS = InversionOptions(reference=AlreadyReferenced(), looks=LOOKS)


class Case(NamedTuple):
    """A simulated stack and its truth."""

    stack: xr.Dataset
    pairs: np.ndarray
    years: np.ndarray
    displacement: np.ndarray
    """(epoch, y, x) [m], atmosphere included."""
    velocity: np.ndarray
    """(y, x) [m year⁻¹], of the steady motion."""


def main() -> None:
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 250
    case = simulate(side)
    missing = float(case.stack["unw"].isnull().mean())
    result = invert(case.stack, options=OPTIONS)
    rows = [
        *against_prototype(case),
        *against_lstsq(case, result),
        *against_mintpy(case),
        *against_truth(case, result),
    ]
    title = f"SBAS inversion, simulated: {side}×{side} pixels, {N_DATES} dates, {N_PAIRS} pairs, {missing:.0%} missing"
    report("insar", rows, title=title)


def simulate(side: int) -> Case:
    """Subsidence bowls, a seasonal part, atmosphere, and phase noise of the coherence."""
    rng = np.random.default_rng(7)
    days = np.arange(N_DATES) * REVISIT_DAYS
    years, pairs = days / DAYS_PER_YEAR, network(rng)
    velocity = bowls(rng, side) + 3e-4 * smooth(rng, side, 0.08 * side)
    seasonal = 3e-3 * gaussian_filter(rng.random((side, side)), 5)
    displacement = np.empty((N_DATES, side, side), np.float32)
    for epoch, year in enumerate(years):
        displacement[epoch] = velocity * year + seasonal * np.sin(2 * np.pi * year) + atmosphere(rng, side)
    displacement -= displacement[0].copy()
    unw, coh = interferograms(rng, displacement, pairs, years)
    dates = (np.datetime64("2020-01-04") + days.astype("timedelta64[D]")).astype("datetime64[ns]")
    stack = xr.Dataset(
        {"unw": (("pair", "y", "x"), unw), "coh": (("pair", "y", "x"), coh)},
        coords={"first": ("pair", dates[pairs[:, 0]]), "second": ("pair", dates[pairs[:, 1]])},
        attrs={"wavelength_m": SENTINEL1_WAVELENGTH},
    )
    return Case(stack, pairs, years, displacement, velocity)


def network(rng: np.random.Generator) -> np.ndarray:
    """Pairs of at most five revisits and ``MAX_BASELINE_M``; the chain first, then the shortest baselines."""
    bperp = rng.normal(0, 50, N_DATES)
    near = [(i, j) for i in range(N_DATES) for j in range(i + 1, min(i + 6, N_DATES))]
    fit = [(i, j) for i, j in near if j == i + 1 or abs(bperp[i] - bperp[j]) <= MAX_BASELINE_M]
    fit.sort(key=lambda pair: (pair[1] - pair[0] > 1, abs(bperp[pair[0]] - bperp[pair[1]])))
    return np.array(sorted(fit[:N_PAIRS]))


def bowls(rng: np.random.Generator, side: int) -> np.ndarray:
    """Twelve bowls that sink by 5 to 60 mm a year [m year⁻¹]."""
    y, x = np.mgrid[:side, :side] / side
    velocity = np.zeros((side, side))
    for _ in range(12):
        cy, cx, width = rng.random(), rng.random(), rng.uniform(0.01, 0.05)
        velocity -= 1e-3 * rng.uniform(5, 60) * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * width**2))
    return velocity


def smooth(rng: np.random.Generator, side: int, sigma: float) -> np.ndarray:
    """Random field of unit variance, smooth over ``sigma`` pixels."""
    field = gaussian_filter(rng.normal(size=(side, side)), sigma)
    return field / field.std()


def atmosphere(rng: np.random.Generator, side: int) -> np.ndarray:
    """Delay of one date [m], smooth over some tens of pixels."""
    coarse = gaussian_filter(rng.normal(size=(side // 4 + 1, side // 4 + 1)), 8) * 8
    return 5e-3 * np.kron(coarse, np.ones((4, 4)))[:side, :side]


def interferograms(
    rng: np.random.Generator, displacement: np.ndarray, pairs: np.ndarray, years: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Phases [rad] with the noise of their coherence, and the coherences; a phase is missing where that is low."""
    side = displacement.shape[1]
    steady = np.clip(0.55 + 0.28 * smooth(rng, side, 0.012 * side), 0.08, 0.95)
    unw = np.empty((len(pairs), side, side), np.float32)
    coh = np.empty_like(unw)
    for k, (i, j) in enumerate(pairs):
        c = np.clip(steady * np.exp(-1.2 * (years[j] - years[i])) * rng.uniform(0.85, 1.0), 0.02, 0.98)
        sigma = np.minimum(np.sqrt((1 - c**2) / (2 * LOOKS * c**2)), 1.8)
        moved = displacement[j] - displacement[i]
        unw[k] = -4 * np.pi / SENTINEL1_WAVELENGTH * moved + sigma * rng.normal(size=(side, side))
        coh[k] = np.clip(c + 0.03 * rng.normal(size=(side, side)), 0.01, 0.99)
    unw[coh < MIN_COHERENCE] = np.nan
    return unw, coh


def against_prototype(case: Case) -> list[Row]:
    """The whole stack, weighted, beside the prototype of this algorithm."""
    what = "invert the stack, weighted, one thread"
    ours = cpu_seconds(lambda: invert(case.stack, options=OPTIONS))
    prototype = load_prototype()
    if prototype is None:
        return [Row(what, "CPU s", ours, "prototype", None, "prototypes/proto_sbas.py is absent")]
    unw, coh = case.stack["unw"].values, case.stack["coh"].values
    theirs = cpu_seconds(lambda: prototype.run(unw, coh, case.pairs, case.years, nlooks=LOOKS))
    return [Row(what, "CPU s", ours, "prototype", theirs, "ours also gives residuals and a scaled standard error")]


def load_prototype() -> Any | None:
    path = SHARED / "prototypes" / "proto_sbas.py"
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location("proto_sbas", path)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sample(case: Case, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of some pixels."""
    side = case.velocity.shape[0]
    chosen = np.random.default_rng(1).choice(side * side, min(count, side * side), replace=False)
    rows, cols = np.unravel_index(chosen, (side, side))
    return rows, cols


def per_pixel(case: Case) -> float:
    """CPU time of a pixel in ours [µs]."""
    return 1e6 * cpu_seconds(lambda: invert(case.stack, options=OPTIONS)) / case.velocity.size


def against_lstsq(case: Case, result: xr.Dataset) -> list[Row]:
    """Pixel by pixel with ``numpy.linalg.lstsq``, the same weights and the same minimum norm; how far both agree."""
    rows, cols = sample(case, LSTSQ_PIXELS)
    unw, coh = (case.stack[name].values[:, rows, cols].astype(np.float64) for name in ("unw", "coh"))
    start = time.process_time()
    exact = np.stack([lstsq_pixel(unw[:, p], coh[:, p], case) for p in range(len(rows))], axis=1)
    theirs = 1e6 * (time.process_time() - start) / len(rows)
    ours = result["displacement"].values[:, rows, cols] / metres_per_radian(case.stack)
    note = f"float64 SVD, {len(rows)} pixels"
    return [
        Row("one pixel, weighted, gaps, minimum norm", "CPU µs", per_pixel(case), "numpy lstsq", theirs, note),
        Row("a date's phase, largest error against float64 SVD", "rad", apart(ours, exact), "prototype",
            prototype_error(case, rows, cols, exact), f"{len(rows)} pixels, split networks among them"),
    ]  # fmt: skip


def prototype_error(case: Case, rows: np.ndarray, cols: np.ndarray, exact: np.ndarray) -> float | None:
    prototype = load_prototype()
    if prototype is None:
        return None
    unw, coh = (np.ascontiguousarray(case.stack[name].values[:, rows, cols])[:, None] for name in ("unw", "coh"))
    phases = prototype.run(unw, coh, case.pairs, case.years, nlooks=LOOKS)[0]
    return apart(phases.reshape(exact.shape), exact)


def apart(phases: np.ndarray, exact: np.ndarray) -> float:
    """Largest difference where there is a solution [rad]."""
    return float(np.nanmax(np.abs(phases - exact)))


def lstsq_pixel(y: np.ndarray, coherence: np.ndarray, case: Case) -> np.ndarray:
    """Phase of each date [rad] of one pixel."""
    there = np.isfinite(y)
    if not there.any():
        return np.full(len(case.years), np.nan)
    c = np.clip(coherence[there], 0.01, 0.99)
    root = np.sqrt(2 * LOOKS * c**2 / (1 - c**2))
    spans = np.diff(case.years)
    number = np.arange(len(spans))
    first, second = case.pairs[there, 0, None], case.pairs[there, 1, None]
    design = np.where((number >= first) & (number < second), spans, 0.0)
    rates = np.linalg.lstsq(root[:, None] * design, root * y[there], rcond=1e-9)[0]
    return np.concatenate([[0.0], np.cumsum(rates * spans)])


def against_mintpy(case: Case) -> list[Row]:
    """MintPy's own pixel solver in its own environment; a note when that is absent."""
    what = "one pixel, weighted, gaps, minimum norm"
    rows, cols = sample(case, MINTPY_PIXELS)
    ours = per_pixel(case)
    if not RIVALS_PYTHON.exists():
        return [Row(what, "CPU µs", ours, "MintPy", None, "no .venv-bench; make one and install mintpy there")]
    with tempfile.TemporaryDirectory() as folder:
        arrays = Path(folder) / "case.npz"
        unw, coh = (case.stack[name].values[:, rows, cols] for name in ("unw", "coh"))
        np.savez(arrays, unw=unw, coh=coh, pairs=case.pairs, years=case.years, looks=LOOKS)
        rival = Path(__file__).with_name("rival_mintpy.py")
        done = subprocess.run([RIVALS_PYTHON, rival, arrays], capture_output=True, text=True, check=False)
    if done.returncode:
        return [Row(what, "CPU µs", ours, "MintPy", None, f"did not run: {done.stderr.strip().splitlines()[-1]}")]
    answer = json.loads(done.stdout.splitlines()[-1])
    note = f"{answer['version']}, estimate_timeseries on {len(rows)} pixels"
    return [Row(what, "CPU µs", ours, "MintPy", answer["microseconds"], note)]


def against_truth(case: Case, result: xr.Dataset) -> list[Row]:
    """Error against what was simulated, beside an inversion that does not weight, and the honesty of the errors."""
    connected = result["n_components"].values == 1
    plain = invert(case.stack, options=OPTIONS.model_copy(update={"weighting": "none"}))
    truth = fitted(case)
    error, plain_error = ((r["velocity"].values - truth)[connected] for r in (result, plain))
    series = (result["displacement"].values - case.displacement)[:, connected]
    plain_series = (plain["displacement"].values - case.displacement)[:, connected]
    z = error / result["velocity_std"].values[connected]
    line_z, formal_z = against_steady_motion(case, result, connected)
    share = f"{connected.mean():.0%} of pixels, whose network is whole"
    unweighted = "ours, unweighted"
    return [
        Row("velocity, RMS error", "mm/year", 1e3 * rms(error), unweighted, 1e3 * rms(plain_error), share),
        Row("displacement, RMS error", "mm", 1e3 * rms(series), unweighted, 1e3 * rms(plain_series), share),
        Row("velocity error over velocity_std, RMS", "1", rms(z), "ideal", 1.0, "delay counts as motion"),
        Row("velocity error over velocity_std, RMS", "1", formal_z, "fit_velocity", line_z, "delay counts as error"),
    ]


def against_steady_motion(case: Case, result: xr.Dataset, connected: np.ndarray) -> tuple[float, float]:
    """RMS of error over standard error, of the line fit and of the inversion; both relative to the median pixel."""
    series = result["displacement"]
    relative = fit_velocity(series - series.where(result["n_components"] == 1).median(("y", "x")))
    error = relative["velocity"].values - case.velocity
    error = (error - np.median(error[connected]))[connected]
    line, formal = (r["velocity_std"].values[connected] for r in (relative, result))
    return rms(error / line), rms(error / formal)


def fitted(case: Case) -> np.ndarray:
    """Regression slope of the simulated displacements [m year⁻¹], the quantity that the inversion estimates."""
    centred = case.years - case.years.mean()
    return np.tensordot(centred / (centred @ centred), case.displacement, 1)


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


if __name__ == "__main__":
    main()
