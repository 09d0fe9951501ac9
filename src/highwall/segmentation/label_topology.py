"""How label polygons lie to one another: drawn twice, overlapping within a subset, out of what must contain them.

Within a subset classes exclude each other: where two overlap, the first of ``core.taxonomy.PRECEDENCE`` keeps the
ground. Across subsets they may overlap. A slope lies in an excavation always, a tailings surface in a dumping ground
mostly (Jabłońska et al. 2024, Table 1).
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import geopandas as gpd
import shapely

from highwall.core.taxonomy import BLANK, CLASS_NAMES, MINING_CLASSES, PRECEDENCE
from highwall.segmentation.label_checks import Drawing, Issue, polygonal

_SUBSET_OF: Final = {each.name: each.subset for each in MINING_CLASSES}
_CONTAINER_OF: Final = {each.name: each.inside for each in MINING_CLASSES if each.inside}
_ALWAYS_INSIDE: Final = ("exploitation_slope", "transportation_slope")
"""Classes that never lie outside their container."""
_MOSTLY: Final = 0.5
"""Share inside its container from which the rest of a polygon is cut off; below, the container itself is missing."""


class _Pair(NamedTuple):
    """Two polygons that share area."""

    first: Any
    second: Any
    shared_m2: float
    iou: float


def check_twice(drawing: Drawing) -> Drawing:
    """Find polygons of one class that were drawn twice; the later one is left out."""
    name = drawing.polygons["class"]
    issues, dropped = [], set()
    for pair in _overlapping(drawing):
        if name[pair.first] == name[pair.second] and pair.iou >= drawing.options.same_iou:
            dropped.add(pair.second)
            text = f"{drawing.name(pair.second)} is {drawing.name(pair.first)} once more (IoU {pair.iou:.2f})"
            issues.append(Issue("drawn_twice", "warning", int(pair.second), text, "left out"))
    return drawing.found(issues, drawing.polygons.drop(index=list(dropped)))


def check_overlap(drawing: Drawing) -> Drawing:
    """Find overlaps of two classes of one subset; the class of higher precedence keeps the ground."""
    table, issues = drawing.polygons, []
    shapes = dict(table.geometry.items())
    for pair in _overlapping(drawing):
        keeps, yields = sorted((pair.first, pair.second), key=lambda number: _rank(table["class"][number]))
        is_small = pair.shared_m2 <= drawing.options.least_overlap_m2
        if is_small or not _rivals(table["class"][keeps], table["class"][yields]):
            continue
        shapes[yields] = polygonal(shapely.difference(shapes[yields], table.geometry[keeps]))
        text = (
            f"{drawing.name(yields)} and {drawing.name(keeps)} overlap by {pair.shared_m2:,.0f} m²; classes of subset "
            f"{_SUBSET_OF[table['class'][keeps]]} exclude each other"
        )
        issues.append(Issue("overlap", "warning", int(yields), text, f"{table['class'][keeps]} keeps it"))
    cut = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))
    return drawing.found(issues, cut[~cut.geometry.is_empty])


def check_container(drawing: Drawing) -> Drawing:
    """Find polygons outside the class that must hold them; a slope that is mostly inside is cut to its excavation."""
    table, metric = drawing.polygons, _metric(drawing)
    issues, shapes = [], dict(table.geometry.items())
    for name, container in _CONTAINER_OF.items():
        holds = shapely.union_all(table.geometry[table["class"] == container].to_numpy())
        holds_m = shapely.union_all(metric[table["class"] == container].to_numpy())
        for number in table.index[table["class"] == name]:
            outside = 1.0 - shapely.intersection(metric[number], holds_m).area / metric[number].area
            if outside <= drawing.options.most_outside:
                continue
            is_cut = name in _ALWAYS_INSIDE and outside <= _MOSTLY
            if is_cut:
                shapes[number] = polygonal(shapely.intersection(shapes[number], holds))
            issues.append(_outside(drawing, number, outside=outside, container=container, is_cut=is_cut))
    return drawing.found(issues, table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs)))


def check_blank(drawing: Drawing) -> Drawing:
    """Find *blank* ground on which a class was drawn too: one of them is wrong, and the class is what counts."""
    name = drawing.polygons["class"]
    issues = []
    for pair in _overlapping(drawing):
        classes = {name[pair.first], name[pair.second]}
        if BLANK in classes and classes & set(CLASS_NAMES) and pair.shared_m2 > drawing.options.least_overlap_m2:
            blank, other = sorted((pair.first, pair.second), key=lambda number: name[number] != BLANK)
            text = (
                f"{drawing.name(blank)} and {drawing.name(other)} overlap by {pair.shared_m2:,.0f} m²; the class counts"
            )
            issues.append(Issue("blank_overlap", "notice", int(blank), text, ""))
    return drawing.found(issues)


def _overlapping(drawing: Drawing) -> Iterator[_Pair]:
    """Pairs of polygons that share area, each once, in the order of their numbers."""
    metric = _metric(drawing)
    shapes, numbers = metric.to_numpy(), metric.index
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for i, j in sorted(zip(first.tolist(), second.tolist(), strict=True)):
        if i >= j:
            continue
        shared = float(shapely.intersection(shapes[i], shapes[j]).area)
        if shared > 0.0:
            together = float(shapes[i].area + shapes[j].area) - shared
            yield _Pair(numbers[i], numbers[j], shared, shared / together)


def _metric(drawing: Drawing) -> gpd.GeoSeries:
    return drawing.metric if len(drawing.polygons) else drawing.polygons.geometry


def _rivals(one: str, other: str) -> bool:
    """Tell whether two classes exclude each other."""
    return one != other and one in _SUBSET_OF and _SUBSET_OF[one] == _SUBSET_OF.get(other)


def _rank(name: str) -> int:
    return PRECEDENCE.index(name) if name in PRECEDENCE else len(PRECEDENCE)


def _outside(drawing: Drawing, number: Any, *, outside: float, container: str, is_cut: bool) -> Issue:
    is_slope = drawing.polygons["class"][number] in _ALWAYS_INSIDE
    text = f"{drawing.name(number)} lies {100 * outside:.0f} % outside any {container}"
    cure = f"; draw the {container} around it" if is_slope and not is_cut else ""
    repair = f"cut to the {container}" if is_cut else ""
    return Issue("outside_container", "error" if is_slope else "notice", int(number), text + cure, repair)
