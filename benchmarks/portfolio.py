"""200 sites, assessed, entered and ranked: how long it takes, what of the planted is found, and what is invented.

Boundaries are real (Swiss extraction sites, ``../shared/data/vectors/swiss_quarries``); everything else is made up:
dates of validity, minerals, patches, motion, protected land. There is no rival: no open tool does this.

    python benchmarks/portfolio.py
"""

import datetime as dt
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import odc.geo.xr
import pandas as pd
import shapely
import xarray as xr
from affine import Affine
from odc.geo.geom import box

from harness import SHARED, Row, report
from highwall.activity.options import ActivityOptions
from highwall.core.grid import GeoBox
from highwall.core.site import Site
from highwall.io.rasters import write_zarr
from highwall.io.vectors import write_polygons
from highwall.workflows.config import ZoneSection
from highwall.workflows.run import Run
from highwall.workflows.watching.assess import ToAssess, assess
from highwall.workflows.watching.findings_register import enter
from highwall.workflows.watching.portfolio import portfolio

QUARRIES = (
    SHARED / "data/vectors/swiss_quarries/examples/mineral-extract-sites-detection/data/labels"
    / "mes_swisstlm3d_swissimage2020.shp"
)  # fmt: skip
TODAY = dt.date(2024, 6, 15)
N_SITES = 200
PIXEL_M, RADAR_CRS = 40.0, "EPSG:32632"
OPTIONS = ActivityOptions()
CASES = {
    "legal": (), "past the line by 15 m": (), "expires today": (),
    "200 m beyond": ("beyond_boundary",), "expired yesterday": ("permit_expired",),
    "begins tomorrow": ("permit_not_yet_valid",), "a pit elsewhere": ("outside_any_permit",),
    "another mineral": ("wrong_mineral",), "restoration overdue": ("restoration_overdue",),
    "in a park": ("protected_area_entered",), "moves beyond": ("motion_beyond_boundary",),
}  # fmt: skip
"""What is planted → the findings that it must lead to, and no others."""


class Planted(NamedTuple):
    """One site."""

    case: str
    permit: dict[str, object]
    patches: list[object]
    mineral: str
    moving: object | None
    park: object | None


def main() -> None:
    ground = gpd.read_file(QUARRIES)
    ground = ground.loc[ground.area.sort_values(ascending=False).index[:N_SITES]].reset_index(drop=True)
    with tempfile.TemporaryDirectory() as folder:
        sites = [_planted(number, outline) for number, outline in enumerate(ground.geometry)]
        runs = [_write(Path(folder) / f"site-{number:03d}", site, ground.crs) for number, site in enumerate(sites)]
        start = time.perf_counter(), time.process_time()
        missed, invented = Counter(), Counter()
        for (run, given), site in zip(runs, sites, strict=True):
            assess(run, given, on=TODAY, options=OPTIONS, evidence={"scene": "made up"})
            enter(run)
            found = Counter(gpd.read_parquet(run.path("findings.parquet"))["kind"])
            expected = Counter(CASES[site.case])
            missed += Counter({site.case: (expected - found).total()})
            invented += Counter({site.case: (found - expected).total()})
        portfolio(Path(folder), Path(folder) / "portfolio")
        wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    n_planted = sum(len(CASES[site.case]) for site in sites)
    print("missed", dict(+missed), "invented", dict(+invented))
    rows = [
        Row(f"{N_SITES} sites without imagery: assess, enter, rank", "s", wall, note="limit 300 s"),
        Row("the same, CPU", "CPU s", cpu),
        Row(f"planted findings that were found, of {n_planted}", "1", float(n_planted - missed.total())),
        Row("findings invented", "1", float(invented.total())),
    ]
    report("portfolio", rows, title="A portfolio of 200 sites: real boundaries, all else made up")


def _planted(number: int, outline: object) -> Planted:
    case = list(CASES)[number % len(CASES)]
    if case in {"restoration overdue", "another mineral"} and outline.buffer(-60.0).area < 15_000.0:
        case = "legal"  # too small for one hectare to be certain
    permit = {
        "permit_id": f"CH-{number:03d}", "mineral": "gravel", "valid_from": "2010-01-01", "valid_to": "2040-01-01",
        "restoration_due": None, "geometry": outline,
    }  # fmt: skip
    permit |= {
        "expires today": {"valid_to": "2024-06-15"}, "expired yesterday": {"valid_to": "2024-06-14"},
        "begins tomorrow": {"valid_from": "2024-06-16"}, "restoration overdue": {"restoration_due": "2023-12-31"},
    }.get(case, {})  # fmt: skip
    inside = outline.buffer(-5.0) if not outline.buffer(-5.0).is_empty else outline
    left, bottom, right, top = outline.bounds
    bulge = shapely.box((left + right) / 2, bottom, right + 200.0, bottom + max(top - bottom, 150.0))
    bulge = max(shapely.get_parts(bulge.difference(outline)), key=lambda part: part.area)
    patches = {
        "past the line by 15 m": [outline.buffer(15.0)], "200 m beyond": [shapely.union(inside, bulge)],
        "a pit elsewhere": [inside, shapely.box(right + 3000, top, right + 3300, top + 300)],
    }.get(case, [inside])  # fmt: skip
    moving = shapely.box(right + 120, bottom, right + 320, bottom + 200) if case == "moves beyond" else None
    park = shapely.box(left - 500, bottom - 500, right + 500, top + 500) if case == "in a park" else None
    return Planted(case, permit, patches, "clay" if case == "another mineral" else "gravel", moving, park)


def _write(folder: Path, site: Planted, crs: object) -> tuple[Run, ToAssess]:
    folder.mkdir()
    names = [f"P{number:03d}" for number in range(1, len(site.patches) + 1)]
    columns = {"patch_id": names, "mine_class": "industrial_mine", "probability_mean": 0.9, "mineral": site.mineral}
    write_polygons(gpd.GeoDataFrame(columns, geometry=site.patches, crs=crs), folder / "patches")
    write_polygons(gpd.GeoDataFrame([site.permit], crs=crs), folder / "permits")
    zones = ()
    if site.park is not None:
        write_polygons(gpd.GeoDataFrame({"NAME": ["Park"]}, geometry=[site.park], crs=crs), folder / "park")
        zones = (ZoneSection(file=folder / "park.gpkg", kind="protected_area", name="NAME"),)
    left, bottom, right, top = shapely.union_all(site.patches).buffer(700.0).bounds
    motion = _motion(folder / "displacement.zarr", (left, bottom, right, top), site.moving, crs)
    run = Run(folder, Site.over(folder.name, box(left, bottom, right, top, str(crs)), crs=str(crs)))
    return run, ToAssess(folder / "patches.parquet", folder / "permits.gpkg", {}, motion, zones)


def _motion(path: Path, bounds: tuple[float, ...], moving: object | None, crs: object) -> Path:
    """Still ground with noise within its standard error, and a planted cluster at −30 mm a year."""
    area = gpd.GeoSeries([shapely.box(*bounds), moving], crs=crs).to_crs(RADAR_CRS)
    left, bottom, right, top = area.iloc[0].bounds
    shape = (int((top - bottom) / PIXEL_M) + 1, int((right - left) / PIXEL_M) + 1)
    grid = GeoBox(shape, Affine(PIXEL_M, 0, left, 0, -PIXEL_M, top), RADAR_CRS)
    random = np.random.default_rng(int(path.parent.name.removeprefix("site-")))
    velocity = random.normal(0.0, 0.001, shape).astype("f4")
    if moving is not None:
        x, y = left + PIXEL_M * (np.arange(shape[1]) + 0.5), top - PIXEL_M * (np.arange(shape[0]) + 0.5)
        velocity[shapely.contains_xy(area.iloc[1], *np.meshgrid(x, y))] = -0.03
    days = pd.date_range("2022-01-05", periods=30, freq="24D")
    years = (days - days[0]).days.to_numpy() / 365.25
    layers = {
        "velocity_vertical": (("y", "x"), velocity), "velocity_vertical_std": (("y", "x"), np.full(shape, 0.001, "f4")),
        "decorrelated": (("y", "x"), np.zeros(shape, bool)),
        "displacement_vertical": (("epoch", "y", "x"), (velocity[None] * years[:, None, None]).astype("f4")),
    }  # fmt: skip
    coordinates = odc.geo.xr.xr_coords(grid, dims=("y", "x")) | {"epoch": days.to_numpy()}
    write_zarr(xr.Dataset(layers, coords=coordinates), path)
    return path


if __name__ == "__main__":
    main()
