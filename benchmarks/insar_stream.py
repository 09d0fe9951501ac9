"""A stack larger than memory through ``highwall deform``: how much memory it takes, and how long.

python benchmarks/insar_stream.py make FOLDER [side_px]     writes the stack: 10.7 GB at 2000
python benchmarks/insar_stream.py run FOLDER                inverts it in a process of its own
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio

from harness import Row, report
from insar_stream_stack import make, size_mb

HIGHWALL = Path(sys.executable).with_name("highwall")
SIDE_PX, BOUND_MB = 2000, 1500.0
MINTPY_MB = 4000.0
"""MB of a block that MintPy 1.6 allows by default, ``mintpy.compute.maxMemory`` in its ``smallbaselineApp.cfg``."""


class Measured(NamedTuple):
    """What a process took."""

    peak_mb: float
    """Largest resident memory; files that the system keeps cached are not in it."""
    cpu_s: float
    wall_s: float


def main() -> None:
    match sys.argv[1:]:
        case ["make", folder, *side]:
            make(Path(folder), int(side[0]) if side else SIDE_PX)
        case ["run", folder]:
            run(Path(folder))
        case _:
            sys.exit(__doc__)


def run(folder: Path) -> None:
    """Invert the stack afresh, and report."""
    out = folder / "run"
    shutil.rmtree(out, ignore_errors=True)
    store = folder / "stack.zarr"
    took = measure([HIGHWALL, "deform", store, "--out", out])
    velocity = read(out / "velocity.tif")
    truth = np.load(folder / "truth.npz")
    whole = (truth["coherence"] > np.median(truth["coherence"])) & np.isfinite(velocity)
    error = (velocity - truth["velocity"])[whole]
    case = "highwall deform, {} × {} pixels".format(*velocity.shape)
    stack_mb, threads = size_mb(store), f"{os.cpu_count()} threads"
    rows = [
        Row(f"{case}: peak memory", "MB", took.peak_mb, "the bound", BOUND_MB, "resident set of the process"),
        Row(f"{case}: peak memory", "MB", took.peak_mb, "the stack", stack_mb, "phase and coherence as arrays"),
        Row(f"{case}: peak memory", "MB", took.peak_mb, "MintPy", MINTPY_MB, "its default of a block, not run"),
        Row(f"{case}: CPU time of a pixel", "µs", 1e6 * took.cpu_s / velocity.size, note="reading and writing too"),
        Row(
            f"{case}: time of a pixel", "µs", 1e6 * took.wall_s / velocity.size, note=f"{took.wall_s:.0f} s, {threads}"
        ),
        Row("velocity, RMS error", "mm/year", 1e3 * float(np.std(error)), note="the more coherent half, air included"),
    ]
    report("insar_stream", rows, title=f"A stack of {stack_mb / 1e3:.1f} GB, simulated")


def measure(command: list[str | Path]) -> Measured:
    """Run a command to its end."""
    start = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        sys.exit(f"{' '.join(map(str, command))}: failed with {os.waitstatus_to_exitcode(status)}")
    return Measured(usage.ru_maxrss * 1024 / 1e6, usage.ru_utime + usage.ru_stime, wall)


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read(1, masked=True).filled(np.nan)


if __name__ == "__main__":
    main()
