"""A run for people and for machines: ``report.html`` and ``summary.json``."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import xarray as xr

from highwall import __version__
from highwall.activity.permits import permit_table
from highwall.core.epochs import as_dates
from highwall.core.grid import grid_of
from highwall.imagery.chips import true_colour
from highwall.imagery.scaling import require_bands
from highwall.io.aside import write_text
from highwall.io.catalog import write_json
from highwall.io.rasters import read_raster, read_zarr
from highwall.io.vectors import read_polygons
from highwall.report.figures import Baselines, Series
from highwall.report.page import RunContent, Scene, render
from highwall.workflows.prepare import VISIBLE
from highwall.workflows.run import STAGES, Outcome, Run, Stage, plain
from highwall.workflows.summary import (
    FindingSummary,
    MotionSummary,
    PatchSummary,
    SceneSummary,
    SiteSummary,
    Summary,
)

_MOTION_LAYERS = ("velocity", "velocity_vertical", "decorrelated")
_MOST_SERIES = 6
"""Series that a page shows, of the fastest patches."""


def report(run: Run, stages: Sequence[str], *, missing: Sequence[str] = ()) -> dict[str, Any]:
    """Draw what some stages left in the run's folder.

    Parameters
    ----------
    stages
        Those whose results count; files of others may lie there from an earlier run.
    missing
        Sentences on what was not given or could not be used.
    """
    done = [name for name in STAGES if name != "report" and name in stages]
    inputs = {name: run.folder / "stac" / f"{name}.json" for name in done}
    stage = Stage("report", inputs, {"missing": list(missing)}, ("report.html", "summary.json"))

    def work() -> Outcome:
        records = {name: record for name in done if (record := run.record(name))}
        content = _content(run, records, missing=missing)
        write_text(render(content), run.path("report.html"))
        write_json(_summary(run, content).model_dump(mode="json"), run.path("summary.json"))
        return Outcome({"stages": done})

    return run.stage(stage, work)


def _content(run: Run, records: Mapping[str, Mapping[str, Any]], *, missing: Sequence[str]) -> RunContent:
    motion = read_zarr(run.path("displacement.zarr")) if "deform" in records else None
    patches = _table(run, "activity" if "assess" in records else "patches") if "refine" in records else None
    return RunContent(
        site=run.described(),
        records=records,
        missing=missing,
        set_aside=[dict(row) for record in records.values() for row in record["highwall:set_aside"]],
        scene=_scene(run.path("scene.tif")) if "prepare" in records else None,
        patches=patches,
        findings=_table(run, "findings") if "assess" in records else None,
        permits=_permits(records.get("assess")),
        motion=motion[[name for name in _MOTION_LAYERS if name in motion]].load() if motion is not None else None,
        network=_network(records["deform"]) if "deform" in records else None,
        series=_series(patches, motion) if motion is not None and patches is not None else (),
    )


def _table(run: Run, stem: str) -> gpd.GeoDataFrame:
    return read_polygons(run.path(f"{stem}.parquet"), allow_empty=True)


def _scene(path: Path) -> Scene:
    reflectance = require_bands(read_raster(path), VISIBLE, purpose="a picture").load()
    return Scene(true_colour(reflectance), grid_of(reflectance))


def _permits(record: Mapping[str, Any] | None) -> gpd.GeoDataFrame | None:
    given = record["highwall:inputs"].get("permits") if record else None
    if record is None or given is None or not Path(given["path"]).exists():
        return None
    path, fields = Path(given["path"]), record["highwall:parameters"]["fields"]
    return permit_table(read_polygons(path), fields=fields, source=path.name).permits


def _network(record: Mapping[str, Any]) -> Baselines:
    facts = record["highwall:facts"]
    bperp = None if facts["bperp_m"] is None else np.array(facts["bperp_m"], dtype=float)
    dates = [dt.date.fromisoformat(date) for date in facts["epochs"]]
    return Baselines(dates, bperp, np.array(facts["pairs"], dtype=int))


def _series(patches: gpd.GeoDataFrame, motion: xr.Dataset) -> list[Series]:
    if "fastest_velocity" not in patches:
        return []
    moving = patches[patches["motion_class"].isin(["uplift", "subsidence"]) & patches["fastest_velocity"].notna()]
    order = moving["fastest_velocity"].abs().sort_values(ascending=False, kind="stable").index[:_MOST_SERIES]
    dates = as_dates(motion["epoch"].values)
    found = []
    for patch in moving.loc[order].itertuples():
        point = motion.sel(x=patch.fastest_x, y=patch.fastest_y, method="nearest").load()
        found.append(
            Series(
                patch.patch_id, dates, point["displacement_vertical"].values, float(point["velocity_vertical"]),
                float(point["velocity_vertical_std"]),
            )
        )  # fmt: skip
    return found


def _summary(run: Run, content: RunContent) -> Summary:
    facts = {name: record["highwall:facts"] for name, record in content.records.items()}
    scene = {name: facts["prepare"][name] for name in SceneSummary.model_fields} if "prepare" in facts else None
    motion = {name: facts["deform"][name] for name in MotionSummary.model_fields} if "deform" in facts else None
    findings = content.findings if content.permits is not None else None
    return Summary(
        software=f"highwall {__version__}",
        site=SiteSummary(**run.described()),
        scene=SceneSummary(**scene) if scene else None,
        area_m2=facts["refine"]["area_m2"] if "refine" in facts else None,
        patches=_rows(content.patches, PatchSummary) if "assess" in facts else None,
        motion=MotionSummary(**motion) if motion else None,
        findings=_rows(findings, FindingSummary) if findings is not None else None,
        missing=list(content.missing),
        set_aside=[dict(row) for row in content.set_aside],
        files={name: checksum for stage in content.records for name, checksum in run.files(stage).items()},
    )


def _rows(frame: gpd.GeoDataFrame | None, model: Any) -> list[Any] | None:
    if frame is None:
        return None
    return [model(**{name: plain(row[name]) for name in model.model_fields}) for row in frame.to_dict("records")]
