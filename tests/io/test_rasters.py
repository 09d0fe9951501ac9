from pathlib import Path

import numpy as np
import odc.geo.xr
import pytest
import rasterio
import xarray as xr
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from highwall import __version__
from highwall.core.errors import InputError, MissingInputError, SceneError
from highwall.core.grid import GeoBox, grid_of, same_grid
from highwall.core.products import LAYERS, Layer
from highwall.io.rasters import (
    cog_writer,
    decode,
    encode,
    loaded,
    open_bands,
    read_overview,
    read_raster,
    read_zarr,
    windows,
    write_cog,
    write_zarr,
)

UTM = "EPSG:32633"
SCALED = [layer for layer in LAYERS.values() if layer.scale != 1.0]
CODES = [layer for layer in LAYERS.values() if layer.scale == 1.0 and np.dtype(layer.dtype).kind in "iu"]
FLOATS = [layer for layer in LAYERS.values() if np.dtype(layer.dtype).kind == "f"]


def grid(rows: int, cols: int) -> GeoBox:
    return GeoBox((rows, cols), Affine(10, 0, 500_000, 0, -10, 4_000_000), UTM)


def layer_on(values: np.ndarray, name: str, bands: tuple[str, ...] = ()) -> xr.DataArray:
    place = grid(*values.shape[-2:])
    coordinates = odc.geo.xr.xr_coords(place)
    dims = ("band", "y", "x") if bands else ("y", "x")
    array = xr.DataArray(values, dims=dims, coords=coordinates, name=name)
    return array.assign_coords(band=list(bands)) if bands else array


@pytest.mark.parametrize("layer", SCALED, ids=lambda layer: layer.name)
@given(data=st.data())
def test_a_scaled_quantity_comes_back_within_half_a_step_and_missing_stays_missing(layer: Layer, data: st.DataObject):
    top = (250 if layer.dtype == "uint8" else 65_535) * layer.scale
    physical = st.one_of(st.floats(layer.scale, top), st.just(float("nan")))
    values = data.draw(arrays("f8", (3, 4), elements=physical))
    stored = encode(values, layer)
    assert stored.dtype == layer.dtype
    decoded = np.where(stored == layer.fill, np.nan, stored * layer.scale)
    np.testing.assert_array_equal(np.isnan(decoded), np.isnan(values))
    np.testing.assert_allclose(decoded, values, atol=layer.scale * 0.501, rtol=0)


@pytest.mark.parametrize("layer", SCALED, ids=lambda layer: layer.name)
def test_values_out_of_bounds_are_clipped_but_never_become_missing(layer: Layer):
    stored = encode(np.array([-0.05, 0.0, 1e-6, 1e9], "f4"), layer)
    assert (stored != layer.fill).all()
    assert stored.tolist() == sorted(stored.tolist())


@pytest.mark.parametrize("layer", CODES, ids=lambda layer: layer.name)
def test_codes_are_stored_as_they_are(layer: Layer):
    codes = np.array([[0, 1, 31]], dtype=layer.dtype)
    np.testing.assert_array_equal(encode(codes, layer), codes)
    assert encode(np.array([[np.nan, 3.0]]), layer).tolist() == [[layer.fill, 3]]


@pytest.mark.parametrize("layer", FLOATS, ids=lambda layer: layer.name)
def test_floats_keep_nan_and_sign(layer: Layer):
    values = np.array([-0.0123, np.nan, 7.5])
    np.testing.assert_array_equal(encode(values, layer), values.astype(layer.dtype))


def test_a_map_comes_back_with_its_grid_and_says_what_it_is(tmp_path: Path):
    values = np.linspace(-0.2, 0.1, 30 * 40, dtype="f4").reshape(30, 40)
    values[3, 5] = np.nan
    path = write_cog(layer_on(values, "velocity"), tmp_path / "velocity.tif")
    back = read_raster(path)
    np.testing.assert_array_equal(back.values, values)
    assert same_grid(grid_of(back), grid(30, 40))
    assert back.name == "velocity"
    with rasterio.open(path) as dataset:
        tags = dataset.tags()
        assert (dataset.descriptions, dataset.units) == (("velocity",), ("m year-1",))
    assert tags["SIGN"] == "positive toward the satellite"
    assert (tags["LAYER"], tags["SOURCE"], tags["SOFTWARE"]) == (
        "velocity",
        "Berardino et al. 2002",
        f"highwall {__version__}",
    )


def test_bands_keep_names_scale_and_missing_pixels(tmp_path: Path):
    values = np.random.default_rng(1).uniform(0.01, 1, (3, 20, 30)).astype("f4")
    values[:, 4, 4] = np.nan
    bands = ("B02", "B03", "B8A")
    path = write_cog(layer_on(values, "reflectance", bands), tmp_path / "scene.tif")
    back = read_raster(path)
    assert back.dims == ("band", "y", "x")
    assert back["band"].values.tolist() == list(bands)
    np.testing.assert_allclose(back.values, values, atol=0.501e-4)
    with rasterio.open(path) as dataset:
        assert dataset.scales == (1e-4,) * 3
        assert (dataset.nodata, dataset.dtypes[0]) == (0, "uint16")


def test_bands_that_share_one_description_go_by_their_numbers(tmp_path: Path):
    path = tmp_path / "shared.tif"
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 3, "height": 4, "width": 5, "crs": UTM}
    with rasterio.open(path, "w", **profile, transform=grid(4, 5).transform) as dataset:
        dataset.write(np.ones((3, 4, 5), np.uint8))
        dataset.descriptions = ("orthophoto",) * 3
    assert read_raster(path)["band"].values.tolist() == [1, 2, 3]


def test_a_large_map_is_a_tiled_cog_with_overviews(tmp_path: Path):
    path = write_cog(layer_on(np.ones((600, 1100), "f4"), "velocity"), tmp_path / "velocity.tif")
    with rasterio.open(path) as dataset:
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.block_shapes == [(512, 512)]
        assert dataset.overviews(1) == [2, 4]
        assert dataset.compression.value == "DEFLATE"


def test_overviews_average_quantities_but_never_codes(tmp_path: Path):
    flags = np.zeros((1024, 1024), "u1")
    flags[::2, ::2] = 16
    bits = write_cog(layer_on(flags, "quality"), tmp_path / "quality.tif")
    rates = write_cog(layer_on(flags.astype("f4"), "velocity"), tmp_path / "velocity.tif")
    with rasterio.open(bits, overview_level=0) as dataset:
        assert set(np.unique(dataset.read(1))) <= {0, 16}
    with rasterio.open(rates, overview_level=0) as dataset:
        np.testing.assert_allclose(dataset.read(1), 4.0)


def test_writing_in_windows_equals_writing_at_once(tmp_path: Path):
    values = np.random.default_rng(2).random((3, 530, 700)).astype("f4")
    classes = ("none", "artisanal_mine", "industrial_mine")
    whole = write_cog(layer_on(values, "class_probability", classes), tmp_path / "whole.tif")
    place = grid(530, 700)
    with cog_writer(tmp_path / "parts.tif", layer="class_probability", grid=place, bands=classes) as writer:
        for row, col in windows(place, block=200):  # not a multiple of the tile
            writer.write(values[:, row : row + 200, col : col + 200], row=row, col=col)
    with rasterio.open(whole) as first, rasterio.open(tmp_path / "parts.tif") as second:
        np.testing.assert_array_equal(first.read(), second.read())
        assert first.profile == second.profile
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts.tif", "whole.tif"]


def test_a_lazy_map_equals_a_loaded_one(tmp_path: Path):
    values = np.random.default_rng(3).random((600, 520)).astype("f4")
    array = layer_on(values, "velocity")
    write_cog(array.chunk({"y": 100, "x": 100}), tmp_path / "lazy.tif")
    np.testing.assert_array_equal(read_raster(tmp_path / "lazy.tif").values, values)


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path):
    path = tmp_path / "velocity.tif"
    for value in (1.0, 2.0):
        write_cog(layer_on(np.full((8, 8), value, "f4"), "velocity"), path)
        assert (read_raster(path) == value).all()


@given(rows=st.integers(1, 40), cols=st.integers(1, 40), block=st.integers(1, 17))
def test_windows_cover_every_pixel_once(rows: int, cols: int, block: int):
    covered = np.zeros((rows, cols), int)
    for row, col in windows(grid(rows, cols), block=block):
        covered[row : row + block, col : col + block] += 1
    assert (covered == 1).all()


def test_what_cannot_be_read_is_said_with_the_cure(tmp_path: Path):
    with pytest.raises(MissingInputError, match=r"no raster at .*absent\.tif"):
        read_raster(tmp_path / "absent.tif")
    corrupt = tmp_path / "corrupt.tif"
    corrupt.write_bytes(b"no raster at all")
    with pytest.raises(InputError, match=r"corrupt\.tif is not a readable raster .*download or convert"):
        read_raster(corrupt)


def test_of_a_folder_its_rasters_are_named(tmp_path: Path):
    for name in ("scene.tif", "mine.tif"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"is a folder; give the raster in it that is meant: mine\.tif, scene\.tif\."):
        read_raster(tmp_path)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.97])
def test_a_truncated_raster_is_noticed_when_it_is_opened(tmp_path: Path, kept: float):
    noise = np.random.default_rng(4).random((600, 600)).astype("f4")
    path = write_cog(layer_on(noise, "velocity"), tmp_path / "velocity.tif")
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(InputError, match="not a readable raster"):
        read_raster(path)


def test_pixels_that_vanish_are_not_called_a_full_disk(tmp_path: Path):
    noise = np.random.default_rng(5).random((600, 600)).astype("f4")
    path = write_cog(layer_on(noise, "velocity"), tmp_path / "velocity.tif")
    lazy = open_bands(path).isel(band=0, drop=True).rename("velocity").assign_attrs(scene_id="S2A")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(SceneError, match="pixels of S2A cannot be read"):
        loaded(lazy)
    with pytest.raises(SceneError, match="pixels of S2A cannot be read"):
        write_cog(lazy, tmp_path / "copy.tif")
    assert not (tmp_path / "copy.tif").exists()


def stack() -> xr.Dataset:
    place = grid(150, 140)
    epochs = np.array(["2018-01-06", "2018-01-18", "2018-02-11"], dtype="datetime64[ns]")
    values = np.random.default_rng(6).normal(size=(3, 150, 140)).astype("f4")
    values[:, 0, 0] = np.nan
    coordinates = odc.geo.xr.xr_coords(place) | {"epoch": epochs}
    displacement = xr.DataArray(
        values, dims=("epoch", "y", "x"), coords=coordinates, attrs=LAYERS["displacement"].attrs()
    )
    decorrelated = xr.DataArray(values[0] > 0, dims=("y", "x"), coords=odc.geo.xr.xr_coords(place))
    return xr.Dataset(
        {"displacement": displacement, "decorrelated": decorrelated}, attrs={"reference": "row 9, column 8"}
    )


def test_a_zarr_store_keeps_values_grid_dates_and_attributes(tmp_path: Path):
    given_stack = stack()
    back = read_zarr(write_zarr(given_stack, tmp_path / "d.zarr"))
    xr.testing.assert_equal(
        back[["displacement", "decorrelated"]].load(), given_stack[["displacement", "decorrelated"]]
    )
    assert same_grid(grid_of(back), grid(150, 140))
    assert same_grid(grid_of(back["displacement"]), grid(150, 140))
    assert back.attrs == given_stack.attrs
    assert back["displacement"].attrs == LAYERS["displacement"].attrs()
    assert back["decorrelated"].dtype == bool
    assert back["displacement"].encoding["chunks"] == (3, 128, 128)


def test_a_zarr_store_replaces_the_former_one(tmp_path: Path):
    path = write_zarr(stack(), tmp_path / "d.zarr")
    write_zarr(stack()[["displacement"]] * 2, path)
    assert list(read_zarr(path).data_vars) == ["displacement"]


def test_a_store_that_is_absent_or_broken_is_said(tmp_path: Path):
    with pytest.raises(MissingInputError, match="no Zarr store"):
        read_zarr(tmp_path / "d.zarr")
    (tmp_path / "d.zarr").mkdir()
    with pytest.raises(InputError, match=r"is no Zarr store; give the displacement\.zarr"):
        read_zarr(tmp_path / "d.zarr")
    (tmp_path / "d.zarr" / "zarr.json").write_text("{")
    with pytest.raises(InputError, match="not a readable Zarr store"):
        read_zarr(tmp_path / "d.zarr")


@pytest.mark.parametrize("max_side", [30, 1000])
def test_an_overview_is_the_raster_in_small(tmp_path, max_side):
    place = grid(60, 90)
    values = np.linspace(0.1, 0.3, 60 * 90).reshape(60, 90).astype(np.float32)
    values[:30, :30] = np.nan
    array = xr.DataArray(values[None].repeat(2, axis=0), dims=("band", "y", "x"), coords=odc.geo.xr.xr_coords(place))
    path = write_cog(array.assign_coords(band=["B04", "B03"]), tmp_path / "a.tif", layer="reflectance")
    small = read_overview(path, max_side=max_side)
    assert small.shape == (2, *((20, 30) if max_side == 30 else (60, 90)))
    assert small["band"].values.tolist() == ["B04", "B03"]
    assert np.isnan(small.values[0, 2, 2])
    assert float(small[0, -1, -1]) == pytest.approx(0.3, abs=0.01)  # a pixel of nine, and a step of 1e-4
    assert grid_of(small).extent.boundingbox.bbox == pytest.approx(place.extent.boundingbox.bbox)


def test_decoding_undoes_encoding_but_for_the_step():
    layer = LAYERS["class_probability"]
    values = np.array([[0.0, 0.5, 1.0, np.nan]], np.float32)
    found = decode(encode(values, layer), layer)
    np.testing.assert_allclose(found, values, atol=layer.scale / 2)
    np.testing.assert_array_equal(encode(found, layer), encode(values, layer))


def test_an_overview_of_nothing_is_refused(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"no raster")
    with pytest.raises(InputError, match="not a readable raster"):
        read_overview(tmp_path / "a.tif", max_side=10)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_no_class_passes_for_opacity(tmp_path: Path, n: int):
    classes = [f"class-{number}" for number in range(n)]
    path = write_cog(layer_on(np.full((n, 40, 50), 0.5, "f4"), "class_probability", classes), tmp_path / "p.tif")
    with rasterio.open(path) as file:
        assert rasterio.enums.ColorInterp.alpha not in file.colorinterp
        assert file.read_masks().all()
