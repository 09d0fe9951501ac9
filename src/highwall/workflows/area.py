"""Areas with intervals: points of a map for people to judge, and what their judgement makes of the map's areas."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from highwall.activity.area import AreaEstimates, Estimate, estimate_areas
from highwall.activity.area_design import allocate, sample_size
from highwall.core.errors import InputError, MissingInputError
from highwall.core.grid import GeoBox, crs_name, grid_of, pixel_area_m2
from highwall.imagery.chips import Stretch, true_colour
from highwall.imagery.scaling import require_bands
from highwall.io.aside import aside, write_text
from highwall.io.rasters import loaded, read_overview, read_raster
from highwall.report.area import area_bars
from highwall.report.labeller import Chip, render_labeller
from highwall.workflows.prepare import VISIBLE
from highwall.workflows.run import Say, silent

STRATA: Final = "strata.json"
_BLOCK: Final = 2048
_CHIP_PX: Final = 41
"""Side of the picture of a point [px]; odd, so that its pixel is the middle one."""
_OVERVIEW_PX: Final = 1024
"""Longest side of the picture from which one stretch for all points is told [px]."""
_MOST_CODES: Final = 64
"""Distinct values from which a raster is no map of classes."""
DEFAULT_POINTS: Final = 500


class Design(NamedTuple):
    """How many points to draw, and where."""

    n_points: int | None = None
    """Points in all; by default as many as ``overall_std`` takes, or 500 without one."""
    least: int = 50
    """Points of every stratum, at least."""
    overall_std: float | None = None
    """Standard error wanted of the overall accuracy [1]."""
    expected: float = 0.8
    """User's accuracy that is expected of every class, for ``overall_std`` [1]."""
    seed: int = 0


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
        Code → class; codes without one keep their number.
    image
        Scene or picture (red, green, blue) of which the page shows the surroundings of each point.

    Raises
    ------
    InputError
        The raster has more than 64 values, the points do not reach, or a class has fewer pixels than points.
    """
    raster = read_raster(classes)
    raster = raster.isel(band=0, drop=True) if "band" in raster.dims else raster
    grid = grid_of(raster)
    counts = _count(raster)
    label = {code: names.get(code, f"class {code}") for code in counts}
    area = {label[code]: n * pixel_area_m2(grid) for code, n in counts.items()}
    shares = allocate(_n_points(how, area), area, least=min(how.least, min(counts.values())))
    points = _draw(raster, counts, {code: shares[label[code]] for code in counts}, seed=how.seed)
    table = _table(points, grid, label).sample(frac=1.0, random_state=how.seed).reset_index(drop=True)
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


def _n_points(how: Design, area: Mapping[str, float]) -> int:
    if how.n_points is not None:
        return how.n_points
    if how.overall_std is None:
        return max(DEFAULT_POINTS, how.least * len(area))
    wanted = sample_size(area, users=dict.fromkeys(area, how.expected), overall_std=how.overall_std)
    return max(wanted, how.least * len(area))


def _blocks(raster: xr.DataArray) -> Iterator[tuple[int, int, NDArray[Any]]]:
    for row in range(0, raster.sizes["y"], _BLOCK):
        for col in range(0, raster.sizes["x"], _BLOCK):
            cut = raster.isel(y=slice(row, row + _BLOCK), x=slice(col, col + _BLOCK))
            yield row, col, loaded(cut).values


def _count(raster: xr.DataArray) -> dict[int, int]:
    """Pixels of each code; NaN is no class."""
    counts: dict[int, int] = {}
    for _, _, block in _blocks(raster):
        values, numbers = np.unique(block[np.isfinite(block)], return_counts=True)
        if (values % 1.0).any():
            raise InputError(
                f"the map holds {values[values % 1.0 > 0][0]:g}, which is no code; give a raster of codes."
            )
        for value, number in zip(values.tolist(), numbers.tolist(), strict=True):
            counts[int(value)] = counts.get(int(value), 0) + number
        if len(counts) > _MOST_CODES:
            raise InputError(f"the map has more than {_MOST_CODES} values; give a raster of codes, one a class.")
    if not counts:
        raise InputError("the map holds no class at all: every pixel is missing.")
    return dict(sorted(counts.items()))


def _draw(
    raster: xr.DataArray, counts: Mapping[int, int], shares: Mapping[int, int], *, seed: int
) -> list[tuple[int, int, int]]:
    """Draw pixels without repetition: (row, column, code); the map is read block by block."""
    random = np.random.default_rng(seed)
    wanted = {code: np.sort(random.choice(counts[code], shares[code], replace=False)) for code in counts}
    passed = dict.fromkeys(counts, 0)
    found = []
    for row, col, block in _blocks(raster):
        for code in counts:
            rows, cols = np.nonzero(block == code)
            first, last = np.searchsorted(wanted[code], [passed[code], passed[code] + rows.size])
            for rank in (wanted[code][first:last] - passed[code]).tolist():
                found.append((row + int(rows[rank]), col + int(cols[rank]), code))
            passed[code] += rows.size
    return found


def _table(points: list[tuple[int, int, int]], grid: GeoBox, label: Mapping[int, str]) -> pd.DataFrame:
    places = np.array([grid.transform * (col + 0.5, row + 0.5) for row, col, _ in points])
    degrees = gpd.GeoSeries(gpd.points_from_xy(*places.T), crs=crs_name(grid)).to_crs("EPSG:4326")
    names = [label[code] for _, _, code in points]
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
