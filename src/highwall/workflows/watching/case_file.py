"""One finding of a run as a page to file: HTML that needs nothing else, and PDF where a browser is at hand."""

import datetime as dt
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from highwall import __version__
from highwall.activity.breaches import OUTSIDE_ANY
from highwall.activity.findings import LAPSED_KINDS, MOTION_KINDS
from highwall.activity.not_in_force import not_in_force
from highwall.activity.permits import by_validity, record_on
from highwall.activity.register import Entry
from highwall.core.errors import MissingInputError
from highwall.core.grid import grid_of
from highwall.imagery.chips import true_colour
from highwall.imagery.scaling import require_bands
from highwall.io.aside import aside, write_text
from highwall.io.rasters import loaded, read_raster
from highwall.io.vectors import read_polygons
from highwall.report.case_file import Case, render_case
from highwall.report.case_pictures import case_map, surroundings
from highwall.report.series import Series
from highwall.report.texts import ENGLISH
from highwall.workflows.radar.check import CHECK
from highwall.workflows.run import Run, facts_of, plain
from highwall.workflows.watching.assessed import permits_of
from highwall.workflows.watching.case_motion import ground_series, patch_series
from highwall.workflows.watching.findings_register import read_register, register_file
from highwall.workflows.watching.prepare import VISIBLE

_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")
_PDF_SECONDS: Final = 120
"""s, after which a browser that does not print is given up."""


def case_file(run: Run, finding_id: str, *, register: Path | None = None) -> list[Path]:
    """Write ``case-ID.html`` and, with a browser, ``case-ID.pdf`` into the run's folder.

    Parameters
    ----------
    register
        File of the register; by default the run's own.

    Raises
    ------
    MissingInputError
        There is no such finding, or the run was not assessed.
    """
    known = read_register(register_file(register or run.folder))
    entry = known.find(finding_id)
    record = run.record("assess")
    if record is None:
        raise MissingInputError(f"{run.folder} holds no assessment; run `highwall assess` or `monitor` first.")
    ground = gpd.GeoSeries([entry.geometry], crs=known.crs)
    facts = dict(entry.facts)
    evidence = json.loads(facts.pop("evidence", None) or "{}")
    inputs: Mapping[str, Mapping[str, str]] = record["highwall:inputs"]
    seen = facts_of(record)["on"]
    is_last_sight = seen == entry.last_seen.isoformat()
    patch = _patch(run, facts.get("patch_id")) if is_last_sight else None
    before, prepared = inputs.get("before scene.tif"), run.record("prepare")
    permits = permits_of(record)
    case = Case(
        site=run.described(),
        entry=entry.model_dump(mode="json", exclude={"facts", "ground"}),
        facts=facts,
        evidence=evidence,
        permit=_permit(permits, entry),
        not_in_force=_not_in_force(permits, entry, ground, record["highwall:parameters"]["activity"]),
        activity=patch,
        before=_picture(Path(before["path"]), ground, permits, _title("before", before["path"])) if before else None,
        after=_picture(
            run.path("scene.tif"), ground, permits, f"{ENGLISH['after' if is_last_sight else 'another']}, {seen}"
        ),
        series=_series(run, entry, patch, ground, inputs) if is_last_sight else None,
        seen=seen,
        assessed_with=record["highwall:version"],
        version=__version__,
        at=dt.datetime.now(dt.UTC).replace(microsecond=0),
        validated=_validated(run, inputs.get("motion")),
        is_simulated=bool(prepared and prepared["highwall:facts"].get("simulated")),
    )
    page = write_text(render_case(case), run.path(f"case-{finding_id}.html"))
    printed = print_pdf(page)
    run.say(f"{page.name}" + (f", {printed.name}" if printed else "; no browser to print a PDF: open it and print"))
    return [page, *([printed] if printed else [])]


def print_pdf(page: Path) -> Path | None:
    """Print a page beside itself; None where no browser is installed, or it fails."""
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        return None
    target = page.with_suffix(".pdf")
    with aside(target) as temporary, tempfile.TemporaryDirectory() as profile:
        command = [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
            f"--user-data-dir={profile}", f"--print-to-pdf={temporary.resolve()}", page.resolve().as_uri(),
        ]  # fmt: skip
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_PDF_SECONDS)
        except (subprocess.SubprocessError, OSError):
            return None
        if not temporary.exists():
            return None
    return target


def _title(name: str, scene: str) -> str:
    """Title of the picture of another run's scene, with its date where that run tells it."""
    item = Path(scene).parent / "stac" / "prepare.json"
    if not item.exists():
        return ENGLISH[name]
    return f"{ENGLISH[name]}, {facts_of(json.loads(item.read_text(encoding='utf-8'))['properties'])['acquired']}"


def _series(
    run: Run,
    entry: Entry,
    patch: Mapping[str, Any] | None,
    ground: gpd.GeoSeries,
    inputs: Mapping[str, Mapping[str, str]],
) -> Series | None:
    """Motion that the finding rests on, else that in reach of its patch."""
    if entry.kind not in MOTION_KINDS:
        return patch_series(run, patch)
    return ground_series(Path(inputs["motion"]["path"]), ground, title=entry.finding_id) if "motion" in inputs else None


def _validated(run: Run, motion: Mapping[str, str] | None) -> Mapping[str, Any] | None:
    """What a check of the motion that was assessed against stations found; None where none was made."""
    path = run.path(CHECK)
    if motion is None or not path.exists():
        return None
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if found.get("motion") == motion["checksum"]:
        return found
    run.say(f"{CHECK} is of another motion than the one assessed, and left out; run `highwall validate` on that one")
    return None


def _picture(scene: Path, ground: gpd.GeoSeries, permits: gpd.GeoDataFrame | None, title: str) -> bytes | None:
    """Draw the ground over a scene; None where the scene is gone or lies elsewhere."""
    if not scene.exists():
        return None
    whole = require_bands(read_raster(scene), VISIBLE, purpose="a picture")
    grid = grid_of(whole)
    there = ground.to_crs(str(grid.crs)).iloc[0]
    rows, cols = surroundings(there, grid)
    if rows.start >= rows.stop or cols.start >= cols.stop:
        return None
    cut = loaded(whole.isel(y=rows, x=cols))
    return case_map(true_colour(cut), grid_of(cut), ground=there, permits=permits, title=title)


def _permit(permits: gpd.GeoDataFrame | None, entry: Entry) -> dict[str, Any] | None:
    """Facts of the record of a permit that a finding is about, its dates as text."""
    if permits is None or entry.facts.get("permit_id") is None:
        return None
    rows = permits[permits["permit_id"] == entry.facts["permit_id"]]
    record = record_on(rows, entry.last_seen, is_lapsed=entry.kind in LAPSED_KINDS)
    return None if record is None else _texts(record)


def _not_in_force(
    permits: gpd.GeoDataFrame | None, entry: Entry, ground: gpd.GeoSeries, parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Facts of the permits that had lapsed or not begun where a finding lies outside any in force."""
    if permits is None or entry.kind != OUTSIDE_ANY:
        return []
    held = by_validity(permits.to_crs(ground.crs), entry.last_seen)
    parts = not_in_force(ground.iloc[0], held, least_share=parameters["touching_share"])
    return [_texts(part.permit) for part in parts]


def _texts(record: "pd.Series[Any]") -> dict[str, Any]:
    """Facts of a permit as text."""
    return {str(name): _text(value) for name, value in record.drop("geometry").to_dict().items()}


def _text(value: Any) -> str | None:
    if value is None or pd.isna(value):
        return None
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else str(value)


def _patch(run: Run, patch_id: str | None) -> dict[str, Any] | None:
    """Row of a patch in the run's activity, in plain values."""
    if patch_id is None:
        return None
    table = read_polygons(run.path("activity.parquet"), allow_empty=True)
    rows = table[table["patch_id"] == patch_id]
    if rows.empty:
        return None
    return {name: _plain(value) for name, value in rows.iloc[0].drop("geometry").to_dict().items()}


def _plain(value: Any) -> Any:
    return None if value is None or value != value else plain(value)
