"""Inversion of a network beside its rivals: ``python benchmarks/insar.py [side_px]``.

Simulated, after the network of a published mine survey. All solvers get the same arrays in the same run, take turns,
and use one thread; rivals run in an environment of their own (``make rivals``). Below a ratio stand the errors of both.
"""

import os
import sys

os.environ.update(dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

from harness import report
from insar_case import blunders, gaps, split, whole, wide
from insar_contest import contest
from insar_honesty import honesty
from insar_l1 import contest_l1
from insar_scene import N_DATES, N_PAIRS, scene
from rival_process import Entry

SIDE_PX = 250
MINTPY = Entry("MintPy", "rival_mintpy.py", 20_000, "estimate_timeseries, all pixels at once")
MINTPY_BY_PIXEL = Entry("MintPy", "rival_mintpy.py", 1000, "estimate_timeseries, pixel by pixel")
INSAR_RS = Entry("insar-rs", "rival_insar_rs.py", 60_000, "invert_sbas: series only")
INSAR_RS_GAPS = Entry("insar-rs", "rival_insar_rs.py", 2000, "invert_sbas: series only")
DOLPHIN = Entry("dolphin", "rival_dolphin.py", 60_000, "invert_stack: series only")
DOLPHIN_WEIGHTED = Entry("dolphin", "rival_dolphin.py", 500, "invert_stack, weighted by variance as its pipeline does")
DOLPHIN_L1 = Entry("dolphin", "rival_dolphin.py", 2000, "invert_stack_l1: series only")


def main() -> None:
    side = int(sys.argv[1]) if len(sys.argv) > 1 else SIDE_PX
    ground = scene(side)
    survey = gaps(ground, weighted=True)
    rows = [
        *contest(survey, [MINTPY_BY_PIXEL]),
        *contest(split(ground), [MINTPY_BY_PIXEL]),
        *contest(whole(ground, weighted=True), [MINTPY_BY_PIXEL, DOLPHIN_WEIGHTED]),
        *contest(whole(ground, weighted=False), [MINTPY, DOLPHIN, INSAR_RS]),
        *contest(gaps(ground, weighted=False), [MINTPY_BY_PIXEL, INSAR_RS_GAPS]),
        *contest(wide(ground), [MINTPY_BY_PIXEL]),
        *contest_l1(blunders(ground), DOLPHIN_L1),
        *honesty(survey, ground),
    ]
    title = f"SBAS inversion, simulated: {side}×{side} pixels, {N_DATES} dates, {N_PAIRS} pairs"
    report("insar", rows, title=f"{title}; gaps: {survey.missing:.0%} of the phases missing")


if __name__ == "__main__":
    main()
