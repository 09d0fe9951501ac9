import numpy as np
import pytest
import rasterio
from numpy.testing import assert_allclose, assert_array_equal
from rasterio.transform import from_origin

from highwall.core.errors import InputError, MissingInputError
from highwall.io.radar.gacos import open_gacos

ROWS, COLS = 6, 8
WEST, NORTH, STEP = 116.9, 36.4, 0.0125
RSC = f"""WIDTH         {COLS}
FILE_LENGTH   {ROWS}
XMIN          0
X_FIRST       {WEST}
Y_FIRST       {NORTH}
X_STEP        {STEP}
Y_STEP        {-STEP}
X_UNIT        degres
PROJECTION    LATLON
DATUM         WGS84
TIME_OF_DAY   22.10000
"""


def values(seed=0):
    """Zenith delay [m], rows from the north."""
    return np.random.default_rng(seed).uniform(2.2, 2.4, (ROWS, COLS)).astype("<f4")


def write_ztd(folder, date, array=None, rsc=RSC):
    path = folder / f"{date}.ztd"
    (values() if array is None else array).tofile(path)
    if rsc:
        (folder / f"{date}.ztd.rsc").write_text(rsc)
    return path


def write_tif(folder, date, array=None, *, crs="EPSG:4326"):
    profile = {"driver": "GTiff", "width": COLS, "height": ROWS, "count": 1, "dtype": "float32", "crs": crs,
               "transform": from_origin(WEST - STEP / 2, NORTH + STEP / 2, STEP, STEP)}  # fmt: skip
    with rasterio.open(folder / f"{date}.ztd.tif", "w", **profile) as dataset:
        dataset.write(values() if array is None else array, 1)


def test_flat_files_and_geotiffs_hold_the_same(tmp_path):
    write_ztd(tmp_path, "20180106")
    write_tif(tmp_path, "20180130")
    ztd, set_aside = open_gacos(tmp_path)
    assert set_aside == []
    assert ztd.dims == ("epoch", "latitude", "longitude")
    assert ztd.dtype == np.float32
    assert ztd.attrs["units"] == "m"
    assert_array_equal(ztd["epoch"], np.array(["2018-01-06", "2018-01-30"], "datetime64[ns]"))
    for number in (0, 1):
        assert_array_equal(ztd[number].values[::-1], values())  # latitude ascends here, falls in the file
    assert_allclose(ztd["longitude"], WEST + STEP * np.arange(COLS), atol=1e-9)
    assert_allclose(ztd["latitude"][::-1], NORTH - STEP * np.arange(ROWS), atol=1e-9)


def test_what_is_no_delay_is_missing(tmp_path):
    holed = values()
    holed[2, 3] = 0.0
    write_ztd(tmp_path, "20180106", holed)
    assert int(open_gacos(tmp_path).ztd.isnull().sum()) == 1


def test_only_the_nodes_around_the_bounds_are_kept(tmp_path):
    write_ztd(tmp_path, "20180106")
    ztd = open_gacos(tmp_path, bounds=(116.92, 36.36, 116.94, 36.37)).ztd
    longitude, latitude = ztd["longitude"].values, ztd["latitude"].values
    assert longitude[0] <= 116.92 <= longitude[1]
    assert longitude[-2] <= 116.94 <= longitude[-1]
    assert latitude[0] <= 36.36 <= latitude[1]
    assert latitude[-2] <= 36.37 <= latitude[-1]


def test_bad_files_are_set_aside_with_their_reason(tmp_path):
    write_ztd(tmp_path, "20180106")
    write_ztd(tmp_path, "20180118", values()[:3])
    write_ztd(tmp_path, "20180130", rsc=None)
    write_ztd(tmp_path, "20180211", rsc="WIDTH 8\nFILE_LENGTH 6\n")
    write_ztd(tmp_path, "20180223", values() * 1000)
    write_tif(tmp_path, "20180307", crs="EPSG:32650")
    write_tif(tmp_path, "20180106")
    write_ztd(tmp_path, "nodate")
    write_ztd(tmp_path, "20180319", rsc=RSC.replace(f"{WEST}", "118.9"))
    (tmp_path / "20180331.tif").write_bytes(b"II*\0")
    ztd, set_aside = open_gacos(tmp_path)
    assert ztd.sizes["epoch"] == 1
    reasons = " | ".join(f"{name}: {reason}" for name, reason in set_aside)
    assert len(set_aside) == 9
    for words in ("holds 24 values", "20180130.ztd.rsc is missing", "lacks X_FIRST", "in metres", "EPSG:32650",
                  "another map of 2018-01-06", "one date is expected", "another grid", "20180331.tif"):  # fmt: skip
        assert words in reasons


def test_nothing_usable_is_said(tmp_path):
    with pytest.raises(MissingInputError, match="check the path"):
        open_gacos(tmp_path / "none")
    with pytest.raises(InputError, match=r"GACOS names them 20180106\.ztd"):
        open_gacos(tmp_path)
    write_ztd(tmp_path, "20180106")
    with pytest.raises(InputError, match="does not reach the stack"):
        open_gacos(tmp_path, bounds=(10.0, 50.0, 11.0, 51.0))
