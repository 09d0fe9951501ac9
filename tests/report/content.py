"""A small run, made up, for the tests of this room."""

import base64
import datetime as dt
import io
import re
from typing import Any

import geopandas as gpd
import numpy as np
import odc.geo.xr
import shapely
import xarray as xr
from affine import Affine
from PIL import Image

from highwall.core.grid import GeoBox
from highwall.report.baselines import Baselines
from highwall.report.page import RunContent, Scene
from highwall.report.series import Series

UTM = "EPSG:32633"
LEFT, TOP = 500_000.0, 4_990_000.0
DATES = [dt.date(2018, 1, 6) + dt.timedelta(days=12 * number) for number in range(8)]


def grid(rows: int = 80, cols: int = 100, step: float = 10.0) -> GeoBox:
    return GeoBox((rows, cols), Affine(step, 0, LEFT, 0, -step, TOP), UTM)


def square(left: float, down: float, width: float) -> shapely.Polygon:
    return shapely.box(LEFT + left, TOP - down - width, LEFT + left + width, TOP - down)


def scene(place: GeoBox | None = None) -> Scene:
    place = place or grid()
    return Scene(np.random.default_rng(0).integers(40, 200, (*place.shape, 3)).astype("u1"), place)


def patches() -> gpd.GeoDataFrame:
    columns = {
        "patch_id": ["P001", "P002"], "mine_class": ["industrial_mine", "artisanal_mine"],
        "area_m2": [40_000.0, 10_000.0],
        "probability_mean": [0.91, 0.72], "motion_class": ["subsidence", "none"], "fastest_velocity": [-0.0567, np.nan],
        "permit_status": ["beyond_boundary", "inside"], "activity": ["continued_mining", "inactive"],
        "activity_probability": [0.83, 0.6], "activity_basis": ["The pit has grown.", "Nothing has changed."],
        "optical_change": ["expanded", None], "restoration_state": ["active", "revegetating"],
        "recovery": [0.1, np.nan],
        "accelerated": ["2020-08-01", None], "velocity_before": [-0.01, np.nan], "velocity_after": [-0.04, np.nan],
    }  # fmt: skip
    ground = square(100, 100, 200).difference(square(150, 150, 50))
    return gpd.GeoDataFrame(columns, geometry=[ground, square(500, 500, 100)], crs=UTM)


def findings(**changes: list) -> gpd.GeoDataFrame:
    columns: dict[str, list] = {
        "finding_id": ["F-1", "F-2"], "kind": ["beyond_boundary", "outside_any_permit"], "patch_id": ["P001", "P002"],
        "statement": ["Mine ground of at least 1.0 ha.", "A mine of about 1.0 ha."], "observed": ["2024-06-15"] * 2,
        "area_m2": [10_000.0] * 2, "depth_m": [120.0, 0.0], "permit_id": ["L-7", np.nan], "holder": ["Serra", np.nan],
        "days_lapsed": [0, 0], "probability_mean": [0.91, 0.72], "motion_class": ["subsidence", "none"],
        "probability": [0.97, 0.88], "least_m2": [8_000.0, 9_000.0], "evidence": ["{}", "{}"],
    }  # fmt: skip
    return gpd.GeoDataFrame(columns | changes, geometry=[square(200, 100, 100), square(500, 500, 100)], crs=UTM)


def permits() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[square(0, 50, 200)], crs=UTM).to_crs("EPSG:4326")


def motion(*, lost: bool = True) -> xr.Dataset:
    place = grid(20, 25, 40.0)
    rates = np.random.default_rng(1).normal(0, 0.02, place.shape).astype("f4")
    rates[0, :3] = np.nan
    decorrelated = np.zeros(place.shape, bool)
    decorrelated[5:8, 5:8] = lost
    layers = {"velocity": rates, "velocity_vertical": rates / 0.77, "decorrelated": decorrelated}
    return xr.Dataset({name: (("y", "x"), value) for name, value in layers.items()}, coords=odc.geo.xr.xr_coords(place))


def series() -> list[Series]:
    line = -0.0567 * np.arange(8) * 12 / 365.25
    return [Series("P001", DATES, line, -0.0567, 0.002), Series("P002", DATES, -line, 0.0567, 0.002)]


def network(*, known: bool = True) -> Baselines:
    pairs = np.array([[first, first + 1] for first in range(7)])
    return Baselines(DATES, np.linspace(-50, 80, 8) if known else None, pairs)


def record(**facts: Any) -> dict[str, Any]:
    return {
        "highwall:version": "0.1.0", "highwall:facts": facts, "highwall:parameters": {"a": 1},
        "highwall:inputs": {"scenes": {"path": "scenes", "checksum": "1220ab"}},
    }  # fmt: skip


RECORDS = {
    "prepare": record(scene_id="S2A_x", acquired="2024-06-15", source="scenes/S2A_x.tif", level="L2A"),
    "refine": record(area_m2={"industrial_mine": 40_000.0, "artisanal_mine": 10_000.0}),
    "deform": record(
        n_epochs=8, n_pairs=7, first="2018-01-06", last="2018-03-31", reference="row 9, column 8", n_components=2,
        velocity_min=-0.0567, velocity_max=0.031,
    ),
    "assess": record(
        n_moving=1, motion={"uplift": 0, "subsidence": 1, "decorrelated": 0, "none": 1, "not_measured": 0},
        has_before=True, plan_m2={"ahead": 20_000.0, "planned": 30_000.0},
    ),
}  # fmt: skip
SITE = {"name": "Serra Velha", "crs": UTM, "minerals": ["iron"], "mine_type": "OP"}


def content(*, stages: tuple[str, ...] = tuple(RECORDS), **parts: Any) -> RunContent:
    common = {"site": SITE, "records": {name: RECORDS[name] for name in stages}, "missing": (), "set_aside": ()}
    return RunContent(**(common | {"is_checked": "permits" in parts, "has_permits": "permits" in parts} | parts))


def everything(**changes: Any) -> RunContent:
    parts: dict[str, Any] = {
        "scene": scene(), "patches": patches(), "findings": findings(), "permits": permits(), "motion": motion(),
        "network": network(), "series": series(), "missing": ["No land cover was given."],
        "set_aside": [{"name": "a.tif", "reason": "cannot be read"}],
    }  # fmt: skip
    return content(**(parts | changes))


def opened(picture: bytes) -> np.ndarray:
    """Decode a PNG: (y, x, 4)."""
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGBA"))


def pictures_of(page: str) -> list[np.ndarray]:
    """Decode every picture that a page embeds."""
    return [opened(base64.b64decode(text)) for text in re.findall(r'src="data:image/png;base64,([^"]+)"', page)]


def count_colours(picture: np.ndarray) -> int:
    """Count the different colours of an (y, x, 4) picture."""
    return len(np.unique(np.ascontiguousarray(picture).view("u4")))


def is_coloured(picture: np.ndarray, colour: str, *, tolerance: int = 12) -> np.ndarray:
    """Tell where a picture has a colour (#rrggbb), to within a tolerance of each channel: (y, x)."""
    wanted = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)])
    return np.abs(picture[..., :3].astype(int) - wanted).max(axis=-1) <= tolerance


def coloured(picture: np.ndarray, colour: str) -> int:
    """Count pixels of a colour."""
    return int(is_coloured(picture, colour).sum())
