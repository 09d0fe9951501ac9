"""Points whose truth a person has told: a table of text, and what a map says at each of them."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from highwall.core.errors import InputError, MissingInputError
from highwall.core.taxonomy import CHIP_CLASSES, MINING_CLASSES, NONE
from highwall.workflows.judging.mapped import CLASS_COLUMNS, Mapped

_PLACES: Final = (("lon", "lat"), ("x", "y"))
_MOST_DEGREES: Final = {"lon": 360.0, "lat": 90.0}
_SAME: Final = dict.fromkeys(("1", "1.0", "true", "yes"), "mine") | dict.fromkeys(("0", "0.0", "false", "no"), NONE)
"""Other words for a mine and for none."""
_CLASSES: Final = frozenset({*CHIP_CLASSES, *(row.name for row in MINING_CLASSES)}) - {NONE}


def read_points(path: Path, *, crs: str, classes: Sequence[str] = ()) -> gpd.GeoDataFrame:
    """Read points: ``truth`` (text), ``is_mine``, ``weight`` where the file has one.

    Parameters
    ----------
    path
        CSV with ``lon`` and ``lat`` [°] or ``x`` and ``y``, and ``truth``: 1, true, mine or the name of a class where
        there is a mine, 0, false, no or none where there is not. Rows without a truth are left out.
    crs
        In which ``x`` and ``y`` count, and the result is.
    classes
        Names that are mines, and no others; by default those of Highwall's classes.

    Returns
    -------
    points
        ``truth`` is "mine", "none" or the name of a class, in small letters.

    Raises
    ------
    MissingInputError
        No such file.
    InputError
        It lacks a column, has no row with a truth, a place or a weight is no number, or a name is unknown.
    """
    table = _read_table(path)
    place = next((pair for pair in _PLACES if set(pair) <= set(table)), None)
    if place is None or "truth" not in table or table.empty:
        raise InputError(
            f"{path} has {len(table)} rows of {', '.join(map(str, table))}; it needs lon and lat (degrees) or x and y "
            f"({crs}), and truth."
        )
    spots = gpd.points_from_xy(*(_numbers(table, name, path) for name in place))
    points = gpd.GeoDataFrame(table, geometry=spots, crs="EPSG:4326" if place == _PLACES[0] else crs).to_crs(crs)
    if "weight" in points:
        points["weight"] = _numbers(points, "weight", path, least=0.0)
    points["truth"] = points["truth"].str.strip().str.lower().replace(_SAME)
    points = points[points["truth"] != ""].reset_index(drop=True)
    if points.empty:
        raise InputError(f"{path} has no row with a truth; write 1 where there is a mine, 0 where there is none.")
    points["is_mine"] = _is_mine(points["truth"], classes, path)
    return points


def _read_table(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise MissingInputError(f"no points at {path}; check the path.")
    try:
        return pd.read_csv(path, dtype={"truth": str}, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no CSV ({error}).") from error


def _numbers(table: pd.DataFrame, name: str, path: Path, *, least: float = -math.inf) -> "pd.Series[float]":
    """Read a column of numbers."""
    numbers = pd.to_numeric(table[name], errors="coerce")
    is_wrong = ~(np.isfinite(numbers) & (numbers >= least) & (numbers.abs() <= _MOST_DEGREES.get(name, math.inf)))
    if is_wrong.any():
        row = int(is_wrong.to_numpy().argmax())
        raise InputError(f"{path}: {name} is {str(table[name].iloc[row])!r} in row {row + 1}; correct it.")
    return numbers


def _is_mine(truth: "pd.Series[str]", classes: Sequence[str], path: Path) -> NDArray[np.bool_]:
    """Tell which truths are mines: (point,)."""
    said, wanted = set(truth), {name.lower() for name in classes} or {"mine", *_CLASSES}
    if missing := sorted(wanted - said if classes else ()):
        raise InputError(f"no point is of the class {' or '.join(missing)}; {path} has {', '.join(sorted(said))}.")
    if strange := sorted(said - wanted - {NONE} if not classes else ()):
        raise InputError(
            f"{path}: truth names {', '.join(strange)}, no class of Highwall's; write none where there is no mine, or "
            "name the mines with --classes."
        )
    return truth.isin(wanted).to_numpy()


def with_map(points: gpd.GeoDataFrame, mapped: Mapped) -> gpd.GeoDataFrame:
    """Add what the map says at each point, ``mapped`` (name of the class, or "none") and ``is_mapped``.

    Points of which the map says nothing are left out.
    """
    rows, cols = _pixels(points, mapped)
    height, width = mapped.is_known.shape
    is_on = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
    is_on[is_on] = mapped.is_known[rows[is_on], cols[is_on]]
    seen = points[is_on].reset_index(drop=True)
    hits = seen[["geometry"]].sjoin(mapped.polygons, predicate="within", how="left")
    hits = hits[~hits.index.duplicated()]
    said = hits["index_right"].notna()
    column = next((name for name in CLASS_COLUMNS if name in mapped.polygons), None)
    names = hits[column].astype(str) if column else pd.Series("mine", index=hits.index)
    seen["mapped"], seen["is_mapped"] = names.where(said, NONE), said
    return seen


def _pixels(points: gpd.GeoDataFrame, mapped: Mapped) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    there = points.geometry.affine_transform((~mapped.grid.transform).to_shapely())
    return np.floor(there.y.to_numpy()).astype(np.int64), np.floor(there.x.to_numpy()).astype(np.int64)
