"""The unwrappers beside one another: ``python benchmarks/unwrapping.py [side_px]``.

Simulated: bowls of a mine, turbulent delay, coherence that varies over the image with patches that have lost it, and
speckle of the given looks, so that residues are where they would be. All get the same arrays in the same run, one
thread each. A pixel is off when its whole turns differ from those of most of the image.
"""

import os
import sys
import time
from typing import NamedTuple

os.environ["WHIRLWIND_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from harness import Row, report
from highwall.insar.forming.unwrapping import SpanningTree, Unwrapper, Whirlwind
from highwall.io.radar.snaphu import Snaphu

LOOKS = 8
RIVALS: dict[str, Unwrapper] = {"spanning tree": SpanningTree(), "SNAPHU": Snaphu()}
MEASURED_COHERENCE, LOST_COHERENCE = 0.2, 0.15
"""Coherence at which a pixel counts as measured; and that of the patches that have lost it."""


class Case(NamedTuple):
    """An interferogram and its truth."""

    ifg: NDArray[np.complex64]
    coh: NDArray[np.float32]
    """Coherence that the interferogram was drawn with."""
    truth: NDArray[np.float64]
    """Phase without noise [rad]."""

    @property
    def residues(self) -> float:
        """Share of loops of four pixels that do not close."""
        phase = np.angle(self.ifg)
        down, across = _wrap(np.diff(phase, axis=0)), _wrap(np.diff(phase, axis=1))
        loop = down[:, :-1] + across[1:] - down[:, 1:] - across[:-1]
        return float((np.abs(loop) > np.pi).mean())


class Score(NamedTuple):
    """How an unwrapper did."""

    seconds: float
    off: float
    """Share of measured pixels that are off."""


def main() -> None:
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    rows = [row for quality in (0.9, 0.5, 0.35) for row in compared(simulate(side, quality), f"coherence {quality:g}")]
    report("unwrapping", rows, title=f"Unwrapping, simulated: {side}×{side} pixels, {LOOKS} looks")


def compared(case: Case, name: str) -> list[Row]:
    """Rows of one case: time, and share off, of whirlwind beside each of the others."""
    ours = measured(Whirlwind(), case)
    note = f"{case.residues:.2%} residues"
    rows = []
    for rival, unwrapper in RIVALS.items():
        theirs = measured(unwrapper, case)
        rows += [
            Row(f"{name}: time", "s", ours.seconds, rival, theirs.seconds, note),
            Row(f"{name}: off by turns", "share", ours.off, rival, theirs.off, note),
        ]
    return rows


def measured(unwrapper: Unwrapper, case: Case) -> Score:
    """Unwrap twice, the first time to warm up."""
    unwrapper.unwrap(case.ifg, case.coh, looks=LOOKS)
    start = time.perf_counter()
    phase = unwrapper.unwrap(case.ifg, case.coh, looks=LOOKS).phase
    seconds = time.perf_counter() - start
    counted = case.coh >= MEASURED_COHERENCE
    wrapped_truth = np.angle(case.ifg * np.exp(-1j * case.truth))  # noise, kept within half a turn
    turns = np.rint((phase - case.truth - wrapped_truth)[counted] / (2 * np.pi))
    values, counts = np.unique(turns, return_counts=True)
    return Score(seconds, float((turns != values[counts.argmax()]).mean()))


def simulate(side: int, quality: float) -> Case:
    """Draw an interferogram whose coherence is about ``quality`` outside the patches that have lost it."""
    rng = np.random.default_rng(11)
    truth = 3.0 * smooth(rng, side, side / 8) + sum(bowl(rng, side) for _ in range(5))
    coh = np.clip(quality + 0.08 * smooth(rng, side, 6.0), 0.05, 0.97)
    coh = np.where(smooth(rng, side, side / 25) > 1.3, LOST_COHERENCE, coh)
    one, own = (speckle(rng, (LOOKS, side, side)) for _ in range(2))
    cross = (one * np.conj(coh * one + np.sqrt(1 - coh**2) * own)).mean(axis=0)
    return Case((cross * np.exp(1j * truth)).astype(np.complex64), coh.astype(np.float32), truth)


def bowl(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    """A bowl of up to six turns."""
    y, x = np.mgrid[:side, :side]
    row, col, width = *rng.uniform(0.15, 0.85, 2) * side, rng.uniform(0.03, 0.08) * side
    return rng.uniform(2, 6) * 2 * np.pi * np.exp(-((y - row) ** 2 + (x - col) ** 2) / (2 * width**2))


def smooth(rng: np.random.Generator, side: int, width: float) -> NDArray[np.float64]:
    """Gaussian field of unit deviation."""
    field = gaussian_filter(rng.standard_normal((side, side)), width, mode="wrap")
    return field / field.std()


def speckle(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.complex128]:
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)


def _wrap(phase: NDArray[np.floating]) -> NDArray[np.floating]:
    return phase - 2 * np.pi * np.rint(phase / (2 * np.pi))


if __name__ == "__main__":
    main()
