"""A page that a regulator can file: one finding, all that it rests on, and what could make it wrong."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2

from highwall.report.series import Series, series_plot
from highwall.report.style import data_uri
from highwall.report.texts import ENGLISH


@dataclass(frozen=True)
class Case:
    """All that a case file shows. What is None was not given, and the page says so."""

    site: Mapping[str, Any]
    entry: Mapping[str, Any]
    """The finding's life, as the register has it, in plain values."""
    facts: Mapping[str, Any]
    """The finding at its last sight."""
    evidence: Mapping[str, Any]
    permit: Mapping[str, Any] | None
    not_in_force: Sequence[Mapping[str, Any]]
    """Permits that hold a part of the ground, but not on the day, where none holds on it."""
    activity: Mapping[str, Any] | None
    """Row of its patch in ``activity``."""
    before: bytes | None
    """Picture of the earlier scene."""
    after: bytes | None
    series: Series | None
    seen: str
    """ISO date of the scene of the run that the page is made from."""
    assessed_with: str
    """Version of Highwall that held the ground against permits."""
    validated: Mapping[str, Any] | None
    """Stations, RMS and bias of a check of the motion on the ground."""
    version: str
    at: dt.datetime
    is_simulated: bool


def render_case(case: Case, *, texts: Mapping[str, str] = ENGLISH) -> str:
    """Return the page as HTML, with everything in it."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("highwall.report"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "ha": lambda area: "–" if area is None else f"{area / 1e4:,.1f} ha",
        "words": lambda name: str(name).replace("_", " "),
        "percent": lambda share: "–" if share is None else f"{100 * share:.0f} %",
        "product": _product,
        "mm": lambda rate: "–" if rate is None else f"{1e3 * rate:+.0f} mm/year",
    }
    pictures = {name: data_uri(picture) for name in ("before", "after") if (picture := getattr(case, name))}
    if case.series is not None:
        pictures["series"] = data_uri(series_plot([case.series]))
    age = (case.at.date() - dt.date.fromisoformat(str(case.entry["last_seen"]))).days
    return environment.get_template("case.html.jinja").render(case=case, t=texts, pictures=pictures, age=age)


def _product(made: Any) -> str:
    """Name and version of a network or a scene in one line."""
    return " ".join(str(value) for value in made.values()) if isinstance(made, Mapping) else str(made)
