from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from highwall.core.grid import Window
from highwall.io.radar.pictures import UNREADABLE, CutPicture, FlatPicture, RasterPicture, check_end, whole
from tests.io.stacks_made import UTM, tif

VALUES = np.arange(1, 55, dtype=np.float32).reshape(6, 9)
WINDOW = Window(slice(2, 5), slice(3, 7))


@pytest.mark.parametrize("dtype", [">f4", "<f4", ">i2"])
def test_flat(tmp_path, dtype):
    path = tmp_path / "flat"
    VALUES.astype(dtype).tofile(path)
    assert_array_equal(FlatPicture(path, (6, 9), dtype).read(WINDOW), VALUES[2:5, 3:7])


def test_flat_with_another_quantity_beside(tmp_path):
    path = tmp_path / "flat"
    np.concatenate([VALUES + 100, VALUES], axis=1).tofile(path)
    picture = FlatPicture(path, (6, 9), "<f4", skip=9, row_length=18)
    assert_array_equal(picture.read(WINDOW), VALUES[2:5, 3:7])


def test_zero_may_be_a_value_or_missing(tmp_path):
    path = tif(tmp_path / "a.tif", VALUES - 1, UTM)
    assert RasterPicture(path, (6, 9)).read(WINDOW).dtype == np.float32
    assert whole(RasterPicture(path, (6, 9)))[0, 0] == 0.0
    assert np.isnan(whole(RasterPicture(path, (6, 9), zero_is_missing=True))[0, 0])


def test_declared_nodata_scale_and_band(tmp_path):
    path = tif(tmp_path / "a.tif", np.stack([VALUES, 2 * VALUES]).astype("u1"), UTM, nodata=6)
    values = whole(RasterPicture(path, (6, 9), scale=0.5, band=2))
    assert np.isnan(values[0, 2])
    assert_array_equal(values[1:], VALUES[1:])


def test_a_scale_and_offset_of_the_files_own_go_first(tmp_path):
    path = tif(tmp_path / "a.tif", VALUES.astype("i2") - 1, UTM, nodata=6, scale=0.5, offset=10.0)
    values = whole(RasterPicture(path, (6, 9), scale=1 / 255, zero_is_missing=True))
    assert np.isnan(values.ravel()[[0, 6]]).all()  # what is missing is told by the stored values
    assert np.isnan(values).sum() == 2
    assert_array_equal(values[1:], 0.5 * (VALUES[1:] - 1) + 10.0)


def test_a_cut_reads_only_its_part(tmp_path):
    cut = CutPicture(RasterPicture(tif(tmp_path / "a.tif", VALUES, UTM), (6, 9)), 1, 2, (4, 5))
    assert_array_equal(whole(cut), VALUES[1:5, 2:7])
    assert_array_equal(cut.read(Window(slice(0, 1), slice(4, 5))), VALUES[1:2, 6:7])


def test_the_end_of_a_file_is_checked(tmp_path):
    path = tmp_path / "flat"
    VALUES.tofile(path)
    check_end(FlatPicture(path, (6, 9), "<f4"))
    path.write_bytes(path.read_bytes()[:-4])
    for picture in (FlatPicture(path, (6, 9), "<f4"), RasterPicture(Path("missing.tif"), (6, 9))):
        with pytest.raises(UNREADABLE):
            check_end(picture)
