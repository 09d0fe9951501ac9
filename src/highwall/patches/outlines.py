"""Labels → polygons, once: holes kept, and every shared edge the same in both neighbours.

A polygon traced alone drops the vertex at which two neighbours of its straight side meet; simplified alone, it leaves
slivers and overlaps. Here each ring carries every junction (a corner where three or more labels or their background
meet), so that the polygons are a coverage: what lies between two junctions is one arc, simplified once for both sides.
"""

from collections.abc import Iterable
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes
from scipy import ndimage

from highwall.core.errors import InputError
from highwall.core.grid import GeoBox
from highwall.patches.regions import FOUR_CONNECTED


def outline(labels: NDArray[np.int32], *, transform: Any, simplify_m: float = 0.0) -> dict[int, Any]:
    """Polygon of every label along its pixels' edges; together they share their topology.

    Parameters
    ----------
    labels : (y, x)
        0 is background. Pixels of one label that meet only at a corner are parts of a MultiPolygon.
    transform
        Affine of the grid, from (column, row) to its CRS.
    simplify_m
        Arcs lose the corners whose triangle has an area below this squared [m]; 0 keeps every corner. Shared arcs stay
        shared and nothing comes to overlap (Visvalingam & Whyatt on the arcs of a coverage, GEOS).

    Returns
    -------
    polygons
        One a label, in label order.

    Raises
    ------
    InputError
        ``simplify_m`` is negative.
    """
    if simplify_m < 0:
        raise InputError(f"simplify_m is {simplify_m:g}; give a length of 0 m or more.")
    is_junction = junctions(labels)
    parts: dict[int, list[Any]] = {}
    for outlined, value in shapes(labels, mask=labels > 0, connectivity=4):
        rings = rings_with_junctions(outlined["coordinates"], is_junction)
        parts.setdefault(int(value), []).append(_polygon(rings, transform))
    whole = {label: found[0] if len(found) == 1 else shapely.multipolygons(found) for label, found in parts.items()}
    ordered = dict(sorted(whole.items()))
    return _simplified(ordered, simplify_m) if simplify_m else ordered


def polygons_of(region: NDArray[np.bool_], grid: GeoBox) -> gpd.GeoDataFrame:
    """4-connected parts of a region (y, x) as polygons, a row each with its ``label``, in the grid's CRS."""
    parts = np.asarray(ndimage.label(region, FOUR_CONNECTED)[0], dtype=np.int32)
    found = outline(parts, transform=grid.transform)
    return gpd.GeoDataFrame({"label": list(found)}, geometry=list(found.values()), crs=str(grid.crs))


def junctions(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Corners of pixels at which three or more edges between labels meet: (y + 1, x + 1)."""
    framed = np.pad(labels, 1)
    upper_left, upper_right = framed[:-1, :-1], framed[:-1, 1:]
    lower_left, lower_right = framed[1:, :-1], framed[1:, 1:]
    n_edges = (upper_left != upper_right).astype(np.int8) + (lower_left != lower_right)
    n_edges += (upper_left != lower_left).astype(np.int8) + (upper_right != lower_right)
    return np.asarray(n_edges >= 3)


def rings_with_junctions(rings: Iterable[Any], is_junction: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Closed rings of (column, row) corners, with the junctions that lie on their sides."""
    return [_with_junctions(np.asarray(ring, dtype=np.int64), is_junction) for ring in rings]


def _with_junctions(ring: NDArray[np.int64], is_junction: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Add to a closed ring of (column, row) corners the junctions that lie on its sides."""
    lengths = np.abs(np.diff(ring, axis=0)).sum(axis=1)
    side = np.repeat(np.arange(lengths.size), lengths)
    along = np.arange(side.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    points = ring[side] + along[:, None] * np.sign(np.diff(ring, axis=0))[side]
    is_kept = (along == 0) | is_junction[points[:, 1], points[:, 0]]
    return np.concatenate([points[is_kept], ring[-1:]])


def _polygon(rings: list[NDArray[np.int64]], transform: Any) -> Any:
    a, b, c, d, e, f = transform[:6]
    placed = [ring @ np.array([[a, d], [b, e]]) + (c, f) for ring in rings]
    return shapely.Polygon(placed[0], placed[1:])


def _simplified(polygons: dict[int, Any], simplify_m: float) -> dict[int, Any]:
    found = shapely.coverage_simplify(list(polygons.values()), simplify_m)
    return dict(zip(polygons, found, strict=True))
