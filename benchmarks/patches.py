"""Multiresolution segmentation: time, memory and growth, beside its prototype and superpixels of scikit-image.

python benchmarks/patches.py                    all but what follows
python benchmarks/patches.py spread             how far a thousandth of a weight moves the borders
python benchmarks/patches.py large [side_px]    an image of 10,000 × 10,000 pixels in tiles, in a process of its own
"""

import importlib.util
import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import dask
import numpy as np
from skimage.segmentation import felzenszwalb, slic

from harness import SHARED, Row, report
from highwall.patches.multiresolution import segment
from highwall.patches.options import SegmentationOptions
from highwall.patches.tiles import segment_tiled
from patches_scenes import as_image, lazy_mosaic, mosaic

SCALE = 50.0
AIM_S, AIM_BYTES = 1.0, 200.0
"""CPU time a megapixel, and peak memory a pixel, that were asked for."""
REPEATS = 3
SIZES = ((1, 1), (2, 2), (4, 4), (6, 6))
"""Scenes in rows and columns, for the growth with pixels."""
LARGE_PX, THREADS = 10_000, 2
WEIGHT_CHANGES = (1e-6, 1e-3, 1e-2)


def main() -> None:
    match sys.argv[1:]:
        case []:
            report("patches", contest() + growth(), title="Multiresolution segmentation")
        case ["spread"]:
            report("patches_spread", spread(), title="What a small change of a weight moves")
        case ["large", *side]:
            report("patches_large", large(int(side[0]) if side else LARGE_PX), title="A large image in tiles")
        case _:
            sys.exit(__doc__)


def ours(values: np.ndarray) -> np.ndarray:
    return segment(as_image(values), scale=SCALE).labels.values


def prototype(values: np.ndarray) -> np.ndarray:
    return _prototype().segment(values, SCALE, 0.2, 0.5)[0]


def superpixels(values: np.ndarray, *, n: int) -> np.ndarray:
    return slic(values, n_segments=n, compactness=10.0, start_label=1)


def graph_based(values: np.ndarray, *, scale: float) -> np.ndarray:
    return felzenszwalb(values, scale=scale, sigma=0.8, min_size=20)


def rivals(n: int) -> dict[str, tuple[Callable[[np.ndarray], np.ndarray], str]]:
    """Those that install, by name, each with what it does not do; ``n`` objects are asked for where one can ask."""
    return {
        "prototype": (prototype, "the same criterion"),
        "skimage slic": (partial(superpixels, n=n), "no hierarchy, no scale: the number is given, sizes are alike"),
        "skimage felzenszwalb": (
            partial(graph_based, scale=150.0),
            "no shape, no band weights, no valid mask, not nested; a minimum size instead",
        ),
    }


def contest() -> list[Row]:
    """Time and memory on four scenes, all in turn."""
    values = mosaic(2, 2)
    n = int(ours(values).max())
    solvers = {"highwall": (ours, ""), **rivals(n)}
    seconds = interleaved([run for run, _ in solvers.values()], values)
    case = f"four real scenes, {values.shape[0]} × {values.shape[1]}, RGB 8-bit, scale 50, {n} objects"
    per_mp = [took / megapixels(values) for took in seconds]
    memory = [peak_bytes(name, n, 2) / (1e6 * megapixels(values)) for name in solvers]
    timed, held = (list(zip(list(solvers)[1:], found[1:], strict=True)) for found in (per_mp, memory))
    notes = [note for _, note in solvers.values()][1:]
    return [
        Row(f"{case}: time", "CPU-s/MP", per_mp[0], "the aim", AIM_S),
        *(Row(f"{case}: time", "CPU-s/MP", per_mp[0], *row, note) for row, note in zip(timed, notes, strict=True)),
        Row(f"{case}: peak memory", "B/pixel", memory[0], "the aim", AIM_BYTES, "above what the process held before"),
        *(Row(f"{case}: peak memory", "B/pixel", memory[0], *row) for row in held),
    ]


def growth() -> list[Row]:
    """Time a megapixel as the image grows."""
    rows = []
    for size in SIZES:
        values = mosaic(*size)
        took = interleaved([ours, prototype], values, repeats=2 if megapixels(values) > 5 else REPEATS)
        per_mp = [seconds / megapixels(values) for seconds in took]
        rows.append(Row(f"growth: {megapixels(values):.1f} MP", "CPU-s/MP", per_mp[0], "prototype", per_mp[1]))
    return rows


def spread() -> list[Row]:
    """How many border pixels find none within a pixel's reach after one band's weight was changed a little."""
    values = mosaic(2, 2)
    before = segment(as_image(values), scale=SCALE)
    rows = []
    for change in WEIGHT_CHANGES:
        moved, counts = [], []
        for band in range(3):
            weights = [1.0 + change * (band == k) for k in range(3)]
            after = segment(as_image(values), scale=SCALE, weights=weights)
            moved.append(moved_share(before.labels.values, after.labels.values))
            counts.append(len(after) - len(before))
        note = f"objects: {len(before)}, then {min(counts):+d} to {max(counts):+d}; worst of three bands"
        rows.append(Row(f"one band's weight changed by {change:g}: borders moved", "%", 100 * max(moved), note=note))
    return rows


def moved_share(before: np.ndarray, after: np.ndarray) -> float:
    """Share of border pixels without a border of the other segmentation within one pixel."""
    there = borders(after)
    near = there.copy()
    for axis in (0, 1):
        near |= np.roll(near, 1, axis) | np.roll(near, -1, axis)
    return float(1.0 - near[borders(before)].mean())


def borders(labels: np.ndarray) -> np.ndarray:
    """Pixels whose right or lower neighbour belongs to another object."""
    found = np.zeros(labels.shape, bool)
    found[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    found[:-1] |= labels[:-1] != labels[1:]
    return found


def large(side_px: int) -> list[Row]:
    """Time and memory of a large lazy image in tiles."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        wall_s, cpu_s, peak, margin_px, n = pool.apply(_large, (side_px,))
    case = f"{side_px} × {side_px} pixels, RGB 8-bit, scale 50, {n} objects, in tiles on {THREADS} threads"
    pixels = side_px**2
    return [
        Row(f"{case}: time", "CPU-s/MP", 1e6 * cpu_s / pixels, "the aim", AIM_S, f"{wall_s:.0f} s in all"),
        Row(f"{case}: peak memory", "MB", peak / 1e6, "the aim, untiled", AIM_BYTES * pixels / 1e6,
            f"{peak / pixels:.0f} B/pixel with the interpreter; widest margin {margin_px} pixels"),
    ]  # fmt: skip


def _large(side_px: int) -> tuple[float, float, int, int, int]:
    image, options = lazy_mosaic(side_px), SegmentationOptions(scale=SCALE)
    segment_tiled(image[:, :100, :100], options=options)
    start, cpu = time.perf_counter(), time.process_time()
    with dask.config.set(scheduler="synchronous"), ThreadPoolExecutor(THREADS) as pool:
        found = segment_tiled(image, options=options, map_tiles=pool.map)
    margin_px = found.labels.attrs["largest_margin_px"]
    return time.perf_counter() - start, time.process_time() - cpu, _status("VmHWM"), margin_px, len(found)


def interleaved(
    runs: Sequence[Callable[[np.ndarray], np.ndarray]], values: np.ndarray, *, repeats: int = REPEATS
) -> list[float]:
    """Least CPU time of each over some rounds [s]; what is compiled is compiled before."""
    small = np.ascontiguousarray(values[:64, :64])
    for run in runs:
        run(small)
    times = np.full((len(runs), repeats), np.inf)
    for repeat in range(repeats):
        for k, run in enumerate(runs):
            start = time.process_time()
            run(values)
            times[k, repeat] = time.process_time() - start
    return times.min(axis=1).tolist()


def peak_bytes(name: str, n: int, side: int) -> int:
    """Peak of resident memory during one run, in a process of its own, above what it held before."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_bytes, (name, n, side))


def _peak_bytes(name: str, n: int, side: int) -> int:
    run = ours if name == "highwall" else rivals(n)[name][0]
    values = mosaic(side, side)
    run(np.ascontiguousarray(values[:64, :64]))
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    run(values)
    return _status("VmHWM") - before


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(f"{field}:")).split()[1])


def megapixels(values: np.ndarray) -> float:
    return values.shape[0] * values.shape[1] / 1e6


def _prototype() -> Any:
    path = SHARED / "prototypes" / "proto_mrs.py"
    if "proto_mrs" not in sys.modules:
        spec = importlib.util.spec_from_file_location("proto_mrs", path)
        sys.modules["proto_mrs"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["proto_mrs"])
    return sys.modules["proto_mrs"]


if __name__ == "__main__":
    main()
