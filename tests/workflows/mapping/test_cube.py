"""A scene as networks read it: from one file, from a product of many, in parts, small."""

import numpy as np
import pytest
from odc.geo.geom import box

from highwall.core.errors import GridError, MissingInputError, SceneError
from highwall.workflows.mapping.cube import CubeSource
from tests.io.rasters_made import LEFT, TOP, geotiff, numbers

BANDS = ("B02", "B03", "B04")


@pytest.fixture
def values():
    return numbers(3, 40, 50)


@pytest.fixture
def one(tmp_path, values):
    return geotiff(tmp_path / "S2A_MSIL2A_20200101_N0500_x.tif", values, bands=BANDS)


def test_offset_level_and_date_come_from_the_file(one, values):
    cube = CubeSource().open(one)
    assert (cube.level, cube.acquired, cube.shape) == ("L2A", "2020-01-01", (40, 50))
    read = cube.reader(("B04", "B02"))(5, 9, 7, 20)
    assert read == pytest.approx((values[[2, 0], 5:9, 7:20].astype(float) - 1000.0) / 1e4, abs=1e-6)
    assert cube.facts.pixel_m == pytest.approx(10.0, rel=0.001)


def test_a_product_folder_reads_as_one_file(tmp_path, one, values):
    folder = tmp_path / "S2A_MSIL2A_20200101_N0500_x.SAFE"
    for name, band in zip(BANDS, values, strict=True):
        geotiff(folder / f"T33_{name}_10m.tif", band)
    product, file = CubeSource().open(folder), CubeSource().open(one)
    assert product.acquired == file.acquired
    for cut in ((0, 40, 0, 50), (3, 8, 10, 30)):
        assert product.reader(BANDS)(*cut) == pytest.approx(file.reader(BANDS)(*cut), abs=1e-6)


def test_an_area_cuts_to_its_box(one):
    cube = CubeSource().open(one)
    part = cube.within(box(LEFT + 105, TOP - 200, LEFT + 200, TOP - 101, crs="EPSG:32633"))
    assert (part.origin, part.shape) == ((10, 10), (10, 10))
    whole = cube.reader(BANDS)(0, 40, 0, 50)
    assert np.array_equal(part.reader(BANDS)(0, 10, 0, 10), whole[:, 10:20, 10:20])
    again = part.within(box(LEFT + 125, TOP - 165, LEFT + 135, TOP - 141, crs="EPSG:32633"))
    assert again.origin == (14, 12)
    with pytest.raises(GridError, match="does not meet"):
        cube.within(box(0, 0, 1, 1, crs="EPSG:4326"))


def test_a_glance_takes_every_nth_pixel_and_keeps_the_extent(one):
    cube = CubeSource().open(one)
    small = cube.glance(max_side=13)
    assert small.sizes == {"band": 3, "y": 10, "x": 13}
    assert np.array_equal(small.values, cube.reader(("B04", "B03", "B02"))(0, 40, 0, 50)[:, ::4, ::4])
    assert small.odc.geobox.extent.boundingbox.bbox == pytest.approx(cube.grid.extent.boundingbox.bbox)


def test_what_cannot_be_opened_is_told(tmp_path, one):
    with pytest.raises(MissingInputError, match="no scene"):
        CubeSource().open(tmp_path / "none.tif")
    (tmp_path / "empty").mkdir()
    with pytest.raises((SceneError, MissingInputError)):
        CubeSource().open(tmp_path / "empty")
    folder = tmp_path / "two"
    for name in ("a_20200101.tif", "b_20200102.tif"):
        geotiff(folder / name, numbers(3, 8, 8), bands=BANDS)
    with pytest.raises(SceneError, match="holds 2 scenes"):
        CubeSource().open(folder)
