"""Objects, patches and their tracks each as a verb of its own: files in, files of its own in a folder out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from highwall.core.errors import ConfigError, InputError
from highwall.patches.options import RefineOptions, SegmentationOptions
from highwall.workflows.blocks import Crew
from highwall.workflows.config import ObjectsSection
from highwall.workflows.config_files import checked, load_run
from highwall.workflows.outlining.objects import ToSegment, objects
from highwall.workflows.outlining.refine import PROBABILITY, ToRefine, refine
from highwall.workflows.outlining.surroundings import Sun
from highwall.workflows.outlining.track import patches_file, track_patches
from highwall.workflows.run import Run, Say, facts_of
from highwall.workflows.run_files import file_of
from highwall.workflows.sites import site_of_patches, site_of_raster


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
    """Outline the patches of a probability map, or of that of a run's folder."""
    given = given._replace(probability=file_of(given.probability, PROBABILITY, left_by="detect"))
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
    site = site_of_patches(patches_file(after), otherwise=patches_file(before))
    facts = facts_of(track_patches(Run(out, site, say), before, after))
    n_groups = sum(row["n"] for row in facts["changes"].values())
    say(f"tracks.gpkg: {n_groups} patches or groups of them")
    return facts


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
