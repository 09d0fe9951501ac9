"""`highwall detect`: from scene files to detections, without a site file."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from odc.geo.geom import box

from highwall.classification.options import ExtractOptions
from highwall.core.errors import InputError
from highwall.core.grid import grid_of
from highwall.core.site import Site
from highwall.io.scenes import FolderSource
from highwall.io.vectors import read_area
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.config_files import checked, load_run
from highwall.workflows.mapping.detect import detect
from highwall.workflows.mapping.unsaid import Said, check_taken
from highwall.workflows.run import Run, Say, facts_of, silent
from highwall.workflows.sites import site_of_grid
from highwall.workflows.watching.prepare import prepare

_EVERYWHERE: Final = box(-180, -90, 180, 90, crs="EPSG:4326")


class ToDetect(NamedTuple):
    """What a user gives."""

    scenes: tuple[Path, ...]
    """Files, product folders, or folders of them."""
    aoi: Path | None = None
    """Vector file; without it the extent of the newest scene."""
    level: str | None = None
    """For files that do not say; so are the next two."""
    date: dt.date | None = None
    bands: tuple[str, ...] = ()
    weights: Path | None = None
    force: bool = False
    """Run the network on a level that it was not made for."""
    convert: bool = False
    """Put L2A scenes back to the top of a clear atmosphere, by the bounds of run.yaml."""

    @property
    def source(self) -> FolderSource:
        """Where the scenes are read."""
        return FolderSource(self.scenes, bands=self.bands, level=self.level, date=self.date)


def detect_alone(
    given: ToDetect,
    out: Path,
    *,
    threshold: float | None = None,
    run_file: Path | None = None,
    say: Say = silent,
    advance: Advance = unmoved,
) -> dict[str, Any]:
    """Class the newest usable one of some scenes: facts of both stages.

    Parameters
    ----------
    threshold
        Mine probability from which ground is mine; by default as run.yaml says, else the model's own.

    Raises
    ------
    MissingInputError
        There is no such scene.
    InputError
        None can be read, or used; or all say themselves, and otherwise, what is given for those that do not.
    ModelError
        The model was made for others.
    """
    check_said(given)
    run = Run(out, site_of_scenes(given), say)
    facts = detect_into(run, given, threshold=threshold, run_file=run_file, advance=advance)
    hectares = facts["detected_m2"] / 1e4
    say(f"probability.tif: {facts['scene_id']}, seen on {facts['acquired']}")
    say(
        f"detections.gpkg: {facts['n_detections']} of {hectares:,.1f} ha in all, at a threshold of "
        f"{facts['threshold']:g} ({facts['threshold_why']})"
    )
    return facts


def detect_into(
    run: Run,
    given: ToDetect,
    *,
    threshold: float | None = None,
    run_file: Path | None = None,
    advance: Advance = unmoved,
) -> dict[str, Any]:
    """Class the newest usable scene on the grid of a run's site; the rest as for :func:`detect_alone`."""
    options = load_run(run_file)
    inputs = {f"scene {number}": path for number, path in enumerate(given.scenes, start=1)}
    parameters = {"level": given.level, "date": given.date, "bands": given.bands}
    sky = options.atmosphere if given.convert else None
    record = prepare(run, given.source, inputs=inputs, parameters=parameters, options=options.quality, sky=sky)
    scene = facts_of(record)
    extract = _with_threshold(options.detect, threshold)
    found = detect(run, scene, weights=given.weights, force=given.force, options=extract, advance=advance)
    return scene | facts_of(found)


def check_said(given: ToDetect) -> None:
    """Refuse bands, a level or a date that every scene has of its own, and another."""
    said = Said(given.bands, given.level, given.date)
    if not said.by_option:
        return
    scenes = given.source.read(_EVERYWHERE).scenes
    read = (
        (scene.attrs["scene_id"], Said(scene["band"].values.tolist(), scene.attrs["level"], scene.attrs["acquired"]))
        for scene in scenes
    )
    check_taken(said, read)


def site_of_scenes(given: ToDetect) -> Site:
    """Make the site that is asked for: the area of interest, or the extent of the newest scene.

    Raises
    ------
    InputError
        There is no area, and no scene can be read.
    """
    if given.aoi:
        return Site.over(given.aoi.stem, read_area(given.aoi))
    reading = given.source.read(_EVERYWHERE)
    if not reading.scenes:
        raise InputError(f"no scene among {_names(given.scenes)} can be read: {_reasons(reading.set_aside)}")
    newest = reading.scenes[-1]
    return site_of_grid(grid_of(newest), name=str(newest.attrs["scene_id"]))


def _with_threshold(options: ExtractOptions, threshold: float | None) -> ExtractOptions:
    changes: Mapping[str, Any] = {} if threshold is None else {"threshold": threshold}
    return checked(ExtractOptions, {**options.model_dump(), **changes}, source="the command line")


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))


def _reasons(set_aside: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{name}: {reason}" for name, reason in set_aside)
