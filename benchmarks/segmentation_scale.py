"""Land cover of whole scenes: pixels a second and peak memory against the size of the scene, beside whole-array loops.

python benchmarks/segmentation_scale.py                                    every size and network, and the rivals
python benchmarks/segmentation_scale.py ROWS COLUMNS ARCHITECTURE ENCODER  one of them; its rows replace earlier ones

Every run is a process of its own on one thread; time is its CPU time. Networks have weights at random, which cost what
trained ones cost; all runs of a network share them. Scenes have the twelve bands of Sentinel-2 L2A on 10 m: the three
real bands of `tailings-ponds`, side by side, mirrored and repeated. What is said of them means nothing.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.windows import Window

from detect import mirrored_tiles
from harness import RESULTS, RIVALS_PYTHON, Row, report
from highwall.core.bands import CONFIGURATIONS

SIZES = ((1372, 1372), (2745, 2745), (1536, 10_980), (5490, 5490))
"""Rows and columns: an eighth, a quarter and half the side of a Sentinel-2 tile, and the whole width of one."""
TILE = (10_980, 10_980)
NETWORKS = (("fpn", "tu-tf_efficientnet_lite0"), ("deeplabv3plus", "resnet18"))
LIGHT = ("deeplabv3plus", "tu-mobilenetv3_small_100")
"""The network with which a whole tile is done."""
BANDS = CONFIGURATIONS["M"]
ROOM = "segmentation_scale"
LOOP, RIVAL = Path(__file__).with_name("rival_smp_loop.py"), Path(__file__).with_name("rival_torchgeo.py")


class Cost(NamedTuple):
    """What a process took."""

    cpu_s: float
    peak_mb: float
    """Most of its memory that was resident, libraries included."""
    said: str
    """Its last line."""


def main() -> None:
    match sys.argv[1:]:
        case []:
            for network in NETWORKS:
                for size in SIZES:
                    add(measure(*size, *network))
            add(measure(*TILE, *LIGHT))
        case [rows, columns, architecture, encoder]:
            add(measure(int(rows), int(columns), architecture, encoder))
        case _:
            sys.exit(__doc__)


def add(rows: list[Row]) -> None:
    """Put rows among those of earlier runs, in the place of any of the same case and rival."""
    path = RESULTS / f"{ROOM}.json"
    earlier = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    kept = {(row["case"], row["rival"]): Row(**{k: v for k, v in row.items() if k != "ratio"}) for row in earlier}
    kept |= {(row.case, row.rival): row for row in rows}
    report(ROOM, list(kept.values()), title="highwall segment against the size of the scene")


def measure(rows: int, columns: int, architecture: str, encoder: str) -> list[Row]:
    """Map a scene of that size, by the verb and by each rival; a whole tile by the verb alone."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scene = make_scene(folder / "S2A_MSIL2A_20210701T000000_made_of_real_pixels.tif", rows=rows, columns=columns)
        run([sys.executable, Path(__file__).with_name("segmentation_network.py"), architecture, encoder, folder])
        verb = [Path(sys.executable).with_name("highwall"), "segment", scene, "--threads", "1"]
        ours = run([*verb, "--model", folder / "network.onnx", "--out", folder / "out"])
        rivals = {} if (rows, columns) == TILE else _rivals(scene, folder)
        others = {name: run(command, must=False) for name, command in rivals.items()}
    return _rows((rows, columns), f"{architecture}, {encoder.removeprefix('tu-')}", ours, others)


def make_scene(path: Path, *, rows: int, columns: int) -> Path:
    """Write a scene of digital numbers, tiled and compressed."""
    tiles = mirrored_tiles()
    step = tiles[0].shape[1]
    profile = {
        "driver": "GTiff", "dtype": "uint16", "count": len(BANDS), "nodata": 0, "width": columns, "height": rows,
        "crs": "EPSG:32723", "transform": from_origin(500_000, 7_700_000, 10, 10), "tiled": True, "compress": "deflate",
        "blockxsize": 512, "blockysize": 512, "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as raster:
        raster.descriptions = BANDS
        for number, row in enumerate(range(0, rows, step)):
            strip = np.concatenate([tiles[(7 * number + k) % len(tiles)] for k in range(-(-columns // step))], axis=2)
            strip = np.tile(strip[:, : min(step, rows - row), :columns], (len(BANDS) // 3, 1, 1))
            raster.write(strip, window=Window(0, row, columns, strip.shape[1]))
    return path


def run(command: Sequence[object], *, must: bool = True) -> Cost | None:
    """Run a command on one thread and measure that process alone; None where it fails and may."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GDAL_NUM_THREADS"), "1")
    with tempfile.TemporaryFile("w+") as heard:
        process = subprocess.Popen(list(map(str, command)), stdout=heard, stderr=heard, env=os.environ | threads)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        heard.seek(0)
        said = (heard.read().strip().splitlines() or [""])[-1]
    if process.returncode and must:
        raise RuntimeError(f"{command[0]} failed: {said}")
    return None if process.returncode else Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3, said)


def _rivals(scene: Path, folder: Path) -> dict[str, list[object]]:
    given = [scene, folder / "network.pt", folder]
    return {
        "smp loop over the whole array": [sys.executable, "-W", "ignore", LOOP, *given],
        "torchgeo": [RIVALS_PYTHON, "-W", "ignore", RIVAL, *given],
    }


def _rows(size: tuple[int, int], network: str, ours: Cost, others: dict[str, Cost | None]) -> list[Row]:
    case, megapixels = f"{network}, {size[0]} × {size[1]} × {len(BANDS)}", size[0] * size[1] / 1e6
    note = f"{megapixels / ours.cpu_s:.3f} Mpx a CPU-s; probabilities, classes, polygons, picture"
    rows = [Row(f"{case}: time", "CPU s", ours.cpu_s, note=note), Row(f"{case}: peak memory", "MB", ours.peak_mb)]
    for name, cost in others.items():
        if cost is None:
            rows.append(Row(f"{case}: {name}", "CPU s", ours.cpu_s, name, note="did not run"))
            continue
        rows.append(Row(f"{case}: time", "CPU s", ours.cpu_s, name, cost.cpu_s, cost.said))
        rows.append(Row(f"{case}: peak memory", "MB", ours.peak_mb, name, cost.peak_mb, cost.said))
    return rows


if __name__ == "__main__":
    main()
