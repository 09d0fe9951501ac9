"""Files of labels: which scene they are for, and the mask that each kind gives."""

import numpy as np
import pytest
import rasterio

from highwall.core.errors import GridError, InputError, MissingInputError, VectorError
from highwall.core.grid import Window
from highwall.core.taxonomy import BLANK
from highwall.segmentation.labels import BITS, OUTSIDE, rasterise, target_of
from highwall.workflows.labels.files import files_below, label_files, natural_order, open_labels, read_labels
from tests.segmentation.drawings import box, drawn, grid_of

DRAWING = drawn(("dumping_ground", box(0, 0, 20, 20)), ("dam", box(5, 5, 8, 18)))


def raster(path, values, *, grid=None, names=(), **tags):
    stack = values if values.ndim == 3 else values[None]
    place = grid or grid_of()
    with rasterio.open(
        path, "w", driver="GTiff", count=len(stack), height=stack.shape[1], width=stack.shape[2],
        dtype=stack.dtype, crs=str(place.crs), transform=place.transform,
    ) as dataset:  # fmt: skip
        dataset.write(stack)
        dataset.descriptions = names or (None,) * len(stack)
        dataset.update_tags(**tags)
    return path


def test_files_find_their_scene_and_annotator(tmp_path):
    for name in (
        "17-3.geojson",
        "17-4.geojson",
        "9.geojson",
        "a/2021-05-03.gpkg",
        "a/2021-05-03-7.gpkg",
        "zz-1.geojson",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    paired, strange = label_files(tmp_path, ["17", "9", "a/2021-05-03"])
    assert [(file.scene, file.annotator) for file in paired] == [
        ("9", "1"), ("17", "3"), ("17", "4"), ("a/2021-05-03", "1"), ("a/2021-05-03", "7"),
    ]  # fmt: skip
    assert [path.name for path in strange] == ["zz-1.geojson"]


def test_a_folder_without_labels_is_refused(tmp_path):
    (tmp_path / "README.md").touch()
    with pytest.raises(MissingInputError, match="no labels in"):
        label_files(tmp_path, ["17"])


def test_hidden_files_are_no_labels(tmp_path):
    for name in (".part-1-a.tif", "a.tif", ".git/b.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in files_below(tmp_path, (".tif",))] == ["a.tif"]


def test_numbers_stand_by_value():
    assert sorted(["10", "9", "a10", "a9", "1-2", "1-10"], key=natural_order) == ["1-2", "1-10", "9", "10", "a9", "a10"]


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".parquet"])
def test_polygons_give_the_same_mask_from_any_file(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    DRAWING.to_parquet(path) if suffix == ".parquet" else DRAWING.to_crs("EPSG:4326").to_file(path)
    read = open_labels(path, grid_of())
    assert np.array_equal(read(), rasterise(DRAWING, grid_of()))
    assert np.array_equal(read(Window(slice(4, 12), slice(3, 30))), read()[4:12, 3:30])


def test_a_drawing_without_polygons_is_no_mine(tmp_path):
    path = tmp_path / "a.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}')
    assert read_labels(path).empty
    assert not open_labels(path, grid_of())().any()


def test_rasters_of_bits_codes_and_layers_give_the_same_mask(tmp_path):
    codes = np.zeros((40, 50), np.uint8)
    codes[:9, :9], codes[20:30, :5], codes[39] = 9, 11, 255
    expected = np.zeros((40, 50), np.uint16)
    expected[:9, :9], expected[20:30, :5], expected[39] = BITS["dam"], BITS[BLANK], OUTSIDE
    layers = np.stack([codes == 9, codes == 11]).astype(np.uint8)
    layers[:, 39] = 255
    for path in (
        raster(tmp_path / "codes.tif", codes), raster(tmp_path / "bits.tif", expected, LAYER="mining_labels"),
        raster(tmp_path / "layers.tif", layers, names=("dam", BLANK)), raster(tmp_path / "untagged.tif", expected),
    ):  # fmt: skip
        read = open_labels(path, grid_of())
        assert np.array_equal(read(), expected), path.name
        assert np.array_equal(read(Window(slice(4, 12), slice(3, 30))), expected[4:12, 3:30])


def test_codes_count_for_the_class_that_contains_theirs_and_bits_do_not(tmp_path):
    codes = np.zeros((40, 50), np.uint8)
    codes[0], codes[1], codes[2] = 10, 7, 9
    mask = open_labels(raster(tmp_path / "codes.tif", codes), grid_of())()
    assert target_of(mask, 2)[:4, 0].tolist() == [1, 0, 0, 0]  # tailings lie in a dumping ground
    assert target_of(mask, 1)[:4, 0].tolist() == [0, 1, 0, 0]  # slopes lie in an excavation
    assert target_of(mask, 4)[:4, 0].tolist() == [1, 1, 1, 0]
    bits = np.full((40, 50), BITS["tailing_storage_facility"], np.uint16)
    assert not target_of(open_labels(raster(tmp_path / "bits.tif", bits, LAYER="mining_labels"), grid_of())(), 2).any()


def test_rasters_that_may_mean_two_things_are_refused(tmp_path):
    five = np.full((40, 50), 5, np.uint16)
    with pytest.raises(InputError, match="may be codes or bits"):
        open_labels(raster(tmp_path / "five.tif", five), grid_of())
    assert open_labels(raster(tmp_path / "ok.tif", five, LAYER="mining_labels"), grid_of())()[0, 0] == 5
    with pytest.raises(InputError, match="labels are float32"):
        open_labels(raster(tmp_path / "float.tif", five.astype(np.float32)), grid_of())
    with pytest.raises(InputError, match="bands nameless, nameless"):
        open_labels(raster(tmp_path / "two.tif", np.stack([five, five])), grid_of())


def test_labels_of_another_grid_or_class_are_refused(tmp_path):
    with pytest.raises(GridError, match="its scene 40×50"):
        open_labels(raster(tmp_path / "moved.tif", np.zeros((40, 50), np.uint8), grid=grid_of(east_m=10.0)), grid_of())
    drawn(("lake", box(0, 0, 3, 3))).to_file(tmp_path / "lake.gpkg")
    with pytest.raises(VectorError, match="'lake' is unknown"):
        open_labels(tmp_path / "lake.gpkg", grid_of())
