from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.errors import GridError, MissingInputError, StackError
from highwall.core.grid import grid_of
from highwall.io.radar.lookup import dem_grid, read_lookup

EQA = """Gamma DIFF&GEO DEM/MAP parameter file
DEM_projection:     EQA
width:                3
nlines:               2
corner_lat:     45.0  decimal degrees
corner_lon:     14.0  decimal degrees
post_lat:   -0.001  decimal degrees
post_lon:    0.002  decimal degrees
"""
UTM = """DEM_projection:     UTM
width:                3
nlines:               2
projection_zone:      33
false_northing:       {false_northing}   m
corner_north:    5000000.0   m
corner_east:      500000.0   m
post_north:          -20.0   m
post_east:            10.0   m
"""


def folder_with(tmp_path: Path, places: np.ndarray, *, dem: str = EQA, lines: int = 50, samples: int = 40) -> Path:
    (tmp_path / "a_dem.par").write_text(dem)
    (tmp_path / "a_mli.par").write_text(f"azimuth_lines:   {lines}\nrange_samples:   {samples}\n")
    places.astype(">c8").tofile(tmp_path / "a.lt")
    return tmp_path


def read(folder: Path):
    return read_lookup(folder / "a.lt", dem=folder / "a_dem.par", image=folder / "a_mli.par")


PLACES = np.array([[1.5 + 2.5j, 0, 39 + 49j], [39.5 + 1j, 3 + 4j, 5 + 6j]])


def test_samples_are_real_lines_imaginary_and_zero_is_outside(tmp_path):
    table = read(folder_with(tmp_path, PLACES))
    nan = np.nan
    assert_array_equal(table["col"], np.float32([[1.5, nan, 39], [nan, 3, 5]]))
    assert_array_equal(table["row"], np.float32([[2.5, nan, 49], [nan, 4, 6]]))
    assert table.attrs == {"lines": 50, "samples": 40}


def test_corners_of_the_header_are_centres_of_pixels(tmp_path):
    table = read(folder_with(tmp_path, PLACES))
    assert_allclose(table["x"], [14.0, 14.002, 14.004])
    assert_allclose(table["y"], [45.0, 44.999])
    assert grid_of(table).crs.epsg == 4326


@pytest.mark.parametrize(("false_northing", "epsg"), [(0.0, 32633), (10_000_000.0, 32733)])
def test_a_dem_in_utm(tmp_path, false_northing, epsg):
    (tmp_path / "a.par").write_text(UTM.format(false_northing=false_northing))
    grid = dem_grid(tmp_path / "a.par")
    assert grid.crs.epsg == epsg
    assert grid.shape == (2, 3)
    assert_allclose(grid.coords["y"].values, [5_000_000, 4_999_980])
    assert_allclose(grid.coords["x"].values, [500_000, 500_010, 500_020])


def test_another_projection_is_refused(tmp_path):
    (tmp_path / "a.par").write_text("DEM_projection:     PS\n")
    with pytest.raises(GridError, match="'PS'"):
        dem_grid(tmp_path / "a.par")


def test_a_truncated_table_is_named(tmp_path):
    folder = folder_with(tmp_path, PLACES)
    whole = (folder / "a.lt").read_bytes()
    for cut in (len(whole) - 8, len(whole) - 3):
        (folder / "a.lt").write_bytes(whole[:cut])
        with pytest.raises(StackError, match=f"{cut} bytes.*needs 48"):
            read(folder)


def test_missing_files_and_entries_are_named(tmp_path):
    folder = folder_with(tmp_path, PLACES)
    with pytest.raises(MissingInputError, match="lookup table"):
        read_lookup(folder / "b.lt", dem=folder / "a_dem.par", image=folder / "a_mli.par")
    with pytest.raises(MissingInputError, match="parameter file"):
        read_lookup(folder / "a.lt", dem=folder / "b_dem.par", image=folder / "a_mli.par")
    (folder / "a_mli.par").write_text("azimuth_lines:   50\n")
    with pytest.raises(StackError, match="'range_samples'"):
        read(folder)


def test_headers_of_another_image_are_refused(tmp_path):
    with pytest.raises(StackError, match="points nowhere"):
        read(folder_with(tmp_path, PLACES + 100 + 100j))


@pytest.mark.real
def test_mexico_city_table_fits_its_headers(real_data):
    city = real_data / "insar" / "mexico-city-s1"
    image = city / "headers" / "r20180106_VV_8rlks_mli.par"
    dem = city / "headers" / "cropA_20180106_VV_8rlks_eqa_dem.par"
    table = read_lookup(city / "geometry" / "20180106_VV_8rlks_eqa_to_rdc.lt", dem=dem, image=image)
    assert table["row"].shape == (60, 100)
    assert table.attrs == {"lines": 4541, "samples": 8514}
    # 84 of the crop's 6,000 pixels, its north-western corner, lie up to 22 samples before the image's first.
    assert int(table["row"].isnull().sum()) == 84
    assert table["row"].isnull()[:, :15].sum() == 84
    # An ascending right-looking satellite flies north and sees from the west: lines grow north, samples grow east.
    assert (table["row"].diff("y").dropna("x") < 0).all()
    assert (table["col"].isel(x=slice(15, None)).diff("x") > 0).all()
    # 150 m of ground northward are 150 / 28.02 lines (the header's azimuth spacing), tilted by the heading of −12.3°.
    assert float(-table["row"].diff("y").mean()) == pytest.approx(0.0013889 * 110_680 / 28.0232, rel=0.03)
