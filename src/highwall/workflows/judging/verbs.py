"""Found mines held against what is known, from the command line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from highwall.core.errors import InputError
from highwall.core.site import Site
from highwall.io.vectors import read_polygons
from highwall.patches.options import AccuracyOptions
from highwall.workflows.config_files import checked
from highwall.workflows.judging.accuracy import ToScore, accuracy_lines, score
from highwall.workflows.judging.mapped import RASTERS, crs_of
from highwall.workflows.judging.truth_points import read_points
from highwall.workflows.outlining.track import patches_file
from highwall.workflows.run import Run, Say, facts_of
from highwall.workflows.sites import site_around, site_of_patches, site_of_raster

_OF_POLYGONS: Final = {"--min-overlap": "min_overlap", "--points": "n_points", "--seed": "seed"}
"""Options of a comparison whose references are polygons, and their fields."""


def accuracy_alone(given: ToScore, out: Path, *, options: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Hold what was found against what is known: facts of the stage.

    Raises
    ------
    InputError
        Something is given that these two sides do not use, or they cannot be compared.
    """
    found = patches_file(given.found)
    is_raster = found.suffix.lower() in RASTERS
    if options.get("codes") is not None and not is_raster:
        raise InputError(
            f"--codes are those of a raster, and {found} holds polygons; leave it out, or give the raster."
        )
    if given.reference.suffix.lower() == ".csv":
        _check_points(given, options)
    site = site_of_raster(found) if is_raster else _site_of_scored(given)
    said = {name: value for name, value in options.items() if value is not None}
    facts = facts_of(
        score(Run(out, site, say), given, options=checked(AccuracyOptions, said, source="the command line"))
    )
    for line in accuracy_lines(facts):
        say(line)
    return facts


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


def _check_points(given: ToScore, options: Mapping[str, Any]) -> None:
    """Refuse what a comparison with points would pass over."""
    said = {"--causes": given.causes} | {option: options.get(name) for option, name in _OF_POLYGONS.items()}
    if unused := [option for option, value in said.items() if value is not None]:
        raise InputError(
            f"only a comparison with polygons uses {' and '.join(unused)}, and {given.reference} holds points; leave "
            "it out."
        )


def _site_of_scored(given: ToScore) -> Site:
    """Make a site that spans found patches; where there is none, the area, or what they are held against."""
    found = patches_file(given.found)
    is_by_points = given.area is None and given.reference.suffix.lower() == ".csv"
    if is_by_points and read_polygons(found, allow_empty=True).empty:
        return site_around(read_points(given.reference, crs=crs_of(found)), given.reference.stem)
    return site_of_patches(found, otherwise=given.area or given.reference)
