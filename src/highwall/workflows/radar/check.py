"""Radar against levelling or GNSS: motion at stations, brought to one line of sight, one reference and common dates."""

import datetime as dt
import json
from pathlib import Path
from typing import Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from highwall.activity.validation import Comparison, compare, line_of_sight
from highwall.core.epochs import as_dates
from highwall.core.errors import InputError, MissingInputError, SetAside
from highwall.core.grid import grid_of
from highwall.io.aside import aside, write_text
from highwall.io.catalog import checksum
from highwall.io.rasters import read_zarr
from highwall.report.motion_check import station_panels
from highwall.workflows.radar.sight import Angles, Sight, sight_at
from highwall.workflows.run import Say, silent

CHECK: Final = "motion_check.json"
_STORE: Final = "displacement.zarr"
_REACH_PX: Final = 1
"""Pixels around a station's own whose motion is averaged [px]."""
_GNSS, _LEVELLING = ("east", "north", "up"), "height"
_NOTHING_GIVEN: Final = Angles()


class Checked(NamedTuple):
    """What a check found."""

    stations: dict[str, Comparison]
    set_aside: list[SetAside]
    sights: dict[str, Sight]
    """Line to the satellite that was used at each of the stations, the reference among them."""


def store_of(place: Path) -> Path:
    """``displacement.zarr`` of a run's folder, or the store itself."""
    return store if (store := place / _STORE).is_dir() else place


def motion_check(
    motion: Path,
    stations: Path,
    out: Path,
    *,
    reference: str | None = None,
    given: Angles = _NOTHING_GIVEN,
    say: Say = silent,
) -> Checked:
    """Compare a radar series with stations. Leaves ``motion_check.csv``, ``.json`` and ``.png``.

    The JSON bears the checksum of the series, so that it is never held against another one. Both tell the line of sight
    that was used: the product's look vectors at each station where it has them, unless an angle is given.

    Parameters
    ----------
    motion
        ``displacement.zarr`` of *deform*, or the folder that holds it.
    stations
        CSV with ``station``, ``lon``, ``lat`` [°], ``date``, and ``east``, ``north``, ``up`` [m] (GNSS) or ``height``
        [m] (levelling: only vertical motion is told, and all motion is taken to be vertical).
    reference
        Station against which both are taken; without it each series is against its own reference, and a constant rate
        between the two references shows as a bias of all stations.
    given
        Incidence angle, and direction of the satellite's flight, from north clockwise [°]. They overrule the product,
        which is told; GNSS needs the heading where the product knows neither it nor look vectors.

    Raises
    ------
    MissingInputError
        A file does not exist.
    InputError
        Columns are missing, values cannot be read, the line of sight is unknown, or no station can be compared.
    """
    motion = store_of(motion)
    layers = read_zarr(motion)
    table = _read(stations)
    if "los_enu" not in layers:  # then all stations have one line of sight, or none has
        sight_at(layers, given, needs_heading=set(_GNSS) <= set(table))
    days = as_dates(layers["epoch"].values)
    found, problems, sights = {}, [], {}
    base = None if reference is None else _base(table, reference, layers, given, source=stations)
    if reference is not None and base is not None:
        sights[reference] = base.sight
    for name in map(str, table["station"].unique()):
        if name == reference:
            continue
        try:
            pair = _pair(table, name, layers, given)
            found[name], sights[name] = _compared(pair, base, days), pair.sight
        except InputError as error:
            problems.append(SetAside(name, str(error)))
            say(f"{name} set aside: {error}")
    if not found:
        raise InputError(
            "no station could be compared:\n" + "\n".join(f"  {one.name}: {one.reason}" for one in problems)
        )
    checked = Checked(found, problems, sights)
    _write(checked, out, motion=motion, reference=reference)
    say(f"motion_check.csv: {len(found)} stations" + (f", {len(problems)} set aside" if problems else ""))
    say(f"line of sight: {' | '.join(_lines_of_sight(checked))}")
    return checked


class _Pair(NamedTuple):
    """One station: its own series and the radar's, along the line of sight [m]."""

    dates: list[dt.date]
    ground: NDArray[np.float64]
    radar: NDArray[np.float64]
    sight: Sight


def _compared(pair: _Pair, base: _Pair | None, days: list[dt.date]) -> Comparison:
    if base is None:
        return compare(pair.dates, pair.ground, days, pair.radar)
    shared = [day for day in pair.dates if day in set(base.dates)]
    if not shared:
        raise InputError("it was never measured on a day on which the reference station was.")
    own, other = dict(zip(pair.dates, pair.ground, strict=True)), dict(zip(base.dates, base.ground, strict=True))
    ground = np.array([own[day] - other[day] for day in shared])
    return compare(shared, ground, days, pair.radar - base.radar)


def _base(table: pd.DataFrame, name: str, layers: xr.Dataset, given: Angles, *, source: Path) -> _Pair:
    """Series of the reference station."""
    if name not in (known := table["station"].unique().tolist()):
        raise InputError(f"{source} has no station {name!r}; it has {', '.join(known)}.")
    try:
        return _pair(table, name, layers, given)
    except InputError as error:
        raise InputError(f"station {name} cannot be the reference: {error} Choose another.") from error


def _pair(table: pd.DataFrame, name: str, layers: xr.Dataset, given: Angles) -> _Pair:
    rows, is_gnss = table[table["station"] == name].sort_values("date"), set(_GNSS) <= set(table)
    near = _around(layers, float(rows["lon"].iloc[0]), float(rows["lat"].iloc[0]))
    sight = sight_at(near, given, needs_heading=is_gnss)
    if is_gnss:
        ground = line_of_sight(rows[list(_GNSS)].to_numpy(dtype=np.float64), sight.unit.tolist())
    else:
        ground = rows[_LEVELLING].to_numpy(dtype=np.float64) * sight.unit[2]
    return _Pair([day.date() for day in rows["date"]], ground, _radar(near), sight)


def _around(layers: xr.Dataset, lon: float, lat: float) -> xr.Dataset:
    """Pixels around a place."""
    grid = grid_of(layers, name="motion")
    place = gpd.GeoSeries(gpd.points_from_xy([lon], [lat]), crs="EPSG:4326").to_crs(str(grid.crs)).iloc[0]
    col, row = (int(np.floor(value)) for value in ~grid.transform * (place.x, place.y))
    if not (0 <= row < grid.shape[0] and 0 <= col < grid.shape[1]):
        raise InputError(f"it lies at {lon:.5f}, {lat:.5f}, off the radar's map.")
    around = {
        "y": slice(max(row - _REACH_PX, 0), row + _REACH_PX + 1),
        "x": slice(max(col - _REACH_PX, 0), col + _REACH_PX + 1),
    }
    return layers.isel(around)


def _radar(near: xr.Dataset) -> NDArray[np.float64]:
    """Mean displacement of some pixels (epoch,) [m]; NaN where none is known."""
    values = near["displacement"].values.reshape(near.sizes["epoch"], -1).astype(np.float64)
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise MissingInputError(f"no stations at {path}; check the path.")
    try:
        table = pd.read_csv(path, dtype={"station": str})
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no CSV ({error}).") from error
    measured = list(_GNSS) if set(_GNSS) <= set(table) else [_LEVELLING]
    wanted = ["station", "lon", "lat", "date", *measured]
    if missing := [name for name in wanted if name not in table]:
        raise InputError(
            f"{path} has the columns {', '.join(map(str, table))}; it lacks {', '.join(missing)} (GNSS: east, "
            "north, up; levelling: height)."
        )
    table["date"] = pd.to_datetime(table["date"], errors="coerce", format="ISO8601")
    for name in ("lon", "lat", *measured):
        table[name] = pd.to_numeric(table[name], errors="coerce")
    if (wrong := table[wanted].isna().any(axis=1)).any():
        row = int(wrong.to_numpy().argmax())
        raise InputError(f"{path}: row {row + 1} holds what is no date or number: {table.iloc[row].to_dict()}.")
    return table


def _lines_of_sight(checked: Checked) -> list[str]:
    """Where the line of sight is from, and at which stations where that differs."""
    by_origin: dict[str, list[str]] = {}
    for name, sight in checked.sights.items():
        by_origin.setdefault(sight.origin, []).append(name)
    if len(by_origin) == 1:
        return list(by_origin)
    return [f"{', '.join(names)}: {origin}" for origin, names in by_origin.items()]


def _write(checked: Checked, out: Path, *, motion: Path, reference: str | None) -> None:
    found, problems, sights = checked
    rows = [
        {"station": name, "n_dates": len(one.dates), "rms_m": one.rms, "bias_m_per_year": one.bias}
        | dict(zip(("to_satellite_east", "to_satellite_north", "to_satellite_up"), sights[name].unit, strict=True))
        | {"line_of_sight": sights[name].origin}
        for name, one in found.items()
    ]
    table = pd.DataFrame(rows)
    with aside(out / "motion_check.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.5f")
    bias = table["bias_m_per_year"].dropna()
    facts = {
        "motion": checksum(motion), "reference": reference, "n_stations": len(found),
        "rms_m": float(np.sqrt(np.mean(table["rms_m"] ** 2))),
        "bias_m_per_year": float(bias.mean()) if len(bias) else None,
        "line_of_sight": _lines_of_sight(checked),
        "set_aside": [one._asdict() for one in problems],
    }  # fmt: skip
    write_text(json.dumps(facts, indent=1, ensure_ascii=False), out / CHECK)
    with aside(out / "motion_check.png") as temporary:
        temporary.write_bytes(station_panels(found))
