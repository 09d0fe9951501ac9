"""From scene to detections: what is left, that it hangs together, and that a stopped run goes on."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from scipy import ndimage
from typer.testing import CliRunner

from highwall.classification.extract import ChipModel
from highwall.cli import app
from highwall.core.errors import ConfigError, ModelError
from highwall.core.products import LAYERS
from highwall.io.rasters import decode, read_raster
from highwall.workflows.mapping.detect import OUTPUTS
from highwall.workflows.mapping.detect_verb import ToDetect, detect_alone
from tests.io.rasters_made import geotiff

SIDE = 200
BLOCKS = "detect: {block_px: 96, min_area_m2: 0.0}\n"
THRESHOLD = 0.3


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Fields and bare ground, a corner without data."""
    random = np.random.default_rng(3)
    values = ndimage.zoom(random.uniform(300, 2600, (3, 12, 12)), (1, SIDE / 12, SIDE / 12), order=1)
    values = values.astype(np.uint16)
    values[:, :60, :110] = 0
    folder = tmp_path_factory.mktemp("scene")
    path = geotiff(folder / "S2A_MSIL1C_20230717.tif", values, bands=("B02", "B03", "B04"))
    (folder / "run.yaml").write_text("quality: {keep_refused: true}\n" + BLOCKS)
    return ToDetect((path,)), folder / "run.yaml"


@pytest.fixture(scope="module")
def done(given, tmp_path_factory):
    out, moved = tmp_path_factory.mktemp("out"), []

    def advance(what: str, done: int, total: int) -> None:
        moved.append((what, done, total))

    scene, run_file = given
    facts = detect_alone(scene, out, threshold=THRESHOLD, run_file=run_file, advance=advance)
    return out, facts, moved


def probability(out, name="probability.tif"):
    with rasterio.open(out / name) as raster:
        return decode(raster.read(), LAYERS["class_probability"])


def test_it_leaves_what_it_promises(done):
    out, facts, moved = done
    assert {name for name in OUTPUTS if (out / name).exists()} == set(OUTPUTS)
    assert not list(out.glob(".unfinished*"))
    assert moved[-1] == ("detect", 9, 9)
    assert (facts["threshold"], facts["threshold_why"]) == (THRESHOLD, "given")


def test_the_binary_map_is_the_map_at_the_threshold(done):
    out, _, _ = done
    layers = probability(out)
    with rasterio.open(out / "mine.tif") as raster:
        mine, nodata = raster.read(1), raster.nodata
    missing = np.isnan(layers[0])
    assert missing[:50, :100].all()
    assert (mine[missing] == nodata).all()
    np.testing.assert_array_equal(mine[~missing] == 1, (layers[1] + layers[2])[~missing] >= THRESHOLD)
    assert 0 < (mine == 1).mean() < 1


def test_objects_hold_just_the_mine_pixels_of_the_map(done):
    out, facts, _ = done
    objects = gpd.read_parquet(out / "detections.parquet")
    layers = probability(out)
    mine = np.nan_to_num(layers[1] + layers[2])
    assert facts["n_detections"] == len(objects) == ndimage.label(mine >= THRESHOLD)[1] > 0
    assert objects["area_m2"].sum() == pytest.approx(100.0 * (mine >= THRESHOLD).sum())
    assert objects["probability_max"].max() == pytest.approx(mine.max(), abs=1e-5)
    assert (objects["probability_mean"] >= THRESHOLD).all()
    assert objects["chip_probability_max"].between(0, 1.004).all()
    assert len(gpd.read_file(out / "detections.gpkg")) == len(objects)


def test_chips_are_mapped_on_cells(done):
    out, _, _ = done
    cell = ChipModel.open(threads=1).metadata.cell_px
    chips = read_raster(out / "chip_probability.tif")
    assert chips.shape == (3, SIDE // cell, SIDE // cell)
    assert abs(float(chips.x[1] - chips.x[0])) == 10.0 * cell
    assert np.isnan(chips.values[0, 0, 0])  # no chip there has data
    np.testing.assert_allclose(chips.sum("band").values[chips.notnull().all("band").values], 1.0, atol=0.01)


def test_a_stopped_run_goes_on_and_ends_the_same(given, done, tmp_path, monkeypatch):
    """Killed in the fifth block, then started again: four blocks are not made anew."""
    scene, run_file = given

    def advance(what: str, done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        detect_alone(scene, tmp_path, threshold=THRESHOLD, run_file=run_file, advance=advance)
    (bench,) = tmp_path.glob(".unfinished-detect-*")
    held = {path.name: path.stat().st_mtime_ns for path in bench.iterdir()}
    assert len(held) == 4
    again = []

    def look(what: str, done: int, total: int) -> None:
        again.append({path.name: path.stat().st_mtime_ns for path in bench.iterdir()})

    detect_alone(scene, tmp_path, threshold=THRESHOLD, run_file=run_file, advance=look)
    assert held.items() <= again[-1].items()
    np.testing.assert_array_equal(probability(tmp_path), probability(done[0]))
    one, other = (gpd.read_parquet(out / "detections.parquet") for out in (tmp_path, done[0]))
    assert one.equals(other)


def test_blocks_do_not_change_the_result(given, done, tmp_path):
    scene, _ = given
    (tmp_path / "run.yaml").write_text("quality: {keep_refused: true}\ndetect: {min_area_m2: 0.0}\n")
    detect_alone(scene, tmp_path / "out", threshold=THRESHOLD, run_file=tmp_path / "run.yaml")
    np.testing.assert_allclose(probability(tmp_path / "out"), probability(done[0]), atol=1 / 250)
    one, other = (gpd.read_parquet(out / "detections.parquet") for out in (tmp_path / "out", done[0]))
    assert one["area_m2"].sum() == pytest.approx(other["area_m2"].sum(), rel=0.01)


def test_the_threshold_is_the_models_own_unless_given(given, tmp_path):
    scene, run_file = given
    facts = detect_alone(scene, tmp_path, run_file=run_file)
    assert (facts["threshold"], facts["threshold_why"]) == (
        ChipModel.open(threads=1).metadata.cell_threshold,
        "the model's own",
    )
    with pytest.raises(ConfigError, match="threshold"):
        detect_alone(scene, tmp_path, threshold=1.5, run_file=run_file)


def test_another_level_is_refused_unless_forced(given, tmp_path):
    (l1c,), run_file = given[0].scenes, given[1]
    l2a = tmp_path / "S2A_MSIL2A_20230717.tif"
    l2a.write_bytes(l1c.read_bytes())
    with pytest.raises(ModelError, match="learned from L1C and the scene is L2A"):
        detect_alone(ToDetect((l2a,)), tmp_path / "out", run_file=run_file)
    assert detect_alone(ToDetect((l2a,), force=True), tmp_path / "out", run_file=run_file)["level"] == "L2A"


def test_a_scene_on_a_web_map_is_placed_in_its_utm_zone(given, tmp_path):
    """At 45° a web map's pixel of 10 m shows 7.1 m; the box around the scene is turned by a degree."""
    with rasterio.open(given[0].scenes[0]) as raster:
        values, names = raster.read(), raster.descriptions
    web = geotiff(tmp_path / "S2A_MSIL1C_20230717.tif", values, bands=names, crs="EPSG:3857", top=5_621_521.0)
    detect_alone(ToDetect((web,)), tmp_path / "out", threshold=THRESHOLD, run_file=given[1])
    objects = gpd.read_parquet(tmp_path / "out" / "detections.parquet")
    assert objects.crs.to_epsg() == 32631
    scene = read_raster(tmp_path / "out" / "scene.tif")
    assert scene.odc.geobox.resolution.x == 10.0
    assert scene.sizes["x"] == pytest.approx(SIDE * np.cos(np.radians(45.0)), abs=6)


@pytest.mark.real
def test_a_real_scene_in_degrees_without_a_level(real_data, tmp_path):
    scene = real_data / "tailings-ponds" / "images" / "72.tif"
    with pytest.raises(ModelError, match="does not say its level"):
        detect_alone(ToDetect((scene,)), tmp_path)
    facts = detect_alone(ToDetect((scene,), level="L1C"), tmp_path, threshold=0.2)
    objects = gpd.read_parquet(tmp_path / "detections.parquet")
    assert facts["n_detections"] == len(objects) > 0
    assert objects.crs.to_epsg() == 32723


def test_the_verb_takes_a_threshold_and_band_names(given, tmp_path):
    (scene,), run_file = given[0].scenes, given[1]
    asked = ["--threshold", str(THRESHOLD), "--bands", "B02,B03,B04", "--run", str(run_file)]
    done = CliRunner().invoke(app, ["detect", str(scene), "--out", str(tmp_path), *asked])
    assert done.exit_code == 0, done.output
    assert f"at a threshold of {THRESHOLD:g} (given)" in done.output
