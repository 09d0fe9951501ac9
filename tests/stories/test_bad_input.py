"""Bad input at the front door: named, set aside or refused, and never a half-written file."""

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import pystac
import pytest
import rasterio
from shapely.geometry import box

from highwall.core.errors import ConfigError, GridError, InputError, OutputError
from highwall.workflows.watching.monitor import monitor

CRS = "EPSG:32723"
HIGHWALL = Path(sys.executable).with_name("highwall")


@pytest.fixture
def watch(small_site):
    """Run the main job on the small site and return its summary."""
    return lambda: monitor(small_site.yaml, small_site.folder / "run")


def says(summary, words):
    """Whether the run tells its reader so."""
    return any(words in sentence for sentence in summary["missing"])


def test_a_whole_site_misses_only_what_was_not_given(watch):
    summary = watch()
    assert summary["missing"] == [
        "No land cover was given: patches on towns, fields and water were not taken out.",
        "The scene's bands do not tell cloud or snow or haze: not looked for.",
        "Offset of the digital numbers: no processing baseline stated; assumed none.",
    ]
    assert summary["set_aside"] == []
    assert summary["motion"]["n_pairs"] == 3
    assert (summary["scene"]["resampling"], summary["scene"]["simulated"]) == ("none", False)


def test_missing_band(small_site, watch):
    small_site.write_scene("scenes/S2_20240601.tif", bands=("B02", "B03"))
    summary = watch()
    assert summary["patches"] is None
    assert says(summary, "S2_20240601 has bands B02, B03; a map of mines needs B04 too")


def test_without_any_usable_input_nothing_is_shown(small_site, watch):
    del small_site.config["insar"]
    small_site.write_config()
    small_site.write_scene("scenes/S2_20240601.tif", bands=("B02", "B03"))
    with pytest.raises(InputError, match=r"nothing could be made:\n(.|\n)*needs B04 too"):
        watch()
    assert not (small_site.folder / "run" / "report.html").exists()


def test_scene_outside_the_aoi_is_set_aside_for_one_inside(small_site, watch):
    small_site.write_scene("scenes/S2_20240701.tif", shift_m=50_000.0)
    summary = watch()
    assert summary["scene"]["scene_id"] == "S2_20240601"
    (left_out,) = summary["set_aside"]
    assert left_out["name"] == "S2_20240701"
    assert "lies outside the AOI" in left_out["reason"]


def test_scene_without_crs(small_site, watch):
    small_site.write_scene("scenes/S2_20240601.tif", crs=None)
    summary = watch()
    assert says(summary, "carries no CRS")


def test_corrupt_scene_beside_a_good_one(small_site, watch):
    good = (small_site.folder / "scenes/S2_20240601.tif").read_bytes()
    (small_site.folder / "scenes/S2_20240801.tif").write_bytes(good[: len(good) // 3])
    (small_site.folder / "scenes/S2_20240901.tif").write_bytes(b"not a picture at all")
    summary = watch()
    assert summary["scene"]["scene_id"] == "S2_20240601"
    assert {Path(row["name"]).name for row in summary["set_aside"]} == {"S2_20240801.tif", "S2_20240901.tif"}


def test_empty_stack(small_site, watch):
    shutil.rmtree(small_site.folder / "insar")
    (small_site.folder / "insar").mkdir()
    summary = watch()
    assert summary["motion"] is None
    assert any(sentence.startswith("insar:") and "insar" in sentence for sentence in summary["missing"])
    assert summary["patches"][0]["motion_class"] == "not_measured"


def test_split_network_is_solved_and_said(small_site, watch):
    for path in (small_site.folder / "insar").glob("*.tif"):
        path.unlink()
    for first, second in (("20240101", "20240113"), ("20240125", "20240206")):
        small_site.write_pair(first, second)
    summary = watch()
    assert summary["motion"]["n_components"] == 2
    assert "2 pieces" in (small_site.folder / "run" / "report.html").read_text()


def test_results_of_an_earlier_run_do_not_pass_for_new_ones(small_site, watch):
    assert watch()["patches"]
    small_site.write_scene("scenes/S2_20240601.tif", bands=("B02", "B03"))
    summary = watch()
    assert summary["patches"] is None
    assert summary["scene"] is None
    old = ("patches", "findings", "scene")
    assert not any(name.startswith(old) for name in summary["files"])
    run = small_site.folder / "run"
    assert not any(path.name.startswith(old) for path in run.iterdir())
    assert (run / "earlier" / "findings.gpkg").exists()
    assert [item.id for item in pystac.Catalog.from_file(str(run / "catalog.json")).get_items()] == ["deform", "report"]


def test_motion_without_incidence_angle_is_shown_but_not_turned_upright(small_site, watch):
    small_site.write_pair("20240101", "20240113", tags={"INCIDENCE_DEGREES": ""})
    for path in (small_site.folder / "insar").glob("*20240125*"):
        path.unlink()
    summary = watch()
    assert summary["motion"]["n_pairs"] == 1
    assert says(summary, "incidence angle is unknown")
    assert {patch["motion_class"] for patch in summary["patches"]} == {"not_measured"}


def test_permits_without_dates(small_site, watch):
    small_site.write_permits(permit_id=["A-1"], holder=["Small & Sons"])
    summary = watch()
    assert summary["findings"] is None
    assert any("permits.gpkg has no dates" in sentence for sentence in summary["missing"])


def test_one_permit_without_dates_is_set_aside(small_site, watch):
    small_site.write_permits(permit_id=["A-1"], valid_from=["soon"], valid_to=[None])
    summary = watch()
    assert summary["set_aside"][0]["name"] == "permits.gpkg: A-1"
    assert all(patch["permit_status"] == "undetermined" for patch in summary["patches"])
    assert summary["findings"] == []


def test_aoi_of_zero_area(small_site, watch):
    small_site.config["site"]["aoi"] = [10.0, 50.0, 10.0, 50.1]
    small_site.write_config()
    with pytest.raises(GridError, match="zero area"):
        watch()


def test_unknown_key(small_site, watch):
    small_site.config["permit"] = small_site.config.pop("permits")
    small_site.write_config()
    with pytest.raises(ConfigError, match=r"unknown key permit; did you mean 'permits'\?"):
        watch()


def test_the_wrong_level_is_refused_and_said(small_site, watch):
    small_site.config["scenes"]["level"] = "L2A"
    small_site.write_config()
    summary = watch()
    assert summary["patches"] is None
    assert says(summary, "learned from L1C and the scene is L2A")


def test_a_level_that_was_once_right_does_not_let_another_pass(small_site, watch):
    assert watch()["patches"]
    small_site.config["scenes"]["level"] = "L2A"
    small_site.write_config()
    assert watch()["patches"] is None


def test_a_level_that_a_file_states_is_not_overruled(small_site, watch):
    with rasterio.open(small_site.folder / "scenes/S2_20240601.tif", "r+") as dataset:
        dataset.update_tags(LEVEL="L2A")
    assert watch()["scene"]["level"] == "L2A"


def test_a_changed_aoi_and_name_do_everything_again(small_site, watch):
    before = watch()
    left, bottom, right, top = small_site.bounds
    area = box(left + 400, bottom + 400, right - 400, top - 400)
    gpd.GeoDataFrame(geometry=[area], crs=CRS).to_crs("EPSG:4326").to_file(small_site.folder / "aoi.geojson")
    small_site.config["site"]["name"] = "Smaller [/north]"
    small_site.write_config()
    after = watch()
    assert after["site"]["name"] == "Smaller [/north]"
    assert after["files"]["scene.tif"] != before["files"]["scene.tif"]
    assert "Smaller [/north]" in (small_site.folder / "run" / "report.html").read_text()


def test_an_undated_scene_does_not_pass_for_the_newest(small_site, watch):
    small_site.write_scene("scenes/composite.tif")
    assert watch()["scene"]["scene_id"] == "S2_20240601"
    small_site.config["scenes"]["date"] = "2025-01-01"
    small_site.write_config()
    assert watch()["scene"] == watch()["scene"] | {"scene_id": "composite", "acquired": "2025-01-01"}


def test_dates_of_a_shapefile_lie_beside_it(small_site, watch):
    permits = gpd.read_file(small_site.folder / "permits.gpkg")
    small_site.config["permits"]["file"] = "permits.shp"
    small_site.write_config()
    permits.to_file(small_site.folder / "permits.shp")
    assert {patch["permit_status"] for patch in watch()["patches"]} == {"inside"}
    permits.assign(valid_to="2021-01-01").to_file(small_site.folder / "permits.shp")
    assert {patch["permit_status"] for patch in watch()["patches"]} == {"permit_expired"}


def test_a_missing_scene_among_others_is_set_aside(small_site, watch):
    small_site.config["scenes"]["files"] = ["scenes", "gone.tif"]
    small_site.write_config()
    summary = watch()
    assert summary["patches"]
    assert [Path(row["name"]).name for row in summary["set_aside"]] == ["gone.tif"]


@pytest.mark.parametrize("fault", ["gone", "elsewhere", "no_crs"])
def test_land_cover_that_cannot_be_used_costs_only_itself(small_site, watch, fault):
    small_site.config["land_cover"] = {"file": "cover.tif"}
    small_site.write_config()
    if fault != "gone":
        shift = 50_000.0 if fault == "elsewhere" else 0.0
        small_site.write_scene("cover.tif", bands=("B02",), shift_m=shift, crs=None if fault == "no_crs" else CRS)
    summary = watch()
    assert summary["patches"]
    assert says(summary, "land_cover: ")


def test_a_run_inside_the_scenes_folder_does_not_eat_itself(small_site):
    out = small_site.folder / "scenes" / "run"
    first = monitor(small_site.yaml, out)
    said = []
    assert monitor(small_site.yaml, out, say=said.append) == first
    assert not [line for line in said if line.endswith("working")]


def test_an_aoi_in_metres_is_refused(small_site, watch):
    small_site.config["site"]["aoi"] = list(small_site.bounds)
    small_site.write_config()
    with pytest.raises(ConfigError, match=r"west, south, east, north\] in degrees"):
        watch()


def test_a_revoked_permit_neither_allows_nor_forbids(small_site, watch):
    small_site.write_permits(permit_id=["A-1"], valid_from=["2020-01-01"], valid_to=["2030-01-01"], status=["Revoked"])
    summary = watch()
    assert {patch["permit_status"] for patch in summary["patches"]} == {"undetermined"}
    assert "status is 'Revoked'" in summary["set_aside"][0]["reason"]


def test_inputs_of_another_place_are_noticed(small_site, watch):
    permits = gpd.read_file(small_site.folder / "permits.gpkg")
    permits.geometry = permits.translate(200_000.0)
    permits.to_file(small_site.folder / "permits.gpkg")
    assert says(watch(), "permits do not touch any patch")


def test_the_folder_of_results_is_a_file(small_site):
    (small_site.folder / "run").write_text("here already")
    with pytest.raises(OutputError, match="is a file; name a folder"):
        monitor(small_site.yaml, small_site.folder / "run")


def test_exit_code_and_one_message(small_site):
    small_site.config["site"]["aoi"] = "nowhere.geojson"
    small_site.write_config()
    done = _highwall("monitor", small_site.yaml, "--out", small_site.folder / "run")
    assert done.returncode == 1
    assert "no vector file at" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_leaves_no_half_file(small_site):
    """A limit on file size stands for the full disk: the kernel refuses the write that passes it."""
    run = small_site.folder / "run"
    done = _highwall("monitor", small_site.yaml, "--out", run, preexec_fn=_small_files_only)
    assert done.returncode == 1
    assert "could not write" in done.stderr
    left = [path.name for path in run.rglob("*") if path.is_file()]
    assert not [name for name in left if name.startswith(".part")]
    assert "scene.tif" not in left


def test_a_killed_run_is_resumed(small_site):
    run = small_site.folder / "run"
    process = subprocess.Popen(
        [HIGHWALL, "monitor", small_site.yaml, "--out", run], stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not (run / "stac" / "prepare.json").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = json.loads((run / "stac" / "prepare.json").read_text())
    done = _highwall("monitor", small_site.yaml, "--out", run)
    assert done.returncode == 0, done.stderr
    assert "prepare: unchanged, kept" in done.stderr
    assert json.loads((run / "stac" / "prepare.json").read_text()) == before
    assert json.loads((run / "summary.json").read_text())["motion"]["n_pairs"] == 3


def _highwall(*arguments, **options):
    return subprocess.run([HIGHWALL, *arguments], capture_output=True, text=True, check=False, **options)


def _small_files_only():
    limit = 40_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
