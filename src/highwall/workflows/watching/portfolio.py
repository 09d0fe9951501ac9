"""Runs of many sites → one ranked page, and the same as CSV, GeoJSON and GeoPackage."""

import datetime as dt
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd

from highwall import __version__
from highwall.activity.register import Register
from highwall.core.errors import HighwallError, MissingInputError
from highwall.io.aside import write_text
from highwall.io.vectors import read_polygons, write_polygons
from highwall.report.portfolio import SiteRow, ranked, render_portfolio
from highwall.workflows.run import Run, Say, facts_of, silent
from highwall.workflows.sites import site_of_run
from highwall.workflows.watching.findings_register import as_table, kinds_looked_for, read_register, register_of

STATE: Final = "portfolio.json"
ABSENT: Final = "absent"
_LIVE: Final = ("new", "confirmed")


def portfolio(folder: Path, out: Path, *, say: Say = silent) -> list[SiteRow]:
    """Gather the runs below a folder. Leaves ``portfolio.html``, ``.csv``, ``.geojson`` and ``.gpkg``.

    Of several runs of a site, or with one register, the newest counts. A run that cannot be read is named on the page
    and left out.

    Parameters
    ----------
    folder
        Holds runs, at any depth; those moved to ``earlier`` do not count.
    out
        Folder that takes the results; an earlier portfolio there tells what is new and what has changed.

    Returns
    -------
    list of SiteRow
        In the order of the ranking.

    Raises
    ------
    MissingInputError
        There is no run.
    """
    runs = list(_runs(folder))
    if not runs:
        raise MissingInputError(f"no run below {folder}: none of its folders holds catalog.json; run highwall monitor.")
    known = _known(out / STATE)
    looks, not_read = [], []
    for place in runs:
        name = place.relative_to(folder).as_posix() if place != folder else place.name
        try:
            looks.append(_read(place, name, folder))
        except (HighwallError, KeyError, ValueError) as error:
            not_read.append((name, str(error)))
            say(f"{name}: left out: {error}")
    chosen = _newest(_newest(looks, lambda look: look.site), lambda look: look.register)
    ordered = ranked([_row(look, known) for look in chosen])
    at = dt.datetime.now(dt.UTC).replace(microsecond=0)
    page = render_portfolio(ordered, not_read=not_read, version=__version__, at=at, is_first=known is None)
    write_text(page, out / "portfolio.html")
    _write(ordered, out)
    states = {f"{look.register}/{name}": state for look in chosen for name, state in look.states.items()}
    write_text(json.dumps({"at": at.isoformat(), "findings": states}, indent=1, sort_keys=True), out / STATE)
    say(f"portfolio.html: {len(ordered)} sites, {sum(row.n_new for row in ordered)} findings to decide on")
    return ordered


def _runs(folder: Path) -> Iterator[Path]:
    """Folders of runs below a folder, in the order of their names."""
    for catalogue in sorted(folder.rglob("catalog.json")):
        if "earlier" not in catalogue.relative_to(folder).parts and (catalogue.parent / "stac").is_dir():
            yield catalogue.parent


def _known(path: Path) -> dict[str, str] | None:
    """Findings that the last portfolio had, by register and name, and the state of each; None without one."""
    if not path.exists():
        return None
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))["findings"]
    return found


class _Look(NamedTuple):
    """What one run says of its site."""

    name: str
    """Of its folder, below that of the portfolio."""
    run: Run
    facts: Mapping[str, Any]
    is_checked: bool
    mine_m2: float
    register: str
    """Where its findings are kept, from the portfolio's folder on: several runs may share one."""
    findings: gpd.GeoDataFrame

    @property
    def site(self) -> tuple[str, str]:
        """What tells its site from others."""
        return self.run.site.name, self.run.site.aoi.wkt

    @property
    def states(self) -> dict[str, str]:
        """State of each finding; those that a clear look has missed since are absent."""
        rows = zip(self.findings["finding_id"], self.findings["state"], self.findings["absent_since"], strict=True)
        return {name: ABSENT if since and state in _LIVE else state for name, state, since in rows}


def _newest(looks: Iterable[_Look], key: Callable[[_Look], Any]) -> list[_Look]:
    """Of the looks that share a key, the one of the latest date."""
    chosen = {key(look): look for look in sorted(looks, key=lambda look: look.facts["on"] or "")}
    return list(chosen.values())


def _read(place: Path, name: str, folder: Path) -> _Look:
    run = Run(place, site_of_run(place))
    record = run.record("assess")
    if record is None:
        raise MissingInputError("it was not assessed; run `highwall monitor` or `highwall assess` there.")
    is_checked = bool(kinds_looked_for(record))
    mine_m2 = float(read_polygons(run.path("activity.parquet"), allow_empty=True).area.sum())
    file = register_of(place)
    table = as_table(read_register(file) if file.exists() else Register(crs=run.site.crs))
    register = Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()
    return _Look(name, run, facts_of(record), is_checked, mine_m2, register, table)


def _row(look: _Look, known: Mapping[str, str] | None) -> SiteRow:
    live = look.findings[look.findings["state"].isin(_LIVE)]
    expected = float((live["probability"] * live["area_m2"]).sum()) if len(live) else 0.0
    centre = look.run.site.aoi.to_crs("EPSG:4326").centroid.coords[0]
    before = {} if known is None else known
    was = {name: before.get(f"{look.register}/{name}") for name in look.states}
    told = look.states.items() if known is not None else ()
    return SiteRow(
        look.run.site.name, look.name, float(centre[0]), float(centre[1]), look.facts["on"] or "unknown", look.mine_m2,
        look.is_checked, int((live["state"] == "new").sum()), int((live["state"] == "confirmed").sum()), expected,
        int(look.facts["n_moving"]), tuple(name for name, state in told if was[name] is None and state in _LIVE),
        tuple(f"{name} {was[name]} → {state}" for name, state in told if was[name] not in {None, state}),
    )  # fmt: skip


def _write(rows: Iterable[SiteRow], out: Path) -> None:
    ordered = list(rows)
    lists = ("news", "changes")
    columns = {name: [getattr(row, name) for row in ordered] for name in SiteRow._fields if name not in lists}
    columns |= {name: [", ".join(getattr(row, name)) for row in ordered] for name in lists}
    places = gpd.points_from_xy([row.lon for row in ordered], [row.lat for row in ordered])
    table = gpd.GeoDataFrame(columns, geometry=places, crs="EPSG:4326")
    write_text(table.drop(columns="geometry").to_csv(index=False), out / "portfolio.csv")
    write_text(table.to_json(), out / "portfolio.geojson")
    write_polygons(table, out / "portfolio")
