import numpy as np
import pytest

from highwall.core.errors import InputError
from highwall.core.grid import GeoBox, grid_of
from highwall.io.rasters import read_raster
from highwall.patches.radiometry import normalise
from highwall.workflows.config import ObjectsSection
from highwall.workflows.outlining.image import open_image, picture_of


def test_red_green_and_blue_are_taken_by_default_and_normalised_as_the_room_does(mine):
    image = open_image(mine.image, options=ObjectsSection())
    assert image["band"].values.tolist() == ["B04", "B03", "B02"]
    assert image.chunks is not None
    whole = normalise(read_raster(mine.image).sel(band=["B04", "B03", "B02"]).load())
    np.testing.assert_array_equal(image.values, whole.values)
    assert image.attrs["normalisation"] == whole.attrs["normalisation"]
    assert image.attrs["normalisation_step"] == 1


def test_the_bounds_of_a_large_image_come_from_a_sample(mine, monkeypatch):
    monkeypatch.setattr("highwall.workflows.outlining.image._SAMPLE_PX", 96 * 96 // 9)
    image = open_image(mine.image, options=ObjectsSection())
    assert image.attrs["normalisation_step"] == 3
    whole = normalise(read_raster(mine.image).sel(band=["B04", "B03", "B02"]).load())
    # A ninth of the pixels: percentiles waver by some grey values of 255.
    assert float(abs(image - whole).mean()) < 4.0


def test_bands_are_taken_by_name_in_the_order_asked(mine):
    image = open_image(mine.image, options=ObjectsSection(bands=("B8", "b02")))
    assert image["band"].values.tolist() == ["B08", "B02"]


def test_a_band_that_is_not_there_is_named(mine):
    with pytest.raises(InputError, match=r"no band B11.*it has B02, B03, B04, B08"):
        open_image(mine.image, options=ObjectsSection(bands=("B11",)))


def test_a_given_range_is_recorded(mine):
    image = open_image(mine.image, options=ObjectsSection(normalisation="range", low=0.0, high=0.3))
    assert image.attrs["normalisation"] == "range 0 to 0.3 to 0–255"
    assert float(image.max()) <= 255.0


def test_an_image_of_one_band_has_it_too_and_is_shown_in_grey(mine):
    path = mine.write(np.linspace(0, 50, 96 * 96).reshape(96, 96), "grey.tif", layer="height")
    image = open_image(path, options=ObjectsSection())
    assert image["band"].values.tolist() == ["grey"]
    picture = picture_of(image)
    assert picture.shape == (96, 96, 3)
    assert (picture[..., 0] == picture[..., 2]).all()
    assert picture.min() == 0
    assert picture.max() == 255


def test_a_band_of_one_value_becomes_0(mine):
    path = mine.write(np.full((96, 96), 7.0), "flat.tif", layer="height")
    assert (open_image(path, options=ObjectsSection()).values == 0).all()


def test_it_is_put_on_another_grid(mine):
    own = grid_of(read_raster(mine.image))
    coarse = GeoBox((48, 48), own.transform * own.transform.scale(2), own.crs)
    image = open_image(mine.image, options=ObjectsSection(), onto=coarse)
    assert grid_of(image).shape == (48, 48)
    assert image.dims == ("band", "y", "x")
    inner = mine.is_mine[::2, ::2] & mine.is_mine[1::2, 1::2]
    assert float(image.isel(band=0).values[inner].min()) > float(np.median(image.isel(band=0).values))


@pytest.mark.parametrize("crs", ["its own", "EPSG:32721"])
def test_an_image_of_another_place_is_refused(mine, crs):
    own = grid_of(read_raster(mine.image))
    away = GeoBox((48, 48), own.transform * own.transform.translation(5000, 0), own.crs if crs == "its own" else crs)
    with pytest.raises(InputError, match="shows nothing of the grid"):
        open_image(mine.image, options=ObjectsSection(), onto=away)
