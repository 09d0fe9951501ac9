"""`highwall simulate`: the simulated mine as a folder that `highwall monitor` reads like a real one, and its truth."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import xarray as xr
import yaml
from numpy.typing import NDArray
from shapely.geometry import Polygon

from highwall.core.constants import SENTINEL2_QUANTIFICATION
from highwall.core.grid import GeoBox, grid_of
from highwall.core.truth import (
    LABELS,
    SimulatedSite,
    expected_findings,
    land_cover,
    permits,
    simulate_site,
    surface_at,
    vertical_velocity,
)
from highwall.imagery.simulate import SceneOptions, on_finest_grid, simulate_bands
from highwall.insar.simulate import StackOptions, simulate_stack
from highwall.io.aside import aside, write_text

BEFORE_DAYS, AFTER_DAYS, CLOUDY_DAYS = 0, 370, 380
"""Days from the site's start to the three scenes; the last is cloudy, and must be refused for the one before it."""
CLOUD_SHARE = 0.55
STILL_CORNER_M, STILL_SIDE_M = 100.0, 1000.0
"""m, corner and side of the square that the site file gives as the radar's reference."""

EARLIER = "earlier.yaml"
"""Site file of the first scene alone, for a run before the run."""

Say = Callable[[str], None]


def simulate(
    out: Path,
    *,
    seed: int = 2,
    stack: StackOptions | None = None,
    has_product: bool = False,
    progress: Say = lambda message: None,
) -> Path:
    """Write a simulated site and its truth, and return the path of its ``site.yaml``.

    Parameters
    ----------
    out
        Folder of the site. Files of the same names are replaced.
    stack
        How the radar stack is taken.
    has_product
        Also write the last scene as a product folder, one file a band at its native 10, 20 or 60 m, in ``products/``.
    progress
        Told what is done.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    site = simulate_site(seed)
    after = site.start + dt.timedelta(days=AFTER_DAYS)
    _write_scenes(site, out / "scenes", progress)
    if has_product:
        _write_product(site, after, out / "products")
    progress("interferograms")
    _write_stack(simulate_stack(site, stack).stack, out / "insar")
    progress("permits, land cover and truth")
    _write_vectors(site, out)
    write_raster(land_cover(site)[None], out / "land_cover.tif", grid=site.geobox, names=("land_cover",))
    _write_truth(site, after, out / "truth")
    _write_site_file(_earlier(site), out / EARLIER)
    return _write_site_file(_described(site), out / "site.yaml")


def _write_scenes(site: SimulatedSite, folder: Path, progress: Say) -> None:
    for days in (BEFORE_DAYS, AFTER_DAYS, CLOUDY_DAYS):
        date = site.start + dt.timedelta(days=days)
        progress(f"scene of {date.isoformat()}")
        options = SceneOptions(cloud_share=CLOUD_SHARE if days == CLOUDY_DAYS else 0.0)
        scene = on_finest_grid(simulate_bands(site, date, options), site)
        names = tuple(str(name) for name in scene["band"].values)
        path = folder / _scene_name(date)
        write_raster(as_numbers(scene), path, grid=site.geobox, names=names, nodata=0, tags=scene_tags(date))


def _write_product(site: SimulatedSite, date: dt.date, folder: Path) -> None:
    product = folder / f"S2SIM_MSIL1C_{date:%Y%m%d}.SAFE"
    for name, image in simulate_bands(site, date).items():
        path = product / f"S2SIM_{date:%Y%m%d}_{name}.tif"
        values = as_numbers(image)[None]
        write_raster(values, path, grid=grid_of(image), names=(name,), nodata=0, tags=scene_tags(date))


def _write_stack(stack: xr.Dataset, folder: Path) -> None:
    grid = grid_of(stack["unw"])
    for number in range(stack.sizes["pair"]):
        pair = stack.isel(pair=number)
        first, second = (np.datetime_as_string(pair[name].values, unit="D") for name in ("first", "second"))
        tags: dict[str, str] = {
            "FIRST_DATE": str(first), "SECOND_DATE": str(second), "BPERP_METRES": f"{float(pair['bperp']):.3f}",
            "WAVELENGTH_METRES": f"{stack.attrs['wavelength_m']:.9f}",
            "INCIDENCE_DEGREES": f"{stack.attrs['incidence_deg']:.3f}", "SIMULATED": "yes",
        }  # fmt: skip
        stem = f"{first}-{second}".replace("-", "")
        for name in ("unw", "coh"):
            path = folder / f"{stem[:8]}-{stem[8:]}_{name}.tif"
            write_raster(pair[name].values[None], path, grid=grid, names=(name,), nodata=np.nan, tags=tags)


def _write_vectors(site: SimulatedSite, out: Path) -> None:
    rows = permits(site)
    fields = ("permit_id", "holder", "mineral", "valid_from", "valid_to", "status")
    table = {field: [getattr(row, field) for row in rows] for field in fields}
    table |= {field: [date.isoformat() for date in table[field]] for field in ("valid_from", "valid_to")}
    frame = gpd.GeoDataFrame(table, geometry=[Polygon(row.outline) for row in rows], crs=site.crs)
    area = gpd.GeoDataFrame({"name": [site.name]}, geometry=[Polygon(site.aoi)], crs=site.crs).to_crs("EPSG:4326")
    with aside(out / "permits.gpkg") as temporary:
        frame.to_file(temporary, driver="GPKG", layer="permits", engine="pyogrio")
    with aside(out / "aoi.geojson") as temporary:
        area.to_file(temporary, driver="GeoJSON", engine="pyogrio")


def _write_truth(site: SimulatedSite, date: dt.date, folder: Path) -> None:
    surface = surface_at(site, date)
    grid = site.geobox
    write_raster(surface.footprint[None].astype(np.uint8), folder / "footprint.tif", grid=grid, names=("footprint",))
    write_raster(surface.labels.astype(np.uint8), folder / "labels.tif", grid=grid, names=LABELS)
    velocity = vertical_velocity(site).astype(np.float32)[None]
    write_raster(velocity, folder / "velocity.tif", grid=grid, names=("velocity_vertical",))
    findings = [
        {
            "kind": finding.kind, "permit_id": finding.permit_id, "area_m2": round(finding.area_m2, 1),
            "polygon": finding.outline.round(2).tolist(),
        }
        for finding in expected_findings(site, date)
    ]  # fmt: skip
    content = {"date": date.isoformat(), "crs": site.crs, "seed": site.seed, "findings": findings}
    write_text(json.dumps(content, indent=2) + "\n", folder / "expected_findings.json")


def _described(site: SimulatedSite) -> dict[str, Any]:
    """Content of the site file: everything that is there."""
    return {
        "site": {
            "name": site.name, "aoi": "aoi.geojson", "crs": site.crs, "minerals": list(site.minerals),
            "mine_type": "OP",
        },
        "scenes": {"files": ["scenes"]},
        "insar": {"stack": "insar", "reference": _still_ground(site)},
        "permits": {"file": "permits.gpkg"},
        "land_cover": {"file": "land_cover.tif"},
    }  # fmt: skip


def _earlier(site: SimulatedSite) -> dict[str, Any]:
    """Content of the file of the site as it was a year before, seen from space alone."""
    described = _described(site)
    first = _scene_name(site.start + dt.timedelta(days=BEFORE_DAYS))
    return {"site": described["site"], "scenes": {"files": [f"scenes/{first}"]}, "land_cover": described["land_cover"]}


def _scene_name(date: dt.date) -> str:
    return f"S2SIM_{date:%Y%m%d}.tif"


def _write_site_file(content: Mapping[str, Any], path: Path) -> Path:
    return write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), path)


def _still_ground(site: SimulatedSite) -> dict[str, Any]:
    """Fields and town in the south-west, far from the works: where an engineer would take the ground as still."""
    left, bottom = site.to_crs(np.zeros((1, 2)))[0] + STILL_CORNER_M
    bounds = {"left": left, "bottom": bottom, "right": left + STILL_SIDE_M, "top": bottom + STILL_SIDE_M}
    return {"kind": "area", "crs": site.crs, **{name: float(value) for name, value in bounds.items()}}


def as_numbers(reflectance: xr.DataArray) -> NDArray[np.uint16]:
    """Reflectance as Sentinel-2's digital numbers; 0 is left to nodata."""
    return np.asarray(np.clip(np.rint(reflectance.values * SENTINEL2_QUANTIFICATION), 1, 65535), dtype=np.uint16)


def scene_tags(date: dt.date, *, level: str = "L1C") -> dict[str, str]:
    """Tags by which a simulated scene is read like a real one."""
    return {
        "LEVEL": level, "ACQUISITION_DATE": date.isoformat(), "QUANTIFICATION": f"{SENTINEL2_QUANTIFICATION:g}",
        "OFFSET": "0", "SIMULATED": "yes",
    }  # fmt: skip


def write_raster(
    values: NDArray[Any],
    path: Path,
    *,
    grid: GeoBox,
    names: tuple[str, ...],
    nodata: float | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write (band, y, x) as a GeoTIFF with named bands."""
    profile = {
        "driver": "GTiff", "dtype": values.dtype, "count": len(names), "height": grid.shape.y, "width": grid.shape.x,
        "crs": str(grid.crs), "transform": grid.transform, "compress": "deflate", "nodata": nodata, "zlevel": 1,
    }  # fmt: skip
    with aside(path) as temporary, rasterio.open(temporary, "w", **profile) as dataset:
        dataset.write(values)
        dataset.descriptions = names
        dataset.update_tags(**(tags or {}))
