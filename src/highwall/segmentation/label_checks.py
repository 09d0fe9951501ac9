"""Is a label file sound? Classes, place and geometry here; how polygons lie to one another in `label_topology`.

Each check takes a `Drawing` and gives it back repaired as far as a machine can tell what was meant, with what it found.
An *error* makes pixels wrong or loses a polygon, a *warning* is likely one, a *notice* is for a look.
"""

import dataclasses
import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from odc.geo.geom import box

from highwall.core.checks import nearest_name
from highwall.core.grid import GeoBox, utm_crs
from highwall.core.taxonomy import BLANK, MINING_CLASSES
from highwall.segmentation.label_options import LabelCheckOptions
from highwall.segmentation.labels import BLANK_CODE, LABEL_NAMES

Severity = Literal["error", "warning", "notice"]

_ALIASES: Final = {
    "transport_slope": "transportation_slope", "tsf": "tailing_storage_facility",
    "tailing_storage_facilities": "tailing_storage_facility", "tailings_storage_facility": "tailing_storage_facility",
    "dump": "dumping_ground", "preparatory_area": "preparatory_work_area", "pond": "settling_pond",
}  # fmt: skip
"""Other names of classes in MineCam (Jabłońska et al. 2024), and the usual English plural."""
_CODES: Final = {str(each.code): each.name for each in MINING_CLASSES} | {str(BLANK_CODE): BLANK}
"""Classes by the codes of label rasters."""
_NEAR_SPELLING: Final = 0.8
"""Ratio of matching letters (difflib) above which a name is a misspelt class."""
_POLYGONS: Final = ("Polygon", "MultiPolygon")


class Issue(NamedTuple):
    """One thing that is wrong, or may be."""

    kind: str
    severity: Severity
    polygon: int | None
    """Number of the polygon in its file, from 0; none where it concerns the file."""
    message: str
    repair: str
    """What the repaired copy does about it; empty where a person must."""


class _Reading(NamedTuple):
    """One way to take coordinates."""

    how: str
    crs: Any
    is_turned: bool = False
    """x and y stand the other way round."""


@dataclass(frozen=True)
class Drawing:
    """Label polygons on their way through the checks."""

    polygons: gpd.GeoDataFrame
    """Index: number of the polygon in its file."""
    options: LabelCheckOptions
    scene: GeoBox | None = None
    """Grid of the scene that was drawn on."""
    issues: tuple[Issue, ...] = ()

    def found(self, issues: Iterable[Issue], polygons: gpd.GeoDataFrame | None = None) -> "Drawing":
        """Add what a check found, and take over what it repaired."""
        table = self.polygons if polygons is None else polygons
        return dataclasses.replace(self, polygons=table, issues=(*self.issues, *issues))

    def name(self, number: Any) -> str:
        """What a polygon is called in messages."""
        return f"{self.polygons['class'][number]} {number}"

    @property
    def metric(self) -> gpd.GeoSeries:
        """Geometries in the UTM zone of their middle [m], valid."""
        west, south, east, north = self.polygons.to_crs("EPSG:4326").total_bounds
        placed = self.polygons.geometry.to_crs(utm_crs((west + east) / 2, (south + north) / 2))
        return placed.set_axis(self.polygons.index)


Check = Callable[[Drawing], Drawing]


def check_classes(drawing: Drawing) -> Drawing:
    """Find unknown classes; those that are misspelt take the name that was meant, the others are left out."""
    drawing = _with_column(drawing)
    table, issues, names = drawing.polygons, [], {}
    for number, said in table.get("class", pd.Series(dtype=object)).items():
        names[number] = _class_meant(said)
        if names[number] != said:
            issues.append(_class_issue(int(number), said, names[number]))
    kept = table.assign(**{"class": pd.Series(names, dtype=object, index=table.index)})
    return drawing.found(issues, kept[kept["class"].notna()])


def check_place(drawing: Drawing) -> Drawing:
    """Find polygons in the wrong CRS, or beside their scene; where another reading fits the scene it is taken."""
    table = drawing.polygons
    if table.empty:
        return drawing
    bounds = shapely.total_bounds(table.geometry.to_numpy())
    if not np.isfinite(bounds).all():
        return drawing
    if _fits(bounds, table.crs, drawing.scene):
        return drawing
    for how, crs, is_turned in _other_readings(table, drawing.scene):
        read = _turned(table) if is_turned else table
        if _fits(shapely.total_bounds(read.geometry.to_numpy()), crs, drawing.scene):
            issue = Issue(
                "wrong_crs", "error", None, f"{_misplaced(table, bounds)}; they fit as {how}", f"taken as {how}"
            )
            return drawing.found([issue], read.set_crs(crs, allow_override=True))
    cure = "give the CRS in which they were drawn" + ("" if drawing.scene else ", or the scene with --images")
    issue = Issue("wrong_crs", "error", None, f"{_misplaced(table, bounds)}; {cure}", "")
    return drawing.found([issue], table.iloc[:0].set_crs("EPSG:4326", allow_override=True))


def check_geometry(drawing: Drawing) -> Drawing:
    """Find what is no polygon, crosses itself or has no area; crossed rings are untied, the others left out."""
    issues: list[Issue] = []
    mended: dict[Any, Any] = {}
    for number, geometry in drawing.polygons.geometry.items():
        mended[number], issue = _mended(int(number), geometry)
        issues += [issue] if issue else []
    table = drawing.polygons.set_geometry(gpd.GeoSeries(mended, crs=drawing.polygons.crs, index=drawing.polygons.index))
    return drawing.found(issues, table[~(table.geometry.isna() | table.geometry.is_empty)])


def check_size(drawing: Drawing) -> Drawing:
    """Find polygons smaller than a pixel."""
    if drawing.polygons.empty:
        return drawing
    area = drawing.metric.area
    least = drawing.options.least_area_m2
    return drawing.found(
        Issue(
            "tiny", "notice", int(number), f"{drawing.name(number)} has {area[number]:.0f} m²; a pixel may miss it", ""
        )
        for number in area.index[area < least]
    )


def check_scene(drawing: Drawing) -> Drawing:
    """Find polygons that reach beyond the scene."""
    if drawing.scene is None or drawing.polygons.empty:
        return drawing
    placed = drawing.polygons.geometry.to_crs(str(drawing.scene.crs)).to_numpy()
    inside = shapely.area(shapely.intersection(placed, drawing.scene.extent.geom))
    share = pd.Series(1.0 - inside / shapely.area(placed), index=drawing.polygons.index)
    most = drawing.options.most_outside
    return drawing.found(
        Issue("outside_scene", "notice", int(number),
              f"{drawing.name(number)} lies {100 * share[number]:.0f} % outside the scene", "")
        for number in share.index[share > most]
    )  # fmt: skip


def check_empty(drawing: Drawing) -> Drawing:
    """Tell of a file without polygons: it says that the scene holds no mine."""
    if len(drawing.polygons) or drawing.issues:
        return drawing
    return drawing.found([Issue("empty", "notice", None, "no polygon: the scene is taken to hold no mine", "")])


def _with_column(drawing: Drawing) -> Drawing:
    """Make sure of a column ``class``: one that is spelt with capitals is taken, without any no polygon is left."""
    table = drawing.polygons
    if "class" in table or table.empty:
        return drawing
    columns = [str(name) for name in table.columns if name != table.geometry.name]
    near = next((name for name in columns if name.strip().lower() == "class"), None)
    if near is not None:
        issue = Issue("no_class", "error", None, f"the column of classes is called {near!r}", "taken as class")
        return drawing.found([issue], table.rename(columns={near: "class"}))
    text = f"there is no column class (found {', '.join(columns) or 'none'}); rename the one that holds it, or add one"
    return drawing.found([Issue("no_class", "error", None, text, "")], table.iloc[:0].assign(**{"class": []}))


def _class_meant(said: object) -> str | None:
    """Class that a name or a code stands for, if it is near one."""
    plain = re.sub(r"[\W_]+", "_", re.sub(r"\(.*?\)", "", str(said).strip().lower())).strip("_")
    plain = _CODES.get(plain, _ALIASES.get(plain, plain))
    near = difflib.get_close_matches(plain, LABEL_NAMES, n=1, cutoff=_NEAR_SPELLING)
    return plain if plain in LABEL_NAMES else near[0] if near else None


def _class_issue(number: int, said: object, meant: str | None) -> Issue:
    if meant is None:
        near, known = nearest_name(str(said), LABEL_NAMES), ", ".join(LABEL_NAMES)
        text = f"polygon {number}: class {said!r} is unknown{near}; classes are {known}"
        return Issue("unknown_class", "error", number, text, "left out")
    return Issue(
        "unknown_class",
        "error",
        number,
        f"polygon {number}: class {said!r} is unknown; {meant} is meant",
        f"named {meant}",
    )


def _mended(number: int, geometry: Any) -> tuple[Any, Issue | None]:
    """Polygons of a geometry, and what was wrong with it."""
    if geometry is None or geometry.is_empty:
        return None, Issue(
            "no_geometry", "error", number, f"polygon {number} has no geometry; draw it again", "left out"
        )
    if not np.isfinite(shapely.bounds(geometry)).all():
        return None, Issue(
            "no_geometry", "error", number, f"polygon {number}: a coordinate is not a number; draw it again", "left out"
        )
    flat = polygonal(geometry)
    if flat.area == 0.0:
        text = f"polygon {number} is a {geometry.geom_type} without area; draw a polygon"
        return None, Issue("no_area", "error", number, text, "left out")
    if geometry.geom_type not in _POLYGONS:
        return flat, Issue(
            "not_polygon", "warning", number, f"polygon {number} is a {geometry.geom_type}", "its polygons kept"
        )
    if not geometry.is_valid:
        return flat, Issue(
            "self_intersection", "error", number, f"polygon {number}: {shapely.is_valid_reason(geometry)}", "untied"
        )
    return geometry, None


def polygonal(geometry: Any) -> Any:
    """Valid polygons of a geometry; lines and points are left out."""
    valid = shapely.make_valid(geometry)
    return shapely.union_all([part for part in shapely.get_parts(valid) if part.geom_type in _POLYGONS])


def _fits(bounds: NDArray[np.float64], crs: Any, scene: GeoBox | None) -> bool:
    """Tell whether coordinates are possible in a CRS and meet the scene, where there is one."""
    if crs is None:
        return False
    if crs.is_geographic and (np.abs(bounds) > [180.0, 90.0, 180.0, 90.0]).any():
        return False
    if scene is None:
        return True
    west, south, east, north = (float(value) for value in bounds)
    around = box(west, south, east, north, crs=str(crs)).to_crs(str(scene.crs))
    return bool(around.geom.is_valid and around.intersects(scene.extent))


def _other_readings(table: gpd.GeoDataFrame, scene: GeoBox | None) -> list[_Reading]:
    """How else coordinates may be meant, the likeliest first."""
    degrees = _Reading("longitude and latitude", _crs("EPSG:4326"))
    swapped = [] if table.crs is None else [_Reading(f"{table.crs.name} with x and y exchanged", table.crs, True)]
    if scene is None:
        return [degrees] if table.crs is None else []
    zone = _crs(utm_crs(*scene.extent.to_crs("EPSG:4326").centroid.coords[0]))
    own = _crs(str(scene.crs))
    return [_Reading(f"coordinates of the scene ({own.name})", own), _Reading(zone.name, zone), degrees, *swapped]


def _crs(name: str) -> Any:
    return gpd.GeoSeries(crs=name).crs


def _turned(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Exchange x and y."""
    swapped = [None if each is None else shapely.transform(each, lambda xy: xy[:, ::-1]) for each in table.geometry]
    return table.set_geometry(gpd.GeoSeries(swapped, index=table.index, crs=table.crs))


def _misplaced(table: gpd.GeoDataFrame, bounds: NDArray[np.float64]) -> str:
    crs = "without a CRS" if table.crs is None else f"in {table.crs.name}"
    spans = f"x {bounds[0]:.6g} to {bounds[2]:.6g}, y {bounds[1]:.6g} to {bounds[3]:.6g}"
    return f"polygons {crs} at {spans} lie nowhere, or not on the scene"
