"""Areas with intervals: points of a map for people to judge, and what their judgement makes of the map's areas."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from highwall.activity.area import AreaEstimates, Estimate, estimate_areas
from highwall.core.errors import InputError, MissingInputError
from highwall.core.grid import GeoBox, crs_name, grid_of, pixel_area_m2
from highwall.imagery.chips import Stretch, true_colour
from highwall.imagery.scaling import require_bands
from highwall.io.aside import aside, write_text
from highwall.io.rasters import loaded, read_overview, read_raster
from highwall.report.area import area_bars
from highwall.report.labeller import Chip, render_labeller
from highwall.workflows.judging.area_points import Design, draw, groups, shares_of
from highwall.workflows.run import Say, silent
from highwall.workflows.watching.prepare import VISIBLE

STRATA: Final = "strata.json"
_CHIP_PX: Final = 41
"""Side of the picture of a point [px]; odd, so that its pixel is the middle one."""
_OVERVIEW_PX: Final = 1024
"""Longest side of the picture from which one stretch for all points is told [px]."""


def design(
    classes: Path, out: Path, *, names: Mapping[int, str], how: Design, image: Path | None = None, say: Say = silent
) -> Path:
    """Draw points from a map of classes, stratum by stratum.

    Leaves ``points.csv``, ``strata.json`` and, with an image, ``labeller.html`` to judge them on.

    The rows come in random order and the page hides what the map says, so that whoever judges is not led by it.

    Parameters
    ----------
    classes
        Raster of codes.
    names
        Code → class; codes without one keep their number, codes with one name are one class.
    image
        Scene or picture (red, green, blue) of which the page shows the surroundings of each point.

    Raises
    ------
    InputError
        The raster has more than 64 values, the points do not reach, or the map has fewer pixels than points.
    """
    raster = read_raster(classes)
    raster = raster.isel(band=0, drop=True) if "band" in raster.dims else raster
    grid = grid_of(raster)
    codes, pixels = groups(raster, names)
    area = {name: n * pixel_area_m2(grid) for name, n in pixels.items()}
    points = draw(raster, codes, pixels, shares_of(how, pixels, pixel_m2=pixel_area_m2(grid)), seed=how.seed)
    table = _table(points, grid).sample(frac=1.0, random_state=how.seed).reset_index(drop=True)
    table.insert(0, "point", range(1, len(table) + 1))
    with aside(out / "points.csv") as temporary:
        table.to_csv(temporary, index=False)
    facts = {"map": str(classes.resolve()), "stratum_m2": area, "seed": how.seed}
    write_text(json.dumps(facts, indent=1, ensure_ascii=False), out / STRATA)
    if image is not None:
        page = render_labeller(_chips(table, image), classes=sorted(area))
        write_text(page, out / "labeller.html")
    say(f"points.csv: {len(table)} points of {len(area)} classes" + ("; judge them in labeller.html" if image else ""))
    return out / "points.csv"


def estimate(
    points: Path, out: Path, *, reference: Path | None = None, coverage: float = 0.95, say: Say = silent
) -> AreaEstimates:
    """Estimate areas from judged points. Leaves ``area.csv``, ``area_matrix.csv``, ``area.json`` and ``area.png``.

    Parameters
    ----------
    points
        ``points.csv`` with the column ``reference`` filled in, beside its ``strata.json``. Rows without a reference are
        left out and counted.
    reference
        What the page saves: ``point`` and ``reference``; it fills that column in.

    Raises
    ------
    MissingInputError
        The file, or ``strata.json`` beside it, does not exist.
    InputError
        No row is judged, or a stratum has fewer than two judged points.
    """
    sample, stratum_m2 = _read(points)
    sample = sample if reference is None else _filled(sample, reference)
    judged = sample[sample["reference"] != ""].reset_index(drop=True)
    if judged.empty:
        raise InputError(
            f"{points} has no reference yet; judge the points first, on labeller.html or in a spreadsheet."
        )
    found = estimate_areas(judged, stratum_m2)
    table = _with_bounds(found.classes, coverage)
    with aside(out / "area.csv") as temporary:
        table.to_csv(temporary, index_label="class")
    with aside(out / "area_matrix.csv") as temporary:
        found.proportions.to_csv(temporary)
    facts = {
        "n_points": len(judged), "n_not_judged": len(sample) - len(judged), "coverage": coverage,
        "overall_accuracy": found.overall.value, "overall_accuracy_std": found.overall.std,
        "classes": {str(name): row.to_dict() for name, row in table.iterrows()},
    }  # fmt: skip
    text = json.dumps(facts, indent=1, ensure_ascii=False)
    write_text(text.replace("NaN", "null"), out / "area.json")
    with aside(out / "area.png") as temporary:
        temporary.write_bytes(area_bars(table, coverage=coverage))
    say(f"area.csv: {len(table)} classes from {len(judged)} points; {len(sample) - len(judged)} were not judged")
    return found


def _table(points: list[tuple[int, int, str]], grid: GeoBox) -> pd.DataFrame:
    places = np.array([grid.transform * (col + 0.5, row + 0.5) for row, col, _ in points])
    degrees = gpd.GeoSeries(gpd.points_from_xy(*places.T), crs=crs_name(grid)).to_crs("EPSG:4326")
    names = [name for _, _, name in points]
    return pd.DataFrame({
        "lon": degrees.x.round(7), "lat": degrees.y.round(7), "stratum": names, "mapped": names, "reference": "",
    })  # fmt: skip


def _chips(table: pd.DataFrame, image: Path) -> list[Chip]:
    """Picture around each point; points off the image have none."""
    scene = require_bands(read_raster(image), VISIBLE, purpose="pictures of the points")
    stretch = Stretch.of(read_overview(image, max_side=_OVERVIEW_PX))
    grid = grid_of(scene)
    places = gpd.GeoSeries(gpd.points_from_xy(table["lon"], table["lat"]), crs="EPSG:4326").to_crs(crs_name(grid))
    half = _CHIP_PX // 2
    found = []
    for point, place in zip(table["point"], places, strict=True):
        col, row = (int(np.floor(value)) for value in ~grid.transform * (place.x, place.y))
        inside = half <= row < grid.shape[0] - half and half <= col < grid.shape[1] - half
        cut = scene.isel(y=slice(row - half, row + half + 1), x=slice(col - half, col + half + 1)) if inside else None
        found.append(Chip(int(point), None if cut is None else true_colour(loaded(cut), stretch=stretch)))
    return found


def _read(points: Path) -> tuple[pd.DataFrame, dict[str, float]]:
    strata = points.parent / STRATA
    for path in (points, strata):
        if not path.is_file():
            raise MissingInputError(f"no file at {path}; `highwall area design` leaves it, beside the other one.")
    sample = _csv(points)
    if missing := {"point", "stratum", "mapped", "reference"} - set(sample):
        raise InputError(
            f"{points} has the columns {', '.join(map(str, sample))}; it lacks {', '.join(sorted(missing))}."
        )
    sample["reference"] = sample["reference"].str.strip()
    area: dict[str, float] = json.loads(strata.read_text(encoding="utf-8"))["stratum_m2"]
    return sample, area


def _filled(sample: pd.DataFrame, reference: Path) -> pd.DataFrame:
    """Take references from the table that the page saves."""
    if not reference.is_file():
        raise MissingInputError(f"no file at {reference}; save it on the page of the points.")
    said = _csv(reference)
    if not {"point", "reference"} <= set(map(str, said)):
        raise InputError(f"{reference} has the columns {', '.join(map(str, said))}; it needs point and reference.")
    if strange := sorted(set(said["point"]) - set(sample["point"])):
        raise InputError(f"{reference} judges point {strange[0]}, which was not drawn; is it of another sample?")
    answers = dict(zip(said["point"], said["reference"].str.strip(), strict=True))
    known = zip(sample["point"], sample["reference"], strict=True)
    return sample.assign(reference=[answers.get(point, was) for point, was in known])


def _csv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no CSV ({error}).") from error


def _with_bounds(classes: pd.DataFrame, coverage: float) -> pd.DataFrame:
    areas = zip(classes["area_m2"].tolist(), classes["area_std_m2"].tolist(), strict=True)
    bounds = [Estimate(area, std).interval(coverage=coverage) for area, std in areas]
    table = classes.copy()
    table["area_low_m2"] = [max(low, 0.0) for low, _ in bounds]
    table["area_high_m2"] = [high for _, high in bounds]
    return table
