"""The whole main job on the simulated site, where truth is known."""

import json

import geopandas as gpd
import numpy as np
import pystac
import pytest
import rasterio
import xarray as xr
from rasterio.enums import Resampling
from starlette.testclient import TestClient
from tests.waiting import until

from highwall.core.products import LAYERS, RUN_FILES
from highwall.patches.options import SegmentationOptions
from highwall.twin.sql import alarms
from highwall.workflows.blocks import crew
from highwall.workflows.config import ObjectsSection, RunConfig
from highwall.workflows.live import demo as live_demo
from highwall.workflows.outlining.refine import ToRefine, refine
from highwall.workflows.run import Run, facts_of
from highwall.workflows.sites import site_of_raster
from highwall.workflows.watching.demo import demo, footprint_iou, motion_score
from highwall.workflows.watching.monitor import monitor


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    return out, demo(out)


def test_every_planted_violation_is_found_and_no_other(shown):
    _, result = shown
    assert result.scores["planted violations found"] == ("3", "3")
    assert result.scores["violations invented"] == ("0", "0")
    kinds = {finding["kind"] for finding in result.summary["findings"]}
    assert kinds == {"beyond_boundary", "outside_any_permit", "permit_expired"}


def test_the_footprint_overlaps_the_truth(shown):
    """The network never saw a simulated scene; outlines are those of 40 m cells."""
    out, _ = shown
    assert footprint_iou(out / "run", out / "site" / "truth") > 0.45


def test_patches_along_objects_hold_no_speck_and_fit_the_truth_as_well(shown, tmp_path):
    """At most one more than in pixels: the ground around a tailings pond, which pixels lose with its water."""
    out, result = shown
    given = ToRefine(
        out / "run" / "probability.tif", out / "run" / "scene.tif", land_cover=out / "site" / "land_cover.tif"
    )
    run = Run(tmp_path, site_of_raster(given.probability))
    options = RunConfig(objects=ObjectsSection(segmentation=SegmentationOptions(scale=20)))
    with crew() as hands:
        facts = facts_of(refine(run, given, hands, options=options))
    assert 0 < facts["n_patches"] <= len(result.summary["patches"]) + 1
    truth = out / "site" / "truth"
    assert footprint_iou(tmp_path, truth) > footprint_iou(out / "run", truth)


def test_velocity_is_within_its_stated_error(shown):
    """95 % would be expected of independent normal errors; all pixels share the atmosphere of the reference."""
    out, _ = shown
    score = motion_score(out / "run", out / "site" / "truth")
    assert 0.88 <= score.share_within <= 0.99
    assert score.rmse < 0.005


def test_what_moves_is_said(shown):
    _, result = shown
    classes = {patch["motion_class"] for patch in result.summary["patches"]}
    assert {"uplift", "decorrelated"} <= classes


def test_a_year_between_two_looks_is_told(shown):
    """The mine works all year: what is dug and dumped grows in the simulation, and nothing is restored."""
    out, result = shown
    changes = {patch["optical_change"] for patch in result.summary["patches"]}
    assert "expanded" in changes
    assert changes <= {"expanded", "reworked", "unchanged"}
    assert {patch["activity"] for patch in result.summary["patches"]} <= {"continued_mining", "dumping", "unknown"}
    assert "Change is told from this scene and that of the earlier run." in ((out / "run" / "report.html").read_text())


def test_the_cloudy_scene_is_refused_for_an_older_one(shown):
    _, result = shown
    (refused,) = result.summary["set_aside"]
    assert "cloud" in refused["reason"]
    assert (result.summary["scene"]["scene_id"], refused["name"]) == ("S2SIM_20230717", "S2SIM_20230727")
    assert result.summary["scene"]["quality"]["cloud"] < 0.01


def test_the_page_says_that_it_is_simulated(shown):
    out, _ = shown
    assert shown[1].summary["scene"]["simulated"] is True
    page = (out / "run" / "report.html").read_text()
    assert "This scene is simulated" in page
    assert "Copernicus" not in page


def test_every_promised_file_is_there(shown):
    out, _ = shown
    assert {path.name for path in (out / "run").iterdir()} == {*RUN_FILES, "stac"}


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("scene.tif", "reflectance"), ("quality.tif", "quality"), ("probability.tif", "class_probability"),
        ("velocity.tif", "velocity"), ("velocity_std.tif", "velocity_std"),
        ("velocity_vertical.tif", "velocity_vertical"), ("temporal_coherence.tif", "temporal_coherence"),
    ],
)  # fmt: skip
def test_maps_are_cogs_that_say_what_they_are(shown, name, layer):
    out, _ = shown
    row = LAYERS[layer]
    with rasterio.open(out / "run" / name) as dataset:
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.dtypes[0] == row.dtype
        assert set(dataset.units) == {row.unit}
        assert set(dataset.scales) == {row.scale}
        assert np.array_equal(dataset.nodata, row.fill, equal_nan=True)
        assert dataset.crs.is_projected
        values = dataset.read(1, out_shape=(20, 20), resampling=Resampling.nearest)
        assert np.nanstd(values) > 0 or name == "quality.tif"


def test_the_series_holds_units_and_signs(shown):
    out, _ = shown
    series = xr.open_zarr(out / "run" / "displacement.zarr", consolidated=False, decode_coords="all")
    assert series["displacement"].dims == ("epoch", "y", "x")
    assert series["displacement"].attrs["units"] == "m"
    assert "toward the satellite" in series["displacement"].attrs["sign"]
    first = series["displacement"].isel(epoch=0).values
    assert np.nanmax(np.abs(first)) == 0.0
    assert series.odc.geobox.crs.epsg == 32723


def test_vectors_agree_in_both_formats(shown):
    out, _ = shown
    for stem in ("patches", "activity", "findings"):
        package = gpd.read_file(out / "run" / f"{stem}.gpkg")
        parquet = gpd.read_parquet(out / "run" / f"{stem}.parquet")
        assert len(package) == len(parquet) > 0
        assert package.crs == parquet.crs
        assert np.allclose(package.area.sort_values(), parquet.area.sort_values())


def test_findings_carry_their_evidence(shown):
    out, _ = shown
    for finding in gpd.read_parquet(out / "run" / "findings.parquet").itertuples():
        evidence = json.loads(finding.evidence)
        assert {"scene", "acquired", "model", "inputs", "position_std_m", "certainty"} <= set(evidence)
        earlier = {f"before {name}" for name in ("scene.tif", "quality.tif", "patches.parquet", "mines.json")}
        assert set(evidence["inputs"]) == {"patches", "permits", "motion", "scene.tif", "quality.tif"} | earlier


def test_the_catalogue_is_stac_with_parameters_and_hashes(shown):
    out, _ = shown
    catalog = pystac.Catalog.from_file(str(out / "run" / "catalog.json"))
    items = {item.id: item for item in catalog.get_items()}
    assert list(items) == ["prepare", "detect", "refine", "deform", "assess", "report"]
    for item in items.values():
        assert item.properties["highwall:inputs"]
        assert all(asset.extra_fields["file:checksum"].startswith("1220") for asset in item.assets.values())


def test_a_second_run_does_nothing_and_a_new_permit_only_what_depends_on_it(shown):
    out, result = shown
    said = []
    again = monitor(out / "site" / "site.yaml", out / "run", before=out / "earlier", say=said.append)
    assert again == result.summary
    assert [line for line in said if line.endswith("working")] == []
    permits = gpd.read_file(out / "site" / "permits.gpkg")
    before = (out / "site" / "permits.gpkg").read_bytes()
    permits["valid_to"] = "2040-01-01"
    permits.to_file(out / "site" / "permits.gpkg", driver="GPKG", layer="permits")
    said.clear()
    changed = monitor(out / "site" / "site.yaml", out / "run", before=out / "earlier", say=said.append)
    assert [line for line in said if line.endswith("working")] == ["assess: working", "report: working"]
    assert {finding["kind"] for finding in changed["findings"]} == {"beyond_boundary", "outside_any_permit"}
    (out / "site" / "permits.gpkg").write_bytes(before)
    monitor(out / "site" / "site.yaml", out / "run", before=out / "earlier")


def test_the_live_twin_of_the_site_hears_its_pit_and_who_fell(shown, monkeypatch):
    """People, machines and sensors speak through gateways with outboxes; somebody falls, and a link is cut."""
    monkeypatch.setattr(live_demo, "TROUBLE_S", 2.0)
    out, _ = shown
    with live_demo.shown(out, seed=2) as demonstration:
        database = demonstration.twin.database
        fallen = demonstration.simulation.script.incidents[0].asset_id
        alarm = until(lambda: [one for one in alarms_in(database) if one.subject.subject_id == fallen])[0]
        assert (alarm.criterion, alarm.level >= 1) == ("man-down", True)
        people = {bearer.asset_id for bearer in demonstration.simulation.layout.bearers if bearer.kind == "person"}
        assert {one.subject.subject_id for one in alarms_in(database) if one.criterion == "man-down"} <= people
        client = TestClient(demonstration.twin.app, base_url="http://127.0.0.1")
        said = {"name": "manager", "password": live_demo.PASSWORD}
        assert client.post("/api/login", json=said, headers={"X-Highwall": "1"}).is_success
        assets = client.get("/api/assets").json()["assets"]
        assert len(assets) == len(demonstration.simulation.layout.bearers) + 14
        placed = {one["id"] for one in assets if one["kind"] == "person" and one["state"]["position"]}
        bearers = [one for one in demonstration.simulation.layout.bearers if one.gateway_id == "gw-pit"]
        assert placed >= people & {one.asset_id for one in bearers}  # the other gateway's link is cut
        tile = client.get(client.get("/api/site").json()["scenes"][-1]["tiles"].format(z=14, x=6190, y=9125))
        assert tile.content.startswith(b"\x89PNG")
        assert {one["id"] for one in client.get("/api/findings").json()["findings"]} == {
            finding["finding_id"] for finding in json.loads((out / "run" / "summary.json").read_text())["findings"]
        }
    with live_demo.shown(out, seed=2) as again:  # the store and the outboxes go on
        assert again.authenticator is None
        assert any(one.subject.subject_id == fallen for one in alarms_in(again.twin.database))


def alarms_in(database):
    with database.read() as store:
        return alarms.page(store)
