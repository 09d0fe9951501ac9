"""Radar as verbs of their own: a stack to motion, and an area to a plan and orders."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

from highwall.core.errors import InputError
from highwall.core.site import Site
from highwall.insar.options import InversionOptions, PixelReference, PointReference
from highwall.io.archive.plan import ArchivePlan
from highwall.io.archive.recipes import RECIPES, recipe
from highwall.io.archive.search import SearchOptions
from highwall.io.vectors import read_area
from highwall.workflows.blocks import Crew
from highwall.workflows.config import DeformSection, InsarSection
from highwall.workflows.config_files import checked, load_run
from highwall.workflows.radar.archive import DEFAULT_NETWORK, Until, order, search
from highwall.workflows.radar.deform import deform
from highwall.workflows.radar.plan import plan
from highwall.workflows.radar.stack import Given, site_of_radar
from highwall.workflows.run import Run, Say, facts_of

_LONLAT = "lonlat:"
"""Begins a reference that is a place on the ground, not a pixel."""
_SERVES = {"dem": "stratified", "gacos": "gacos"}
"""What is given beside a stack, and the correction that alone uses it."""
_OF_SITE = ("stack", "wavelength_m", "incidence_deg", "dem", "gacos")


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
            f"velocity.tif: no pixel has a network in one piece ({facts['network']}) and kept its coherence: maps "
            "hatch all of it; add pairs that join the pieces, or lower deform.decorrelation.min_mean_coherence"
        )


def deform_plan(given: Given, *, changes: Mapping[str, Any], run_file: Path | None, crew: Crew, say: Say) -> None:
    """Say what `highwall deform` would do, and what it would take."""
    for line in plan(given, crew, options=_deform_options(given, changes, run_file)):
        say(line)


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


def _deform_options(given: Given, changes: Mapping[str, Any], run_file: Path | None) -> DeformSection:
    options = load_run(run_file).deform
    inversion = checked(InversionOptions, options.inversion.model_dump() | dict(changes), source="the command line")
    checked(InsarSection, {name: getattr(given, name) for name in _OF_SITE}, source="the command line")
    _check_used(given, options)
    return options.model_copy(update={"inversion": inversion})


def _check_used(given: Given, options: DeformSection) -> None:
    """Refuse what a correction would need that is not asked for: none acts unasked, and it would be passed over."""
    for name, correction in _SERVES.items():
        if getattr(given, name) is not None and not getattr(options.corrections, correction):
            raise InputError(
                f"--{name} serves a correction that was not asked for; ask for it in run.yaml (--run), as deform: "
                f"{{corrections: {{{correction}: true}}}}, or leave --{name} out."
            )


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
