"""`highwall dataset simulate`: many simulated sites as files that `highwall dataset build` reads like real ones."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes

from highwall.core.bands import OPTICAL, POLARISATIONS, SCENE_CLASSIFICATION
from highwall.core.truth.varied import PART_OF_MINE_IT_RESEMBLES, Likeness, VariedGround, VariedSite, world_cover
from highwall.imagery.simulate_varied import VariedScene
from highwall.io.aside import write_text
from highwall.io.vectors import write_polygons
from highwall.workflows.config_files import checked
from highwall.workflows.datasets.simulated_sites import (
    Advance,
    SimulatedSitesOptions,
    Visit,
    kind_of_site,
    mask_of_layers,
    sites_of,
    take,
    visits_of,
)
from highwall.workflows.training.experiments import read_config
from highwall.workflows.watching.simulate import as_numbers, scene_tags, write_raster

_COLUMNS = ("site", "material", "mine_type", "dates", "split")


class SimulatedFolder(NamedTuple):
    """What was written, for `highwall dataset build` and `highwall evaluate segmentation`."""

    scenes: Path
    labels: Path
    sites: Path
    earthworks: Path
    n_scenes: int


def simulate_dataset(
    out: Path,
    *,
    options: SimulatedSitesOptions | None = None,
    advance: Advance = lambda what, done, total: None,
) -> SimulatedFolder:
    """Write simulated sites: scenes as `highwall fetch` leaves them, labels, a site table, and ground that is no mine.

    Parameters
    ----------
    out
        Takes ``scenes/SITE/DATE_s2.tif`` (with ``_s1``, ``_scl``, ``worldcover.tif`` and ``dem.tif`` beside it),
        ``labels/SITE/DATE.tif``, ``sites.csv`` and ``earthworks.gpkg``: look-alikes that stand through the series.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    options = options or SimulatedSitesOptions()
    visits = visits_of(sites_of(options), options)
    earthworks = []
    for number, visit in enumerate(visits, start=1):
        ground, scene = take(visit, options)
        is_first = number == 1 or visits[number - 2].site is not visit.site
        if is_first:
            earthworks.append(_earthworks(visit.site, ground))
        _write_visit(visit, ground, scene, out, with_static=is_first)
        advance("simulated scenes", number, len(visits))
    found = pd.concat(earthworks, ignore_index=True)
    write_polygons(gpd.GeoDataFrame(found, geometry="geometry", crs="EPSG:4326"), out / "earthworks.gpkg")
    _write_table(visits, out / "sites.csv")
    return SimulatedFolder(
        out / "scenes", out / "labels", out / "sites.csv", out / "earthworks.gpkg", n_scenes=len(visits)
    )


def options_of(config: Path | None, changes: Mapping[str, Any], *, years: str | None = None) -> SimulatedSitesOptions:
    """Options of a YAML file, with what the command line says against it.

    Parameters
    ----------
    changes
        By name; None leaves what the file says.
    years
        First and last year, as 2016-2022, or one year.

    Raises
    ------
    MissingInputError
        No such file.
    ConfigError
        An unknown key, or a value out of bounds.
    """
    content = {} if config is None else read_config(config, SimulatedSitesOptions).model_dump()
    content |= {name: value for name, value in changes.items() if value is not None}
    if years is not None:
        first, _, last = years.partition("-")
        content |= {"first_year": first, "last_year": last or first}
    return checked(SimulatedSitesOptions, content, source="the command line")


def _write_visit(visit: Visit, ground: VariedGround, scene: VariedScene, out: Path, *, with_static: bool) -> None:
    site, date = visit.site, visit.date.isoformat()
    folder, grid = out / "scenes" / site.traits.name, site.geobox
    tags = scene_tags(visit.date, level=scene.weather.level)
    write_raster(
        as_numbers(scene.reflectance), folder / f"{date}_s2.tif", grid=grid, names=OPTICAL, nodata=0, tags=tags
    )
    radar_tags = {"ACQUISITION_DATE": date, "UNITS": "dB", "SIMULATED": "yes"}
    write_raster(
        scene.radar.values, folder / f"{date}_s1.tif", grid=grid, names=POLARISATIONS, nodata=np.nan, tags=radar_tags
    )
    write_raster(scene.scl.values[None], folder / f"{date}_scl.tif", grid=grid, names=(SCENE_CLASSIFICATION,), nodata=0)
    mask = mask_of_layers(ground.surface.labels)
    write_raster(
        mask[None], out / "labels" / site.traits.name / f"{date}.tif", grid=grid, names=("mining_labels",),
        tags={"LAYER": "mining_labels", "SIMULATED": "yes"},
    )  # fmt: skip
    if with_static:
        _write_static(site, ground, folder)


def _write_static(site: VariedSite, ground: VariedGround, folder: Path) -> None:
    cover, heights = world_cover(ground.surface)[None], site.terrain.astype(np.float32)[None]
    write_raster(cover, folder / "worldcover.tif", grid=site.geobox, names=("land_cover",), nodata=0)
    write_raster(heights, folder / "dem.tif", grid=site.geobox, names=("height",), nodata=np.nan)


def _earthworks(site: VariedSite, ground: VariedGround) -> gpd.GeoDataFrame:
    """Look-alikes of a site as polygons, each with its kind and the class that it resembles."""
    codes: NDArray[np.uint8] = ground.look_alike
    found = list(shapes(codes, mask=codes > 0, transform=site.geobox.transform))
    kinds = [Likeness(int(code)) for _, code in found]
    table: Mapping[str, Sequence[Any]] = {
        "site": [site.traits.name] * len(found),
        "kind": [kind.name.lower() for kind in kinds],
        "resembles": [PART_OF_MINE_IT_RESEMBLES[kind] for kind in kinds],
    }
    outlines = [shapely.geometry.shape(outline) for outline, _ in found]
    return gpd.GeoDataFrame(table, geometry=outlines, crs=str(site.geobox.crs)).to_crs("EPSG:4326")


def _write_table(visits: Sequence[Visit], path: Path) -> None:
    """Site table: raw material and mine type, dates, split."""
    dates: dict[str, list[str]] = {}
    for visit in visits:
        dates.setdefault(visit.site.traits.name, []).append(visit.date.isoformat())
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    for visit in {visit.site.traits.name: visit for visit in visits}.values():
        material, mine_type = kind_of_site(visit.site)
        name = visit.site.traits.name
        table.writerow([name, material or "", mine_type or "", " ".join(dates[name]), visit.split])
    write_text(text.getvalue(), path)
