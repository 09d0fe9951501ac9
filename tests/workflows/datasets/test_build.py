"""Scenes, labels and a table of sites become a dataset that is read back as it was."""

import datetime as dt
import json
from functools import partial

import numpy as np
import pystac
import pytest
import rasterio
from typer.testing import CliRunner

from highwall.cli import app
from highwall.core.errors import ConfigError, InputError, MissingInputError, OutputError
from highwall.segmentation.dataset import SPLITS
from highwall.segmentation.label_options import DatasetOptions
from highwall.segmentation.labels import OUTSIDE, has_class
from highwall.workflows.config_files import checked
from highwall.workflows.datasets import chips as dataset_chips
from highwall.workflows.datasets.build import build_dataset
from highwall.workflows.datasets.reading import read_dataset
from tests.segmentation.drawings import box, drawn, grid_of

OPTIONS = DatasetOptions(chip_px=32, least_valid=0.1)
YEARS = (2019, 2020, 2021)
SITES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")
APART_M = 20_000.0


def write(path, values, *, bands, east_m, nodata, **tags):
    path.parent.mkdir(parents=True, exist_ok=True)
    grid = grid_of(east_m=east_m)
    with rasterio.open(
        path, "w", driver="GTiff", count=len(values), height=grid.shape.y, width=grid.shape.x, dtype=values.dtype,
        crs=str(grid.crs), transform=grid.transform, nodata=nodata,
    ) as dataset:  # fmt: skip
        dataset.write(values)
        dataset.descriptions = bands
        dataset.update_tags(**tags)
    return path


def scene(path, *, east_m, seed=0, **tags):
    values = np.random.default_rng(seed).integers(500, 4000, (4, 40, 50)).astype(np.uint16)
    values[:, :, 48:] = 0
    return write(path, values, bands=("B02", "B03", "B04", "B08"), east_m=east_m, nodata=0, **tags)


def radar(path, *, east_m):
    values = np.full((2, 40, 50), -12.0, np.float32)
    values[1] = -19.0
    return write(path, values, bands=("VV", "VH"), east_m=east_m, nodata=np.nan)


def label(path, *, east_m, name="excavation"):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = drawn((name, box(2, 2, 22, 30)), ("dam", box(34, 34, 38, 46)))
    table.geometry = table.geometry.translate(east_m)
    table.to_file(path)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Six sites of three years, far apart but for the last two; 40 × 50 pixels."""
    folder = tmp_path_factory.mktemp("mines")
    for number, site in enumerate(SITES):
        east_m = APART_M * number if site != "zeta" else APART_M * (number - 1) + 2000.0
        for year in YEARS:
            scene(folder / "scenes" / site / f"{year}-06-01_s2.tif", east_m=east_m, seed=year)
            radar(folder / "scenes" / site / f"{year}-06-01_s1.tif", east_m=east_m)
            label(folder / "labels" / site / f"{year}-06-01.gpkg", east_m=east_m)
    rows = [f"{site},{'CL' if site < 'c' else 'MO'},OP" for site in SITES]
    (folder / "sites.csv").write_text("\n".join(["site,material,mine_type", *rows]))
    return folder


def build(inputs, out, *, options=OPTIONS, sites="sites.csv"):
    table = inputs / sites if sites else None
    return build_dataset(inputs / "scenes", inputs / "labels", out, sites=table, options=options)


def test_a_site_trains_with_all_its_dates_or_is_judged_by_one(inputs, tmp_path):
    statistics = build(inputs, tmp_path / "set")
    samples = read_dataset(tmp_path / "set")
    assert {split: len({s.site for s in samples.where(split=split)}) for split in SPLITS} == {
        "training": 4, "validation": 1, "test": 1,
    }  # fmt: skip
    for site in SITES:
        one = [sample for sample in samples if sample.site == site]
        assert len({sample.split for sample in one}) == 1
        assert len({sample.date for sample in one}) == (3 if one[0].split == "training" else 1)
    near = [sample for sample in samples if sample.site in ("epsilon", "zeta")]
    assert len({sample.group for sample in near}) == len({sample.split for sample in near}) == 1
    assert statistics["splits"]["training"]["n_images"] == 12
    assert statistics["table"]["All"]["1"] == {"test": 1, "validation": 1, "training": 12}


@pytest.mark.parametrize("form", ["geotiff", "zarr"])
def test_chips_hold_what_the_scenes_and_labels_hold(inputs, tmp_path, form):
    build(inputs, tmp_path / "set", options=OPTIONS.model_copy(update={"format": form, "bands": "R+N"}))
    samples = read_dataset(tmp_path / "set")
    chips = [sample for sample in samples if sample.scene == samples[0].scene]
    assert len(chips) == 4  # 40 × 50 pixels in chips of 32, the last ones moved back
    assert chips[0].bands == ("B04", "B03", "B02", "B08")
    with rasterio.open(inputs / "scenes" / chips[0].site / f"{chips[0].date}_s2.tif") as dataset:
        whole = dataset.read((3, 2, 1, 4)).astype(np.float32) / 1e4
    corner, last = chips[0], chips[3]
    assert np.allclose(corner.image(), whole[:, :32, :32], atol=1e-6)
    assert np.allclose(last.image()[:, :, :30], whole[:, 8:, 18:48], atol=1e-6)
    assert np.isnan(last.image()[:, :, 30:]).all()
    assert (last.mask()[:, 30:] == OUTSIDE).all()
    assert np.count_nonzero(has_class(corner.mask(), "excavation")) == 20 * 28
    assert (corner.material, corner.mine_type, corner.level) == ("CL" if corner.site < "c" else "MO", "OP", "unknown")


@pytest.mark.parametrize("form", ["zarr", "geotiff"])
def test_a_build_that_was_stopped_goes_on_and_is_as_if_it_had_not_been(inputs, tmp_path, form, monkeypatch):
    options = OPTIONS.model_copy(update={"format": form})
    whole = build(inputs, tmp_path / "whole", options=options)
    cut, seen = dataset_chips._write_chip, []

    def watched(placed, *rest, is_cut=False, **options):
        seen.append(placed.scene.files.name)
        if is_cut and len(set(seen)) == 4 and seen.count(seen[-1]) == 2:  # within the fourth scene
            raise KeyboardInterrupt
        cut(placed, *rest, **options)

    monkeypatch.setattr(dataset_chips, "_write_chip", partial(watched, is_cut=True))
    with pytest.raises(KeyboardInterrupt):
        build(inputs, tmp_path / "stopped", options=options)
    assert not (tmp_path / "stopped").exists()
    first = dict.fromkeys(seen)
    seen.clear()
    monkeypatch.setattr(dataset_chips, "_write_chip", watched)
    assert build(inputs, tmp_path / "stopped", options=options) == whole
    assert set(list(first)[:3]).isdisjoint(seen)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stopped", "whole"]
    pairs = zip(read_dataset(tmp_path / "whole"), read_dataset(tmp_path / "stopped"), strict=True)
    for one, other in pairs:
        assert one.name == other.name
        assert np.array_equal(one.image(), other.image(), equal_nan=True)
        assert np.array_equal(one.mask(), other.mask())
    names = {path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*")}
    assert names == {path.relative_to(tmp_path / "stopped") for path in (tmp_path / "stopped").rglob("*")}


def test_other_options_begin_anew(inputs, tmp_path, monkeypatch):
    monkeypatch.setattr(dataset_chips, "_note", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        build(inputs, tmp_path / "out")
    monkeypatch.undo()
    build(inputs, tmp_path / "out", options=OPTIONS.model_copy(update={"chip_px": 16}))
    assert {sample.shape for sample in read_dataset(tmp_path / "out")} == {(16, 16)}


def test_scenes_smaller_than_a_chip_are_padded(inputs, tmp_path):
    build(inputs, tmp_path / "set", options=DatasetOptions(chip_px=64))
    one = read_dataset(tmp_path / "set")[0]
    assert one.image().shape == (3, 64, 64)
    assert np.isnan(one.image()[:, 40:]).all()
    assert (one.mask()[40:] == OUTSIDE).all()
    assert one.name == f"{one.site}_{one.date}"


def test_radar_beside_a_scene_is_fused_in(inputs, tmp_path):
    build(inputs, tmp_path / "set", options=OPTIONS.model_copy(update={"bands": "R+N+S"}))
    one = read_dataset(tmp_path / "set")[0]
    assert one.bands[-3:] == ("VV", "VH", "VV_VH")
    assert np.allclose(one.image()[-3:, 5, 5], [-12.0, -19.0, -3.0], atol=1e-3)  # VV − VH − 10 dB


def test_chips_without_labels_and_without_data_can_be_left_out(inputs, tmp_path):
    build(inputs, tmp_path / "set", options=OPTIONS.model_copy(update={"chip_px": 32, "step_px": 16}))
    every = len(read_dataset(tmp_path / "set"))
    build(inputs, tmp_path / "set", options=DatasetOptions(chip_px=32, step_px=16, least_valid=0.97))
    assert len(read_dataset(tmp_path / "set")) < every
    small = DatasetOptions(chip_px=32, step_px=32, keep_unlabelled=False)
    build(inputs, tmp_path / "set", options=small)
    assert all(has_class(one.mask(), "mining_area").any() for one in read_dataset(tmp_path / "set"))


def test_the_catalogue_is_stac_and_its_checksums_hold(inputs, tmp_path):
    build(inputs, tmp_path / "set")
    catalog = pystac.Catalog.from_file(str(tmp_path / "set" / "catalog.json"))
    items = list(catalog.get_items())
    samples = read_dataset(tmp_path / "set")
    assert [item.id for item in items] == [sample.name for sample in samples]
    assert items[0].datetime.date() == samples[0].date
    assert items[0].properties["highwall:split"] == samples[0].split
    assert [band["name"] for band in items[0].assets["image"].extra_fields["bands"]] == ["B04", "B03", "B02"]
    for asset in items[0].assets.values():
        assert (tmp_path / "set" / "items" / asset.href).is_file()
        assert asset.extra_fields["file:checksum"].startswith("1220")


def test_one_drawing_of_a_site_serves_all_its_dates(tmp_path):
    for year in YEARS:
        scene(tmp_path / "scenes" / f"pit_{year}0601.tif", east_m=0.0)
    label(tmp_path / "labels" / "pit-anna.gpkg", east_m=0.0)
    said = []
    build_dataset(tmp_path / "scenes", tmp_path / "labels", tmp_path / "set", options=OPTIONS, say=said.append)
    samples = read_dataset(tmp_path / "set")
    assert {sample.date.year for sample in samples} == set(YEARS)
    assert samples[0].annotators == ("anna",)
    assert "3 scenes take the labels of their site, for they have none of their date" in said


def test_the_table_chooses_sites_dates_and_splits(inputs, tmp_path):
    table = inputs / "chosen.csv"
    table.write_text("site,dates,split\nalpha,2020-06-01 2018-01-01,test\nbeta,,\nnowhere,,\n")
    statistics = build(inputs, tmp_path / "set", sites="chosen.csv")
    samples = read_dataset(tmp_path / "set")
    assert {(one.site, one.split) for one in samples} == {("alpha", "test"), ("beta", "training")}
    assert {one.date for one in samples if one.site == "alpha"} == {dt.date(2020, 6, 1)}
    reasons = {row["name"]: row["reason"] for row in statistics["set_aside"]}
    assert reasons["nowhere"] == "has no labelled scene"
    assert reasons["alpha 2018-01-01"] == "has no labelled scene"
    assert "has no row in the site table" in reasons["gamma_2019-06-01"]


def test_near_sites_in_two_splits_are_refused(inputs, tmp_path):
    (inputs / "torn.csv").write_text("site,split\nepsilon,test\nzeta,training\n")
    with pytest.raises(InputError, match="epsilon, zeta lie near each other"):
        build(inputs, tmp_path / "set", sites="torn.csv")
    assert not (tmp_path / "set").exists()


def test_a_bad_scene_is_set_aside_and_none_at_all_is_an_error(inputs, tmp_path):
    scene(tmp_path / "scenes" / "a.tif", east_m=0.0)
    bad = scene(tmp_path / "scenes" / "b.tif", east_m=50_000.0)
    bad.write_bytes(bad.read_bytes()[:500])
    for name in "ab":
        label(tmp_path / "labels" / f"{name}.gpkg", east_m=0.0)
    statistics = build_dataset(tmp_path / "scenes", tmp_path / "labels", tmp_path / "set", options=OPTIONS)
    assert [row["name"] for row in statistics["set_aside"]] == ["b"]
    with pytest.raises(InputError, match=r"has no VV, VH, VV_VH.*put its radar beside it"):
        build_dataset(
            tmp_path / "scenes", tmp_path / "labels", tmp_path / "other", options=DatasetOptions(bands="R+N+S")
        )
    with pytest.raises(MissingInputError, match="no scenes in"):
        build_dataset(tmp_path / "none", tmp_path / "labels", tmp_path / "other")


def test_an_error_gives_the_first_reasons_and_counts_the_rest(tmp_path):
    for number in range(14):
        bad = scene(tmp_path / "scenes" / f"{number}.tif", east_m=0.0)
        bad.write_bytes(bad.read_bytes()[:500])
        label(tmp_path / "labels" / f"{number}.gpkg", east_m=0.0)
    with pytest.raises(InputError, match="and 4 more"):
        build_dataset(tmp_path / "scenes", tmp_path / "labels", tmp_path / "set", options=OPTIONS)


def test_masks_of_yes_and_no_are_told_to_be_excavations(tmp_path):
    scene(tmp_path / "scenes" / "a.tif", east_m=0.0)
    mask = np.zeros((1, 40, 50), np.uint8)
    mask[:, 5:20, 5:20] = 1
    write(tmp_path / "labels" / "a.tif", mask, bands=("mask",), east_m=0.0, nodata=None)
    said = []
    build_dataset(tmp_path / "scenes", tmp_path / "labels", tmp_path / "set", options=OPTIONS, say=said.append)
    assert any("all that they mark is taken for excavation" in line for line in said)


def test_a_folder_that_is_no_dataset_is_not_replaced(inputs, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "thesis.txt").touch()
    with pytest.raises(OutputError, match="is no dataset"):
        build(inputs, tmp_path / "set")
    assert (tmp_path / "set" / "thesis.txt").exists()


def test_two_files_of_one_site_and_date_are_told_of(tmp_path):
    for name in ("pit/2020-06-01.tif", "pit_20200601.tif", "hill.tif"):
        scene(tmp_path / "scenes" / name, east_m=0.0 if "pit" in name else 90_000.0)
    label(tmp_path / "labels" / "pit.gpkg", east_m=0.0)
    label(tmp_path / "labels" / "hill.gpkg", east_m=90_000.0)
    statistics = build_dataset(tmp_path / "scenes", tmp_path / "labels", tmp_path / "set", options=OPTIONS)
    assert [row["reason"].startswith("is of the site and date of") for row in statistics["set_aside"]] == [True]


def test_simulated_scenes_stay_known_as_such(tmp_path):
    scene(tmp_path / "scenes" / "a.tif", east_m=0.0, SIMULATED="yes")
    label(tmp_path / "labels" / "a.gpkg", east_m=0.0)
    statistics = build_dataset(tmp_path / "scenes", tmp_path / "labels", tmp_path / "set", options=OPTIONS)
    assert statistics["n_simulated_images"] == 1
    assert all(sample.is_simulated for sample in read_dataset(tmp_path / "set"))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"training": 0.9}, "add up to 1.2"), ({"chip_px": 500}, "multiple of 32"), ({"format": "hdf5"}, "geotiff"),
        ({"step_px": 600}, "leaves gaps"), ({"chips": 3}, "unknown key chips; did you mean 'chip_px'"),
    ],
)  # fmt: skip
def test_options_out_of_bounds_are_refused(said, message):
    with pytest.raises(ConfigError, match=message):
        checked(DatasetOptions, said, source="the command line")


def test_the_verb_builds_and_tells(inputs, tmp_path):
    words = ["dataset", "build", str(inputs / "scenes"), str(inputs / "labels"), "--out", str(tmp_path / "set")]
    done = CliRunner().invoke(app, [*words, "--sites", str(inputs / "sites.csv"), "--chip", "32"])
    assert done.exit_code == 0, done.output
    assert "statistics.md" in done.output
    index = json.loads((tmp_path / "set" / "dataset.json").read_text())
    assert index["options"]["chip_px"] == 32
    assert "| All |" in (tmp_path / "set" / "statistics.md").read_text()


@pytest.mark.real
def test_the_scenes_of_brazil_become_a_dataset(real_data, tmp_path):
    statistics = build_dataset(
        real_data / "tailings-ponds" / "images", real_data / "mine-classes", tmp_path / "set",
        options=DatasetOptions(chip_px=448, level="L1C"),
    )  # fmt: skip
    samples = read_dataset(tmp_path / "set")
    assert len(samples) == len(samples.sites) == 30
    assert statistics["set_aside"] == []
    assert sum(sizes["n_images"] for sizes in statistics["splits"].values()) == 30
    footprint_ha = sum(row["area_ha"] for row in statistics["classes"]["mining_area"].values())
    assert footprint_ha == pytest.approx(113.3e4 * 9.53 * 9.95 / 1e4, rel=0.03)  # 113.3·10⁴ px of about 9.53 × 9.95 m
