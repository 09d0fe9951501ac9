"""A run of `highwall monitor` as the twin has it: imagery for the map, findings to decide on, zones, readings."""

import csv
import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from rasterio.warp import transform, transform_bounds

from highwall.activity.register import MOVES, Entry
from highwall.core.errors import ConfigError, MissingInputError
from highwall.core.grid import grid_of
from highwall.io.rasters import read_zarr
from highwall.io.vectors import read_polygons
from highwall.telemetry.messages import Message, Priority, Range, Reading, readings_message
from highwall.twin.sql.zones import Zone, ZoneKind
from highwall.web.services import FindingsBook, Imagery, Place, PointSeries, RunLayer, Scene, patch_thing
from highwall.workflows.live.options import ServeConfig
from highwall.workflows.watching.findings_register import REGISTER, decide, read_register

SPACE: Final = "space"
"""Under which name readings of runs stand in the journal, as those of a gateway."""
_RASTERS: Final[dict[str, tuple[str, str, str]]] = {
    "velocity.tif": ("Velocity toward the satellite", "rdbu", "m year-1"),
    "velocity_vertical.tif": ("Vertical velocity", "rdbu", "m year-1"),
    "temporal_coherence.tif": ("Temporal coherence", "viridis", "1"),
}
"""Raster of a run → title, colour map, unit."""
_VECTORS: Final[dict[str, tuple[str, str]]] = {
    "patches": ("Mine patches", "activity.parquet"),
    "findings": ("Findings of the last run", "findings.parquet"),
}
_QUANTILE: Final = 98.0
"""Percentile of the absolute values at which a diverging colour map ends [%]."""
_N_COLORS: Final = 9
_DEGREES: Final = "EPSG:4326"
_NOON: Final = dt.time(12)


def imagery_of(runs: Sequence[Path], *, permits: Path | None) -> Imagery:
    """Scenes of all runs; rasters and polygons of the last one.

    Raises
    ------
    MissingInputError
        A folder is no run.
    """
    scenes = [scene for run in runs if (scene := _scene(run)) is not None]
    if not runs:
        return Imagery()
    run = runs[-1]
    rasters = [_raster(run / name) for name in _RASTERS if (run / name).is_file()]
    vectors = [RunLayer(key, title, run / name) for key, (title, name) in _VECTORS.items() if (run / name).is_file()]
    if permits is not None:
        vectors.append(RunLayer("permits", "Permits", permits))
    return Imagery(tuple(sorted(scenes, key=lambda one: one.date)), tuple(rasters), tuple(vectors))


def place_of(config: ServeConfig, runs: Sequence[Path]) -> Place:
    """Where the site is, and what it is called.

    Raises
    ------
    ConfigError
        Neither a run nor a centre says where.
    """
    if runs:
        bounds = _bounds(runs[-1])
        center = ((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)
        title = config.title or str(_summary(runs[-1])["site"]["name"])
        return Place(config.site, title, config.time_zone, config.center or center, bounds)
    if config.center is None:
        raise ConfigError("nothing says where the site is; give --run FOLDER, or center: [lon, lat] in serve.yaml.")
    lon, lat = config.center
    return Place(config.site, config.title or config.site, config.time_zone, (lon, lat), (lon, lat, lon, lat))


def findings_book(run: Path) -> FindingsBook | None:
    """Register of a run as the pages read and decide on it; None where it has none."""
    path = run / REGISTER
    if not path.is_file():
        return None

    def read() -> list[dict[str, Any]]:
        register = read_register(path)
        order = list(MOVES)
        entries = sorted(register.entries, key=lambda one: (order.index(one.state), -_number(one, "area_m2")))
        return [_told(entry, crs=register.crs) for entry in entries]

    def decided(finding_id: str, state: str, who: str, why: str) -> dict[str, Any]:
        entry = decide(path, finding_id, state, by=who, why=why)  # type: ignore[arg-type]
        return _told(entry, crs=read_register(path).crs)

    def case(finding_id: str) -> Path | None:
        printed = run / f"case-{finding_id}.pdf"
        return printed if printed.is_file() else None

    return FindingsBook(read, decided, case)


def zones_of(run: Path) -> dict[ZoneKind, list[Zone]]:
    """Findings that are not settled, and patches that move, as zones of the twin."""
    return {ZoneKind.FINDING: _finding_zones(run), ZoneKind.DEFORMATION: _moving_zones(run)}


def readings_of(run: Path, *, site: str) -> Message | None:
    """Displacement of a run's patches as one message, the same however often it is made; None without motion.

    Its epoch is the hash of the file: the journal takes each state of it once.
    """
    path = run / "activity_series.csv"
    if not path.is_file():
        return None
    content = path.read_text(encoding="utf-8")
    readings = [_reading(row) for row in csv.DictReader(content.splitlines())]
    if not readings:
        return None
    epoch = hashlib.sha256(content.encode()).hexdigest()[:16]
    return readings_message(site, SPACE, Range(Priority.BULK, epoch, 1, len(readings)), readings)


def _reading(row: dict[str, str]) -> Reading:
    day = dt.datetime.combine(dt.date.fromisoformat(row["date"]), _NOON, dt.UTC)
    value = float(row["displacement_m"]) if row["displacement_m"] else float("nan")
    stream = f"{patch_thing(row['patch_id'])}/displacement"
    return Reading(stream, round(day.timestamp() * 1e6), None if np.isnan(value) else value)


def _scene(run: Path) -> Scene | None:
    """Scene of a run with its date; its bands by name, or the first three."""
    path, date = run / "scene.tif", _summary(run)["scene"].get("acquired")
    if not path.is_file() or date is None:
        return None
    with rasterio.open(path) as file:
        names = list(file.descriptions)
        found = [names.index(band) + 1 for band in ("B04", "B03", "B02") if band in names]
        bands = found if len(found) == 3 else ([1, 2, 3] if file.count >= 3 else [1, 1, 1])
    return Scene(str(date), path, (bands[0], bands[1], bands[2]))


def _raster(path: Path) -> RunLayer:
    title, colormap, unit = _RASTERS[path.name]
    with rasterio.open(path) as file:
        values = file.read(1, masked=True).compressed().astype(np.float64)
    finite = values[np.isfinite(values)]
    high = float(np.percentile(np.abs(finite), _QUANTILE)) if finite.size else 1.0
    low, high = (-high, high) if colormap == "rdbu" else (0.0, 1.0)
    legend = {"low": low, "high": high, "colormap": colormap, "unit": unit, "colors": _colors(colormap)}
    return RunLayer(path.stem, title, path, legend)


def _colors(name: str) -> list[str]:
    """Colours of a map from its low to its high end, for a legend."""
    from rio_tiler.colormap import cmap

    table = cmap.get(name)
    picked = [table[round(step * 255 / (_N_COLORS - 1))] for step in range(_N_COLORS)]
    return ["#{:02x}{:02x}{:02x}".format(*rgba[:3]) for rgba in picked]


def _bounds(run: Path) -> tuple[float, float, float, float]:
    for name in ("scene.tif", "velocity.tif"):
        if (run / name).is_file():
            with rasterio.open(run / name) as file:
                west, south, east, north = transform_bounds(file.crs, _DEGREES, *file.bounds)
            return west, south, east, north
    raise MissingInputError(f"{run} holds neither scene.tif nor velocity.tif; give a folder of `highwall monitor`.")


def _summary(run: Path) -> dict[str, Any]:
    path = run / "summary.json"
    if not path.is_file():
        raise MissingInputError(f"{run} holds no summary.json; give a folder that `highwall monitor` has left.")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {"scene": {}, "site": {"name": run.name}} | {key: value for key, value in content.items() if value}


def _finding_zones(run: Path) -> list[Zone]:
    if not (run / REGISTER).is_file():
        return []
    register = read_register(run / REGISTER)
    return [
        Zone(
            entry.finding_id, ZoneKind.FINDING, str(entry.facts.get("statement", entry.kind)),
            _in_degrees(entry.geometry, register.crs),
            {"kind": entry.kind, "state": entry.state, "probability": _number(entry, "probability")}, run.name,
            _noon_us(entry.first_seen),
        )
        for entry in register.entries
        if entry.state != "closed"
    ]  # fmt: skip


def _moving_zones(run: Path) -> list[Zone]:
    path = run / "activity.parquet"
    if not path.is_file():
        return []
    table = read_polygons(path, allow_empty=True)
    moving = table[table["cluster_velocity"].notna()] if "cluster_velocity" in table.columns else table.iloc[:0]
    return [_moving_zone(row, crs=str(table.crs), run=run) for row in moving.itertuples()]


def _moving_zone(row: Any, *, crs: str, run: Path) -> Zone:
    said = {"patch_id": row.patch_id, "motion": row.motion_class, "velocity": float(row.cluster_velocity)}
    title = f"Ground of patch {row.patch_id} moves {1e3 * row.cluster_velocity:+.0f} mm/year along the line of sight"
    seen = dt.date.fromisoformat(str(_summary(run)["scene"].get("acquired", "1970-01-01")))
    name = f"motion-{row.patch_id.lower()}"
    return Zone(name, ZoneKind.DEFORMATION, title, _in_degrees(row.geometry, crs), said, run.name, _noon_us(seen))


def _told(entry: Entry, *, crs: str) -> dict[str, Any]:
    """Finding as the pages have it."""
    facts = dict(entry.facts)
    evidence = json.loads(facts.pop("evidence", None) or "{}")
    known = entry.model_dump(mode="json", include={"kind", "state", "first_seen", "last_seen", "absent_since"})
    return known | {
        "id": entry.finding_id, "statement": str(facts.get("statement", entry.kind)),
        "probability": facts.get("probability"), "area_m2": facts.get("area_m2"), "facts": facts,
        "events": [event.model_dump(mode="json") for event in entry.events], "evidence": evidence,
        "geometry": _in_degrees(entry.geometry, crs),
    }  # fmt: skip


def _in_degrees(geometry: Any, crs: str) -> dict[str, Any]:
    placed = gpd.GeoSeries([geometry], crs=crs).to_crs(_DEGREES).set_precision(1e-7).iloc[0]
    found: dict[str, Any] = json.loads(shapely.to_geojson(placed))
    return found


def _number(entry: Entry, name: str) -> float:
    return float(entry.facts.get(name) or 0.0)


def _noon_us(day: dt.date) -> int:
    return round(dt.datetime.combine(day, _NOON, dt.UTC).timestamp() * 1e6)


def point_series(run: Path) -> PointSeries | None:
    """What answers a click on the map of motion; None where the run has no motion."""
    path = run / "displacement.zarr"
    if not path.exists():
        return None

    def told(lon: float, lat: float) -> dict[str, Any] | None:
        motion = read_zarr(path)
        x, y = (values[0] for values in transform(_DEGREES, str(grid_of(motion).crs), [lon], [lat]))
        if not (motion.x.min() <= x <= motion.x.max() and motion.y.min() <= y <= motion.y.max()):
            return None
        point = motion.sel(x=x, y=y, method="nearest")
        values = point["displacement"].values.astype(np.float64)
        if not np.isfinite(values).any():
            return None
        days = point["epoch"].values.astype("datetime64[ms]").astype(np.int64)
        return {
            "title": f"Displacement at {lat:.5f}, {lon:.5f}", "unit": "m", "t": days.tolist(),
            "value": [float(value) if np.isfinite(value) else None for value in values],
        }  # fmt: skip

    return told
