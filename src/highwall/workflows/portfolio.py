"""Runs of many sites → one ranked page, and the same as CSV, GeoJSON and GeoPackage."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import geopandas as gpd

from highwall import __version__
from highwall.core.errors import HighwallError, MissingInputError
from highwall.io.aside import write_text
from highwall.io.vectors import read_polygons, write_polygons
from highwall.report.portfolio import SiteRow, ranked, render_portfolio
from highwall.workflows.findings_register import REGISTER, as_table, read_register
from highwall.workflows.run import Run, Say, facts_of, silent
from highwall.workflows.sites import site_of_run

STATE: Final = "portfolio.json"
_LIVE: Final = ("new", "confirmed")


def portfolio(folder: Path, out: Path, *, say: Say = silent) -> list[SiteRow]:
    """Gather the runs below a folder. Leaves ``portfolio.html``, ``.csv``, ``.geojson`` and ``.gpkg``.

    A run that cannot be read is named on the page and left out.

    Parameters
    ----------
    folder
        Holds runs, at any depth; those moved to ``earlier`` do not count.
    out
        Folder that takes the results; an earlier portfolio there tells what is new.

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
    rows, tables, not_read = [], [], []
    for place in runs:
        try:
            row, table = _read(place, known=known)
        except (HighwallError, KeyError, ValueError) as error:
            not_read.append((place.name, str(error)))
            say(f"{place.name}: left out: {error}")
            continue
        rows.append(row)
        tables.append(table)
    ordered = ranked(rows)
    at = dt.datetime.now(dt.UTC).replace(microsecond=0)
    page = render_portfolio(ordered, not_read=not_read, version=__version__, at=at, is_first=known is None)
    write_text(page, out / "portfolio.html")
    _write(ordered, out)
    names = sorted({name for table in tables for name in table["key"]})
    write_text(json.dumps({"at": at.isoformat(), "findings": names}, indent=1), out / STATE)
    say(f"portfolio.html: {len(ordered)} sites, {sum(row.n_new for row in ordered)} findings to decide on")
    return ordered


def _runs(folder: Path) -> Iterator[Path]:
    """Folders of runs below a folder, in the order of their names."""
    for catalogue in sorted(folder.rglob("catalog.json")):
        if "earlier" not in catalogue.relative_to(folder).parts and (catalogue.parent / "stac").is_dir():
            yield catalogue.parent


def _known(path: Path) -> set[str] | None:
    """Findings that the last portfolio had; None without one."""
    if not path.exists():
        return None
    return set(json.loads(path.read_text(encoding="utf-8"))["findings"])


def _read(place: Path, *, known: set[str] | None) -> tuple[SiteRow, Any]:
    run = Run(place, site_of_run(place))
    record = run.record("assess")
    if record is None:
        raise MissingInputError("it was not assessed; run `highwall monitor` or `highwall assess` there.")
    facts, inputs = facts_of(record), record["highwall:inputs"]
    patches = read_polygons(run.path("activity.parquet"), allow_empty=True)
    file = place / REGISTER
    table = as_table(read_register(file)) if file.exists() else gpd.GeoDataFrame({"state": [], "finding_id": []})
    table["key"] = [f"{place.name}/{name}" for name in table["finding_id"]]
    live = table[table["state"].isin(_LIVE)]
    expected = float((live["probability"] * live["area_m2"]).sum()) if len(live) else 0.0
    centre = run.site.aoi.to_crs("EPSG:4326").centroid.coords[0]
    row = SiteRow(
        run.site.name, place.name, float(centre[0]), float(centre[1]), facts["on"] or "unknown",
        float(patches.area.sum()), "permits" in inputs, int((table["state"] == "new").sum()),
        int((table["state"] == "confirmed").sum()), expected, int(facts["n_moving"]),
        () if known is None else tuple(live["finding_id"][~live["key"].isin(known)]),
    )  # fmt: skip
    return row, table


def _write(rows: Iterable[SiteRow], out: Path) -> None:
    ordered = list(rows)
    columns = {name: [getattr(row, name) for row in ordered] for name in SiteRow._fields if name != "news"}
    columns |= {"news": [", ".join(row.news) for row in ordered]}
    places = gpd.points_from_xy([row.lon for row in ordered], [row.lat for row in ordered])
    table = gpd.GeoDataFrame(columns, geometry=places, crs="EPSG:4326")
    write_text(table.drop(columns="geometry").to_csv(index=False), out / "portfolio.csv")
    write_text(table.to_json(), out / "portfolio.geojson")
    write_polygons(table, out / "portfolio")
