"""Patches + motion + scenes + permits → ``activity.*`` (what goes on) and ``findings.*`` (is it allowed)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import pandas as pd
import xarray as xr
from shapely.geometry import box

from highwall.activity.deformation import MOTION_CLASSES, NOT_MEASURED, classify_motion
from highwall.activity.findings import assess as compare
from highwall.activity.motion_beyond import motion_beyond
from highwall.activity.optical import OpticalChange
from highwall.activity.options import ActivityOptions
from highwall.activity.patch_table import patch_table
from highwall.activity.permits import PermitTable, permit_table
from highwall.activity.plan_check import PLAN_FIELDS, check_plan
from highwall.activity.series_errors import ERROR_LAYERS
from highwall.activity.zones import Zones, zones_of
from highwall.core.errors import ConfigError, SetAside, StackError, VectorError
from highwall.io.catalog import checksum
from highwall.io.rasters import read_zarr
from highwall.io.vectors import read_polygons, write_polygons
from highwall.workflows.config import PlanSection, ZoneSection
from highwall.workflows.mapping.mining import LABELS
from highwall.workflows.run import Outcome, Run, Stage
from highwall.workflows.watching.activities import (
    MINES,
    Told,
    read_mines,
    with_acceleration,
    with_activity,
    write_mines,
    write_series,
)
from highwall.workflows.watching.looks import Scene, changes, greenness

_NEAR_M = 5_000.0
"""m, distance from the patches beyond which permits belong to another place."""
_NOT_GREEN = "the bands do not tell green from bare ground (B02, B04, B08, B11 are needed)"
_SCENE = ("scene.tif", "quality.tif", LABELS)
"""What a run knows of one date; classes of the land only where a network tells them apart."""
OUTPUTS = (
    "activity.gpkg", "activity.parquet", "findings.gpkg", "findings.parquet", "activity_series.csv", "plan_check.gpkg",
    "plan_check.parquet", MINES,
)  # fmt: skip
MOTION_LAYERS = (
    "velocity_vertical", "velocity_vertical_std", "decorrelated", "displacement_vertical", *ERROR_LAYERS
)  # fmt: skip


class ToAssess(NamedTuple):
    """What is joined. All but the patches may be missing."""

    patches: Path
    """GeoParquet or any vector file; the columns that *refine* leaves say more than outlines alone."""
    permits: Path | None = None
    fields: Mapping[str, str] = {}
    """Our field names → the columns of the permits."""
    motion: Path | None = None
    """``displacement.zarr`` of *deform*."""
    zones: Sequence[ZoneSection] = ()
    plan: PlanSection | None = None
    before: Path | None = None
    """Folder of an earlier run of the site."""

    def inputs(self) -> dict[str, Path]:
        """Files whose content decides the result, by name."""
        given = {"patches": self.patches, "permits": self.permits, "motion": self.motion}
        given |= {f"zones {number}": zone.file for number, zone in enumerate(self.zones, start=1)}
        given |= {"plan": self.plan.file if self.plan else None}
        if self.before:
            names = (*_SCENE, "patches.parquet", MINES)
            given |= {f"before {name}": self.before / name for name in names if (self.before / name).exists()}
        return {name: path for name, path in given.items() if path is not None}


def assess(
    run: Run, given: ToAssess, *, on: dt.date | None, options: ActivityOptions, evidence: Mapping[str, Any]
) -> dict[str, Any]:
    """Join patches with motion, with an earlier look at them, and with permits.

    Parameters
    ----------
    on
        Date on which the patches were seen; permits, zones and plans need it.
    evidence
        What findings rest on beside the files of this stage.

    Raises
    ------
    VectorError
        Patches or permits cannot be read, or the permits carry no dates.
    ConfigError
        There are permits, but no date to hold against them.
    """
    if given.permits and on is None:
        raise ConfigError(f"{given.permits.name} cannot be checked without the date of the patches; give --date.")
    inputs = given.inputs()
    has_scene = run.path("scene.tif").exists() and run.path("quality.tif").exists()
    if has_scene:
        inputs |= {name: run.path(name) for name in _SCENE if run.path(name).exists()}
    parameters = {
        "activity": options, "fields": dict(given.fields), "on": on, "evidence": evidence,
        "zones": [zone.model_dump(mode="json", exclude={"file"}) for zone in given.zones],
        "plan": given.plan.fields if given.plan else {},
    }  # fmt: skip
    stage = Stage("assess", inputs, parameters, OUTPUTS)

    def work() -> Outcome:
        rests_on = {**evidence, "inputs": {name: checksum(path) for name, path in inputs.items()}}
        return _Join(run, given, on, options, has_scene=has_scene).write(rests_on)

    return run.stage(stage, work)


class _Join:
    """One assessment: what was read, and what is made of it."""

    def __init__(
        self, run: Run, given: ToAssess, on: dt.date | None, options: ActivityOptions, *, has_scene: bool
    ) -> None:
        self.run, self.given, self.on, self.options = run, given, on, options
        self.set_aside: list[SetAside] = []
        drawn = read_polygons(given.patches, allow_empty=True)
        self.patches = patch_table(drawn, crs=run.site.crs, source=given.patches.name)
        self.permitted = self._permits()
        self.motion = _motion(given.motion)
        self.has_scene = has_scene

    def write(self, evidence: dict[str, Any]) -> Outcome:
        """Conclude, and write everything."""
        run, given, on, options = self.run, self.given, self.on, self.options
        moved = classify_motion(self.patches, self.motion, options=options)
        moved, series = with_acceleration(moved, self.motion, options=options)
        mines = read_mines(given.before, crs=str(self.patches.crs))
        active, mines = with_activity(moved, self._told(), mines, on=on, options=options)
        permits = self.permitted.permits if self.permitted else None
        activity, findings = compare(
            active,
            permits,
            on=on,
            options=options,
            evidence=evidence,
            zones=self._zones(),
            moving=self._moving(permits),
        )
        write_polygons(activity, run.path("activity"))
        write_polygons(findings, run.path("findings"))
        write_series(series, run.path("activity_series.csv"))
        write_mines(mines, run.folder)
        plan = self._plan()
        facts = {
            "n_moving": int(activity["fastest_velocity"].notna().sum()),
            "elsewhere": _elsewhere(activity, permits, has_motion=given.motion is not None),
            "motion": {name: int((activity["motion_class"] == name).sum()) for name in MOTION_CLASSES},
            "motion_paper": {name: int((activity["paper_class"] == name).sum()) for name in MOTION_CLASSES},
            "activity": _counts(activity["activity"]), "permit_status": _counts(activity["permit_status"]),
            "findings": _counts(findings["kind"]), "n_findings": len(findings), "on": on,
            "has_before": given.before is not None, "plan_m2": plan,
        }  # fmt: skip
        return Outcome(
            facts, [on] if on else [], [*self.set_aside, *(self.permitted.set_aside if self.permitted else ())]
        )

    def _permits(self) -> PermitTable | None:
        path = self.given.permits
        return permit_table(read_polygons(path), fields=dict(self.given.fields), source=path.name) if path else None

    def _told(self) -> Told:
        """What scenes say; where a scene cannot tell, that is reported."""
        scene = Scene.of_run(self.run.folder, self.patches) if self.has_scene else None
        if scene is None:
            if self.given.before:
                self._not_compared(_NOT_GREEN if self.has_scene else f"{self.run.folder} holds no scene of this date")
            return Told({}, {})
        green = greenness(scene, options=self.options)
        return Told(self._changed(scene, self.given.before) if self.given.before else {}, green)

    def _changed(self, scene: Scene, before: Path) -> Mapping[str, OpticalChange]:
        """What has changed since an earlier run, patch by patch."""
        if not (before / "scene.tif").exists() or not (before / "patches.parquet").exists():
            return self._not_compared(f"no run with scene.tif and patches.parquet lies in {before}")
        earlier = Scene.of_run(before, read_polygons(before / "patches.parquet", allow_empty=True))
        if earlier is None:
            return self._not_compared(f"of {before} {_NOT_GREEN}")
        if not earlier.grid.geographic_extent.intersects(scene.grid.geographic_extent):
            return self._not_compared(f"the scene of {before} shows another place")
        return changes(earlier, scene, options=self.options)

    def _not_compared(self, reason: str) -> Mapping[str, OpticalChange]:
        self.set_aside.append(SetAside("optical change", reason))
        return {}

    def _zones(self) -> list[Zones]:
        return [
            zones_of(
                read_polygons(zone.file), kind=zone.kind, crs=self.patches.crs, buffer_m=zone.buffer_m, name=zone.name,
                source=zone.file.name,
            )
            for zone in self.given.zones
        ]  # fmt: skip

    def _moving(self, permits: gpd.GeoDataFrame | None) -> list[Any]:
        """Moving ground where none may be, in the CRS of the patches."""
        if permits is None or self.motion is None or self.on is None:
            return []
        return motion_beyond(self.motion, permits.to_crs(self.patches.crs), on=self.on, options=self.options)

    def _plan(self) -> dict[str, float]:
        """Compare with the plan; area of each kind [m²]."""
        if self.given.plan is None or self.on is None:
            return {}
        plan = _plan_table(self.given.plan).to_crs(self.patches.crs)
        parts = check_plan(self.patches.union_all(), plan, on=self.on, options=self.options)
        columns = {name: [getattr(part, name) for part in parts] for name in ("kind", "plan_id", "area_m2", "least_m2")}
        table = gpd.GeoDataFrame(columns, geometry=[part.geometry for part in parts], crs=self.patches.crs)
        write_polygons(table, self.run.path("plan_check"))
        return {str(kind): float(area) for kind, area in table.groupby("kind")["area_m2"].sum().items()}


def _plan_table(section: PlanSection) -> gpd.GeoDataFrame:
    """Read a plan's polygons with the columns that a check asks for.

    Raises
    ------
    VectorError
        A column is missing, or holds what is no date.
    """
    frame = read_polygons(section.file)
    names: dict[str, str] = {str(ours): theirs for ours, theirs in section.fields.items()}
    columns = {name: names.get(name, name) for name in PLAN_FIELDS}
    if missing := [column for column in columns.values() if column not in frame]:
        raise VectorError(f"{section.file.name} has no column {missing[0]!r}; name the right one under plan.fields.")
    table = gpd.GeoDataFrame({name: frame[column] for name, column in columns.items()}, geometry=frame.geometry)
    for name in ("begins", "ends"):
        table[name] = pd.to_datetime(table[name], errors="coerce", format="ISO8601")
        if table[name].isna().any():
            row = int(table[name].isna().to_numpy().argmax())
            raise VectorError(f"{section.file.name}: {name} of record {row + 1} is no date; write 2021-12-31.")
    return table


def _counts(values: "pd.Series[Any]") -> dict[str, int]:
    return {str(name): int(count) for name, count in values.value_counts().items()}


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
    kept = layers[[name for name in MOTION_LAYERS if name in layers]]
    return kept.assign({name: kept[name].load() for name in MOTION_LAYERS[:3]})
