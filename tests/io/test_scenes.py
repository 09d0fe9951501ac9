from pathlib import Path

import numpy as np
import pytest
from odc.geo.geom import box

from highwall.core.errors import MissingInputError, SceneError
from highwall.core.grid import grid_of
from highwall.imagery.scaling import to_reflectance
from highwall.io.scenes import FolderSource, MemorySource, SceneReading, band_name

from .rasters_made import geotiff, numbers

AREA = box(15.0, 45.0, 15.01, 45.01, "EPSG:4326")
SIX = ("B02", "B03", "B04", "B08", "B11", "B12")
NEW = "S2B_MSIL2A_20230718T100601_N0509_R022_T33TVL_20230718T120000"
OLD = "S2A_MSIL1C_20190710T100031_N0207_R122_T33TVL_20190710T120000"


def read(*paths: Path, **options) -> SceneReading:
    return FolderSource(paths, **options).read(AREA)


def product(folder: Path, *, sizes: dict[str, int], suffix: bool = True) -> Path:
    """Write a product folder with one file a band, each ``size`` metres a pixel, over 240 m."""
    for name, size in sizes.items():
        file = f"T33TVL_20230718T100601_{name}{f'_{size}m' if suffix else ''}.tif"
        geotiff(folder / file, numbers(240 // size, 240 // size, seed=size), step=size)
    return folder


@pytest.mark.parametrize(
    ("text", "name"), [("B2", "B02"), ("b02", "B02"), (" B8A ", "B8A"), ("b8a", "B8A"), ("B11", "B11"), ("scl", "SCL")]
)
def test_band_names_take_one_form(text: str, name: str):
    assert band_name(text) == name


@pytest.mark.parametrize(
    ("text", "hint"), [("B8B", "did you mean 'B8A'"), ("red", "name them B01 … B12$"), ("B0", "B0")]
)
def test_an_unknown_band_is_refused_with_the_nearest(text: str, hint: str):
    with pytest.raises(SceneError, match=f"no Sentinel-2 band is called {text!r}.*{hint}"):
        band_name(text)


def test_a_geotiff_that_names_its_bands_is_a_scene(tmp_path: Path):
    values = numbers(6, 24, 24)
    path = geotiff(tmp_path / f"{NEW}.tif", values, bands=SIX)
    (scene,), set_aside = read(path)
    assert not set_aside
    assert scene.dims == ("band", "y", "x")
    assert scene["band"].values.tolist() == list(SIX)
    np.testing.assert_array_equal(scene.values, values)
    expected = {"scene_id": NEW, "acquired": "2023-07-18", "level": "L2A", "offset": -1000.0, "nodata": 0.0}
    assert {key: scene.attrs[key] for key in expected} == expected
    assert scene.attrs["quantification"] == 10_000
    assert "05.09" in scene.attrs["offset_reason"]
    np.testing.assert_allclose(to_reflectance(scene).values, (values - 1000.0) / 10_000, rtol=1e-6)


def test_files_without_band_names_take_the_given_ones_and_others_keep_their_own(tmp_path: Path):
    bare = geotiff(tmp_path / "20200101.tif", numbers(2, 8, 8))
    named = geotiff(tmp_path / "20200102.tif", numbers(2, 8, 8), bands=("B04", "B03"))
    spoken = geotiff(tmp_path / "20200103.tif", numbers(2, 8, 8), bands=("near infrared", "short wave"))
    scenes, set_aside = read(bare, named, spoken, bands=("B8", "B11"))
    assert [scene["band"].values.tolist() for scene in scenes] == [["B08", "B11"], ["B04", "B03"], ["B08", "B11"]]
    assert not set_aside


def test_what_cannot_be_used_is_set_aside_with_its_reason(tmp_path: Path):
    good = geotiff(tmp_path / "good_20200101.tif", numbers(2, 8, 8), bands=("B02", "B03"))
    unnamed = geotiff(tmp_path / "unnamed.tif", numbers(2, 8, 8))
    cut = geotiff(tmp_path / "cut.tif", numbers(2, 400, 400), bands=("B02", "B03"))
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 3 // 4])
    last = geotiff(tmp_path / "last.tif", numbers(2, 400, 400), bands=("B02", "B03"), interleave="band")
    last.write_bytes(last.read_bytes()[:-1000])
    nowhere = geotiff(tmp_path / "nowhere.tif", numbers(2, 8, 8), bands=("B02", "B03"), crs=None)
    text = tmp_path / "text.tif"
    text.write_text("no raster")
    scenes, set_aside = read(good, unnamed, cut, last, nowhere, text)
    assert [scene.attrs["scene_id"] for scene in scenes] == ["good_20200101"]
    reasons = {Path(row.name).stem: row.reason for row in set_aside}
    assert "scenes.bands in the site file" in reasons["unnamed"]
    assert "carries no CRS" in reasons["nowhere"]
    for name in ("cut", "last", "text"):
        assert "cannot be read" in reasons[name]
        assert "download or convert" in reasons[name]


def test_too_many_names_for_a_file_are_said(tmp_path: Path):
    _, (row,) = read(geotiff(tmp_path / "a.tif", numbers(2, 8, 8)), bands=SIX)
    assert row.reason == "a.tif has 2 bands, scenes.bands names 6."


def test_bands_of_a_product_are_stacked_at_ten_metres_by_nearest_neighbour(tmp_path: Path):
    sizes = {"B02": 10, "B03": 10, "B04": 10, "B08": 10, "B11": 20, "B12": 20, "B01": 60, "SCL": 20}
    folder = product(tmp_path / NEW, sizes=sizes)
    (scene,), _ = read(folder)
    assert scene["band"].values.tolist() == ["B01", "B02", "B03", "B04", "B08", "B11", "B12", "SCL"]
    assert scene.sizes == {"band": 8, "y": 24, "x": 24}
    assert abs(grid_of(scene).resolution.x) == 10
    for name, size in sizes.items():
        times = size // 10
        expected = numbers(240 // size, 240 // size, seed=size).repeat(times, 0).repeat(times, 1)
        np.testing.assert_array_equal(scene.sel(band=name).values, expected)


def test_the_finest_file_of_a_band_is_taken_and_masks_are_not_bands(tmp_path: Path):
    images = tmp_path / f"{NEW}.SAFE" / "GRANULE" / "L2A" / "IMG_DATA"
    geotiff(images / "R10m" / "T33TVL_20230718T100601_B02_10m.tif", numbers(24, 24, seed=1))
    geotiff(images / "R20m" / "T33TVL_20230718T100601_B02_20m.tif", numbers(12, 12, seed=2), step=20)
    geotiff(images / "R20m" / "T33TVL_20230718T100601_B11_20m.tif", numbers(12, 12, seed=3), step=20)
    geotiff(images.parent / "QI_DATA" / "MSK_DETFOO_B10.tif", np.ones((24, 24), "u1"))
    (scene,), _ = read(tmp_path)
    assert scene["band"].values.tolist() == ["B02", "B11"]
    np.testing.assert_array_equal(scene.sel(band="B02").values, numbers(24, 24, seed=1))


@pytest.mark.parametrize("ending", [".SAFE", ""])
@pytest.mark.parametrize(("level", "prefix"), [("L2A", "BOA"), ("L1C", "RADIO")])
def test_the_metadata_file_of_a_product_states_offset_and_level(tmp_path: Path, ending: str, level: str, prefix: str):
    name = NEW.replace("L2A", level).replace("N0509", "N0300")  # the metadata file is trusted over the name
    folder = tmp_path / f"{name}{ending}"
    product(folder / "GRANULE" / "IMG_DATA", sizes={"B02": 10, "B03": 10, "B04": 10}, suffix=False)
    quantification = "BOA_QUANTIFICATION_VALUE" if level == "L2A" else "QUANTIFICATION_VALUE"
    (folder / f"MTD_MSI{level}.xml").write_text(
        f'<n1:Level xmlns:n1="https://psd.example/"><n1:General_Info><Product_Image_Characteristics>'
        f'<{quantification} unit="none">10000</{quantification}><Offset_List>'
        f'<{prefix}_ADD_OFFSET band_id="0">-1000</{prefix}_ADD_OFFSET>'
        f'<{prefix}_ADD_OFFSET band_id="1">-1000</{prefix}_ADD_OFFSET>'
        f"</Offset_List></Product_Image_Characteristics></n1:General_Info></n1:Level>"
    )
    (scene,), set_aside = read(tmp_path)
    assert not set_aside
    assert (scene.attrs["offset"], scene.attrs["level"], scene.attrs["acquired"]) == (-1000.0, level, "2023-07-18")
    assert scene.attrs["offset_reason"] == "stated in the product's metadata"


def test_a_broken_metadata_file_sets_the_product_aside(tmp_path: Path):
    folder = product(tmp_path / NEW, sizes={"B02": 10})
    (folder / "MTD_MSIL2A.xml").write_text("<cut")
    scenes, (row,) = read(folder)
    assert not scenes
    assert "cannot be read" in row.reason


@pytest.mark.parametrize(
    ("baseline", "offset"), [("N0400", -1000.0), ("N0510", -1000.0), ("N0301", 0.0), ("N0207", 0.0), ("N9999", -1000.0)]
)
def test_the_baseline_in_the_name_decides_the_offset(tmp_path: Path, baseline: str, offset: float):
    path = geotiff(tmp_path / f"{NEW.replace('N0509', baseline)}.tif", numbers(1, 8, 8), bands=("B02",))
    (scene,), _ = read(path)
    assert scene.attrs["offset"] == offset


def test_without_a_baseline_no_offset_is_assumed_and_said_and_the_configuration_overrides(tmp_path: Path):
    path = geotiff(tmp_path / "mine.tif", numbers(1, 8, 8), bands=("B02",))
    (scene,), _ = read(path)
    assert (scene.attrs["offset"], scene.attrs["level"], scene.attrs["acquired"]) == (0.0, "unknown", "unknown")
    assert "assumed none" in scene.attrs["offset_reason"]
    (scene,), _ = read(path, offset=-500.0, level="L1C")
    assert (scene.attrs["offset"], scene.attrs["level"]) == (-500.0, "L1C")
    assert "configuration" in scene.attrs["offset_reason"]


def test_scenes_come_in_order_of_their_dates(tmp_path: Path):
    for name in (NEW, OLD, "site_20211231"):
        geotiff(tmp_path / f"{name}.tif", numbers(1, 8, 8), bands=("B02",))
    scenes, _ = read(tmp_path)
    assert [scene.attrs["acquired"] for scene in scenes] == ["2019-07-10", "2021-12-31", "2023-07-18"]
    assert MemorySource(scenes[::-1]).read(AREA).scenes == scenes


def test_a_folder_without_scenes_and_an_absent_path_are_refused(tmp_path: Path):
    with pytest.raises(MissingInputError, match="no scene in"):
        read(tmp_path)
    with pytest.raises(MissingInputError, match=r"no scene at .*absent"):
        read(tmp_path / "absent")


@pytest.mark.real
def test_real_products_are_read_and_stacked(real_data: Path):
    folder = real_data / "sentinel" / "bigearthnet_examples" / "BigEarthNet-S2-Example"
    scenes, set_aside = read(folder)
    assert not set_aside
    assert len(scenes) == 6
    assert all(scene.sizes == {"band": 12, "y": 120, "x": 120} for scene in scenes)
    assert [scene.attrs["acquired"] for scene in scenes] == sorted(scene.attrs["acquired"] for scene in scenes)
    assert {scene.attrs["level"] for scene in scenes} == {"L2A"}
    swir = scenes[0].sel(band="B11").values
    np.testing.assert_array_equal(swir, swir[::2, ::2].repeat(2, 0).repeat(2, 1))
    assert len(np.unique(swir)) > 100
    coastal = scenes[0].sel(band="B01").values
    np.testing.assert_array_equal(coastal, coastal[::6, ::6].repeat(6, 0).repeat(6, 1))


@pytest.mark.real
def test_radar_files_are_set_aside_not_taken_for_a_scene(real_data: Path):
    folder = real_data / "sentinel" / "bigearthnet_examples" / "BigEarthNet-S1-Example"
    scenes, set_aside = read(folder)
    assert not scenes
    assert len(set_aside) == 12


def test_numbers_with_a_fraction_are_reflectance_already(tmp_path: Path):
    path = geotiff(tmp_path / "composite_20240601.tif", np.full((8, 8), 0.25, np.float32), bands=("B04",))
    (scene,) = FolderSource((path,)).read(AREA).scenes
    assert (scene.attrs["quantification"], scene.attrs["offset"]) == (1.0, 0.0)
    assert float(to_reflectance(scene)[0, 0, 0]) == 0.25


def test_a_folder_of_bands_with_a_fraction_is_reflectance_as_a_file_is(tmp_path: Path):
    quarter = np.full((8, 8), 0.25, np.float32)
    for name in ("B03", "B04"):
        geotiff(tmp_path / "S2_20240601" / f"{name}.tif", quarter)
    geotiff(tmp_path / "S2_20240601" / "SCL.tif", np.full((8, 8), 4, np.uint8))
    (scene,), set_aside = read(tmp_path)
    assert not set_aside
    assert (scene.attrs["quantification"], scene.attrs["offset"]) == (1.0, 0.0)
    np.testing.assert_array_equal(to_reflectance(scene).values, np.stack([quarter] * 2))


def test_scale_and_offset_of_a_file_are_taken_in_one_file_and_in_a_folder(tmp_path: Path):
    """2500 · 0.0001 − 0.1 = 0.15, whatever the name says; classes have no scale."""
    values = np.full((3, 8, 8), 2500, np.uint16)
    whole = {"scales": (1e-4, 1e-4, 1.0), "offsets": (-0.1, -0.1, 0.0)}
    one = geotiff(tmp_path / f"{OLD}.tif", values, bands=("B03", "B04", "SCL"), **whole)
    for name in ("B03", "B04"):
        geotiff(tmp_path / "many" / f"{name}.tif", values[0], scales=(1e-4,), offsets=(-0.1,))
    scenes, set_aside = read(one, tmp_path / "many")
    assert not set_aside
    for scene in scenes:
        assert (scene.attrs["quantification"], scene.attrs["offset"]) == (10_000.0, -1000.0)
        assert "stated" in scene.attrs["offset_reason"]
        np.testing.assert_allclose(to_reflectance(scene).values, np.full((2, 8, 8), 0.15), rtol=1e-6)


def test_tags_of_a_scene_outweigh_its_scale(tmp_path: Path):
    tags = {"QUANTIFICATION": "5000", "OFFSET": "0"}
    path = geotiff(tmp_path / "a.tif", numbers(1, 8, 8), bands=("B03",), scales=(1e-4,), offsets=(-0.1,), **tags)
    (scene,), _ = read(path)
    assert (scene.attrs["quantification"], scene.attrs["offset"]) == (5000.0, 0.0)


@pytest.mark.parametrize(
    ("scales", "reason"), [((1e-4, 1e-3), "differ in type, scale or offset"), ((-1.0, -1.0), "scale of -1; give it")]
)
def test_bands_of_other_scales_or_of_none_are_set_aside(tmp_path: Path, scales: tuple[float, ...], reason: str):
    path = geotiff(tmp_path / "a.tif", numbers(2, 8, 8), bands=("B03", "B04"), scales=scales, offsets=(0.0, 0.0))
    scenes, (row,) = read(path)
    assert not scenes
    assert reason in row.reason


def test_bands_of_several_dates_in_a_folder_are_no_scene(tmp_path: Path):
    for date, bands in (("20240601", ("B03", "B04")), ("20240611", ("B04",))):
        for name in bands:
            geotiff(tmp_path / f"T33TVL_{date}T100601_{name}.tif", numbers(8, 8))
    scenes, (row,) = read(tmp_path)
    assert not scenes
    assert "of several dates (2024-06-01, 2024-06-11); give each date a folder of its own" in row.reason


def test_a_date_with_its_time_in_one_number_is_read(tmp_path: Path):
    (scene,), _ = read(geotiff(tmp_path / "S2_20230615103045.tif", numbers(1, 8, 8), bands=("B03",)))
    assert scene.attrs["acquired"] == "2023-06-15"
