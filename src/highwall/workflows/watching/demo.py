"""The main job on a simulated site, held against what the simulation knows."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rasterio.features import geometry_mask
from shapely.geometry import Polygon

from highwall.core.grid import grid_of
from highwall.core.truth.scores import VelocityScore, finding_score, iou, velocity_score
from highwall.io.rasters import read_raster, read_zarr
from highwall.io.vectors import read_polygons
from highwall.workflows.run import Say, silent
from highwall.workflows.watching.monitor import monitor
from highwall.workflows.watching.simulate import EARLIER, simulate


class Demo(NamedTuple):
    """What the demo shows."""

    summary: dict[str, Any]
    """Content of ``summary.json``."""
    scores: dict[str, tuple[str, str]]
    """Name → (what was found, what holds)."""


def demo(out: Path, *, seed: int = 2, say: Say = silent) -> Demo:
    """Simulate a site under ``out/site``, watch it in two years, into ``out/earlier`` and ``out/run``, and score it.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    site = simulate(out / "site", seed=seed, progress=say)
    monitor(site.with_name(EARLIER), out / "earlier", say=say)
    summary = monitor(site, out / "run", before=out / "earlier", say=say)
    return Demo(summary, score(out / "run", out / "site" / "truth"))


def score(run: Path, truth: Path) -> dict[str, tuple[str, str]]:
    """Compare a run with the truth of the site that it watched."""
    footprint = footprint_iou(run, truth)
    planted = json.loads((truth / "expected_findings.json").read_text(encoding="utf-8"))["findings"]
    matched = finding_score(
        [(row.kind, row.geometry) for row in read_polygons(run / "findings.parquet", allow_empty=True).itertuples()],
        [(row["kind"], Polygon(row["polygon"])) for row in planted],
    )
    motion = motion_score(run, truth)
    return {
        "planted violations found": (str(matched.n_found), str(len(planted))),
        "violations invented": (str(matched.n_invented), "0"),
        "mine footprint, IoU": (f"{footprint:.2f}", "1.00"),
        "vertical velocity, RMSE": (f"{1e3 * motion.rmse:.1f} mm/year", "0.0 mm/year"),
        "velocity within 2 standard errors": (f"{100 * motion.share_within:.0f} %", "95 %"),
    }


def footprint_iou(run: Path, truth: Path) -> float:
    """Intersection over union of the patches with the true footprint."""
    true = read_raster(truth / "footprint.tif").load()
    grid = grid_of(true)
    patches = read_polygons(run / "patches.parquet", allow_empty=True).to_crs(str(grid.crs))
    found = np.zeros(grid.shape, bool)
    if not patches.empty:
        found = geometry_mask(patches.geometry, out_shape=grid.shape, transform=grid.transform, invert=True)
    return iou(found, true.values > 0)


def motion_score(run: Path, truth: Path) -> VelocityScore:
    """Vertical velocity of the pixels that kept their coherence, against the truth averaged to the radar's grid."""
    motion = read_zarr(run / "displacement.zarr")[["velocity_vertical", "velocity_vertical_std", "decorrelated"]].load()
    true = read_raster(truth / "velocity.tif").odc.reproject(grid_of(motion), resampling="average")
    kept = ~motion["decorrelated"].values
    layers = (motion["velocity_vertical"].values, motion["velocity_vertical_std"].values, true.values)
    return velocity_score(*(layer[kept] for layer in layers))
