"""A run for people and for machines: ``report.html`` and ``summary.json``."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import xarray as xr

from highwall import __version__
from highwall.core.epochs import as_dates
from highwall.core.grid import grid_of
from highwall.imagery.chips import true_colour
from highwall.imagery.scaling import require_bands
from highwall.io.aside import write_text
from highwall.io.catalog import write_json
from highwall.io.rasters import read_raster, read_zarr
from highwall.io.vectors import read_polygons
from highwall.report.baselines import Baselines
from highwall.report.page import RunContent, Scene, render
from highwall.report.series import Series
from highwall.workflows.run import STAGES, Outcome, Run, Stage, plain
from highwall.workflows.watching.assessed import permits_of
from highwall.workflows.watching.findings_register import kinds_looked_for
from highwall.workflows.watching.prepare import VISIBLE
from highwall.workflows.watching.summary import (
    FindingSummary,
    MotionSummary,
    PatchSummary,
    SceneSummary,
    SiteSummary,
    Summary,
)

_MOTION_LAYERS = ("velocity", "velocity_std", "velocity_vertical", "velocity_vertical_std", "decorrelated")
_MOST_SERIES = 24
"""Series that a page shows, of the fastest patches."""
_MAX_PICTURE_PX = 3000
"""Longest side of the scene's picture; memory is bounded by it."""
_SLIVER = 0.02
"""Share of the grid that a reprojected edge may leave unseen without a word."""
_PERMITS_GONE = "The permits that were compared are not drawn: their file is gone, or has changed since."


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
    stem = "activity" if "assess" in records else "patches" if "refine" in records else None
    patches = _described(_table(run, stem)) if stem else None
    has_permits = "assess" in records and "permits" in records["assess"]["highwall:inputs"]
    permits = permits_of(records["assess"]) if has_permits else None
    return RunContent(
        site=run.described(),
        records=records,
        missing=[*missing, *_caveats(records), *([_PERMITS_GONE] if has_permits and permits is None else [])],
        set_aside=[dict(row) for record in records.values() for row in record["highwall:set_aside"]],
        scene=_scene(run.path("scene.tif")) if "prepare" in records else None,
        patches=patches,
        findings=_table(run, "findings") if "assess" in records else None,
        is_checked="assess" in records and bool(kinds_looked_for(records["assess"])),
        has_permits=has_permits,
        permits=permits,
        motion=motion[[name for name in _MOTION_LAYERS if name in motion]].load() if motion is not None else None,
        network=_network(records["deform"]) if "deform" in records else None,
        series=_series(patches, motion) if motion is not None and patches is not None else (),
    )


def _table(run: Run, stem: str) -> gpd.GeoDataFrame:
    return read_polygons(run.path(f"{stem}.parquet"), allow_empty=True)


def _described(patches: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Patches with all that a page shows of them: outlines that others drew may tell neither class nor probability."""
    unsaid = {"mine_class": None, "probability_mean": np.nan, "area_m2": patches.area}
    return patches.assign(**{name: value for name, value in unsaid.items() if name not in patches})


def _scene(path: Path) -> Scene:
    whole = require_bands(read_raster(path), VISIBLE, purpose="a picture")
    step = -(-max(whole.sizes["y"], whole.sizes["x"]) // _MAX_PICTURE_PX)
    reflectance = whole.isel(y=slice(None, None, step), x=slice(None, None, step)).load()
    return Scene(true_colour(reflectance), grid_of(reflectance))


def _caveats(records: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What a reader must know before believing the rest."""
    facts = {name: record["highwall:facts"] for name, record in records.items()}
    sentences = _scene_caveats(facts["prepare"]) if "prepare" in facts else []
    if "detect" in records and records["detect"]["highwall:parameters"]["force"]:
        sentences.append("The network was forced: its scores hold for the level that it was made for, and no other.")
    if "deform" in facts:
        sentences += _motion_caveats(facts["deform"])
    if facts.get("assess") and facts["assess"]["elsewhere"]:
        sentences.append(
            f"{' and '.join(facts['assess']['elsewhere'])} do not touch any patch: given for another place?"
        )
    return sentences


def _scene_caveats(facts: Mapping[str, Any]) -> list[str]:
    sentences = []
    if facts["not_evaluated"]:
        sentences.append(f"The scene's bands do not tell {' or '.join(facts['not_evaluated'])}: not looked for.")
    if facts["complaints"]:
        sentences.append(f"The scene failed the quality gate and was kept: {', '.join(facts['complaints'])}.")
    if (unseen := facts["quality"]["nodata"]) > _SLIVER:
        sentences.append(f"{100 * unseen:.0f} % of the site's grid was not seen by the scene.")
    if "assumed" in facts["offset_reason"]:
        sentences.append(f"Offset of the digital numbers: {facts['offset_reason']}.")
    return sentences


def _motion_caveats(facts: Mapping[str, Any]) -> list[str]:
    sentences = []
    if facts["weighting"].startswith("none:"):
        sentences.append(
            "The stack has no coherence: pairs weigh alike, lost coherence is unknown, the reference a guess."
        )
    if not facts["assumption"]:
        sentences.append("The incidence angle is unknown: no vertical motion, and no patch was given any.")
    if facts["velocity_min"] is None:
        sentences.append(
            "No pixel of the stack could be inverted and kept its coherence; lower deform.inversion.min_pairs, "
            "deform.inversion.min_coherence or deform.decorrelation.min_mean_coherence."
        )
    return sentences


def _network(record: Mapping[str, Any]) -> Baselines:
    facts = record["highwall:facts"]
    bperp = None if facts["bperp_m"] is None else np.array(facts["bperp_m"], dtype=float)
    dates = [dt.date.fromisoformat(date) for date in facts["epochs"]]
    return Baselines(dates, bperp, np.array(facts["pairs"], dtype=int))


def _series(patches: gpd.GeoDataFrame, motion: xr.Dataset) -> list[Series]:
    if "fastest_velocity" not in patches:
        return []
    moving = patches[patches["fastest_velocity"].notna()]
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
    findings = content.findings if content.is_checked else None
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
