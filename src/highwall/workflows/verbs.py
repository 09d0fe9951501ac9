"""Each stage as a verb of its own: takes files, leaves its own files in a folder."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

import geopandas as gpd
from odc.geo.geom import box

from highwall.core.errors import ConfigError, InputError
from highwall.core.site import Site
from highwall.insar.options import InversionOptions, PixelReference, PointReference
from highwall.io.archive.plan import ArchivePlan
from highwall.io.archive.recipes import RECIPES, recipe
from highwall.io.archive.search import SearchOptions
from highwall.io.vectors import read_area, read_polygons
from highwall.patches.options import AccuracyOptions, RefineOptions, SegmentationOptions
from highwall.workflows.blocks import Crew
from highwall.workflows.config import DeformSection, InsarSection, ObjectsSection
from highwall.workflows.config_files import checked, load_run
from highwall.workflows.judging.accuracy import ToScore, accuracy_lines, score
from highwall.workflows.judging.mapped import RASTERS, crs_of
from highwall.workflows.judging.truth_points import read_points
from highwall.workflows.outlining.objects import ToSegment, objects
from highwall.workflows.outlining.refine import ToRefine, refine
from highwall.workflows.outlining.surroundings import Sun
from highwall.workflows.outlining.track import patches_file, track_patches
from highwall.workflows.radar.archive import DEFAULT_NETWORK, Until, order, search
from highwall.workflows.radar.deform import deform
from highwall.workflows.radar.plan import plan
from highwall.workflows.radar.stack import Given, site_of_radar
from highwall.workflows.run import Run, Say, facts_of
from highwall.workflows.sites import site_of_raster, site_of_run
from highwall.workflows.watching.assess import ToAssess, assess
from highwall.workflows.watching.case_file import case_file
from highwall.workflows.watching.findings_register import enter
from highwall.workflows.watching.portfolio import portfolio
from highwall.workflows.watching.report import report

_LONLAT = "lonlat:"
"""Begins a reference that is a place on the ground, not a pixel."""
_OF_SITE = ("stack", "wavelength_m", "incidence_deg", "dem", "gacos")


def objects_alone(
    given: ToSegment, out: Path, *, changes: Mapping[str, Any], run_file: Path | None, crew: Crew, say: Say
) -> None:
    """Segment an image."""
    options = changed_objects(load_run(run_file).objects, changes)
    facts = facts_of(objects(Run(out, site_of_raster(given.image), say), given, crew, options=options))
    say(f"scale {facts['scale']:g}: {facts['scale_why']}")
    say(f"shape {facts['shape']:g}, compactness {facts['compactness']:g}")
    say(f"objects.tif: {facts['n_objects']:,} objects of {', '.join(facts['bands'])}, {facts['normalisation']}")


def changed_objects(options: ObjectsSection, changes: Mapping[str, Any]) -> ObjectsSection:
    """Set what the command line says against run.yaml; an unset option is None.

    A scale that is said puts off an estimate that run.yaml asks for, and the other way round.

    Raises
    ------
    ConfigError
        A value is out of its bounds, or a scale is both given and to be estimated.
    """
    said = {name: value for name, value in changes.items() if value is not None}
    if "scale" in said and "estimate_scale" in said:
        raise ConfigError(f"--scale {said['scale']:g} and --estimate-scale contradict each other; leave one out.")
    of_criterion = {name: said.pop(name) for name in SegmentationOptions.model_fields if name in said}
    content = options.model_dump(exclude_unset=True) | said
    criterion = content.get("segmentation", {}) | of_criterion
    if "scale" in of_criterion:
        content.pop("estimate_scale", None)
    if "estimate_scale" in said:
        criterion.pop("scale", None)
    return checked(ObjectsSection, content | {"segmentation": criterion}, source="the command line")


def refine_alone(
    given: ToRefine, out: Path, *, changes: Mapping[str, Any], run_file: Path | None, crew: Crew, say: Say
) -> None:
    """Outline the patches of a probability map."""
    options, said = load_run(run_file), dict(changes)
    unused = [f"--{name.replace('_', '-')}" for name, value in said.items() if value is not None]
    if given.image is None and unused:
        raise InputError(f"only the refinement by objects uses {' and '.join(unused)}; give --image too.")
    cut = {name: said.pop(name) for name in ("cut",) if said.get(name) is not None}
    refining = checked(RefineOptions, options.refine.model_dump() | cut, source="the command line")
    made = {"refine": refining, "objects": changed_objects(options.objects, said)}
    run = Run(out, site_of_raster(given.probability), say)
    facts = facts_of(refine(run, given, crew, options=options.model_copy(update=made)))
    if facts["method"] == "objects":
        cut_found, n_segments = facts["cut"], facts["n_segments"]
        say(f"segments.parquet: {n_segments:,} at scale {facts['scale']:g}, {facts['scale_why']}")
        say(f"cut: {100 * cut_found['share']:.1f} % ({cut_found['source']})")
    hectares = sum(facts["area_m2"].values()) / 1e4
    say(f"patches.gpkg: {facts['n_patches']} patches, {hectares:,.1f} ha; {facts['n_dropped']} dropped")


def track_alone(before: Path, after: Path, out: Path, *, say: Say) -> dict[str, Any]:
    """Tell what became of patches between two dates: facts of the stage."""
    site = _site_of_patches(patches_file(after), otherwise=patches_file(before))
    facts = facts_of(track_patches(Run(out, site, say), before, after))
    n_groups = sum(row["n"] for row in facts["changes"].values())
    say(f"tracks.gpkg: {n_groups} patches or groups of them")
    return facts


def accuracy_alone(given: ToScore, out: Path, *, options: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Hold what was found against what is known: facts of the stage."""
    found = patches_file(given.found)
    is_raster = found.suffix.lower() in RASTERS
    site = site_of_raster(found) if is_raster else _site_of_scored(given)
    said = {name: value for name, value in options.items() if value is not None}
    facts = facts_of(
        score(Run(out, site, say), given, options=checked(AccuracyOptions, said, source="the command line"))
    )
    for line in accuracy_lines(facts):
        say(line)
    return facts


def deform_changes(*, reference: str | None, weighting: str | None) -> dict[str, Any]:
    """Options of the inversion that the command line sets against run.yaml.

    Raises
    ------
    InputError
        ``reference`` is neither ROW,COLUMN nor lonlat:LONGITUDE,LATITUDE.
    """
    changes: dict[str, Any] = {"weighting": weighting} if weighting else {}
    return changes | ({"reference": _reference(reference)} if reference else {})


def deform_alone(
    given: Given, out: Path, *, changes: Mapping[str, Any], run_file: Path | None, crew: Crew, say: Say
) -> None:
    """Turn a stack into motion."""
    options = _deform_options(given, changes, run_file)
    facts = facts_of(deform(Run(out, site_of_radar(given), say), given, crew, options=options))
    say(f"reference: {facts['reference']}")
    if facts["velocity_min"] is not None:
        low, high = 1e3 * facts["velocity_min"], 1e3 * facts["velocity_max"]
        say(f"velocity.tif: {low:+.0f} to {high:+.0f} mm/year along the line of sight, {facts['n_pairs']} pairs")
    else:
        say(
            f"velocity.tif: no pixel has a network in one piece ({facts['network']}): maps hatch all of it; "
            "add pairs that join the pieces"
        )


def deform_plan(
    given: Given, out: Path, *, changes: Mapping[str, Any], run_file: Path | None, crew: Crew, say: Say
) -> None:
    """Say what `highwall deform` would do, and what it would take."""
    for line in plan(given, out, crew, options=_deform_options(given, changes, run_file)):
        say(line)


def _deform_options(given: Given, changes: Mapping[str, Any], run_file: Path | None) -> DeformSection:
    options = load_run(run_file).deform
    inversion = checked(InversionOptions, options.inversion.model_dump() | dict(changes), source="the command line")
    checked(InsarSection, {name: getattr(given, name) for name in _OF_SITE}, source="the command line")
    return options.model_copy(update={"inversion": inversion})


def assess_alone(
    patches: Path,
    out: Path,
    *,
    permits: Path | None,
    fields: Mapping[str, str],
    motion: Path | None,
    date: dt.date | None,
    run_file: Path | None,
    say: Say,
    before: Path | None = None,
    register: Path | None = None,
) -> None:
    """Join patches with motion, an earlier run and permits, and enter what is found in the register."""
    site = site_of_run(out) if (out / "stac").is_dir() else _site_of_outlines(patches)
    run = Run(out, site, say)
    given = ToAssess(patches, permits, fields, motion, before=before)
    record = assess(run, given, on=date, options=load_run(run_file).activity, evidence={"patches": patches.name})
    enter(run, register)
    say(f"findings.gpkg: {facts_of(record)['n_findings']} findings" + ("" if permits else "; permits were not given"))


def report_alone(folder: Path, *, say: Say) -> None:
    """Draw what a folder holds; what an earlier report said was missing is said again."""
    run = Run(folder, site_of_run(folder), say)
    linked = [name for name in run.linked() if name != "report" and run.stands(name)]
    current = [name for name in linked if run.is_current(name)]
    earlier = run.record("report")
    missing = list(earlier["highwall:parameters"]["missing"]) if earlier else []
    behind = [
        f"{name}: left out, for what it read has changed since; run it again." for name in linked if name not in current
    ]
    report(run, current, missing=missing + [sentence for sentence in behind if sentence not in missing])


def codes_of(pairs: Mapping[str, str]) -> dict[int, str]:
    """Read code=class pairs.

    Raises
    ------
    InputError
        A code is no whole number.
    """
    if wrong := [code for code in pairs if not code.lstrip("-").isdigit()]:
        raise InputError(f"--name {wrong[0]}={pairs[wrong[0]]}: {wrong[0]!r} is no code; write for example 1=mine.")
    return {int(code): name for code, name in pairs.items()}


def case_alone(folder: Path, finding_id: str, *, register: Path | None, say: Say) -> None:
    """Write the case file of one finding."""
    case_file(Run(folder, site_of_run(folder), say), finding_id, register=register)


def portfolio_alone(folder: Path, out: Path, *, finding: str | None, say: Say) -> None:
    """Gather many runs.

    Raises
    ------
    InputError
        A finding is asked for as well.
    """
    if finding is not None:
        raise InputError("--finding and --portfolio are two pages; ask for one of them.")
    portfolio(folder, out, say=say)


def radar_search(aoi: Path, out: Path, *, asked: Mapping[str, Any], run_file: Path | None, say: Say) -> None:
    """Plan a stack over an area."""
    options = checked(SearchOptions, dict(asked), source="the command line")
    network = load_run(run_file).deform.network if run_file else DEFAULT_NETWORK
    plan_made = search(Site.over(aoi.stem, read_area(aoi)), options=options, out=out, network=network)
    dates = plan_made.acquisitions
    say(
        f"plan.json: track {plan_made.track} {plan_made.direction}, {len(dates)} dates from {dates[0].date} to "
        f"{dates[-1].date}, {len(plan_made.pairs)} pairs; read plan.txt"
    )


def radar_order(plan_file: Path, out: Path, *, until: str, say: Say) -> None:
    """Order a plan's interferograms."""
    if until not in get_args(Until):
        raise InputError(f"--until {until!r} is unknown; choose one of {', '.join(get_args(Until))}.")
    ledger = order(plan_file, out=out, until=cast(Until, until))
    counts = Counter(each.status for each in ledger.orders)
    say("orders.json: " + ", ".join(f"{count} {status.lower()}" for status, count in sorted(counts.items())))


def radar_recipe(plan_file: Path, processor: str) -> str:
    """How a plan is made with another processor."""
    if processor not in RECIPES:
        raise InputError(f"there is no recipe for {processor!r}; choose one of {', '.join(RECIPES)}.")
    return recipe(ArchivePlan.read(plan_file), processor)


def sun_of(text: str | None) -> Sun | None:
    """Read AZIMUTH,ELEVATION in degrees.

    Raises
    ------
    InputError
        It is not that.
    """
    if text is None:
        return None
    try:
        azimuth, elevation = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--sun {text!r} is not AZIMUTH,ELEVATION; write it as 48.5,39.2 (degrees).") from error
    return Sun(azimuth, elevation)


def _reference(text: str) -> dict[str, Any]:
    """Read ROW,COLUMN or lonlat:LONGITUDE,LATITUDE."""
    is_place = text.startswith(_LONLAT)
    try:
        one, other = text.removeprefix(_LONLAT).split(",")
        if is_place:
            return PointReference(x=float(one), y=float(other)).model_dump()
        return PixelReference(row=int(one), col=int(other)).model_dump()
    except ValueError as error:
        raise InputError(
            f"--reference {text!r} is neither a pixel nor a place; write ROW,COLUMN, as 9,8 (whole numbers from the "
            f"upper left, 0 first), or {_LONLAT}LONGITUDE,LATITUDE, as {_LONLAT}27.315,-26.142 (degrees)."
        ) from error


def _site_of_patches(path: Path, *, otherwise: Path | None = None) -> Site:
    """Make a site that spans patches; where there is none, those of ``otherwise``: all may be gone.

    Raises
    ------
    InputError
        There is no patch at all.
    """
    table = read_polygons(path, allow_empty=otherwise is not None)
    if otherwise is not None and table.empty:
        table = read_polygons(otherwise, allow_empty=True)
    if table.empty:
        raise InputError(f"neither {path} nor {otherwise} holds a patch; give what holds at least one.")
    return _site_around(table, path.stem)


def _site_of_outlines(path: Path) -> Site:
    """Make a site that spans polygons in any CRS; of those in degrees in the UTM zone of their centre."""
    table = read_polygons(path)
    return _site_around(table.to_crs(table.estimate_utm_crs()) if table.crs.is_geographic else table, path.stem)


def _site_of_scored(given: ToScore) -> Site:
    """Make a site that spans found patches; where there is none, the area, or what they are held against."""
    found = patches_file(given.found)
    is_by_points = given.area is None and given.reference.suffix.lower() == ".csv"
    if is_by_points and read_polygons(found, allow_empty=True).empty:
        return _site_around(read_points(given.reference, crs=crs_of(found)), given.reference.stem)
    return _site_of_patches(found, otherwise=given.area or given.reference)


def _site_around(table: gpd.GeoDataFrame, name: str) -> Site:
    left, bottom, right, top = (float(value) for value in table.total_bounds)
    crs = f"EPSG:{code}" if (code := table.crs.to_epsg()) else str(table.crs)
    return Site.over(name, box(left, bottom, right, top, crs=crs), crs=crs)
