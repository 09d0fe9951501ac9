"""Many sites on one page: ranked, mapped, and what is new since last time."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jinja2
import numpy as np

from highwall.report.style import FINDING_COLOUR, GOOD, GRID, INK, LABEL, MUTED, SMALL, canvas, data_uri, png
from highwall.report.texts import ENGLISH

_MOST_NAMES = 12
"""Sites whose names stand on the map: the first of the ranking."""


class SiteRow(NamedTuple):
    """One site of a portfolio."""

    name: str
    folder: str
    lon: float
    lat: float
    seen: str
    """ISO date of the scene, or ``unknown``."""
    mine_m2: float
    is_checked: bool
    """Whether its patches were held against permits or protected land."""
    n_new: int
    """Findings to be decided on."""
    n_confirmed: int
    expected_m2: float
    """Σ probability × area of the findings that are new or confirmed [m²]."""
    n_moving: int
    news: tuple[str, ...]
    """Findings that the last portfolio did not have."""
    changes: tuple[str, ...] = ()
    """Findings whose state has changed since: ``ID before → now``."""


def ranked(rows: Sequence[SiteRow]) -> list[SiteRow]:
    """Sites by expected area in breach, those that were not checked last."""
    return sorted(rows, key=lambda row: (not row.is_checked, -row.expected_m2, row.name))


def render_portfolio(
    rows: Sequence[SiteRow],
    *,
    not_read: Sequence[tuple[str, str]],
    version: str,
    at: dt.datetime,
    is_first: bool,
    texts: Mapping[str, str] = ENGLISH,
) -> str:
    """Return the page as HTML, with its map in it.

    Parameters
    ----------
    rows
        In the order of :func:`ranked`.
    not_read
        Folders that could not be read, and why.
    is_first
        Whether there was no portfolio before, so that nothing can be called new.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("highwall.report"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"ha": lambda area: f"{area / 1e4:,.1f}"}
    return environment.get_template("portfolio.html.jinja").render(
        rows=rows, not_read=not_read, version=version, at=at.isoformat(), is_first=is_first, t=texts,
        map=data_uri(portfolio_map(rows)) if rows else "", n_new=sum(row.n_new for row in rows),
        n_confirmed=sum(row.n_confirmed for row in rows), expected=sum(row.expected_m2 for row in rows),
    )  # fmt: skip


def portfolio_map(rows: Sequence[SiteRow]) -> bytes:
    """Draw the sites where they lie, the larger the more ground in breach is expected."""
    lon, lat = np.array([row.lon for row in rows]), np.array([row.lat for row in rows])
    width, height = max(float(np.ptp(lon)), 0.2), max(float(np.ptp(lat)), 0.2)
    shape = 1.0 / max(np.cos(np.deg2rad(float(lat.mean()))), 0.1)
    figure = canvas(7.0, float(np.clip(7.0 * height / width * shape, 2.5, 7.0)))
    axes = figure.subplots()
    breach = np.array([row.expected_m2 for row in rows])
    sizes = 14.0 + 180.0 * np.sqrt(breach / max(float(breach.max()), 1.0))
    colours = [FINDING_COLOUR if row.expected_m2 > 0 else GOOD if row.is_checked else MUTED for row in rows]
    axes.scatter(lon, lat, s=sizes, c=colours, alpha=0.75, edgecolors="white", linewidths=0.6, zorder=2)
    for row in rows[:_MOST_NAMES]:
        axes.annotate(
            row.name, (row.lon, row.lat), xytext=(5, 4), textcoords="offset points", fontsize=SMALL, color=INK
        )
    axes.set_aspect(shape)
    for limits, places, reach in ((axes.set_xlim, lon, width), (axes.set_ylim, lat, height)):
        middle = 0.5 * float(places.min() + places.max())
        limits(middle - 0.62 * reach, middle + 0.62 * reach)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("longitude [°]", fontsize=LABEL)
    axes.set_ylabel("latitude [°]", fontsize=LABEL)
    axes.tick_params(labelsize=SMALL)
    return png(figure)
