"""Folders of scenes and labels as samples."""

import datetime as dt

import numpy as np
import pytest
import rasterio

from highwall.core.errors import GridError, InputError, MissingInputError, SceneError
from highwall.segmentation.labels import has_class, target_of
from highwall.workflows.datasets.reading import read_dataset, read_folder, site_of_scene
from highwall.workflows.datasets.sample_images import open_image
from tests.segmentation.drawings import box, drawn, grid_of

RGB = ("B2", "B3", "B4")


def scene(path, *, bands=RGB, east_m=0.0, dtype="uint16", value=2000, crs=None, nodata=0, **tags):
    """A scene of one value, its upper row missing."""
    grid = grid_of(east_m=east_m)
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.full((len(bands), *grid.shape), value, dtype=dtype)
    values[:, 0] = nodata
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=grid.shape.y, width=grid.shape.x, dtype=dtype,
        crs=None if crs == "none" else str(grid.crs), transform=grid.transform, nodata=nodata,
    ) as dataset:  # fmt: skip
        dataset.write(values)
        dataset.descriptions = bands
        dataset.update_tags(**tags)
    return path


def labels(path, *shapes, east_m=0.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = drawn(*shapes)
    table.geometry = table.geometry.translate(east_m)
    table.to_crs("EPSG:4326").to_file(path)
    return path


@pytest.fixture
def folders(tmp_path):
    for number, east_m in (("2", 0.0), ("10", 300.0), ("3", 9000.0)):
        scene(tmp_path / "images" / f"{number}.tif", east_m=east_m)
        labels(tmp_path / "labels" / f"{number}-1.geojson", ("dam", box(5, 5, 9, 9)), east_m=east_m)
    labels(tmp_path / "labels" / "3-2.geojson", ("dam", box(5, 5, 9, 12)), east_m=9000.0)
    scene(tmp_path / "images" / "44.tif", east_m=20_000.0)
    return tmp_path / "images", tmp_path / "labels"


def test_a_scene_is_a_sample_and_overlapping_ones_a_group(folders):
    found = read_folder(*folders, level="L1C")
    assert [one.name for one in found.samples] == ["2", "3", "10"]
    assert [one.group for one in found.samples] == ["2", "3", "2"]  # scenes of 500 m, 300 m apart
    assert found.unlabelled == ["44"]
    assert found.set_aside == []
    one = found.samples[1]
    assert (one.bands, one.level, one.date, one.annotators) == (("B02", "B03", "B04"), "L1C", None, ("1", "2"))
    assert np.isnan(one.image()[:, 0]).all()
    assert np.allclose(one.image()[:, 1:], 0.2)
    assert np.count_nonzero(has_class(one.mask(annotator="2"), "dam")) == 4 * 7
    assert target_of(one.mask(), 3).max() == 6


def test_near_scenes_are_of_one_group_if_asked(folders):
    assert read_folder(*folders, near_m=10_000.0).samples.groups == ("2",)


def test_a_bad_file_is_set_aside_and_the_rest_read(folders):
    images, drawings = folders
    (images / "3.tif").write_bytes((images / "3.tif").read_bytes()[:400])
    (drawings / "10-1.geojson").write_text("{")
    labels(drawings / "99-1.geojson", ("dam", box(5, 5, 9, 9)))
    found = read_folder(images, drawings)
    assert [one.name for one in found.samples] == ["2"]
    assert {name for name, _ in found.set_aside} == {"3", "10-1.geojson", "99-1.geojson"}


def test_folders_that_give_nothing_tell_why(folders, tmp_path):
    images, drawings = folders
    with pytest.raises(MissingInputError, match="no scenes in"):
        read_folder(tmp_path / "nothing", drawings)
    only = labels(tmp_path / "other" / "2-1.geojson", ("lake", box(0, 0, 3, 3))).parent
    with pytest.raises(InputError, match="'lake' is unknown"):
        read_folder(images, only)


def test_subfolders_are_sites_and_names_carry_dates(tmp_path):
    for name, east_m in (("pit/2020-05-01", 0.0), ("pit/2021-06-02", 0.0), ("hill_20190301", 9000.0)):
        scene(tmp_path / "images" / f"{name}.tif", east_m=east_m)
        labels(tmp_path / "labels" / f"{name}.gpkg", ("dam", box(5, 5, 9, 9)), east_m=east_m)
    samples = read_folder(tmp_path / "images", tmp_path / "labels").samples
    assert [(one.site, one.date) for one in samples] == [
        ("hill", dt.date(2019, 3, 1)), ("pit", dt.date(2020, 5, 1)), ("pit", dt.date(2021, 6, 2)),
    ]  # fmt: skip
    assert samples.groups == ("hill", "pit")


@pytest.mark.parametrize(
    ("key", "site"),
    [("17", "17"), ("pit/2020-05-01_s2", "pit"), ("a/b/2020-05-01", "a/b"), ("Aguablanca_20200501", "Aguablanca"),
     ("S2A_MSIL1C_20210626T103021_N0300", "S2A_MSIL1C"), ("20200501", "20200501")],
)  # fmt: skip
def test_the_site_is_the_folder_or_the_name_before_the_date(key, site):
    assert site_of_scene(key) == site


def test_numbers_become_reflectance_by_what_the_file_states(tmp_path):
    stated = open_image(scene(tmp_path / "S2_MSIL2A_20220501.tif", OFFSET="-1000", QUANTIFICATION="10000"))
    assert np.allclose(stated.read()[:, 1:], 0.1)
    assert stated.level == "L2A"
    floats = open_image(scene(tmp_path / "f.tif", dtype="float32", value=0.25, nodata=-9999.0))
    assert np.allclose(floats.read()[:, 1:], 0.25)
    assert np.isnan(floats.read()[:, 0]).all()


def test_radar_and_optical_bands_of_one_file_are_read_and_scl_left_out(tmp_path):
    path = scene(tmp_path / "cube.tif", bands=("B04", "SCL", "VV", "VV_VH"), dtype="float32", value=0.5, nodata=np.nan)
    opened = open_image(path)
    assert opened.bands == ("B04", "VV", "VV_VH")
    assert opened.read().shape == (3, 40, 50)


@pytest.mark.parametrize(
    ("facts", "error", "message"),
    [
        ({"bands": ("B2", "B3", "NDVI")}, SceneError, "no band or configuration is called 'NDVI'"),
        ({"bands": (None, None, None)}, SceneError, "does not name its bands"),
        ({"crs": "none"}, GridError, "carries no CRS"),
        ({"dtype": "uint8", "value": 200}, SceneError, "bytes, which are no reflectance"),
        ({"bands": ("B2", "VV", "VH")}, SceneError, "VV, VH as whole numbers without a scale"),
        ({"dtype": "float32", "value": 2000.0}, SceneError, "values up to 2000; they are no reflectance"),
    ],
)
def test_images_that_cannot_be_understood_are_refused(tmp_path, facts, error, message):
    with pytest.raises(error, match=message):
        open_image(scene(tmp_path / "a.tif", **facts))


def test_bands_can_be_named_for_files_that_do_not(tmp_path):
    path = scene(tmp_path / "a.tif", bands=(None, None, None))
    assert open_image(path, bands=("B4", "B3", "B2")).bands == ("B04", "B03", "B02")
    with pytest.raises(SceneError, match="has 3 bands, 2 were named"):
        open_image(path, bands=("B4", "B3"))


def test_a_dataset_that_is_none_is_told_of(tmp_path):
    with pytest.raises(MissingInputError, match="run `highwall dataset build` first"):
        read_dataset(tmp_path)
    (tmp_path / "dataset.json").write_text('{"bands": ["B04"], "chips": [{}]}')
    with pytest.raises(InputError, match="is no index of a dataset"):
        read_dataset(tmp_path)


@pytest.mark.real
def test_the_scenes_of_brazil_are_read_with_all_their_annotators(real_data):
    found = read_folder(real_data / "tailings-ponds" / "images", real_data / "mine-classes", level="L1C")
    samples = found.samples
    assert (len(samples), len(samples.each_annotator()), len(found.unlabelled)) == (30, 36, 31)
    assert found.set_aside == []
    assert len(samples.groups) == 29
    one = samples[0]
    assert one.image().shape == (3, 448, 448)
    assert 0.0 < np.nanmedian(one.image()) < 0.3
