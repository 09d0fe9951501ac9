"""Outlines of a map of classes that comes block by block: joined across blocks, shared edges alike on both sides.

Memory holds one block, one row of numbers and the outlines, whatever the size of the map. Each part carries every
junction (a corner where three or more labels meet), also those that only the blocks around show, so that all outlines
together are a coverage and are simplified without slivers.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes
from scipy import ndimage

from highwall.core.grid import GeoBox, crs_name
from highwall.learning.groups import connected
from highwall.patches.outlines import junctions, rings_with_junctions
from highwall.patches.regions import FOUR_CONNECTED

COLUMNS = ("label", "n_px", "value_mean", "geometry")


class LabelBlock(NamedTuple):
    """A block of the map, with a pixel of its surroundings on every side."""

    row: int
    col: int
    """Of its upper left pixel, without the surroundings."""
    labels: NDArray[np.integer]
    """(y + 2, x + 2): 0 is background, also beyond the map."""
    value: NDArray[np.floating] | None = None
    """(y, x): what is averaged over each outline, such as a probability."""


class _Part(NamedTuple):
    label: int
    n_px: int
    total: float
    """Sum of the value over its pixels."""
    outline: Any
    """In columns and rows of the whole map."""


class LabelMosaic:
    """Takes the blocks of a map, row by row and each row from left to right, and gives the outlines of its labels."""

    def __init__(self, grid: GeoBox) -> None:
        self.grid = grid
        self._parts: list[_Part] = []
        self._links: list[tuple[int, int]] = []
        self._below = np.full(grid.shape.x, -1)  # numbers along the last row above
        self._right: tuple[int, int, NDArray[np.intp]] = (-1, -1, np.empty(0, np.intp))  # row, column, numbers

    def add(self, block: LabelBlock) -> None:
        """Take the next block."""
        inside = block.labels[1:-1, 1:-1]
        numbers, labels = _numbered(inside)
        first = len(self._parts)
        self._parts += _parts_of(block, numbers, labels)
        self._link(np.where(numbers > 0, numbers - 1 + first, -1), row=block.row, col=block.col)

    def outlines(self, *, min_area_px: float = 0.0, simplify_px: float = 0.0) -> gpd.GeoDataFrame:
        """Outlines of everything connected, by rows of the map.

        Parameters
        ----------
        min_area_px
            Smaller ones are left out, and smaller holes of those that stay are filled [px].
        simplify_px
            Arcs lose the corners whose triangle has an area below this squared [px]; shared arcs stay shared
            (Visvalingam & Whyatt on the arcs of a coverage, GEOS).

        Returns
        -------
        GeoDataFrame
            Columns :data:`COLUMNS`: pixels and mean value before holes are filled; polygons in the grid's CRS.
        """
        groups = [parts for parts in self._groups() if sum(part.n_px for part in parts) >= min_area_px]
        polygons = [_without_small_holes(_joined([part.outline for part in parts]), min_area_px) for parts in groups]
        if simplify_px and polygons:
            polygons = list(shapely.coverage_simplify(polygons, simplify_px))
        n_px = [sum(part.n_px for part in parts) for parts in groups]
        totals = [sum(part.total for part in parts) for parts in groups]
        a, b, c, d, e, f = self.grid.transform[:6]
        placed = shapely.transform(np.array(polygons, dtype=object), lambda xy: xy @ [[a, d], [b, e]] + (c, f))
        table = {
            "label": [parts[0].label for parts in groups],
            "n_px": n_px,
            "value_mean": [total / n for total, n in zip(totals, n_px, strict=True)],
        }
        return gpd.GeoDataFrame(table, geometry=list(placed), crs=crs_name(self.grid))

    def _groups(self) -> Iterator[list[_Part]]:
        """Parts that touch each other, in order of the first."""
        members: dict[int, list[_Part]] = {}
        for number, group in connected(range(len(self._parts)), self._links).items():
            members.setdefault(group, []).append(self._parts[number])
        yield from members.values()

    def _link(self, numbers: NDArray[np.intp], *, row: int, col: int) -> None:
        """Note which parts continue those of the block above and of the one to the left."""
        columns = slice(col, col + numbers.shape[1])
        self._note(self._below[columns], numbers[0])
        before_row, before_col, before = self._right
        if (before_row, before_col) == (row, col):
            self._note(before, numbers[:, 0])
        self._below[columns] = numbers[-1]
        self._right = (row, columns.stop, numbers[:, -1])

    def _note(self, one: NDArray[np.intp], other: NDArray[np.intp]) -> None:
        both = (one >= 0) & (other >= 0)
        pairs = {(int(a), int(b)) for a, b in zip(one[both], other[both], strict=True)}
        self._links += [(a, b) for a, b in pairs if self._parts[a].label == self._parts[b].label]


def _numbered(labels: NDArray[np.integer]) -> tuple[NDArray[np.int32], list[int]]:
    """Number the 4-connected parts of every label from 1; and the label of each."""
    numbers = np.zeros(labels.shape, dtype=np.int32)
    of_part: list[int] = []
    for label in np.unique(labels[labels > 0]):
        parts, n = ndimage.label(labels == label, FOUR_CONNECTED)
        numbers += np.where(parts > 0, parts + len(of_part), 0).astype(np.int32)
        of_part += [int(label)] * n
    return numbers, of_part


def _parts_of(block: LabelBlock, numbers: NDArray[np.int32], labels: list[int]) -> list[_Part]:
    n = len(labels)
    n_px = np.bincount(numbers.ravel(), minlength=n + 1)[1:]
    weights = None if block.value is None else np.nan_to_num(block.value, nan=0.0).ravel().astype(np.float64)
    totals = np.full(n, np.nan) if weights is None else np.bincount(numbers.ravel(), weights, minlength=n + 1)[1:]
    is_junction = junctions(np.asarray(block.labels, dtype=np.int32))[1:-1, 1:-1]
    outlines: dict[int, Any] = {}
    for found, number in shapes(numbers, mask=numbers > 0, connectivity=4):
        rings = rings_with_junctions(found["coordinates"], is_junction)
        placed = [np.add(ring, (block.col, block.row)) for ring in rings]
        outlines[int(number)] = shapely.Polygon(placed[0], placed[1:])
    return [_Part(labels[k], int(n_px[k]), float(totals[k]), outlines[k + 1]) for k in range(n)]


def _joined(outlines: list[Any]) -> Any:
    """Union of the parts of one outline; corners stay where the edges of blocks met those of labels, on both sides."""
    return outlines[0] if len(outlines) == 1 else shapely.union_all(outlines)


def _without_small_holes(polygon: Any, min_area_px: float) -> Any:
    """Fill holes below an area: whatever lies in them is smaller still, and left out."""
    holes = [ring for ring in polygon.interiors if shapely.Polygon(ring).area >= min_area_px]
    return polygon if len(holes) == len(polygon.interiors) else shapely.Polygon(polygon.exterior, holes)
