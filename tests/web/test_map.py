"""Tiles and layers of a run: the right pixels at the right place, clear where there is nothing."""

import io
import math
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin
from shapely.geometry import box

from highwall.web.app import create_app
from highwall.web.services import Imagery, RunLayer, Scene
from tests.web.world import World

CRS, WEST, NORTH, SIDE = "EPSG:32723", 600_000.0, 7_780_000.0, 256
LEGEND = {"low": -1.0, "high": 1.0, "colormap": "rdbu"}


def write(path: Path, bands: np.ndarray, *, nodata: float | None) -> None:
    """GeoTIFF of 10 m pixels."""
    profile = {
        "driver": "GTiff", "count": bands.shape[0], "height": SIDE, "width": SIDE, "dtype": bands.dtype, "crs": CRS,
        "transform": from_origin(WEST, NORTH, 10, 10), "nodata": nodata, "tiled": True, "blockxsize": 256,
        "blockysize": 256,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(bands)


@pytest.fixture
def mapped(world: World, tmp_path: Path) -> World:
    """The site with a scene, red in its west and blue in its east, and a raster with a hole."""
    scene = np.full((3, SIDE, SIDE), 100, np.uint16)
    scene[2, :, : SIDE // 2] = 3000
    scene[0, :, SIDE // 2 :] = 3000
    write(tmp_path / "scene.tif", scene, nodata=0)
    velocity = np.full((1, SIDE, SIDE), -1.0, np.float32)
    velocity[0, :, SIDE // 2 :] = np.nan
    write(tmp_path / "velocity.tif", velocity, nodata=np.nan)
    patch = box(WEST + 100, NORTH - 900, WEST + 500, NORTH - 100)
    table = gpd.GeoDataFrame({"patch_id": ["P1"], "mine_class": ["pit"], "evidence": ["x"]}, geometry=[patch], crs=CRS)
    table.to_parquet(tmp_path / "activity.parquet")
    imagery = Imagery(
        (Scene("2025-01-01", tmp_path / "scene.tif"),),
        (RunLayer("velocity", "Velocity", tmp_path / "velocity.tif", LEGEND),),
        (RunLayer("patches", "Patches", tmp_path / "activity.parquet"),),
    )
    services = replace(world.services, imagery=imagery, point_series=lambda lon, lat: None)
    return replace(world, services=services, app=create_app(services))


def address(east: float, south: float, zoom: int = 14) -> tuple[int, int, int]:
    """Tile at so many metres east and south of the corner."""
    from rasterio.warp import transform

    (lon,), (lat,) = transform(CRS, "EPSG:4326", [WEST + east], [NORTH - south])
    x = int((lon + 180) / 360 * 2**zoom)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**zoom)
    return zoom, x, y


def pixels(world: World, layer: str, east: float, south: float) -> np.ndarray:
    z, x, y = address(east, south)
    answer = world.client("olga").get(f"/tiles/{layer}/{z}/{x}/{y}.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.headers["cache-control"] == "private, max-age=3600"
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))


def test_a_scene_is_drawn_in_its_colours_where_it_lies(mapped: World) -> None:
    west, east = pixels(mapped, "scene/2025-01-01", 300, 1280), pixels(mapped, "scene/2025-01-01", 2300, 1280)
    reds = [(image[..., 0] > 200) & (image[..., 2] < 50) & (image[..., 3] > 0) for image in (west, east)]
    blues = [(image[..., 2] > 200) & (image[..., 0] < 50) & (image[..., 3] > 0) for image in (west, east)]
    assert reds[0].sum() > blues[0].sum()
    assert blues[1].sum() > reds[1].sum()


def test_where_nothing_is_known_a_tile_is_clear(mapped: World) -> None:
    far = mapped.client("olga").get("/tiles/scene/2025-01-01/14/0/0.png")
    image = Image.open(io.BytesIO(far.content))
    assert image.size == (256, 256)
    assert np.asarray(image.convert("RGBA"))[..., 3].max() == 0
    edge = pixels(mapped, "velocity", 1280, 1280)
    assert set(np.unique(edge[..., 3])) == {0, 255}


def test_a_low_value_has_the_colour_of_the_low_end(mapped: World) -> None:
    image = pixels(mapped, "velocity", 300, 1280)
    drawn = image[image[..., 3] > 0][:, :3]
    assert (drawn == (0x67, 0x00, 0x1F)).all()


def test_a_tile_is_drawn_without_a_warning_to_hide(mapped: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # another thread that leaves such a block takes the filters of this one with it; warnings are errors here
    monkeypatch.setattr("warnings.catch_warnings", lambda **_: nullcontext())
    monkeypatch.setattr("warnings.filterwarnings", lambda *_, **__: None)
    assert pixels(mapped, "velocity", 400, 1280).shape == (256, 256, 4)


def test_a_new_run_is_drawn_anew(mapped: World) -> None:
    before = pixels(mapped, "velocity", 300, 1280)
    write(mapped.services.imagery.rasters[0].path, np.full((1, SIDE, SIDE), 1.0, np.float32), nodata=np.nan)
    assert (pixels(mapped, "velocity", 300, 1280) != before).any()


@pytest.mark.parametrize(
    "path", ["scene/2025-01-02/1/1/1", "nothing/1/1/1", "velocity/23/1/1", "velocity/1/-1/1", "../etc/1/1/1"]
)
def test_what_is_not_there_is_refused(mapped: World, path: str) -> None:
    assert mapped.client("olga").get(f"/tiles/{path}.png").status_code in (404, 422)


def test_the_site_lists_what_one_may_see(mapped: World) -> None:
    told = mapped.client("max").get("/api/site").json()
    assert told["scenes"] == [{"date": "2025-01-01", "tiles": "/tiles/scene/2025-01-01/{z}/{x}/{y}.png"}]
    assert [(one["key"], one["kind"], one["is_clickable"]) for one in told["layers"]] == [
        ("velocity", "raster", True), ("patches", "geojson", False),
    ]  # fmt: skip
    assert [one["key"] for one in mapped.client("olga").get("/api/site").json()["layers"]] == ["velocity"]


def test_a_layer_is_geojson_in_degrees_with_names(mapped: World) -> None:
    told = mapped.client("max").get("/api/layers/patches").json()
    (feature,) = told["features"]
    assert feature["properties"] == {"patch_id": "P1", "mine_class": "pit", "id": "P1", "title": "pit"}
    longitude, latitude = feature["geometry"]["coordinates"][0][0]
    assert -45 < longitude < -43
    assert -21 < latitude < -19


def test_a_click_beside_the_motion_is_answered_in_words(mapped: World) -> None:
    answer = mapped.client("max").get("/api/layers/velocity/series?lon=0&lat=0")
    assert answer.status_code == 404
    assert "coloured ground" in answer.json()["error"]["cure"]
