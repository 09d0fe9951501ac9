"""What two annotators disagree on, as polygons for a third to decide; and the drawing that follows from the decisions.

Polygons are compared class by class. A *disagreement* is ground to which one annotator gives a class and the other does
not. Whoever decides sets its ``decision`` to *yes* (it is of the class) or *no*; the adjudicated drawing then holds
what both agree on and what was decided with *yes*. What nobody decided becomes *unsure* by default: it counts nowhere.
"""

from collections.abc import Iterable
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely

from highwall.core.errors import VectorError
from highwall.core.taxonomy import BLANK, CLASS_NAMES
from highwall.segmentation.agreement import NOTHING
from highwall.segmentation.label_checks import polygonal
from highwall.segmentation.label_options import AgreementOptions
from highwall.segmentation.labels import UNSURE, require_labels

YES: Final = "yes"
NO: Final = "no"
_SLIVER_M2: Final = 1.0
"""Parts below this come from rounding where outlines run together [m²]."""
_MOSTLY: Final = 0.5
"""Share of a disagreement that a class of the other annotator must cover for it to be what they called it."""
_COLUMNS: Final = ("class", "drawn_by", "not_by", "called_instead", "is_boundary", "area_m2", "decision")


def disagreements(
    first: gpd.GeoDataFrame, second: gpd.GeoDataFrame, *, annotators: tuple[str, str], options: AgreementOptions
) -> gpd.GeoDataFrame:
    """List where one annotator drew a class and the other did not.

    Parameters
    ----------
    first, second
        Label polygons in one CRS in metres.

    Returns
    -------
    GeoDataFrame
        A row each connected disagreement, the largest first: ``class``, ``drawn_by``, ``not_by``, ``called_instead``
        (classes of the other annotator that cover most of it), ``is_boundary`` (nowhere wider than two outlines may
        differ), ``area_m2`` and an empty ``decision``.

    Raises
    ------
    VectorError
        A class is missing or unknown.
    """
    drawn = {who: _by_class(table) for who, table in zip(annotators, (first, second), strict=True)}
    rows = []
    for who, other in (annotators, annotators[::-1]):
        for name in (*CLASS_NAMES, BLANK):
            for part in _parts(shapely.difference(drawn[who][name], drawn[other][name])):
                if part.area >= options.least_area_m2:
                    instead = _called(part, drawn[other])
                    edge = bool(shapely.buffer(part, -options.boundary_m / 2).is_empty)
                    rows.append((name, who, other, instead, edge, round(part.area, 1), "", part))
    rows.sort(key=lambda row: -row[5])
    table = pd.DataFrame([row[:-1] for row in rows], columns=list(_COLUMNS))
    return gpd.GeoDataFrame(table, geometry=[row[-1] for row in rows], crs=first.crs)


def adjudicate(
    first: gpd.GeoDataFrame,
    second: gpd.GeoDataFrame,
    *,
    decisions: gpd.GeoDataFrame | None = None,
    options: AgreementOptions | None = None,
) -> gpd.GeoDataFrame:
    """Make one drawing of two.

    Parameters
    ----------
    first, second
        Label polygons in one CRS in metres.
    decisions
        Disagreements with their ``decision``, in any CRS; decided ground is found by place, so they may be redrawn.

    Returns
    -------
    GeoDataFrame
        Column ``class``: what both drew, what was decided, and *unsure* for the rest, a row each connected part.

    Raises
    ------
    VectorError
        A class or a decision is unknown.
    """
    chosen = options or AgreementOptions()
    one, other = _by_class(first), _by_class(second)
    decided = _decided(decisions, str(first.crs))
    rows, doubtful = [], []
    for name in (*CLASS_NAMES, BLANK):
        contested = shapely.symmetric_difference(one[name], other[name])
        undecided = shapely.difference(contested, shapely.union_all([decided[name, YES], decided[name, NO]]))
        kept = [shapely.intersection(one[name], other[name]), shapely.intersection(contested, decided[name, YES])]
        if chosen.undecided == YES:
            kept.append(undecided)
        if chosen.undecided == UNSURE:
            doubtful.append(undecided)
        rows += [(name, part) for part in _parts(shapely.union_all(kept))]
    rows += [(UNSURE, part) for part in _parts(shapely.union_all([*doubtful, one[UNSURE], other[UNSURE]]))]
    return gpd.GeoDataFrame({"class": [name for name, _ in rows]}, geometry=[part for _, part in rows], crs=first.crs)


def _by_class(table: gpd.GeoDataFrame) -> dict[str, Any]:
    """Ground of every class as one geometry."""
    require_labels(table)
    names = (*CLASS_NAMES, BLANK, UNSURE)
    return {name: polygonal(shapely.union_all(table.geometry[table["class"] == name].to_numpy())) for name in names}


def _parts(geometry: Any) -> Iterable[Any]:
    """Connected polygons of a geometry."""
    return [part for part in shapely.get_parts(polygonal(geometry)) if part.area >= _SLIVER_M2]


def _called(part: Any, other: dict[str, Any]) -> str:
    """Classes of the other annotator that cover most of a disagreement."""
    names = [
        name
        for name, ground in other.items()
        if name != UNSURE and shapely.intersection(part, ground).area >= _MOSTLY * part.area
    ]
    return "+".join(names) or NOTHING


def _decided(decisions: gpd.GeoDataFrame | None, crs: str) -> dict[tuple[str, str], Any]:
    """Ground that was decided, by class and decision."""
    names = (*CLASS_NAMES, BLANK)
    if decisions is None or decisions.empty:
        return {(name, said): shapely.Polygon() for name in names for said in (YES, NO)}
    if "decision" not in decisions:
        raise VectorError("decisions need a column decision, yes or no; fill that of disagreements.geojson.")
    require_labels(decisions)
    said = decisions["decision"].fillna("").astype(str).str.strip().str.lower()
    unknown = sorted(set(said) - {YES, NO, ""})
    if unknown:
        raise VectorError(f"decision {unknown[0]!r} is unknown; write yes or no, or leave it empty.")
    shapes = decisions.geometry.to_crs(crs)
    return {
        (name, word): polygonal(shapely.union_all(shapes[(decisions["class"] == name) & (said == word)].to_numpy()))
        for name in names
        for word in (YES, NO)
    }
