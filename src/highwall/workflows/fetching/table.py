"""Where scenes are wanted: polygons of any vector format, or a CSV that says where each site lies."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd
import shapely
from odc.geo.geom import Geometry, box, point
from shapely.errors import ShapelyError

from highwall.core.errors import InputError, MissingInputError
from highwall.core.grid import utm_crs
from highwall.io.aside import write_text
from highwall.io.vectors import read_area, read_polygons

DEFAULT_SIDE_M: Final = 5120.0
"""Side of the square about a point: the 512 pixels of MineCam's images [m]."""

_NAMES: Final = ("site", "name")
_BOX: Final = ("west", "south", "east", "north")
_PLACES: Final = "west, south, east, north [°]; or lon, lat [°] and, if wanted, side_m; or aoi, a vector file; or wkt"
_OF_PLACE: Final = frozenset({*_NAMES, *_BOX, "lon", "lat", "side_m", "aoi", "wkt", "dates", "date", ""})
"""Columns that are used up, or that a fetch writes anew."""
_FOLDER_NAME: Final = re.compile(r"\w[\w .()+,&'-]*")


class WantedSite(NamedTuple):
    """One site of the table."""

    name: str
    area: Geometry
    facts: Mapping[str, str]
    """Its other columns, such as ``material`` and ``mine_type``: they go on to the table that is written."""


def read_wanted(path: Path) -> list[WantedSite]:
    """Read a table of sites: a CSV, or a vector file whose polygons carry ``site`` (or ``name``).

    A vector file without such a column is one site, named like the file. A site may have several rows or polygons.

    Raises
    ------
    MissingInputError
        There is no such file, or an AOI that it names does not exist.
    InputError
        A row does not say which site or where, or a site lies in two places.
    """
    if not path.is_file():
        raise MissingInputError(f"no table of sites at {path}; check the path.")
    rows = _of_csv(path) if path.suffix.lower() in (".csv", ".tsv", ".txt") else _of_polygons(path)
    return _merged(rows, path)


def write_table(rows: Sequence[Mapping[str, object]], path: Path) -> Path:
    """Write rows as CSV, aside and then renamed; columns in the order in which rows first name them."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return write_text(text.getvalue(), path)


def _of_polygons(path: Path) -> list[WantedSite]:
    frame = read_polygons(path)
    column = next((name for name in _NAMES if name in frame.columns), None)
    if column is None:
        return [WantedSite(path.stem, Geometry(frame.union_all(), crs=str(frame.crs)), {})]
    sites = []
    for name, part in frame.groupby(column, sort=False):
        facts = part.drop(columns=[column, frame.geometry.name]).iloc[0]
        told = {str(key): str(value) for key, value in facts.items() if key not in _OF_PLACE and not pd.isna(value)}
        sites.append(WantedSite(str(name).strip(), Geometry(part.union_all(), crs=str(frame.crs)), told))
    return sites


def _of_csv(path: Path) -> list[WantedSite]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8 ({error}); save it as CSV in UTF-8.") from error
    heading = next(iter(lines), "")
    table = csv.reader(lines, delimiter=max(",;\t", key=heading.count))
    columns = [cell.strip().lower() for cell in next(table, [])]
    sites = []
    for number, cells in enumerate(table, start=2):
        record = {key: cell.strip() for key, cell in zip(columns, cells, strict=False) if cell.strip()}
        if record:
            sites.append(_row(record, path.parent, where=f"{path}, line {number}"))
    if not sites:
        raise InputError(f"{path} has no row; write a heading with site and where each lies ({_PLACES}).")
    return sites


def _row(record: Mapping[str, str], folder: Path, *, where: str) -> WantedSite:
    name = next((record[each] for each in _NAMES if each in record), "")
    if not name:
        raise InputError(f"{where} names no site; fill a column site.")
    try:
        area = _area(record, folder)
    except MissingInputError:
        raise
    except (ValueError, ShapelyError) as error:
        raise InputError(f"{where} ({name}) does not say where it lies: {error}; expected {_PLACES}.") from error
    return WantedSite(name, area, {key: value for key, value in record.items() if key not in _OF_PLACE})


def _area(record: Mapping[str, str], folder: Path) -> Geometry:
    if all(name in record for name in _BOX):
        west, south, east, north = (float(record[name]) for name in _BOX)
        return box(west, south, east + 360.0 if east < west else east, north, crs="EPSG:4326")
    if "lon" in record and "lat" in record:
        return _square(float(record["lon"]), float(record["lat"]), float(record.get("side_m", DEFAULT_SIDE_M)))
    if "aoi" in record:
        return read_area(folder / record["aoi"])
    if "wkt" in record:
        return Geometry(shapely.from_wkt(record["wkt"]), crs="EPSG:4326")
    raise ValueError(f"it has {', '.join(record)}")


def _square(lon: float, lat: float, side_m: float) -> Geometry:
    """Square about a point, in the point's UTM zone."""
    if not (-180.0 <= lon <= 360.0 and -80.0 <= lat <= 84.0 and side_m > 0.0):
        raise ValueError(f"lon {lon:g}, lat {lat:g} with a side of {side_m:g} m is no place that Sentinel-2 sees")
    crs = utm_crs((lon + 180.0) % 360.0 - 180.0, lat)
    x, y = point(lon, lat, "EPSG:4326").to_crs(crs).coords[0]
    half = side_m / 2.0
    return box(x - half, y - half, x + half, y + half, crs=crs)


def _merged(rows: Iterable[WantedSite], path: Path) -> list[WantedSite]:
    """One row a site; rows of one site (a row a date) must agree on where it lies, and its name be one of a folder."""
    found: dict[str, WantedSite] = {}
    for row in rows:
        if not _FOLDER_NAME.fullmatch(row.name):
            raise InputError(f"{path} has a site called {row.name!r}, which no folder can be; use letters and digits.")
        former = found.setdefault(row.name, row)
        if former.area != row.area:
            raise InputError(f"{path} puts {row.name!r} in two places; give each site a name of its own.")
    return list(found.values())
