"""Bad input at the front door: named, set aside or refused, and never a half-written file."""

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from highwall.core.errors import ConfigError, GridError, InputError
from highwall.workflows.monitor import monitor

HIGHWALL = Path(sys.executable).with_name("highwall")


@pytest.fixture
def watch(small_site):
    """Run the main job on the small site and return its summary."""
    return lambda: monitor(small_site.yaml, small_site.folder / "run")


def test_a_whole_site_misses_only_what_was_not_given(watch):
    summary = watch()
    assert summary["missing"] == ["No land cover was given: patches on towns, fields and water were not taken out."]
    assert summary["set_aside"] == []
    assert summary["motion"]["n_pairs"] == 3


def test_missing_band(small_site, watch):
    small_site.write_scene("scenes/S2_20240601.tif", bands=("B02", "B03"))
    summary = watch()
    assert summary["patches"] is None
    assert "S2_20240601 has bands B02, B03; a map of mines needs B04 too" in summary["missing"][-1]


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
    assert "carries no CRS" in summary["missing"][-1]


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
    assert not any(name.startswith(("patches", "findings", "scene")) for name in summary["files"])


def test_motion_without_incidence_angle_is_shown_but_not_turned_upright(small_site, watch):
    small_site.write_pair("20240101", "20240113", tags={"INCIDENCE_DEGREES": ""})
    for path in (small_site.folder / "insar").glob("*20240125*"):
        path.unlink()
    summary = watch()
    assert summary["motion"]["n_pairs"] == 1
    assert any("incidence angle is unknown" in sentence for sentence in summary["missing"])
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
    assert "L2A" in summary["missing"][-1]


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
