"""`highwall emergence`: from two scenes, or two earlier runs, to what came up between them."""

from pathlib import Path
from typing import Any, NamedTuple

from highwall.classification.options import EmergenceOptions
from highwall.core.errors import InputError
from highwall.core.site import Site
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.config_files import checked, load_run
from highwall.workflows.mapping.detect_verb import ToDetect, check_said, detect_into, site_of_scenes
from highwall.workflows.mapping.emergence import PROBABILITY, Dates, find_emergence, seen_on
from highwall.workflows.run import Run, Say, facts_of, silent
from highwall.workflows.sites import site_of_run


class ToCompare(NamedTuple):
    """What a user gives: two dates, each a scene or the folder of an earlier `highwall detect`."""

    before: Path
    after: Path
    detect: ToDetect
    """How scenes are read and classed; its own scenes are not looked at."""

    def scene(self, place: Path) -> ToDetect:
        """What is to be detected at one of the places."""
        return self.detect._replace(scenes=(place,))


def emergence_alone(
    given: ToCompare,
    out: Path,
    *,
    threshold: float | None = None,
    run_file: Path | None = None,
    say: Say = silent,
    advance: Advance = unmoved,
) -> dict[str, Any]:
    """Detect both dates where that is not done, and map what came up between them: facts of the stage.

    Parameters
    ----------
    threshold
        Emergence from which ground is new mine; by default as run.yaml says.

    Raises
    ------
    MissingInputError, SceneError, ModelError
        A scene is not there or cannot be classed.
    GridError
        Earlier runs lie on different grids.
    InputError
        The later scene was not seen later, or something is given that only scenes use, which were classed before.
    """
    _check(given)
    changes = {} if threshold is None else {"threshold": threshold}
    content = load_run(run_file).emergence.model_dump() | changes
    options = checked(EmergenceOptions, content, source="the command line")
    site = _site(given)
    before, after = (
        _detected(place, out / name, given, site=site, run_file=run_file, say=say, advance=advance)
        for name, place in (("before", given.before), ("after", given.after))
    )
    dates = Dates(before, after, *(seen_on(Run(folder, site).record("prepare")) for folder in (before, after)))
    record = find_emergence(Run(out, site, say), dates, options=options, advance=advance)
    facts = facts_of(record)
    say(
        f"emergence.gpkg: {facts['n_emerged']} of {facts['emerged_m2'] / 1e4:,.1f} ha in all, between "
        f"{facts['before']} and {facts['after']}, from {facts['threshold']:g}"
    )
    return facts


def _check(given: ToCompare) -> None:
    """Refuse what would be passed over: the area where there is an earlier run, how to detect where all is detected."""
    runs = [place for place in (given.before, given.after) if _is_detected(place)]
    scenes = tuple(place for place in (given.before, given.after) if place not in runs)
    how = given.detect
    options = {
        "--level": how.level, "--weights": how.weights, "--force": how.force, "--bands": how.bands,
        "--convert": how.convert,
    }  # fmt: skip
    unused = ["--aoi"] if runs and how.aoi else []
    unused += [option for option, value in options.items() if value and not scenes]
    if unused:
        raise InputError(
            f"{' and '.join(unused)} cannot change {' and '.join(map(str, runs))}, detected before; leave it out, or "
            "give the scene instead."
        )
    if scenes:
        check_said(how._replace(scenes=scenes))


def _is_detected(place: Path) -> bool:
    return (place / PROBABILITY).is_file()


def _site(given: ToCompare) -> Site:
    """Site of an earlier run where one is given, so that a scene is put on its grid; else of the later scene."""
    for place in (given.after, given.before):
        if _is_detected(place):
            return site_of_run(place)
    return site_of_scenes(given.scene(given.after))


def _detected(
    place: Path, folder: Path, given: ToCompare, *, site: Site, run_file: Path | None, say: Say, advance: Advance
) -> Path:
    """Folder of a run that holds the maps of one date."""
    if _is_detected(place):
        return place
    detect_into(Run(folder, site, say), given.scene(place), run_file=run_file, advance=advance)
    return folder
