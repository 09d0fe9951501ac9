import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from highwall.core.errors import InputError, MissingInputError
from highwall.core.grid import Window
from highwall.io.aligned import AlignedCodes
from tests.io.rasters_made import LEFT, TOP, geotiff


def grid(shape, *, step=10.0, left=LEFT):
    return GeoBox(shape, Affine(step, 0, left, 0, -step, TOP), "EPSG:32633")


def whole(shape):
    return Window(slice(0, shape[0]), slice(0, shape[1]))


def test_on_its_own_grid_a_raster_stays_as_it_is(tmp_path):
    codes = np.random.default_rng(0).integers(1, 12, (30, 40)).astype(np.uint8)
    path = geotiff(tmp_path / "codes.tif", codes)
    reader = AlignedCodes(path, grid((30, 40)), 255)
    assert np.array_equal(reader(whole((30, 40))), codes)
    assert np.array_equal(reader(Window(slice(5, 9), slice(7, 20))), codes[5:9, 7:20])


def test_coarser_codes_are_repeated_and_what_lies_beyond_is_filled(tmp_path):
    codes = np.random.default_rng(1).integers(1, 12, (10, 10)).astype(np.uint8)
    path = geotiff(tmp_path / "codes.tif", codes, step=20.0)
    found = AlignedCodes(path, grid((20, 26)), 255)(whole((20, 26)))
    assert np.array_equal(found[:, :20], np.kron(codes, np.ones((2, 2), np.uint8)))
    assert (found[:, 20:] == 255).all()


def test_files_that_are_not_there_or_no_rasters_are_told(tmp_path):
    with pytest.raises(MissingInputError, match="no raster"):
        AlignedCodes(tmp_path / "none.tif", grid((3, 3)), 255)(whole((3, 3)))
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(InputError, match="not a readable raster"):
        AlignedCodes(tmp_path / "text.tif", grid((3, 3)), 255)(whole((3, 3)))
