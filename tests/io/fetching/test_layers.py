from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pystac
import pytest
from odc.geo.geom import box

from highwall.core.errors import SceneError
from highwall.core.grid import GeoBox
from highwall.io.fetching.carrier import Carrier
from highwall.io.fetching.layers import (
    open_classification,
    open_heights,
    open_land_cover,
    open_optical,
    open_radar,
    sources_of,
)
from highwall.io.fetching.options import TransferOptions
from highwall.io.fetching.places import place_over

from ..archive_made import LEFT, SIDE_M, TOP, UTM, add_maps, add_optical, add_radar, numbers_of, powers_of, tif
from ..archive_server import Archive, archive_server

# rasterio's own silence about images in memory is not safe among threads; io.rasters.loaded keeps it
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    held = Archive(tmp_path / "server")
    with archive_server(held):
        yield held


def grid_of(left: int, top: int, right: int, bottom: int) -> GeoBox:
    """Grid over pixels of the tile, counted from its upper left corner."""
    area = box(LEFT + 10 * left, TOP - 10 * bottom, LEFT + 10 * right, TOP - 10 * top, crs=UTM)
    return place_over("mine", area).grid


def carrier(folder: Path, mode: str = "whole") -> Carrier:
    return Carrier(folder / "downloads", TransferOptions.model_validate({"mode": mode}), sleep=lambda pause_s: None)


def items_of(archive: Archive, collection: str) -> list[pystac.Item]:
    found = []
    for item in archive.items:
        if item["collection"] == collection:
            assets = {name: each | {"href": archive.url + each["href"]} for name, each in item["assets"].items()}
            found.append(pystac.Item.from_dict(item | {"assets": assets}))
    return found


@pytest.mark.parametrize("mode", ["whole", "window"])
def test_every_band_comes_to_10_m_by_nearest_neighbour(archive: Archive, tmp_path: Path, mode: str) -> None:
    add_optical(archive, "june", "2021-06-01T10:00:00+00:00", cloud_percent=3, seed=4)
    (item,) = items_of(archive, "sentinel-2-l2a")
    holder = carrier(tmp_path, mode)
    scene = open_optical(item, grid_of(30, 24, 72, 60), holder)
    for band, step in (("B04", 1), ("B11", 2), ("B01", 6)):
        whole = numbers_of(band, 4).repeat(step, 0).repeat(step, 1)
        np.testing.assert_array_equal(scene.sel(band=band).values, whole[24:60, 30:72])
    assert (scene.sel(band="SCL").values == 4).all()
    assert (scene.attrs["offset"], scene.attrs["level"], scene.attrs["acquired"]) == (-1000.0, "L2A", "2021-06-01")
    checked = set(sources_of([item], holder).values())
    assert checked == ({"sha256"} if mode == "whole" else {"window"})


def test_windows_take_less_than_files(archive: Archive, tmp_path: Path) -> None:
    add_radar(archive, "wide", "2021-06-01T10:00:00+00:00", side_m=9000.0)
    (item,) = items_of(archive, "sentinel-1-rtc")
    size = sum((archive.folder / "wide" / f"{name}.tif").stat().st_size for name in ("vv", "vh"))
    radar = open_radar([item], grid_of(0, 0, 40, 40), carrier(tmp_path, "window")).compute()
    assert radar.notnull().all()
    assert archive.sent < size / 4


def test_radar_keeps_its_powers_and_its_holes(archive: Archive, tmp_path: Path) -> None:
    add_radar(archive, "r", "2021-06-29T05:00:00+00:00", seed=3)
    powers = [powers_of(3, number) for number in (0, 1)]
    for name, values in zip(("vv", "vh"), powers, strict=True):
        values[5, 6] = -32768.0
        tif(archive.folder / "r" / f"{name}.tif", values, step=10.0, left=LEFT, top=TOP, crs=UTM, nodata=-32768.0)
    radar = open_radar(items_of(archive, "sentinel-1-rtc"), grid_of(0, 0, 40, 30), carrier(tmp_path)).compute()
    assert radar["polarisation"].values.tolist() == ["VV", "VH"]
    assert (radar.attrs["units"], radar.attrs["acquired"]) == ("1", "2021-06-29")
    assert np.isnan(radar.values[:, 5, 6]).all()
    wanted = np.stack(powers)[:, :30, :40]
    wanted[:, 5, 6] = np.nan
    np.testing.assert_array_equal(radar.values, wanted)


def test_slices_lie_side_by_side(archive: Archive, tmp_path: Path) -> None:
    add_radar(archive, "west", "2021-06-29T05:00:00+00:00", seed=1)
    add_radar(archive, "east", "2021-06-29T05:00:25+00:00", seed=2, left=LEFT + SIDE_M)
    radar = open_radar(items_of(archive, "sentinel-1-rtc"), grid_of(100, 0, 140, 20), carrier(tmp_path)).compute()
    vv = radar.sel(polarisation="VV").values
    np.testing.assert_array_equal(vv[:, :20], powers_of(1, 0)[:20, 100:])
    np.testing.assert_array_equal(vv[:, 20:], powers_of(2, 0)[:20, :20])


def test_ground_beyond_the_tile_is_missing(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "june", "2021-06-01T10:00:00+00:00", cloud_percent=3)
    add_maps(archive)
    grid = grid_of(110, 0, 130, 20)
    codes = open_classification(items_of(archive, "sentinel-2-l2a")[0], grid, carrier(tmp_path))
    assert (codes.values[:, :10] == 4).all()
    assert (codes.values[:, 10:] == 0).all()
    cover = open_land_cover(items_of(archive, "esa-worldcover")[:1], grid, carrier(tmp_path)).values
    assert (cover[:, :10] == 40).all()
    assert np.isnan(cover[:, 10:]).all()


def test_heights_are_interpolated(archive: Archive, tmp_path: Path) -> None:
    add_maps(archive)
    heights = open_heights(items_of(archive, "cop-dem-glo-30"), grid_of(30, 30, 60, 60), carrier(tmp_path)).values
    np.testing.assert_allclose(np.diff(heights, axis=1), 1.0 / 3.0, atol=1e-3)  # 1 m a pixel of 30 m
    assert heights[0, 0] == pytest.approx(10.0 - 1.0 / 3.0, abs=1e-3)  # pixel 30 begins where coarse pixel 10 does


def test_whole_numbers_and_a_missing_asset_are_refused(archive: Archive, tmp_path: Path) -> None:
    add_radar(archive, "r", "2021-06-29T05:00:00+00:00")
    raw = (powers_of(0, 0) * 500).astype("uint16")
    tif(archive.folder / "r" / "vv.tif", raw, step=10.0, left=LEFT, top=TOP, crs=UTM)
    (item,) = items_of(archive, "sentinel-1-rtc")
    with pytest.raises(SceneError, match="not calibrated"):
        open_radar([item], grid_of(0, 0, 20, 20), carrier(tmp_path))
    del item.assets["vh"]
    with pytest.raises(SceneError, match="no asset for VH"):
        open_radar([item], grid_of(0, 0, 20, 20), carrier(tmp_path))
    with pytest.raises(SceneError, match="no asset called map or data"):
        open_land_cover([item], grid_of(0, 0, 20, 20), carrier(tmp_path))


def test_a_file_that_is_none_is_fetched_anew(archive: Archive, tmp_path: Path) -> None:
    add_radar(archive, "r", "2021-06-29T05:00:00+00:00")
    path = archive.folder / "r" / "vv.tif"
    whole = path.read_bytes()
    path.write_bytes(b"Please log in")
    (item,) = items_of(archive, "sentinel-1-rtc")
    holder = carrier(tmp_path)
    with pytest.raises(SceneError, match="cannot be read"):
        open_radar([item], grid_of(0, 0, 20, 20), holder)
    path.write_bytes(whole)
    assert open_radar([item], grid_of(0, 0, 20, 20), holder).notnull().all()
