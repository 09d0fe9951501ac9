"""Two dates of one place: maps that are given, and scenes that are detected first."""

import geopandas as gpd
import numpy as np
import odc.geo.xr
import pytest
import rasterio
import xarray as xr
from affine import Affine
from typer.testing import CliRunner

from highwall.classification.emergence import pooled
from highwall.classification.options import EmergenceOptions
from highwall.cli import app
from highwall.core.errors import ConfigError, GridError, InputError
from highwall.core.grid import GeoBox
from highwall.core.products import LAYERS
from highwall.core.taxonomy import CHIP_CLASSES
from highwall.io.rasters import decode, write_cog
from highwall.workflows.mapping.detect_verb import ToDetect
from highwall.workflows.mapping.emergence import OUTPUTS, Dates, find_emergence
from highwall.workflows.mapping.emergence_verb import ToCompare, emergence_alone
from highwall.workflows.run import Outcome, Run, Stage, facts_of
from highwall.workflows.sites import site_of_raster
from tests.io.rasters_made import LEFT, TOP, geotiff

SIDE = 130
NEW, OLD = (slice(20, 60), slice(72, 112)), (slice(80, 108), slice(12, 48))
"""Along cells of 4 px, so that pixels and cells pool alike."""
QUIET = EmergenceOptions(block_px=64)


def date_folder(folder, *mines, side: int = SIDE, missing=None, east_m: float = 0.0):
    """What `detect` leaves, of a scene with certain mines."""
    folder.mkdir()
    layers = np.zeros((3, side, side), np.float32)
    layers[0] = 1.0
    for mine in mines:
        layers[(slice(None), *mine)] = np.array([0.1, 0.1, 0.8], np.float32)[:, None, None]
    if missing is not None:
        layers[(slice(None), *missing)] = np.nan
    grid = GeoBox((side, side), Affine(10, 0, LEFT + east_m, 0, -10, TOP), "EPSG:32633")
    coords = odc.geo.xr.xr_coords(grid)
    array = xr.DataArray(layers, dims=("band", "y", "x"), coords=coords).assign_coords(band=list(CHIP_CLASSES))
    write_cog(array, folder / "probability.tif", layer="class_probability")
    scene = xr.DataArray(0.1 + 0.1 * layers, dims=("band", "y", "x"), coords=coords)
    write_cog(scene.assign_coords(band=["B04", "B03", "B02"]), folder / "scene.tif", layer="reflectance")
    return folder


def found_between(before, after, out, *, options=QUIET, **seen):
    run = Run(out, site_of_raster(after / "probability.tif"))
    return facts_of(find_emergence(run, Dates(before, after, **seen), options=options))


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dates")
    before = date_folder(folder / "before", OLD, missing=(slice(0, 10), slice(0, 10)))
    after = date_folder(folder / "after", OLD, NEW)
    facts = found_between(before, after, folder / "out", seen_before="2019-07-01", seen_after="2021-07-01")
    return folder, facts


def test_only_what_is_new_is_found_and_it_bears_its_class(compared):
    folder, facts = compared
    objects = gpd.read_parquet(folder / "out" / "emergence.parquet")
    assert facts["n_emerged"] == len(objects) == 1
    assert objects.area_m2[0] == 40 * 40 * 100.0
    assert objects.mine_class[0] == "industrial_mine"
    assert objects.emergence_mean[0] == pytest.approx(0.9, abs=0.01)
    assert (objects.seen_before[0], objects.seen_after[0]) == ("2019-07-01", "2021-07-01")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (ToDetect((), level="L2A", convert=True), "--level and --convert cannot change .*before and .*after, detected"),
        (ToDetect((), force=True, bands=("B02",)), "--force and --bands cannot change"),
    ],
)
def test_how_to_detect_is_refused_where_all_is_detected(compared, tmp_path, how, message):
    folder, _ = compared
    with pytest.raises(InputError, match=message):
        emergence_alone(ToCompare(folder / "before", folder / "after", how), tmp_path)


def test_an_area_is_refused_where_an_earlier_run_has_one(compared, tmp_path):
    folder, _ = compared
    how = ToDetect((), aoi=tmp_path / "aoi.gpkg")
    with pytest.raises(InputError, match=r"--aoi cannot change .*after, detected before; leave it out"):
        emergence_alone(ToCompare(tmp_path / "scene.tif", folder / "after", how), tmp_path)


def test_it_leaves_what_it_promises(compared):
    folder, _ = compared
    assert {name for name in OUTPUTS if (folder / "out" / name).exists()} == set(OUTPUTS)


def test_the_map_is_the_product_and_missing_where_either_date_is(compared):
    folder, _ = compared
    with rasterio.open(folder / "out" / "emergence.tif") as raster:
        found = decode(raster.read(1), LAYERS["emergence"])
    assert np.isnan(found[:10, :10]).all()
    assert found[NEW] == pytest.approx(0.9, abs=0.01)
    assert found[OLD] == pytest.approx(0.9 * 0.1, abs=0.01)
    found[NEW], found[OLD] = 0.0, 0.0
    assert np.nanmax(found) == 0.0


def test_the_chip_map_pools_the_chip_around_each_cell_across_blocks(compared):
    folder, _ = compared
    with rasterio.open(folder / "out" / "emergence.tif") as raster:
        pixels = decode(raster.read(1), LAYERS["emergence"])
    with rasterio.open(folder / "out" / "chip_emergence.tif") as raster:
        chips = decode(raster.read(1), LAYERS["chip_emergence"])
        assert raster.shape == (33, 33)
    for row, col in ((16, 16), (15, 17), (10, 24), (27, 8)):  # 16 is where blocks of 64 px meet
        box = pixels[4 * (row - 6) : 4 * (row + 6), 4 * (col - 6) : 4 * (col + 6)]
        assert chips[row, col] == pytest.approx(pooled(box), abs=0.01)


def test_the_earlier_scene_comes_first(compared, tmp_path):
    folder, _ = compared
    with pytest.raises(InputError, match="earlier scene first"):
        found_between(folder / "after", folder / "before", tmp_path, seen_before="2021-07-01", seen_after="2019-07-01")


def test_other_grids_are_refused_with_the_cure(compared, tmp_path):
    folder, _ = compared
    other = date_folder(tmp_path / "other", side=100)
    with pytest.raises(GridError, match="one --aoi"):
        found_between(other, folder / "after", tmp_path / "out")
    far = date_folder(tmp_path / "far", east_m=50_000.0)
    with pytest.raises(GridError, match="different places"):
        found_between(far, folder / "after", tmp_path / "out")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """The same ground at two dates, one of them L2A."""
    folder = tmp_path_factory.mktemp("scenes")
    values = np.random.default_rng(0).integers(400, 2500, (3, 12, 12)).repeat(8, axis=1).repeat(8, axis=2)
    bands = ("B02", "B03", "B04")
    before = geotiff(folder / "S2A_MSIL1C_20190701.tif", values.astype(np.uint16), bands=bands)
    after = geotiff(folder / "S2A_MSIL2A_20210701.tif", values[:, ::-1].astype(np.uint16), bands=bands)
    (folder / "run.yaml").write_text("quality: {keep_refused: true}\n")
    return before, after, folder / "run.yaml"


def test_scenes_are_detected_first_and_an_l2a_one_put_back(scenes, tmp_path):
    before, after, run_file = scenes
    given = ToCompare(before, after, ToDetect((), convert=True))
    said = []
    facts = emergence_alone(given, tmp_path, run_file=run_file, threshold=0.05, say=said.append)
    assert (facts["before"], facts["after"], facts["threshold"]) == ("2019-07-01", "2021-07-01", 0.05)
    prepared = Run(tmp_path / "after", site_of_raster(after)).record("prepare")["highwall:facts"]
    assert (prepared["level"], prepared["converted"]) == ("L1C", "clear-sky-1 from L2A")
    again = emergence_alone(ToCompare(tmp_path / "before", tmp_path / "after", ToDetect(())), tmp_path / "again",
                            threshold=0.05)  # fmt: skip
    assert again == facts
    assert any(line.startswith("emergence.gpkg: ") for line in said)


def test_a_wrong_threshold_is_refused(scenes, tmp_path):
    before, after, run_file = scenes
    with pytest.raises(ConfigError, match="threshold"):
        emergence_alone(ToCompare(before, after, ToDetect(())), tmp_path, run_file=run_file, threshold=0.0)


def test_the_verb_compares_two_earlier_runs(compared, tmp_path):
    folder, _ = compared
    site = site_of_raster(folder / "after" / "probability.tif")
    for name, seen in (("before", "2019-07-01"), ("after", "2021-07-01")):
        outcome = Outcome({"acquired": seen})
        Run(folder / name, site).stage(Stage("prepare", {}, {}, ()), lambda outcome=outcome: outcome)
    done = CliRunner().invoke(app, ["emergence", str(folder / "before"), str(folder / "after"), "-o", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "emergence.gpkg: 1 of 16.0 ha in all, between 2019-07-01 and 2021-07-01, from 0.25" in done.output
