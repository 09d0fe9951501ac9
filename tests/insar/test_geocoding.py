import pickle

import dask.array as da
import numpy as np
import pytest
import xarray as xr
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from pyproj import Transformer
from scipy.interpolate import RegularGridInterpolator

from highwall.core.errors import GridError, InputError
from highwall.core.grid import grid_of
from highwall.insar.geocoding import RadarMapping, geocode, mapping_from_layers, mapping_from_table
from highwall.io.radar.lookup import read_lookup
from highwall.io.rasters import read_zarr, write_zarr

CRS = "EPSG:32633"
TO_DEGREES = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
EAST, NORTH = 450_000.0, 5_000_000.0


def swath(lines=60, samples=80, *, heading_deg=-12.0, spacing_m=(20.0, 14.0), relief_px=0.0):
    """Latitude and longitude of a radar image that flies along ``heading_deg``, looking right.

    Lines grow along the flight, samples to its right; ``relief_px`` bends the samples as terrain does.
    """
    line, sample = np.meshgrid(np.arange(lines) * 1.0, np.arange(samples) * 1.0, indexing="ij")
    sample = sample + relief_px * np.sin(line / 9.0) * np.sin(sample / 7.0)
    alpha = np.deg2rad(heading_deg)
    along, across = line * spacing_m[0], sample * spacing_m[1]
    east = EAST + along * np.sin(alpha) + across * np.cos(alpha)
    north = NORTH + along * np.cos(alpha) - across * np.sin(alpha)
    lon, lat = TO_DEGREES.transform(east, north)
    return tuple(xr.DataArray(angle, dims=("y", "x")) for angle in (lat, lon))


def ground(mapping):
    """Easting and northing of the map's pixel centres."""
    coords = xr_coords(mapping.grid, dims=("y", "x"))
    return np.meshgrid(coords["x"].values, coords["y"].values)


def image(values, **more):
    return xr.Dataset({"unw": (("y", "x"), np.asarray(values, np.float32)), **more})


@settings(max_examples=25, deadline=None)
@given(
    heading=st.sampled_from([-12.0, -168.0, 12.0, 90.0]), relief=st.floats(0.0, 2.0), mirrored=st.booleans(),
    posting=st.sampled_from([9.0, 15.0, 40.0]),
)  # fmt: skip
def test_coordinates_of_the_ground_come_back(heading, relief, mirrored, posting):
    lat, lon = swath(heading_deg=heading, relief_px=relief)
    if mirrored:  # the first sample of the file may be the farthest
        lat, lon = (layer.isel(x=slice(None, None, -1)) for layer in (lat, lon))
    mapping = mapping_from_layers(lat, lon, posting_m=posting)
    east, north = Transformer.from_crs("EPSG:4326", CRS, always_xy=True).transform(lon.values, lat.values)
    radar = xr.Dataset({name: (("y", "x"), values) for name, values in {"east": east, "north": north}.items()})
    placed = geocode(radar, mapping)
    expected_east, expected_north = ground(mapping)
    covered = mapping.covered
    assert covered.mean() > 0.3
    # Exact but for float32 places: 6·10⁻⁸ of 80 samples of 14 m.
    assert_allclose(placed["east"].values[covered], expected_east[covered], atol=1e-3)
    assert_allclose(placed["north"].values[covered], expected_north[covered], atol=1e-3)
    assert np.isnan(placed["east"].values[~covered]).all()


def test_the_default_grid_is_15_m_in_the_zone_of_the_data():
    mapping = mapping_from_layers(*swath())
    assert mapping.grid.crs.epsg == 32633
    assert abs(mapping.grid.resolution.x) == abs(mapping.grid.resolution.y) == 15.0
    east, _ = ground(mapping)
    assert_array_equal(np.unique((east - 7.5) % 15.0), [0.0])  # snapped, so that two orbits share pixels


def test_every_map_pixel_inside_the_swath_is_found():
    mapping = mapping_from_layers(*swath(relief_px=1.0), posting_m=5.0)
    covered = mapping.covered
    rows = np.flatnonzero(covered.any(axis=1))
    for row in rows:  # the swath is convex but for its bent edges: no hole within a row
        columns = np.flatnonzero(covered[row])
        assert covered[row, columns[0] : columns[-1] + 1].mean() > 0.95
    inner = slice(len(rows) // 3, 2 * len(rows) // 3)
    centre = covered.shape[1] // 2
    assert covered[rows[inner], centre - 20 : centre + 20].all()


def test_the_oracle_of_bilinear_sampling():
    lat, lon = swath(relief_px=0.5)
    mapping = mapping_from_layers(lat, lon)
    values = np.random.default_rng(1).standard_normal(lat.shape)
    oracle = RegularGridInterpolator((np.arange(60), np.arange(80)), values, bounds_error=False)
    expected = oracle(np.stack([mapping.row, mapping.col], axis=-1))
    placed = geocode(xr.Dataset({"velocity": (("y", "x"), values)}), mapping)["velocity"]
    assert_allclose(placed.values, expected, atol=1e-12)
    assert placed.attrs["geocoding"] == "bilinear"


def test_codes_and_counts_come_from_the_nearest_pixel():
    lat, lon = swath()
    mapping = mapping_from_layers(lat, lon)
    rng = np.random.default_rng(2)
    codes, counts = rng.integers(0, 9, lat.shape).astype(np.uint16), rng.integers(1, 9, lat.shape).astype(np.int16)
    layers = {"conncomp": codes, "n_valid_pairs": counts, "decorrelated": codes > 4}
    placed = geocode(xr.Dataset({name: (("y", "x"), values) for name, values in layers.items()}), mapping)
    inside = mapping.covered
    rows, cols = (np.floor(place[inside] + 0.5).astype(int) for place in (mapping.row, mapping.col))
    for name, values in layers.items():
        assert placed[name].dtype == values.dtype
        assert_array_equal(placed[name].values[inside], values[rows, cols])
        assert placed[name].attrs["geocoding"] == "nearest"
    assert (placed["conncomp"].values[~inside] == 0).all()
    assert (placed["n_valid_pairs"].values[~inside] == -1).all()


def test_a_missing_pixel_takes_only_its_neighbours_along():
    lat, lon = swath()
    mapping = mapping_from_layers(lat, lon)
    values = np.ones(lat.shape)
    values[30, 40] = np.nan
    placed = geocode(image(values), mapping)["unw"].values
    near = (np.abs(mapping.row - 30) < 1) & (np.abs(mapping.col - 40) < 1)
    assert near.any()
    assert_array_equal(np.isnan(placed), near | ~mapping.covered)


def test_a_pixel_on_a_missing_neighbours_line_needs_no_neighbour():
    grid = GeoBox.from_bbox((0, 0, 45, 45), CRS, resolution=15)
    places = np.arange(3, dtype=np.float32)
    row, col = np.meshgrid(places, places, indexing="ij")
    values = np.arange(9.0).reshape(3, 3)
    values[1, 1] = np.nan
    placed = geocode(image(values), RadarMapping(row, col, grid, (3, 3), "made"))["unw"]
    assert_array_equal(placed, values.astype(np.float32))


def test_pixels_without_coordinates_are_left_out():
    lat, lon = swath()
    whole = mapping_from_layers(lat, lon)
    for nothing in (np.nan, 0.0):
        holed = [layer.copy() for layer in (lat, lon)]
        for layer in holed:
            layer[20, 30] = nothing
        mapping = mapping_from_layers(*holed, grid=whole.grid)
        lost = whole.covered & ~mapping.covered
        assert lost.any()
        assert (np.hypot(whole.row[lost] - 20, whole.col[lost] - 30) < 1.5).all()


def test_days_of_the_year_are_not_averaged_across_new_year():
    mapping = mapping_from_layers(*swath())
    days = np.where(np.arange(80) % 2, 364.0, 2.0) * np.ones((60, 1))
    peak = xr.Dataset({"annual_peak": (("y", "x"), days.astype(np.float32))})
    placed = geocode(peak, mapping)["annual_peak"]
    assert set(np.unique(placed.values[mapping.covered])) == {2.0, 364.0}
    assert np.isnan(placed.values[~mapping.covered]).all()
    assert placed.attrs["geocoding"] == "nearest"


def test_where_the_image_folds_the_first_quad_counts():
    lat, lon = swath(lines=4, samples=9, heading_deg=0.0, spacing_m=(20.0, 20.0))
    order = [0, 1, 2, 3, 2, 1, 2, 3, 4]  # out, back and out again: layover
    folded = [layer.isel(x=order) for layer in (lat, lon)]
    mapping = mapping_from_layers(*folded, posting_m=5.0)
    plain = mapping_from_layers(*(layer.isel(x=slice(0, 4)) for layer in (lat, lon)), grid=mapping.grid)
    both = plain.covered & (plain.col < 2.99)
    assert both.any()
    assert_allclose(mapping.col[both], plain.col[both], atol=1e-5)


def test_dims_names_attributes_and_other_variables_are_kept():
    lat, lon = swath()
    pairs = 3
    stack = xr.Dataset(
        {"unw": (("pair", "y", "x"), np.ones((pairs, 60, 80), np.float32), {"units": "rad"}), "scale": 2.0},
        coords={
            "first": ("pair", np.arange(pairs)), "bperp": ("pair", [1.0, 2.0, 3.0]), "latitude": lat, "longitude": lon,
            "y": np.arange(60) * 1.0,
        },
        attrs={"wavelength_m": 0.0555},
    )  # fmt: skip
    mapping = mapping_from_layers(lat, lon)
    placed = geocode(stack, mapping)
    assert placed["unw"].dims == ("pair", "y", "x")
    assert placed["unw"].attrs == {"units": "rad", "geocoding": "bilinear"}
    assert placed["unw"].dtype == np.float32
    assert placed.attrs == {"wavelength_m": 0.0555, "geocoding": "latitude and longitude layers"}
    assert set(placed.coords) == {"first", "bperp", "y", "x", "spatial_ref"}
    assert float(placed["scale"]) == 2.0
    assert grid_of(placed["unw"]) == mapping.grid


def test_complex_layers_keep_their_phase():
    lat, lon = swath()
    ifg = xr.Dataset({"ifg": (("y", "x"), np.full(lat.shape, np.exp(2j), np.complex64))})
    mapping = mapping_from_layers(lat, lon)
    placed = geocode(ifg, mapping)["ifg"]
    assert placed.dtype == np.complex64
    assert_allclose(np.angle(placed.values[mapping.covered]), 2.0, atol=1e-6)


@pytest.mark.parametrize("chunks", [(1, 60, 80), (3, 17, 80), (2, 60, 13)])
def test_dask_is_lazy_and_gives_the_same_bits(chunks):
    lat, lon = swath()
    mapping = mapping_from_layers(lat, lon)
    values = np.random.default_rng(3).standard_normal((3, 60, 80)).astype(np.float32)
    eager = geocode(xr.Dataset({"unw": (("pair", "y", "x"), values)}), mapping)
    lazy = geocode(xr.Dataset({"unw": (("pair", "y", "x"), da.from_array(values, chunks=chunks))}), mapping)
    assert lazy["unw"].chunks is not None
    assert lazy["unw"].data.chunks[0] == (1, 1, 1)
    assert_array_equal(lazy["unw"].compute(), eager["unw"])


def test_a_mapping_survives_storage_and_pickling(tmp_path):
    mapping = mapping_from_layers(*swath())
    write_zarr(mapping.to_dataset(), tmp_path / "mapping.zarr")
    stored = RadarMapping.from_dataset(read_zarr(tmp_path / "mapping.zarr"))
    for again in (stored, pickle.loads(pickle.dumps(mapping))):
        assert_array_equal(again.row, mapping.row)
        assert_array_equal(again.col, mapping.col)
        assert (again.grid, again.radar_shape, again.source) == (mapping.grid, mapping.radar_shape, mapping.source)


def test_what_is_no_mapping_is_refused():
    stored = mapping_from_layers(*swath()).to_dataset()
    del stored.attrs["lines"]
    with pytest.raises(GridError, match=r"lacks \['lines', 'row'\]"):
        RadarMapping.from_dataset(stored.drop_vars("row"))


def test_layers_of_another_image_are_refused():
    mapping = mapping_from_layers(*swath())
    with pytest.raises(GridError, match="59×80 pixels, the mapping was made for 60×80"):
        geocode(image(np.ones((59, 80))), mapping)


def test_a_grid_elsewhere_is_refused():
    with pytest.raises(GridError, match="no pixel of the map grid lies in the radar image"):
        mapping_from_layers(*swath(), grid=GeoBox.from_bbox((0, 0, 150, 150), CRS, resolution=15))


def test_impossible_angles_are_named():
    lat, lon = swath()
    with pytest.raises(InputError, match="swapped"):
        mapping_from_layers(lon + 100.0, lat)
    with pytest.raises(InputError, match="no value"):
        mapping_from_layers(lat * np.nan, lon)
    with pytest.raises(InputError, match="one image"):
        mapping_from_layers(lat[:-1], lon)


def table_of(row, col, grid, *, lines, samples):
    layers = {"row": (("y", "x"), row), "col": (("y", "x"), col)}
    return xr.Dataset(layers, coords=xr_coords(grid, dims=("y", "x")), attrs={"lines": lines, "samples": samples})


def test_a_table_and_layers_of_one_geometry_agree():
    lat, lon = swath(relief_px=1.0)
    by_layers = mapping_from_layers(lat, lon, posting_m=15.0)
    fine = mapping_from_layers(lat, lon, posting_m=5.0)
    by_table = mapping_from_table(table_of(fine.row, fine.col, fine.grid, lines=60, samples=80), grid=by_layers.grid)
    both = by_table.covered & by_layers.covered
    assert both.sum() > 0.9 * by_layers.covered.sum()
    # Bilinear in the table of 5 m: the relief's curvature leaves (5 m)²/8 · 14 m / (7 px · 14 m)² · … < 0.01 px.
    assert_allclose(by_table.row[both], by_layers.row[both], atol=0.02)
    assert_allclose(by_table.col[both], by_layers.col[both], atol=0.02)


@pytest.mark.real
def test_mexico_city_lookup_table_round_trip(real_data):
    city = real_data / "insar" / "mexico-city-s1"
    table = read_lookup(
        city / "geometry" / "20180106_VV_8rlks_eqa_to_rdc.lt",
        dem=city / "headers" / "cropA_20180106_VV_8rlks_eqa_dem.par",
        image=city / "headers" / "r20180106_VV_8rlks_mli.par",
    )
    cropped = table.assign(row=table["row"] - 2500).assign_attrs(lines=500, samples=480)  # the crop's part of the image
    line, sample = np.meshgrid(np.arange(500.0), np.arange(480.0), indexing="ij")
    radar = xr.Dataset({"velocity": (("y", "x"), smooth(line, sample))})
    truth = smooth(cropped["row"].values, cropped["col"].values)
    known = np.isfinite(truth)
    own = geocode(radar, mapping_from_table(cropped, grid=grid_of(table)))["velocity"]
    # Bilinear within a pixel: at most an eighth of the second derivatives.
    assert_allclose(own.values[known], truth[known], atol=(1 / 40**2 + 1 / 30**2) / 8)
    assert np.isnan(own.values[~known]).all()
    mapping = mapping_from_table(cropped)
    assert mapping.grid.crs.epsg == 32614
    fine = geocode(radar, mapping)["velocity"]
    lon, lat = np.meshgrid(table["x"].values, table["y"].values)
    east, north = Transformer.from_crs("EPSG:4326", "EPSG:32614", always_xy=True).transform(lon, lat)
    back = fine.interp(x=xr.DataArray(east), y=xr.DataArray(north)).values
    both = np.isfinite(back)
    assert both.sum() > 0.9 * known.sum()  # map pixels that touch the table's edge are lost
    # A field that turns once in 2π · 30 samples: 0.006 is a fifth of a sample.
    assert np.abs(back - truth)[both].max() < 0.006


def smooth(line, sample):
    return np.sin(line / 40.0) + np.cos(sample / 30.0)


@pytest.mark.real
def test_amsterdam_layers_round_trip(real_data):
    store = zarr.open_group(real_data / "insar" / "amsterdam-slc-pair" / "20230331-coreg.znap", mode="r")
    lat, lon = (xr.DataArray(store[f"{name}_VV"][:], dims=("y", "x")) for name in ("latitude", "longitude"))
    mapping = mapping_from_layers(lat, lon)
    assert mapping.grid.crs.epsg == 32631
    radar = xr.Dataset({"lat": lat.astype(np.float64), "lon": lon.astype(np.float64)}).drop_vars(
        ["y", "x"], errors="ignore"
    )
    placed = geocode(radar, mapping)
    east, north = ground(mapping)
    lon_true, lat_true = Transformer.from_crs("EPSG:32631", "EPSG:4326", always_xy=True).transform(east, north)
    inside = mapping.covered
    off = np.hypot((placed["lat"].values - lat_true) * 111_270, (placed["lon"].values - lon_true) * 68_020)[inside]
    # A pixel is 3.3 × 14 m on the ground: places are inverted to a millimetre, that is float32 of 338 samples.
    assert off.max() < 1e-3
    assert inside.mean() > 0.5
    line, sample = np.meshgrid(np.arange(84.0), np.arange(338.0), indexing="ij")
    counted = geocode(xr.Dataset({"line": (("y", "x"), line), "sample": (("y", "x"), sample)}), mapping)
    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32631", always_xy=True).transform(lon.values, lat.values)
    back = counted.interp(x=xr.DataArray(x), y=xr.DataArray(y))
    # Radar → 15 m map → radar; a map pixel spans 4.5 samples, between which the DEM's relief bends the ground.
    assert float(abs(back["line"] - line).max()) < 0.05
    assert float(abs(back["sample"] - sample).max()) < 0.3
    assert float(((back["sample"] - sample) ** 2).mean()) ** 0.5 < 0.03
