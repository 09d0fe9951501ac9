"""A made-up site of two dates: a pit that has grown past its permit, and a dump that rises."""

import datetime as dt
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import odc.geo.xr
import pandas as pd
import pytest
import rasterio
import shapely
import xarray as xr
from affine import Affine
from odc.geo.geom import box

from highwall.activity.options import ActivityOptions
from highwall.core.errors import InputError, MissingInputError
from highwall.core.grid import GeoBox
from highwall.core.site import Site
from highwall.io.catalog import checksum
from highwall.io.rasters import write_cog, write_zarr
from highwall.io.vectors import read_polygons, write_polygons
from highwall.segmentation.labels import bits_of
from highwall.workflows.config import PlanSection, ZoneSection
from highwall.workflows.outlining.track import patches_file
from highwall.workflows.run import Run, facts_of
from highwall.workflows.watching import looks
from highwall.workflows.watching.assess import ToAssess, assess
from highwall.workflows.watching.case_file import case_file
from highwall.workflows.watching.findings_register import as_table, decide, enter, export, read_register, register_file
from highwall.workflows.watching.looks import clear_ground
from highwall.workflows.watching.portfolio import portfolio
from highwall.workflows.watching.report import report
from highwall.workflows.watching.verbs import assess_alone

CRS, LEFT, TOP, SIDE = "EPSG:32633", 500_000.0, 4_990_000.0, 200
GRID = GeoBox((SIDE, SIDE), Affine(10, 0, LEFT, 0, -10, TOP), CRS)
BANDS = ("B02", "B03", "B04", "B08", "B11")
BARE, GREEN = (0.12, 0.16, 0.20, 0.24, 0.34), (0.03, 0.06, 0.04, 0.42, 0.18)
FIRST, SECOND = dt.date(2022, 7, 1), dt.date(2023, 7, 1)
OPTIONS = ActivityOptions()
EVIDENCE = {"scene": "made up", "acquired": SECOND.isoformat(), "model": "none"}


def rectangle(left: float, top: float, width: float, height: float):
    """Metres from the upper left corner of the site, y downward."""
    return shapely.box(LEFT + left, TOP - top - height, LEFT + left + width, TOP - top)


PIT = {FIRST: rectangle(300, 300, 400, 400), SECOND: rectangle(300, 300, 700, 400)}
DUMP = rectangle(1300, 1300, 400, 400)


def write_run(folder: Path, date: dt.date, *, cloud: bool = False) -> Run:
    """Leave what *prepare* and *refine* would: a scene, its quality, and two patches."""
    folder.mkdir(parents=True, exist_ok=True)
    ground = [PIT[date], DUMP]
    is_mine = np.zeros((SIDE, SIDE), bool)
    for polygon in ground:
        left, bottom, right, top = polygon.bounds
        is_mine[
            int((TOP - top) / 10) : int((TOP - bottom) / 10), int((left - LEFT) / 10) : int((right - LEFT) / 10)
        ] = 1
    values = np.where(is_mine[None], np.array(BARE)[:, None, None], np.array(GREEN)[:, None, None])
    place(values, folder / "scene.tif", layer="reflectance", bands=BANDS)
    place(np.full((SIDE, SIDE), 2 if cloud else 0, np.uint8), folder / "quality.tif", layer="quality")
    columns = {"patch_id": ["P001", "P002"], "mine_class": ["excavation", "dumping_ground"],
               "probability_mean": [0.9, 0.8]}  # fmt: skip
    write_polygons(gpd.GeoDataFrame(columns, geometry=ground, crs=CRS), folder / "patches")
    area = box(LEFT, TOP - 10 * SIDE, LEFT + 10 * SIDE, TOP, CRS)
    return Run(folder, Site.over("Made up", area, crs=CRS))


def place(values: np.ndarray, path: Path, *, layer: str, bands=()) -> None:
    dims = ("band", "y", "x")[-values.ndim :]
    array = xr.DataArray(values, dims=dims, coords=odc.geo.xr.xr_coords(GRID))
    write_cog(array.assign_coords(band=list(bands)) if bands else array, path, layer=layer)


def write_motion(path: Path) -> Path:
    """The dump rises by 20 mm a year, twice as fast from the 20th of 40 epochs on; the rest is still."""
    grid = GeoBox((SIDE // 4, SIDE // 4), GRID.transform * Affine.scale(4), CRS)
    velocity = np.zeros(grid.shape, "f4")
    velocity[33:43, 33:43] = 0.03
    days = pd.date_range("2022-03-01", periods=40, freq="12D")
    years = np.arange(40) * 12 / 365.25
    rise = 0.02 * years + 0.02 * np.maximum(years - years[20], 0.0)
    series = np.where(velocity[None] > 0, rise[:, None, None], 0.0)
    series = series + np.random.default_rng(1).normal(0, 2e-4, series.shape)
    layers = {
        "velocity_vertical": (("y", "x"), velocity),
        "velocity_vertical_std": (("y", "x"), np.full(grid.shape, 0.001, "f4")),
        "decorrelated": (("y", "x"), np.zeros(grid.shape, bool)),
        "displacement_vertical": (("epoch", "y", "x"), series.astype("f4")),
    }
    coordinates = odc.geo.xr.xr_coords(grid, dims=("y", "x")) | {"epoch": days.to_numpy()}
    write_zarr(xr.Dataset(layers, coords=coordinates), path)
    return path


def built(folder: Path, ground) -> None:
    """Leave classes of the land in which infrastructure stands on a rectangle."""
    rows = np.zeros((SIDE, SIDE), np.uint16)
    if ground is not None:
        left, bottom, right, top = ground.bounds
        rows[int((TOP - top) / 10) : int((TOP - bottom) / 10), int((left - LEFT) / 10) : int((right - LEFT) / 10)] = (
            bits_of("infrastructure")
        )
    place(rows, folder / "mining_labels.tif", layer="mining_labels")


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """Permits, a park, a plan and motion beside two runs."""
    folder = tmp_path_factory.mktemp("two-dates")
    for name, date in (("first", FIRST), ("second", SECOND)):
        write_run(folder / "runs" / name, date)
    columns = {"permit_id": ["L-1", "L-2"], "holder": ["Serra SA", "Vale SA"], "valid_from": ["2010-01-01"] * 2,
               "valid_to": ["2040-01-01"] * 2}  # fmt: skip
    ground = [rectangle(200, 200, 550, 600), rectangle(1200, 1200, 600, 600)]
    write_polygons(gpd.GeoDataFrame(columns, geometry=ground, crs=CRS), folder / "permits")
    park = gpd.GeoDataFrame({"NAME": ["Park"]}, geometry=[rectangle(850, 0, 300, 2000)], crs=CRS)
    write_polygons(park, folder / "park")
    plan = {"ID": ["A"], "begins": ["2021-01-01"], "ends": ["2022-01-01"]}
    write_polygons(gpd.GeoDataFrame(plan, geometry=[rectangle(300, 300, 500, 400)], crs=CRS), folder / "plan")
    write_motion(folder / "displacement.zarr")
    return folder


def assess_by_hand(patches: Path, out: Path, **changes) -> None:
    """Assess as the command line does."""
    nothing = {"permits": None, "fields": {}, "motion": None, "date": SECOND, "run_file": None, "say": lambda _: None}
    assess_alone(patches, out, **(nothing | changes))


def given(files: Path, **changes) -> ToAssess:
    plain = ToAssess(
        files / "runs" / "second" / "patches.parquet", files / "permits.gpkg", {}, files / "displacement.zarr"
    )
    return plain._replace(**changes)


def run_of(files: Path, name: str) -> Run:
    area = box(LEFT, TOP - 10 * SIDE, LEFT + 10 * SIDE, TOP, CRS)
    return Run(files / "runs" / name, Site.over("Made up", area, crs=CRS))


def test_of_a_folder_its_patches_are_assessed(files, tmp_path):
    assess_by_hand(files / "runs" / "second", tmp_path / "out")
    assert (tmp_path / "out" / "activity.gpkg").exists()
    (tmp_path / "bare" / "stac").mkdir(parents=True)
    with pytest.raises(MissingInputError, match=r"bare is a run without patches\.parquet, which `highwall refine`"):
        assess_by_hand(tmp_path / "bare", tmp_path / "b")


def test_a_folder_that_is_a_vector_file_is_read(files, tmp_path):
    """As those of shapefiles are, whatever the case of their names."""
    patches = gpd.read_parquet(files / "runs" / "second" / "patches.parquet")
    (tmp_path / "shapes").mkdir()
    patches[["patch_id", "geometry"]].to_file(tmp_path / "shapes" / "patches.shp")
    for file in list((tmp_path / "shapes").iterdir()):
        file.rename(file.with_name(file.name.upper()))
    assert len(read_polygons(patches_file(tmp_path / "shapes"))) == len(patches)


@pytest.fixture(scope="module")
def assessed(files):
    """Both dates assessed, the second against the first, in one register."""
    first = run_of(files, "first")
    assess(first, ToAssess(first.path("patches.parquet"), files / "permits.gpkg"), on=FIRST, options=OPTIONS,
           evidence=EVIDENCE)  # fmt: skip
    enter(first, files / "register.json")
    second = run_of(files, "second")
    everything = given(
        files, zones=(ZoneSection(file=files / "park.gpkg", kind="protected_area", name="NAME"),),
        plan=PlanSection(file=files / "plan.gpkg", fields={"plan_id": "ID"}), before=first.folder,
    )  # fmt: skip
    record = assess(second, everything, on=SECOND, options=OPTIONS, evidence=EVIDENCE)
    enter(second, files / "register.json")
    return second, facts_of(record)


@pytest.mark.parametrize(("classes_before", "expected"), [(True, "built"), (False, "unchanged")])
def test_what_was_built_is_told_only_where_both_dates_have_classes(tmp_path, classes_before, expected):
    before, after = (write_run(tmp_path / name, date) for name, date in (("a", SECOND), ("b", SECOND)))
    if classes_before:
        built(before.folder, None)
    built(after.folder, rectangle(1350, 1350, 300, 300))
    assess(after, ToAssess(after.path("patches.parquet"), before=before.folder), on=SECOND, options=OPTIONS,
           evidence=EVIDENCE)  # fmt: skip
    pit, dump = gpd.read_parquet(after.path("activity.parquet")).itertuples()
    assert (pit.optical_change, dump.optical_change) == ("unchanged", expected)
    assert (dump.activity == "construction") == (expected == "built")


def test_clear_ground_is_counted_in_strips_as_in_one_piece(monkeypatch):
    flags = np.zeros((100, 70), np.uint8)
    flags[30:62, 20:50] = 2
    quality = xr.DataArray(flags, dims=("y", "x"), coords=odc.geo.xr.xr_coords(GeoBox((100, 70), GRID.affine, CRS)))
    whole = clear_ground(quality)
    monkeypatch.setattr(looks, "_STRIP_PX", 32)
    assert clear_ground(quality).equals(whole)
    assert 0 < whole.area < 112 * 80 * 100
    assert not whole.contains(rectangle(300, 450, 50, 50))


def test_radar_and_scenes_together_say_what_goes_on(assessed):
    run, facts = assessed
    pit, dump = gpd.read_parquet(run.path("activity.parquet")).itertuples()
    assert (pit.optical_change, pit.activity) == ("expanded", "continued_mining")
    assert (dump.motion_class, dump.activity) == ("uplift", "dumping")
    assert facts["activity"] == {"continued_mining": 1, "dumping": 1}
    assert dump.activity_basis.startswith("All patches that rise are gangue dumps")


def test_the_date_from_which_ground_moves_faster_is_told(assessed):
    run, _ = assessed
    dump = gpd.read_parquet(run.path("activity.parquet")).iloc[1]
    assert abs((dt.date.fromisoformat(dump["accelerated"]) - dt.date(2022, 10, 27)).days) <= 24
    assert (dump["velocity_before"], dump["velocity_after"]) == (
        pytest.approx(0.02, rel=0.1), pytest.approx(0.04, rel=0.1)
    )  # fmt: skip
    series = pd.read_csv(run.path("activity_series.csv"))
    assert series["patch_id"].unique().tolist() == ["P002"]
    assert len(series) == 40


def test_mines_last_from_run_to_run(assessed, files):
    run, _ = assessed
    names = [gpd.read_parquet(run_of(files, name).path("activity.parquet"))["mine_id"].tolist() for name in
             ("first", "second")]  # fmt: skip
    assert names[0] == names[1]
    mines = json.loads(run.path("mines.json").read_text())
    assert [len(mine["readings"]) for mine in mines["mines"]] == [2, 2]
    assert gpd.read_parquet(run.path("activity.parquet"))["restoration_state"].tolist() == ["active", "active"]


def test_boundary_zone_and_plan_are_held_against_the_ground(assessed):
    run, facts = assessed
    findings = gpd.read_parquet(run.path("findings.parquet"))
    assert sorted(findings["kind"]) == ["beyond_boundary", "protected_area_entered"]
    beyond = findings[findings["kind"] == "beyond_boundary"].iloc[0]
    assert beyond["area_m2"] == pytest.approx(250 * 400)
    assert beyond["probability"] == pytest.approx(0.9, abs=1e-6)
    assert facts["plan_m2"] == {"planned": pytest.approx(500 * 400), "elsewhere": pytest.approx(
        200 * 400 + DUMP.area
    )}  # fmt: skip


def test_the_register_knows_when_the_ground_was_still_clear(assessed, files):
    register = read_register(files / "register.json")
    beyond = next(entry for entry in register.entries if entry.kind == "beyond_boundary")
    assert (beyond.first_seen, beyond.last_clear) == (SECOND, FIRST)
    before = files / "register.json"
    text = before.read_text()
    enter(assessed[0], before)
    assert before.read_text() == text


def test_a_decision_stays_and_findings_leave_in_three_formats(assessed, files, tmp_path):
    file = tmp_path / "register.json"
    file.write_text((files / "register.json").read_text())
    finding = read_register(file).entries[0].finding_id
    assert decide(file, finding, "confirmed", by="A. Analyst", why="visited").state == "confirmed"
    table = as_table(read_register(file))
    assert table["state"].tolist() == ["new", "confirmed"]
    for name in ("f.csv", "f.geojson", "f.gpkg"):
        export(table, tmp_path / name)
    assert len(pd.read_csv(tmp_path / "f.csv")) == len(gpd.read_file(tmp_path / "f.gpkg")) == 2
    assert gpd.read_file(tmp_path / "f.geojson").crs == "EPSG:4326"
    with pytest.raises(InputError, match=r"not as f\.xlsx|not as \.xlsx"):
        export(table, tmp_path / "f.xlsx")


def test_a_case_file_stands_alone(assessed, files):
    run, _ = assessed
    finding = next(e for e in read_register(files / "register.json").entries if e.kind == "beyond_boundary")
    page, *_ = case_file(run, finding.finding_id, register=files / "register.json")
    text = page.read_text()
    assert text.count("data:image/png;base64,") == 2  # before and after; nothing near the pit moves
    assert 'src="http' not in text
    for said in ("beyond boundary", "Serra SA", "L-1", "1220"):
        assert said in text
    with pytest.raises(MissingInputError, match="no finding 'F-none'"):
        case_file(run, "F-none", register=files / "register.json")


def page_of(run: Run, finding: str) -> str:
    page, *_ = case_file(run, finding)
    return page.read_text()


def finding_of(run: Run, kind: str) -> str:
    return next(entry.finding_id for entry in read_register(run.path("register.json")).entries if entry.kind == kind)


def test_the_case_of_moving_ground_shows_its_own_series(files, tmp_path):
    """The dump rises beside a permit that does not hold it; no patch lies there."""
    run = write_run(tmp_path / "run", SECOND)
    pit = gpd.read_parquet(run.path("patches.parquet")).iloc[:1]
    write_polygons(pit, tmp_path / "pit")
    columns = {"permit_id": ["L-1"], "holder": ["Serra SA"], "valid_to": ["2040-01-01"]}
    write_polygons(gpd.GeoDataFrame(columns, geometry=[rectangle(100, 100, 1000, 1700)], crs=CRS), tmp_path / "permits")
    moved = ToAssess(tmp_path / "pit.parquet", tmp_path / "permits.gpkg", motion=files / "displacement.zarr")
    assess(run, moved, on=SECOND, options=OPTIONS, evidence=EVIDENCE)
    enter(run)
    text = page_of(run, finding_of(run, "motion_beyond_boundary"))
    assert "Motion of this ground" in text
    assert "No moving ground in reach was measured" not in text
    assert "Radar measured how the ground moved" in text
    assert text.count("data:image/png;base64,") == 2  # the scene, and the series
    assert_filed_only_of_its_own_motion(run, files / "displacement.zarr")


def assert_filed_only_of_its_own_motion(run: Run, motion: Path) -> None:
    """A check of the radar against stations counts for the motion that was checked, and no other."""
    said: list[str] = []
    run, finding = replace(run, say=said.append), finding_of(run, "motion_beyond_boundary")
    for checked, is_filed in ((checksum(motion), True), ("1220" + "0" * 64, False)):
        facts = {"motion": checked, "n_stations": 9, "rms_m": 0.0014}
        run.path("motion_check.json").write_text(json.dumps(facts))
        said.clear()
        assert ("compared with 9 stations on the ground: 1.4 mm RMS" in page_of(run, finding)) == is_filed
        assert any("motion_check.json is of another motion" in line for line in said) != is_filed


def test_a_case_shows_the_record_of_the_permit_that_had_run_out(tmp_path):
    """Of two records of one permit, in any order, the last before the scene is the one that is broken."""
    run = write_run(tmp_path / "run", SECOND)
    columns = {"permit_id": ["L-1"] * 3, "holder": ["Serra SA"] * 3,
               "valid_from": ["2015-01-01", "2000-01-01", "2030-01-01"],
               "valid_to": ["2022-12-31", "2014-12-31", "2040-01-01"]}  # fmt: skip
    ground = [rectangle(200, 200, 1700, 1700)] * 3
    write_polygons(gpd.GeoDataFrame(columns, geometry=ground, crs=CRS), tmp_path / "permits")
    permitted = ToAssess(run.path("patches.parquet"), tmp_path / "permits.gpkg")
    assess(run, permitted, on=SECOND, options=OPTIONS, evidence=EVIDENCE)
    enter(run)
    finding = finding_of(run, "permit_expired")
    text = page_of(run, finding)
    assert "2015-01-01 – 2022-12-31" in text
    assert "182 days" in text
    (tmp_path / "permits.gpkg").unlink()
    assert "L-1 (Serra SA). Its record is not shown" in page_of(run, finding)


def test_a_lapsed_permit_of_less_than_half_of_the_ground_is_named_by_case_report_and_register(tmp_path):
    run = write_run(tmp_path / "run", SECOND)
    columns = {"permit_id": ["A-1", "A-2"], "holder": ["X SA", "Y SA"], "valid_from": ["2015-01-01"] * 2,
               "valid_to": ["2020-12-31", "2040-01-01"]}  # fmt: skip
    ground = [rectangle(300, 300, 280, 400), rectangle(1300, 1300, 400, 400)]  # 40 % of the pit; the dump
    write_polygons(gpd.GeoDataFrame(columns, geometry=ground, crs=CRS).to_crs("EPSG:4326"), tmp_path / "permits")
    permitted = ToAssess(run.path("patches.parquet"), tmp_path / "permits.gpkg")
    assess(run, permitted, on=SECOND, options=OPTIONS, evidence=EVIDENCE)
    enter(run)
    finding = finding_of(run, "outside_any_permit")
    said = "outside any permit in force. Until 2020-12-31 permit A-1 (X SA) held 40 % of it."
    entry = read_register(run.path("register.json")).find(finding)
    assert entry.facts["statement"].endswith(said)
    assert entry.permit_id is None
    text = page_of(run, finding)
    assert said in text
    assert "<dt>Holder</dt><dd>X SA</dd>\n<dt>Valid</dt><dd>2015-01-01 – 2020-12-31</dd>" in text
    assert "Y SA" not in text
    report(run, ["assess"])
    assert said in run.path("report.html").read_text()
    (tmp_path / "permits.gpkg").unlink()
    assert said in page_of(run, finding)


def test_a_case_made_from_another_run_says_so_and_takes_nothing_else_from_it(assessed, files):
    finding = next(e for e in read_register(files / "register.json").entries if e.kind == "beyond_boundary")
    first = run_of(files, "first")
    page, *_ = case_file(first, finding.finding_id, register=files / "register.json")
    text = page.read_text()
    assert f"made from the scene of {FIRST}; the finding was last seen on {SECOND}" in text
    assert "What goes on there" not in text
    assert json.loads(finding.facts["evidence"])["inputs"]["scene.tif"] in text


def test_a_case_without_a_scene_says_so(files, tmp_path):
    run = Run(tmp_path / "bare", run_of(files, "second").site)
    outlines = ToAssess(files / "runs" / "second" / "patches.parquet", files / "permits.gpkg")
    assess(run, outlines, on=SECOND, options=OPTIONS, evidence={"patches": "patches.parquet"})
    enter(run)
    text = page_of(run, finding_of(run, "beyond_boundary"))
    assert "The run holds no scene to show." in text
    assert "North is up" not in text


def test_a_portfolio_ranks_its_sites_and_says_what_is_new(assessed, files, tmp_path):
    runs = tmp_path / "runs"
    enter(run_of(files, "second"))
    rows = portfolio(files / "runs", runs)
    assert rows[0].folder == "second"
    assert rows[0].n_new == 2
    assert rows[0].news == ()
    state = json.loads((runs / "portfolio.json").read_text())
    decided_on, forgotten = state["findings"]
    state["findings"] = {decided_on: "confirmed"}
    (runs / "portfolio.json").write_text(json.dumps(state))
    (row,) = portfolio(files / "runs", runs)  # the earlier run of the site does not count beside it
    assert row.news == (forgotten.removeprefix("second/register.json/"),)
    assert row.changes == (f"{decided_on.removeprefix('second/register.json/')} confirmed → new",)
    assert len(pd.read_csv(runs / "portfolio.csv")) == len(rows)
    with pytest.raises(MissingInputError, match="no run below"):
        portfolio(tmp_path / "nothing", runs)


def test_a_register_elsewhere_is_found_from_the_folder_of_its_run(assessed, files, tmp_path):
    runs = tmp_path / "runs"
    shutil.copytree(files / "runs", runs)
    for name in ("first", "second"):
        enter(run_of(tmp_path, name), tmp_path / "register.json")
    assert register_file(runs / "second").resolve() == (tmp_path / "register.json").resolve()
    (row,) = portfolio(runs, tmp_path / "portfolio")
    assert (row.folder, row.n_new) == ("second", 2)


def test_a_new_run_brings_no_news_of_what_its_register_knew(assessed, files, tmp_path):
    runs = tmp_path / "runs"
    shutil.copytree(files / "runs" / "second", runs / "2023")
    enter(run_of(tmp_path, "2023"), runs / "register.json")
    portfolio(runs, tmp_path / "portfolio")
    shutil.copytree(runs / "2023", runs / "2024")
    (row,) = portfolio(runs, tmp_path / "portfolio")
    assert (row.folder, row.n_new, row.news, row.changes) == ("2024", 2, (), ())


@pytest.mark.parametrize(("on", "kinds"), [(SECOND, ["protected_area_entered"]), (None, None)])
def test_a_summary_lists_what_was_found_without_permits(files, tmp_path, on, kinds):
    """Protected land asks for a date, not for permits."""
    shutil.copytree(files / "runs" / "second", tmp_path / "runs" / "zones")
    run = run_of(tmp_path, "zones")
    park = ZoneSection(file=files / "park.gpkg", kind="protected_area", name="NAME")
    assess(run, ToAssess(run.path("patches.parquet"), zones=(park,)), on=on, options=OPTIONS, evidence=EVIDENCE)
    report(run, ["assess"])
    found = json.loads(run.path("summary.json").read_text())["findings"]
    assert (found and [row["kind"] for row in found]) == kinds
    (row,) = portfolio(run.folder, tmp_path / "portfolio")
    assert row.is_checked == (kinds is not None)


def test_bare_outlines_are_reported_without_class_and_probability(files, tmp_path):
    outlines = gpd.GeoDataFrame(geometry=[PIT[SECOND]], crs=CRS)
    write_polygons(outlines, tmp_path / "outlines")
    run = run_of(tmp_path, "bare")
    given = ToAssess(tmp_path / "outlines.parquet", files / "permits.gpkg")
    assess(run, given, on=SECOND, options=OPTIONS, evidence=EVIDENCE)
    report(run, ["assess"])
    (patch,) = json.loads(run.path("summary.json").read_text())["patches"]
    assert (patch["mine_class"], patch["probability_mean"], patch["area_m2"]) == (None, None, 280_000.0)
    text = run.path("report.html").read_text()
    assert "mean mine probability –" in text
    assert "None" not in re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)


def test_a_report_draws_only_the_permits_that_were_compared(files, tmp_path):
    run, permits = write_run(tmp_path / "run", SECOND), tmp_path / "permits.gpkg"
    shutil.copy(files / "permits.gpkg", permits)
    assess(run, ToAssess(run.path("patches.parquet"), permits), on=SECOND, options=OPTIONS, evidence=EVIDENCE)
    gone = []
    for shift in (0.0, 500.0):
        moved = gpd.read_file(permits)
        if shift:
            write_polygons(moved.set_geometry(moved.translate(shift)), tmp_path / "permits")
            run.path("report.html").unlink()
        report(run, ["assess"])
        missing = json.loads(run.path("summary.json").read_text())["missing"]
        gone.append(any("permits that were compared are not drawn" in sentence for sentence in missing))
    assert gone == [False, True]


def test_a_register_does_not_mind_how_its_crs_is_written(assessed, files, tmp_path):
    file = tmp_path / "register.json"
    file.write_text(json.dumps({"crs": gpd.read_parquet(assessed[0].path("patches.parquet")).crs.to_wkt()}))
    assert len(enter(assessed[0], file).entries) == 2


def test_a_clouded_scene_tells_no_change_and_closes_nothing(files, tmp_path):
    folder = tmp_path / "clouded"
    folder.mkdir()
    run = write_run(folder, SECOND, cloud=True)
    clouded = ToAssess(run.path("patches.parquet"), files / "permits.gpkg", before=files / "runs" / "first")
    assess(run, clouded, on=SECOND, options=OPTIONS, evidence=EVIDENCE)
    assert gpd.read_parquet(run.path("activity.parquet"))["optical_change"].tolist() == ["unseen", "unseen"]
    enter(run)
    assert shapely.from_wkt(read_register(folder / "register.json").looks[0].clear).is_empty


def test_an_earlier_folder_that_is_no_run_is_set_aside(files, tmp_path):
    folder = tmp_path / "alone"
    folder.mkdir()
    run = write_run(folder, SECOND)
    alone = ToAssess(run.path("patches.parquet"), before=tmp_path / "nowhere")
    record = assess(run, alone, on=SECOND, options=OPTIONS, evidence=EVIDENCE)
    reason = record["highwall:set_aside"][0]["reason"]
    assert reason == f"no run with scene.tif and patches.parquet lies in {tmp_path / 'nowhere'}"
    with pytest.raises(MissingInputError, match="correct --before"):
        assess_by_hand(run.path("patches.parquet"), folder, before=tmp_path / "nowhere")


def test_what_cannot_be_compared_is_said(files, tmp_path):
    first = run_of(files, "first")
    outlines = ToAssess(first.path("patches.parquet"), before=first.folder)
    (tmp_path / "bare").mkdir()
    bare = Run(tmp_path / "bare", first.site)
    record = assess(bare, outlines, on=SECOND, options=OPTIONS, evidence=EVIDENCE)
    assert "holds no scene of this date" in record["highwall:set_aside"][0]["reason"]
    (tmp_path / "far").mkdir()
    far = write_run(tmp_path / "far", SECOND)
    for name in ("scene.tif", "quality.tif"):
        with rasterio.open(far.path(name), "r+", IGNORE_COG_LAYOUT_BREAK="YES") as raster:
            raster.transform = Affine.translation(100_000.0, 0.0) @ raster.transform
    record = assess(far, outlines, on=SECOND, options=OPTIONS, evidence=EVIDENCE)
    assert "shows another place" in record["highwall:set_aside"][0]["reason"]


def test_the_folder_of_a_run_stands_for_its_motion_and_motion_elsewhere_is_said(files, tmp_path):
    far = gpd.GeoDataFrame({"patch_id": ["P001"]}, geometry=[rectangle(100_000, 0, 300, 300)], crs=CRS)
    write_polygons(far, tmp_path / "patches")
    said = []
    assess_by_hand(tmp_path / "patches.parquet", tmp_path / "out", motion=files, say=said.append)
    assert any("no patch lies where they do" in sentence for sentence in said)
    with pytest.raises(InputError, match="is no Zarr store; give the"):
        assess_by_hand(tmp_path / "patches.parquet", tmp_path / "out", motion=tmp_path)


def test_a_register_of_another_place_is_refused(assessed, files, tmp_path):
    file = tmp_path / "register.json"
    file.write_text('{"crs": "EPSG:32701"}')
    with pytest.raises(InputError, match="name a register of this site"):
        enter(assessed[0], file)
    file.write_text("{")
    with pytest.raises(InputError, match="is no register of findings"):
        enter(assessed[0], file)
