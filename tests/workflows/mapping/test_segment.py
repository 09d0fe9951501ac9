"""From scene to land cover: what is left, that it hangs together, what is refused, and that a stopped run goes on."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from scipy import ndimage
from typer.testing import CliRunner

from highwall.classification.extract import SHIPPED_MODEL
from highwall.cli import app
from highwall.core.errors import ConfigError, InputError, MissingInputError, ModelError
from highwall.core.products import LAYERS
from highwall.io.rasters import decode
from highwall.segmentation.decision import CODES
from highwall.segmentation.labels import BITS, OUTSIDE
from highwall.workflows.mapping import mining
from highwall.workflows.mapping.mining import outputs_of
from highwall.workflows.mapping.segment_verb import ToSegment, segment_alone
from tests.io.rasters_made import LEFT, TOP, geotiff
from tests.segmentation.networks_made import facts, write_network

SIDE = 150
SEEN = {"excavation": "B04", "preparatory_work_area": "B03", "dumping_ground": "B02", "mining_area": "B08"}
BANDS = ("B02", "B03", "B04", "B08")
EXACT = {"min_area_m2": 0.0, "simplify_m": 0.0}
DISC = np.hypot(*(np.mgrid[:SIDE, :SIDE] - 70)) < 40
SPECK = np.zeros_like(DISC)
SPECK[120:122, 20:22] = True


def shares():
    """What the made network will say of each band, as digital numbers; the upper left corner has no data."""
    pit, ahead = DISC & (np.arange(SIDE) < 80), DISC & (np.arange(SIDE) >= 80)
    waste = np.roll(DISC, 25, axis=0) | SPECK
    layers = {"B02": waste, "B03": ahead, "B04": pit, "B08": DISC | waste}
    smooth = [ndimage.gaussian_filter(layers[band].astype(float), 1.0) for band in BANDS]
    values = np.clip(1e4 * np.stack(smooth), 100, 10_000).astype(np.uint16)
    values[:, :20, :30] = 0
    return values


def scene(folder, name="S2A_MSIL2A_20230717.tif", **tags):
    return geotiff(folder / name, shares(), bands=BANDS, **tags)


def network(folder, file="joint.onnx", **changes):
    metadata = facts(**({"subsets": (1, 2, 4), "bands": BANDS} | changes))
    seen = {name: band for name, band in SEEN.items() if name in metadata.classes and band in metadata.bands}
    return write_network(folder / file, metadata, seen=seen)


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("given")
    return ToSegment((scene(folder),), (network(folder),))


@pytest.fixture(scope="module")
def done(given, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    made = segment_alone(given, out, changes=EXACT | {"strip_px": 64})
    return out, made.facts[str(out)]


def stored(out, name):
    with rasterio.open(out / name) as raster:
        return raster.read()


def test_it_leaves_what_it_promises(done):
    out, found = done
    promised = {"mining_probability.tif", *outputs_of((1, 2, 4))}
    assert {name for name in promised if (out / name).exists()} == promised
    assert not list(out.glob(".unfinished*"))
    assert found["acquired"] == "2023-07-17"
    assert set(found["classes"]) == set(SEEN)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"bands": ("B04", "B03", "B02", "B08")}, "--bands B04,B03,B02,B08 is for .* says B02,B03,B04,B08 itself"),
        ({"level": "L1C"}, "--level L1C is for .*; S2A_MSIL2A_20230717 says L2A itself"),
        ({"date": "2020-01-01"}, "--date 2020-01-01 is for .* says 2023-07-17 itself"),
        ({"land_cover": "cover.tif"}, "--land-cover serves the rule land_cover; give --rules land_cover too"),
    ],
)
def test_what_no_scene_would_use_is_refused(given, tmp_path, changed, message):
    with pytest.raises(InputError, match=message):
        segment_alone(given._replace(**changed), tmp_path)


def test_the_rasters_say_what_the_network_said(done):
    out, _ = done
    probability = decode(stored(out, "mining_probability.tif"), LAYERS["mining_probability"])
    expected = shares().astype(float) / 1e4
    valid = expected.min(axis=0) > 0
    assert np.isnan(probability[:, ~valid]).all()
    for number, name in enumerate(SEEN):
        band = BANDS.index(SEEN[name])
        assert np.abs(probability[number] - expected[band])[valid].max() <= 0.5 / 250 + 1e-6
    codes = stored(out, "mining_subset_1.tif")[0]
    background = 1 - probability[:2].sum(axis=0)
    assert np.array_equal(codes == CODES["excavation"], (probability[0] > np.maximum(background, probability[1])))
    assert (codes[~valid] == 255).all()
    bits = stored(out, "mining_labels.tif")[0]
    assert np.array_equal((bits & BITS["dumping_ground"] > 0) & valid, stored(out, "mining_subset_2.tif")[0] == 2)
    assert (bits[~valid] == OUTSIDE).all()
    both = BITS["excavation"] | BITS["dumping_ground"]
    assert ((bits & both == both) & valid).any()  # overlap is kept


def test_label_rasters_carry_colours_and_the_meaning_of_their_codes(done):
    out, _ = done
    with rasterio.open(out / "mining_subset_1.tif") as raster:
        table = raster.colormap(1)
        assert raster.tags()["CLASS_1"] == "excavation"
        assert raster.nodata == 255
    assert len({table[code] for code in CODES.values()}) == len(CODES)


def test_polygons_hold_just_the_pixels_of_the_raster_and_share_their_edges(done):
    out, found = done
    polygons = gpd.read_parquet(out / "mining.parquet")
    areas = pd.read_csv(out / "mining_areas.csv").set_index("class")
    for subset in (1, 2, 4):
        own = polygons[polygons["subset"] == subset]
        assert shapely.coverage_is_valid(np.array(own.geometry.values))
        codes = stored(out, f"mining_subset_{subset}.tif")[0]
        for name, of_class in own.groupby("class"):
            n_px = (codes == CODES[name]).sum()
            assert of_class["area_m2"].sum() == pytest.approx(100.0 * n_px) == pytest.approx(areas["area_m2"][name])
            assert found["area_m2"][name] == pytest.approx(100.0 * n_px)
    layers = gpd.list_layers(out / "mining.gpkg")["name"].tolist()
    assert layers == ["subset_1", "subset_2", "subset_4"]
    assert polygons["probability_mean"].between(0.3, 1).all()


def test_small_polygons_are_left_out_and_corners_smoothed(given, tmp_path):
    segment_alone(given, tmp_path)
    polygons = gpd.read_parquet(tmp_path / "mining.parquet")
    assert polygons["area_m2"].min() > 1000
    waste = polygons[polygons["class"] == "dumping_ground"]
    assert len(waste) == 1
    areas = pd.read_csv(tmp_path / "mining_areas.csv").set_index("class")
    assert areas["polygons_m2"]["dumping_ground"] == pytest.approx(areas["area_m2"]["dumping_ground"], rel=0.02)


def test_another_threshold_asks_no_network_again(given, done, tmp_path):
    heard = []
    segment_alone(given, tmp_path, say=heard.append)
    segment_alone(given, tmp_path, changes={"threshold": 0.9}, say=heard.append)
    assert "segment: unchanged, kept" in heard
    low, high = (stored(out, "mining_subset_2.tif")[0] == 2 for out in (done[0], tmp_path))
    assert high.sum() < low.sum()


def test_rules_take_back_whole_patches_across_blocks_and_ask_no_network_again(given, done, tmp_path, monkeypatch):
    """Strips ahead of the pit stay beside it; the speck of waste lies in forest, on the map of land cover."""
    monkeypatch.setattr(mining, "_BLOCK_PX", 48)
    cover = np.full((1, SIDE, SIDE), 60, np.uint8)
    cover[0, 110:] = 10
    trees = geotiff(tmp_path / "cover.tif", cover, bands=("land_cover",))
    heard = []
    segment_alone(given, tmp_path / "plain", changes=EXACT)
    given = given._replace(land_cover=trees)
    changes = EXACT | {"rules": ("preparatory_work", "dam", "land_cover")}
    made = segment_alone(given, tmp_path / "plain", changes=changes, say=heard.append)
    assert "segment: unchanged, kept" in heard
    facts = made.facts[str(tmp_path / "plain")]
    n_speck = int((stored(done[0], "mining_subset_2.tif")[0][115:130, 15:28] == 2).sum())
    assert facts["rules_removed_px"] == {"land_cover": 2 * n_speck, "preparatory_work": 0}  # dump, and mining area
    assert "dam" in facts["rules_unused"]
    assert any(line.startswith("rule dam not applied") for line in heard)
    left = stored(tmp_path / "plain", "mining_subset_2.tif")[0]
    assert not (left[115:130, 15:28] == 2).any()
    assert (left == 2).sum() == (stored(done[0], "mining_subset_2.tif")[0] == 2).sum() - n_speck


def test_a_rule_that_does_not_exist_and_a_map_that_is_not_there_are_refused(given, tmp_path):
    with pytest.raises(ConfigError, match="dams"):
        segment_alone(given, tmp_path, changes={"rules": ("dams",)})
    with pytest.raises(MissingInputError, match="no map of land cover"):
        segment_alone(given._replace(land_cover=tmp_path / "no.tif"), tmp_path, changes={"rules": ("land_cover",)})
    profile = {"driver": "GTiff", "width": 4, "height": 4, "count": 1, "dtype": "uint8"}
    with rasterio.open(tmp_path / "placeless.tif", "w", transform=rasterio.Affine(10, 0, 0, 0, -10, 0), **profile):
        pass
    with pytest.raises(InputError, match=r"placeless\.tif carries no CRS"):
        segment_alone(
            given._replace(land_cover=tmp_path / "placeless.tif"), tmp_path, changes={"rules": ("land_cover",)}
        )


def test_a_stopped_run_goes_on_and_ends_as_the_whole(given, done, tmp_path):
    class StopError(Exception): ...

    def stop(what, n_done, total):
        if what == "segment" and n_done == 2:
            raise StopError

    changes = EXACT | {"strip_px": 64}
    with pytest.raises(StopError):
        segment_alone(given, tmp_path, changes=changes, advance=stop)
    (bench,) = tmp_path.glob(".unfinished-segment-*")
    kept = {path.name: path.stat().st_mtime_ns for path in bench.glob("*.npz")}
    assert len(kept) == 2
    steps = []
    segment_alone(given, tmp_path, changes=changes, advance=lambda *step: steps.append(step))
    assert [step for step in steps if step[0] == "segment"] == [("segment", 2, 3), ("segment", 3, 3)]
    for name in ("mining_probability.tif", "mining_subset_1.tif", "mining_labels.tif"):
        assert np.array_equal(stored(tmp_path, name), stored(done[0], name))


def test_a_bundle_says_what_its_members_say(given, done, tmp_path):
    folder = tmp_path / "bundle"
    folder.mkdir()
    network(folder, "a.onnx", subsets=(4,), bands=("B08",))
    network(folder, "b.onnx", subsets=(1, 2), bands=("B02", "B03", "B04"))
    segment_alone(given._replace(models=(folder,)), tmp_path / "out", changes=EXACT)
    for name in ("mining_probability.tif", "mining_labels.tif"):
        assert np.array_equal(stored(tmp_path / "out", name), stored(done[0], name))


def test_an_area_is_cut_from_the_whole(given, done, tmp_path):
    area = shapely.box(LEFT + 405, TOP - 1101, LEFT + 1203, TOP - 300)
    gpd.GeoDataFrame(geometry=[area], crs="EPSG:32633").to_file(tmp_path / "area.gpkg")
    segment_alone(given._replace(aoi=tmp_path / "area.gpkg"), tmp_path / "out")
    part, whole = (stored(out, "mining_probability.tif") for out in (tmp_path / "out", done[0]))
    same_place = whole[:, 30:111, 40:121].astype(int)
    assert np.abs(part - same_place).max() <= 1  # windows lie elsewhere: the last digit may differ


@pytest.mark.parametrize(("changes", "words"), [
    ({"level": "L1C"}, "learned from L1C and S2A_MSIL2A_20230717 is L2A"),
    ({"name": "demo", "is_simulated": True}, "nothing but simulation"),
    ({"pixel_m": 1.0}, "pixels of 1 m"),
    ({"bands": ("B04", "B11")}, "lacks B11"),
])  # fmt: skip
def test_networks_that_do_not_suit_are_refused(given, tmp_path, changes, words):
    with pytest.raises(ModelError, match=words):
        segment_alone(given._replace(models=(network(tmp_path, **changes),)), tmp_path / "out")


def test_force_runs_what_would_be_refused_and_simulated_scenes_need_none(given, tmp_path):
    demo = write_network(
        tmp_path / "demo.onnx", facts(name="demo", is_simulated=True, subsets=(1, 2, 4), bands=BANDS), seen=SEEN
    )
    forced = segment_alone(given._replace(models=(demo,), force=True), tmp_path / "forced")
    assert forced.facts
    simulated = scene(tmp_path, "S2A_MSIL2A_20230718.tif", SIMULATED="yes")
    found = segment_alone(ToSegment((simulated,), (demo,)), tmp_path / "simulated")
    assert found.facts[str(tmp_path / "simulated")]["simulated"]


def test_many_scenes_have_a_folder_each_and_a_broken_one_is_set_aside(given, tmp_path):
    folder = tmp_path / "scenes"
    scene(folder, "a_20230101.tif")
    scene(folder, "b_20230102.tif")
    scene(folder / "more", "a_20230101.tif")
    (folder / "c_20230103.tif").write_text("no raster")
    heard = []
    made = segment_alone(given._replace(scenes=(folder,)), tmp_path / "out", say=heard.append)
    assert sorted(made.facts) == [str(tmp_path / "out" / name) for name in ("a_20230101", "a_20230101-2", "b_20230102")]
    assert [row.name for row in made.set_aside] == [str(folder / "c_20230103.tif")]
    assert all((tmp_path / "out" / name / "mining.gpkg").exists() for name in ("a_20230101", "b_20230102"))
    with pytest.raises(InputError, match="no scene could be mapped"):
        segment_alone(given._replace(scenes=(folder / "c_20230103.tif",) * 2), tmp_path / "none")


def test_what_is_not_there_is_said(given, tmp_path):
    with pytest.raises(MissingInputError, match="no model"):
        segment_alone(given._replace(models=(tmp_path / "none.onnx",)), tmp_path / "out")
    with pytest.raises(MissingInputError, match=r"no \.onnx file"):
        segment_alone(given._replace(models=(tmp_path,)), tmp_path / "out")
    with pytest.raises(MissingInputError, match="no scene"):
        segment_alone(given._replace(scenes=(tmp_path / "none.tif",)), tmp_path / "out")
    with pytest.raises(ConfigError, match="threshold"):
        segment_alone(given, tmp_path / "out", changes={"threshold": 2.0})


def test_a_scene_without_data_is_said_to_have_none(given, tmp_path):
    heard = []
    empty = geotiff(tmp_path / "S2A_MSIL2A_20230717.tif", 0 * shares(), bands=BANDS)
    segment_alone(given._replace(scenes=(empty,)), tmp_path / "out", say=heard.append)
    assert "no pixel with every band" in heard[-1]
    assert gpd.read_parquet(tmp_path / "out" / "mining.parquet").empty


def test_a_file_that_is_no_land_cover_network_is_named(given, tmp_path):
    with pytest.raises(ModelError, match=r"chips\.onnx: the file does not say"):
        segment_alone(given._replace(models=(SHIPPED_MODEL,)), tmp_path / "out")


def test_a_grid_in_degrees_has_areas_in_square_metres(tmp_path):
    values = shares()
    path = tmp_path / "S2A_MSIL2A_20230717.tif"
    profile = {"driver": "GTiff", "count": 4, "height": SIDE, "width": SIDE, "dtype": "uint16", "crs": "EPSG:4326"}
    step = 9e-5
    with rasterio.open(path, "w", transform=rasterio.Affine(step, 0, 15.0, 0, -step, 5.0), nodata=0, **profile) as file:
        file.write(values)
        file.descriptions = BANDS
    made = segment_alone(ToSegment((path,), (network(tmp_path),)), tmp_path / "out", changes=EXACT)
    found = made.facts[str(tmp_path / "out")]
    ground = (step * 111_320) ** 2 * np.cos(np.radians(5.0))
    assert found["pixel_m2"] == pytest.approx(ground, rel=0.01)
    polygons = gpd.read_parquet(tmp_path / "out" / "mining.parquet")
    n_px = (stored(tmp_path / "out", "mining_subset_2.tif")[0] == 2).sum()
    waste = polygons[polygons["class"] == "dumping_ground"]
    assert waste["area_m2"].sum() == pytest.approx(ground * n_px, rel=0.01)


def test_radar_bands_come_from_an_image_of_their_own(tmp_path):
    radar = np.stack([np.where(DISC, 0.9, 0.1), np.full((SIDE, SIDE), 0.01)])
    decibels = (10 * np.log10(radar)).astype(np.float32)
    s1 = geotiff(tmp_path / "s1_20230716.tif", decibels, bands=("VV", "VH"))
    model = write_network(tmp_path / "m.onnx", facts(bands=("B04", "VV"), subsets=(2,)), seen={"dumping_ground": "B04"})
    given = ToSegment((scene(tmp_path),), (model,))
    with pytest.raises(ModelError, match="--radar"):
        segment_alone(given, tmp_path / "out")
    made = segment_alone(given._replace(radar=s1), tmp_path / "out")
    assert made.facts[str(tmp_path / "out")]["area_m2"]["dumping_ground"] > 0
    bare = geotiff(tmp_path / "bare.tif", np.concatenate([shares(), shares()[:1]]), level="L2A", date="2023-07-17")
    named = given._replace(scenes=(bare,), radar=s1, bands=(*BANDS, "SCL"))  # the last is no band of the cube
    assert segment_alone(named, tmp_path / "named").facts[str(tmp_path / "named")]["area_m2"]["dumping_ground"] > 0
    with pytest.raises(InputError, match="--radar goes with one scene"):
        segment_alone(given._replace(radar=s1, scenes=(given.scenes[0],) * 2), tmp_path / "out")


def test_the_verb(given, tmp_path):
    arguments = ["segment", str(given.scenes[0]), "--bundle", str(given.models[0]), "--out", str(tmp_path / "out")]
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 0, answer.output
    assert (tmp_path / "out" / "mining.png").exists()
