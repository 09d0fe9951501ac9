"""`highwall detect` on large scenes: time and peak memory of the whole verb, in a process of its own.

python benchmarks/detect.py                         the scene of Yu et al. (3001 × 2205) and a whole Sentinel-2 tile
python benchmarks/detect.py 3001 2205 [folder]      one size; the folder keeps what the run leaves

Scenes are made of real pixels: those of tailings-ponds, side by side and mirrored, a corner left without data as tiles
at the edge of a swath have it.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.windows import Window

from harness import SHARED, Row, report

SIZES = ((3001, 2205), (10_980, 10_980))
"""Columns and rows: the scene of Yu et al. 2023, section 5.1, and a Sentinel-2 tile."""
_NAME = "S2A_MSIL1C_20210701T000000_made_of_real_pixels.tif"
_EMPTY_SHARE = 0.2
"""Of each side, the legs of the triangle without data."""


def main() -> None:
    match sys.argv[1:]:
        case []:
            rows = [row for columns, lines in SIZES for row in measure(columns, lines)]
            report("detect", rows, title="highwall detect")
        case [columns, lines, *folder]:
            for row in measure(int(columns), int(lines), folder=Path(folder[0]) if folder else None):
                print(row)
        case _:
            sys.exit(__doc__)


def measure(columns: int, lines: int, *, folder: Path | None = None) -> list[Row]:
    """Run the verb on a scene of that size."""
    with tempfile.TemporaryDirectory() as temporary:
        out = folder or Path(temporary)
        out.mkdir(parents=True, exist_ok=True)
        scene = make_scene(out / _NAME, columns=columns, lines=lines)
        command = [Path(sys.executable).with_name("highwall"), "detect", scene, "--out", out / "run"]
        start = time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        wall_s = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = done.stderr.splitlines()[-1].removeprefix("· ")
    case = f"{columns} × {lines} pixels, from GeoTIFF to maps, objects and picture"
    note = f"{len(os.sched_getaffinity(0))} cores, {used.ru_utime + used.ru_stime:.0f} CPU-s; {said}"
    return [
        Row(f"{case}: time", "s wall", wall_s, note=note),
        Row(f"{case}: peak memory", "MB", used.ru_maxrss / 1e3, note="of the process, libraries included"),
    ]


def make_scene(path: Path, *, columns: int, lines: int) -> Path:
    """Write a scene of three bands, digital numbers, 0 without data."""
    tiles = mirrored_tiles()
    side = tiles[0].shape[1]
    profile = {
        "driver": "GTiff", "dtype": "uint16", "count": 3, "nodata": 0, "width": columns, "height": lines,
        "crs": "EPSG:32723", "transform": from_origin(500_000, 7_700_000, 10, 10), "tiled": True, "compress": "deflate",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as raster:
        raster.descriptions = ("B02", "B03", "B04")
        for number, row in enumerate(range(0, lines, side)):
            strip = np.concatenate([tiles[(7 * number + k) % len(tiles)] for k in range(-(-columns // side))], axis=2)
            strip = strip[:, : min(side, lines - row), :columns]
            reach = _EMPTY_SHARE * columns - np.arange(row, row + strip.shape[1]) * columns / lines
            strip[:, np.arange(columns) < reach[:, None]] = 0
            raster.write(strip, window=Window(0, row, columns, strip.shape[1]))
    return path


def mirrored_tiles() -> list[np.ndarray]:
    """Scenes of tailings-ponds, each with its mirror images: (band, y, x)."""
    return [_mirrored(tile) for tile in sorted((SHARED / "data" / "tailings-ponds" / "images").glob("*.tif"))]


def _mirrored(path: Path) -> np.ndarray:
    """Scene and its mirror images, 2 × 2, so that no edge shows."""
    with rasterio.open(path) as raster:
        scene = raster.read()
    wide = np.concatenate([scene, scene[:, :, ::-1]], axis=2)
    return np.concatenate([wide, wide[:, ::-1]], axis=1)


if __name__ == "__main__":
    main()
