"""The register of findings on disk: one JSON file a site, updated by every run, decided on by people."""

import datetime as dt
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
from pydantic import ValidationError

from highwall.activity.findings import kinds_sought
from highwall.activity.register import MOVES, Entry, Register, State, updated
from highwall.core.errors import InputError, MissingInputError
from highwall.core.grid import grid_of
from highwall.io.aside import write_text
from highwall.io.rasters import read_raster
from highwall.io.vectors import read_polygons, write_polygons
from highwall.workflows.alone import one_at_a_time
from highwall.workflows.run import Run, facts_of
from highwall.workflows.watching.looks import clear_ground

REGISTER: Final = "register.json"
ELSEWHERE: Final = "register_elsewhere.json"
"""Says of a run where its register lies, when that is not in its folder."""
_NOT_SHOWN: Final = ("evidence",)


def register_file(place: Path) -> Path:
    """File of the register: what was named, or that of a run's folder, be it there or where the run names it.

    Raises
    ------
    MissingInputError
        There is none.
    """
    path = register_of(place) if place.is_dir() else place
    if not path.is_file():
        raise MissingInputError(
            f"no register of findings at {path}; run `highwall monitor` or `highwall assess` first."
        )
    return path


def register_of(folder: Path) -> Path:
    """Register that a run entered its findings in."""
    pointer = folder / ELSEWHERE
    if not pointer.is_file():
        return folder / REGISTER
    return folder / str(json.loads(pointer.read_text(encoding="utf-8"))["register"])


def read_register(path: Path) -> Register:
    """Read a register.

    Raises
    ------
    InputError
        The file is no register.
    """
    try:
        return Register.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is no register of findings ({str(error).splitlines()[0]}); restore it from a copy, or move it "
            "away to begin a new one."
        ) from error


def enter(run: Run, path: Path | None = None) -> Register:
    """Enter the findings of a run, and the ground that it saw clearly; a second time changes nothing.

    Parameters
    ----------
    path
        File of the register; by default in the run's folder.

    Raises
    ------
    InputError
        The register is of another CRS: of another site.
    """
    record = run.record("assess")
    file = path or run.path(REGISTER)
    findings = read_polygons(run.path("findings.parquet"), allow_empty=True)
    _point(run, path)
    with one_at_a_time(file):
        return _entered(run, file, findings, record)


def _entered(run: Run, file: Path, findings: gpd.GeoDataFrame, record: Mapping[str, Any] | None) -> Register:
    register = read_register(file) if file.is_file() else Register(crs=_crs(findings))
    on = facts_of(record)["on"] if record else None
    if record is None or on is None:
        return register
    if register.crs != _crs(findings) and findings.crs != register.crs:
        raise InputError(f"{file} is in {register.crs}, this run in {_crs(findings)}; name a register of this site.")
    clear = _clear(run, findings)
    at = dt.datetime.now(dt.UTC).replace(microsecond=0)
    day = dt.date.fromisoformat(on)
    register = updated(register, findings, on=day, clear=clear, at=at, kinds=kinds_looked_for(record))
    write_text(register.model_dump_json(indent=1), file)
    new = sum(entry.state == "new" for entry in register.entries)
    run.say(f"{file.name}: {len(register.entries)} findings, {new} to be decided on")
    return register


def decide(path: Path, finding_id: str, state: State, *, by: str, why: str) -> Entry:
    """Enter a person's decision.

    Raises
    ------
    MissingInputError
        There is no such finding.
    InputError
        The finding's state does not allow it, or who and why is not said.
    """
    at = dt.datetime.now(dt.UTC).replace(microsecond=0)
    with one_at_a_time(path):
        register = read_register(path).decided(finding_id, state, by=by, why=why, at=at)
        write_text(register.model_dump_json(indent=1), path)
    return register.find(finding_id)


def as_table(register: Register, *, state: str | None = None) -> gpd.GeoDataFrame:
    """Return the findings, all or those of one state, as a table: the undecided and the largest first.

    Raises
    ------
    InputError
        There is no such state.
    """
    if state is not None and state not in MOVES:
        raise InputError(f"there is no state {state!r}; choose one of {', '.join(MOVES)}.")
    order = list(MOVES)
    entries = [entry for entry in register.entries if state in {None, entry.state}]
    entries.sort(key=lambda one: (order.index(one.state), -float(one.facts.get("area_m2") or 0.0)))
    rows = [_row(entry) for entry in entries]
    columns = ["finding_id", "kind", "state", "first_seen", "last_seen", "last_clear", "absent_since"]
    table = gpd.GeoDataFrame(rows, columns=None if rows else columns, geometry=[one.geometry for one in entries])
    return table.set_crs(register.crs)


def export(table: gpd.GeoDataFrame, path: Path) -> None:
    """Write the findings for others: .csv (without ground), .geojson (in degrees) or .gpkg.

    Raises
    ------
    InputError
        The suffix is none of these.
    """
    match path.suffix.lower():
        case ".csv":
            write_text(table.drop(columns="geometry").to_csv(index=False), path)
        case ".geojson":
            write_text(table.to_crs("EPSG:4326").to_json(), path)
        case ".gpkg":
            write_polygons(table, path)
        case other:
            raise InputError(f"findings are written as .csv, .geojson or .gpkg, not as {other or path.name}.")


def told(entry: Entry) -> str:
    """All that is known of one finding, as JSON for people."""
    facts = dict(entry.facts)
    evidence = json.loads(facts.pop("evidence", None) or "{}")
    known = entry.model_dump(mode="json", exclude={"facts", "ground"})
    return json.dumps(known | {"facts": facts, "evidence": evidence}, indent=1, ensure_ascii=False)


def kinds_looked_for(record: Mapping[str, Any]) -> frozenset[str]:
    """Kinds of findings that an assessment looked for; none without permits and zones, or without a date."""
    if facts_of(record)["on"] is None:
        return frozenset()
    inputs, zones = record["highwall:inputs"], record["highwall:parameters"]["zones"]
    return kinds_sought(
        has_permits="permits" in inputs, has_motion="motion" in inputs, zones=[zone["kind"] for zone in zones]
    )


def _row(entry: Entry) -> dict[str, object]:
    """Life of a finding, then its facts at its last sight."""
    shown = {name: value for name, value in entry.facts.items() if name not in _NOT_SHOWN}
    return {
        "finding_id": entry.finding_id, "kind": entry.kind, "state": entry.state,
        "first_seen": entry.first_seen.isoformat(), "last_seen": entry.last_seen.isoformat(),
        "last_clear": _iso(entry.last_clear), "absent_since": _iso(entry.absent_since), **shown,
    }  # fmt: skip


def _point(run: Run, path: Path | None) -> None:
    """Leave in the run's folder where its register lies, so that other verbs find it."""
    pointer = run.path(ELSEWHERE)
    if path is None or path.resolve() == run.path(REGISTER).resolve():
        pointer.unlink(missing_ok=True)
        return
    where = Path(os.path.relpath(path.resolve(), run.folder.resolve())).as_posix()
    write_text(json.dumps({"register": where}), pointer)


def _crs(table: gpd.GeoDataFrame) -> str:
    """Name of a table's CRS: its EPSG code, which is written alike by every version of PROJ, where it has one."""
    code = table.crs.to_epsg()
    return f"EPSG:{code}" if code else str(table.crs)


def _clear(run: Run, findings: gpd.GeoDataFrame) -> object:
    """Ground that the run's scene saw clearly; without a quality layer, the area of the site."""
    quality = run.path("quality.tif")
    if not quality.exists():
        return run.site.aoi.to_crs(str(findings.crs)).geom
    raster = read_raster(quality)
    clear = gpd.GeoSeries([clear_ground(raster)], crs=str(grid_of(raster).crs))
    return clear.to_crs(findings.crs).iloc[0]


def _iso(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()
