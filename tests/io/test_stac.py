import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
from odc.geo.geom import Geometry

from highwall.core.errors import SceneError
from highwall.core.grid import GeoBox, grid_of
from highwall.imagery.scaling import to_reflectance
from highwall.io.stac import StacSource, load_item, offset_of

from .rasters_made import LEFT, TOP, geotiff, numbers
from .stac_server import stac_server

ITEMS = Path(__file__).with_name("stac_items")
UTM = "EPSG:32633"
FOUR = ("B02", "B03", "B04", "B08")


def stored(name: str) -> dict[str, Any]:
    return json.loads((ITEMS / f"{name}.json").read_text())


def grid() -> GeoBox:
    return GeoBox.from_bbox((LEFT, TOP - 240, LEFT + 240, TOP), UTM, resolution=10)


def local(name: str, folder: Path, **properties: Any) -> dict[str, Any]:
    """Point the assets of a stored item at small files of the same values times the asset's number."""
    item = stored(name)
    item["properties"] |= properties
    footprint = grid().geographic_extent
    item["geometry"], item["bbox"] = footprint.json, list(footprint.boundingbox.bbox)
    for number, (asset, content) in enumerate(item["assets"].items()):
        step = 10 if asset in {"blue", "green", "red", "nir", *FOUR} else 20
        side = 240 // step
        content["href"] = str(geotiff(folder / f"{asset}.tif", numbers(side, side, seed=number), step=step))
    return item


@pytest.mark.parametrize(
    ("name", "offset", "reason"),
    [
        ("earth_search", 0.0, "the archive has already applied it"),
        ("planetary_computer", -1000.0, "processing baseline 04.00"),
        ("old_baseline", 0.0, "processing baseline 02.12 has none"),
        ("stated_offset", -1000.0, "stated in raster:bands"),
    ],
)
def test_the_offset_of_four_archives(name: str, offset: float, reason: str):
    found, why = offset_of(pystac.Item.from_dict(stored(name)))
    assert found == offset
    assert reason in why


def test_an_offset_that_was_not_applied_is_still_to_be_added():
    item = stored("earth_search")
    item["properties"]["earthsearch:boa_offset_applied"] = False
    assert offset_of(pystac.Item.from_dict(item))[0] == -1000.0


@pytest.mark.parametrize("place", ["asset", "band"])
def test_stac_1_1_states_the_offset_elsewhere(place: str):
    item = stored("stated_offset")
    for asset in item["assets"].values():
        for stated in asset.pop("raster:bands", []):
            fields = {f"raster:{name}": stated[name] for name in ("scale", "offset") if name in stated}
            asset.update(fields if place == "asset" else {"bands": [fields]})
    assert offset_of(pystac.Item.from_dict(item)) == (-1000.0, "stated in raster:bands")


def test_an_item_that_says_nothing_is_taken_to_have_none():
    item = stored("planetary_computer")
    del item["properties"]["s2:processing_baseline"]
    assert offset_of(pystac.Item.from_dict(item)) == (0.0, "no processing baseline stated; assumed none")


@pytest.mark.parametrize(
    ("name", "offset", "level"),
    [("earth_search", 0.0, "L2A"), ("planetary_computer", -1000.0, "L2A"), ("stated_offset", -1000.0, "L2A")],
)
def test_an_item_is_opened_as_digital_numbers_and_scaled_exactly_once(
    tmp_path: Path, name: str, offset: float, level: str
):
    item = pystac.Item.from_dict(local(name, tmp_path))
    scene = load_item(item, grid(), bands=(*FOUR, "B11"))
    assert scene["band"].values.tolist() == [*FOUR, "B11"]
    assert grid_of(scene) == grid()
    assert (scene.attrs["offset"], scene.attrs["level"]) == (offset, level)
    assert scene.attrs["acquired"] == item.datetime.date().isoformat()
    names = {"B02": "blue", "B11": "swir16"} if "blue" in item.assets else {"B02": "B02", "B11": "B11"}
    order = list(item.assets)
    blue = numbers(24, 24, seed=order.index(names["B02"]))
    swir = numbers(12, 12, seed=order.index(names["B11"])).repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(scene.sel(band="B02").values, blue)
    np.testing.assert_array_equal(scene.sel(band="B11").values, swir)
    reflectance = to_reflectance(scene)
    np.testing.assert_allclose(reflectance.sel(band="B02").values, (blue + offset) / 10_000, rtol=1e-5)
    with pytest.raises(SceneError, match="do not scale it twice"):
        to_reflectance(reflectance)


def test_ground_that_an_item_does_not_show_is_missing(tmp_path: Path):
    wider = GeoBox.from_bbox((LEFT - 100, TOP - 240, LEFT + 240, TOP), UTM, resolution=10)
    scene = load_item(pystac.Item.from_dict(local("planetary_computer", tmp_path)), wider, bands=FOUR)
    missing = to_reflectance(scene).isnull().all("band").values
    assert missing[:, :10].all()
    assert not missing[:, 10:].any()


def test_an_item_without_a_band_is_refused():
    with pytest.raises(SceneError, match=r"has no asset for B10; it has B01, B02"):
        load_item(pystac.Item.from_dict(stored("planetary_computer")), grid(), bands=("B02", "B10"))


def source(url: str, **options: Any) -> StacSource:
    span = {"start": dt.date(2022, 1, 1), "end": dt.date(2022, 12, 31)}
    return StacSource(url, "sentinel-2-l2a", crs=UTM, bands=FOUR, **(span | options))


def area() -> Geometry:
    return grid().extent


def archive(folder: Path) -> list[dict[str, Any]]:
    covers = {"may": 12.0, "june": 3.0, "july": 7.0, "august": 60.0}
    days = {"may": "2022-05-01", "june": "2022-06-01", "july": "2022-07-01", "august": "2022-08-01"}
    items = []
    for name, cover in covers.items():
        item = local(
            "planetary_computer", folder / name, **{"eo:cloud_cover": cover, "datetime": f"{days[name]}T10:00:00Z"}
        )
        items.append(item | {"id": name})
    return items


def test_the_least_cloudy_scenes_are_taken_and_come_in_order_of_date(tmp_path: Path):
    with stac_server(archive(tmp_path)) as url:
        scenes, set_aside = source(url, limit=2).read(area())
        assert [scene.attrs["scene_id"] for scene in scenes] == ["june", "july"]
        assert not set_aside
        assert grid_of(scenes[0]).extent.contains(area())
        blue = scenes[0].sel(band="B02")
        np.testing.assert_array_equal(
            blue.values, numbers(24, 24, seed=list(stored("planetary_computer")["assets"]).index("B02"))
        )


def test_cloudier_scenes_and_other_dates_are_left_out(tmp_path: Path):
    with stac_server(archive(tmp_path)) as url:
        scenes, _ = source(url, max_cloud_percent=10.0, end=dt.date(2022, 6, 30)).read(area())
    assert [scene.attrs["scene_id"] for scene in scenes] == ["june"]


def test_an_item_that_lacks_a_band_is_set_aside(tmp_path: Path):
    items = archive(tmp_path)[:2]
    del items[0]["assets"]["B08"]
    with stac_server(items) as url:
        scenes, (row,) = source(url).read(area())
    assert [scene.attrs["scene_id"] for scene in scenes] == ["june"]
    assert row.name == "may"
    assert "no asset for B08" in row.reason


def test_nothing_found_is_said_with_the_cure(tmp_path: Path):
    with (
        stac_server(archive(tmp_path)) as url,
        pytest.raises(SceneError, match=r"no scene of sentinel-2-l2a .* at most 1 % cloud; widen the dates"),
    ):
        source(url, max_cloud_percent=1.0).read(area())


def test_a_server_that_is_down_is_a_scene_error():
    with stac_server([]) as url:
        pass  # the port is free again, and nothing listens on it
    with pytest.raises(SceneError, match=f"{url} did not answer"):
        source(url).read(area())


@pytest.mark.parametrize("landing", ["<html>maintenance</html>", {"message": "no catalogue"}])
def test_a_server_that_is_no_stac_server_is_a_scene_error(landing: Any):
    with stac_server([], landing=landing) as url, pytest.raises(SceneError, match="did not answer"):
        source(url).read(area())
