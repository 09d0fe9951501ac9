"""Patches + motion + permits → ``activity.*`` (patches with motion and permit status) and ``findings.*``."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import xarray as xr
from shapely.geometry import box

from highwall.activity.deformation import MOTION_CLASSES, NOT_MEASURED, classify_motion
from highwall.activity.findings import assess as compare
from highwall.activity.options import ActivityOptions
from highwall.activity.permits import PermitTable, permit_table
from highwall.core.errors import ConfigError, StackError
from highwall.io.catalog import checksum
from highwall.io.rasters import read_zarr
from highwall.io.vectors import read_polygons, write_polygons
from highwall.workflows.run import Outcome, Run, Stage

_NEAR_M = 5_000.0
"""m, distance from the patches beyond which permits belong to another place."""
OUTPUTS = ("activity.gpkg", "activity.parquet", "findings.gpkg", "findings.parquet")
MOTION_LAYERS = ("velocity_vertical", "velocity_vertical_std", "decorrelated")


def assess(
    run: Run,
    patches: Path,
    *,
    permits: Path | None,
    fields: Mapping[str, str],
    motion: Path | None,
    on: dt.date | None,
    options: ActivityOptions,
    evidence: Mapping[str, Any],
) -> dict[str, Any]:
    """Join patches with motion and permits.

    Parameters
    ----------
    patches
        GeoParquet or any vector file with the columns that *refine* leaves.
    permits, fields
        Vector file, and our field names → its columns.
    motion
        ``displacement.zarr`` of *deform*.
    on
        Date on which the patches were seen; permits need it.
    evidence
        What findings rest on beside the files of this stage.

    Raises
    ------
    VectorError
        Patches or permits cannot be read, or the permits carry no dates.
    ConfigError
        There are permits, but no date to hold against them.
    """
    if permits and on is None:
        raise ConfigError(f"{permits.name} cannot be checked without the date of the patches; give --date.")
    inputs = {"patches": patches} | {
        name: path for name, path in {"permits": permits, "motion": motion}.items() if path
    }
    parameters = {"activity": options, "fields": dict(fields), "on": on, "evidence": evidence}
    stage = Stage("assess", inputs, parameters, OUTPUTS)

    def work() -> Outcome:
        table = read_polygons(patches, allow_empty=True)
        permitted = permit_table(read_polygons(permits), fields=dict(fields), source=permits.name) if permits else None
        moved = classify_motion(table, _motion(motion), options=options)
        hashes = {name: checksum(path) for name, path in inputs.items()}
        rests_on = {**evidence, "inputs": hashes}
        return _write(run, moved, permitted, on=on, options=options, evidence=rests_on, has_motion=motion is not None)

    return run.stage(stage, work)


def _write(
    run: Run,
    patches: gpd.GeoDataFrame,
    permitted: PermitTable | None,
    *,
    on: dt.date | None,
    options: ActivityOptions,
    evidence: dict[str, Any],
    has_motion: bool,
) -> Outcome:
    permits = permitted.permits if permitted else None
    activity, findings = compare(patches, permits, on=on, options=options, evidence=evidence)
    write_polygons(activity, run.path("activity"))
    write_polygons(findings, run.path("findings"))
    facts = {
        "n_moving": int(activity["fastest_velocity"].notna().sum()),
        "elsewhere": _elsewhere(activity, permits, has_motion=has_motion),
        "motion": {name: int((activity["motion_class"] == name).sum()) for name in MOTION_CLASSES},
        "permit_status": {str(name): int(count) for name, count in activity["permit_status"].value_counts().items()},
        "findings": {str(name): int(count) for name, count in findings["kind"].value_counts().items()},
        "n_findings": len(findings),
        "on": on,
    }
    return Outcome(facts, [on] if on else [], permitted.set_aside if permitted else ())


def _elsewhere(activity: gpd.GeoDataFrame, permits: gpd.GeoDataFrame | None, *, has_motion: bool) -> list[str]:
    """Inputs that were given and meet no patch."""
    found = []
    if has_motion and len(activity) and (activity["motion_class"] == NOT_MEASURED).all():
        found.append("interferograms")
    if permits is not None and len(activity):
        near = permits.to_crs(activity.crs).intersects(box(*activity.buffer(_NEAR_M).total_bounds))
        found += [] if near.any() else ["permits"]
    return found


def _motion(path: Path | None) -> xr.Dataset | None:
    if path is None:
        return None
    layers = read_zarr(path)
    if "velocity_vertical" not in layers:
        raise StackError(
            f"{path} holds no vertical velocity, for the incidence angle was unknown; run `highwall deform` again with "
            "--incidence, or give insar.incidence_deg."
        )
    return layers[list(MOTION_LAYERS)].load()
