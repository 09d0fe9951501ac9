"""Objects of a map that comes block by block: parts are outlined in each block and joined across its edges.

Memory holds one block, one row of numbers and the outlines, whatever the size of the map.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import shapes
from scipy import ndimage
from shapely.affinity import affine_transform
from shapely.geometry import shape

from highwall.core.grid import GeoBox, crs_name, pixel_area_m2
from highwall.core.taxonomy import NONE
from highwall.learning.groups import connected
from highwall.patches.regions import FOUR_CONNECTED

COLUMNS = (
    "object_id", "mine_class", "probability_mean", "probability_max", "chip_probability_max", "area_m2", "perimeter_m",
    "geometry",
)  # fmt: skip


class MapPart(NamedTuple):
    """A block of the map."""

    row: int
    col: int
    """Of its upper left pixel."""
    probability: NDArray[np.floating]
    """(class, y, x) of each pixel. NaN is missing."""
    chip_probability: NDArray[np.floating]
    """(y, x) probability that the chip around each pixel holds a mine. NaN is missing."""


class Assembly:
    """Takes the blocks of a map, row by row and each row from left to right, and gives its objects."""

    def __init__(self, grid: GeoBox, *, classes: Sequence[str], threshold: float) -> None:
        self.grid, self.classes, self.threshold = grid, tuple(classes), threshold
        self._mines = [number for number, name in enumerate(classes) if name != NONE]
        self._outlines: list[Any] = []
        self._rows: list[NDArray[np.float64]] = []
        self._links: list[tuple[int, int]] = []
        self._below = np.full(grid.shape.x, -1)  # numbers along the last row above
        self._right: tuple[int, int, NDArray[np.intp]] = (-1, -1, np.empty(0, np.intp))  # row, column, numbers

    def add(self, part: MapPart) -> NDArray[np.bool_]:
        """Take the next block: (y, x), True where it is mine."""
        mines = part.probability[self._mines]
        mine = mines.sum(axis=0)
        is_mine: NDArray[np.bool_] = mine >= self.threshold  # NaN is not
        labels, n = ndimage.label(is_mine, FOUR_CONNECTED)
        first = len(self._outlines)
        self._outlines += _outlines(labels, n, row=part.row, col=part.col)
        self._rows += _statistics(labels, n, mines=mines, chip=part.chip_probability)
        self._link(np.where(labels > 0, labels - 1 + first, -1), row=part.row, col=part.col)
        return is_mine

    def _link(self, numbers: NDArray[np.intp], *, row: int, col: int) -> None:
        """Note which parts touch those of the block above and of the one to the left."""
        width = numbers.shape[1]
        columns = slice(col, col + width)
        self._links += _touching(self._below[columns], numbers[0])
        before_row, before_col, before = self._right
        if (before_row, before_col) == (row, col):
            self._links += _touching(before, numbers[:, 0])
        self._below[columns] = numbers[-1]
        self._right = (row, col + width, numbers[:, -1])

    def objects(self, *, min_area_m2: float = 0.0) -> gpd.GeoDataFrame:
        """All objects of at least that area, largest first.

        Returns
        -------
        GeoDataFrame
            Columns :data:`COLUMNS`. ``probability_mean`` and ``probability_max`` are of the map inside the outline, any
            mine; ``chip_probability_max`` is the most that was said of a chip around one of its pixels.
        """
        members: dict[int, list[int]] = {}
        for number, group in connected(range(len(self._outlines)), self._links).items():
            members.setdefault(group, []).append(number)
        least = min_area_m2 / pixel_area_m2(self.grid)
        rows = [self._row(parts) for parts in members.values() if sum(self._rows[k][0] for k in parts) >= least]
        table = pd.DataFrame(rows, columns=list(COLUMNS[1:])).sort_values(
            ["area_m2", "probability_mean"], ascending=False, ignore_index=True
        )
        table.insert(0, "object_id", [f"M{number:04d}" for number in range(1, len(table) + 1)])
        return gpd.GeoDataFrame(table, geometry="geometry", crs=crs_name(self.grid))

    def _row(self, parts: list[int]) -> dict[str, Any]:
        statistics = np.stack([self._rows[number] for number in parts])
        n, (peak, chip) = statistics[:, 0].sum(), np.nanmax(statistics[:, 1:3], axis=0)
        means = statistics[:, 3:].sum(axis=0) / n
        outline = affine_transform(_joined([self._outlines[k] for k in parts]), self.grid.transform.to_shapely())
        return {
            "mine_class": self.classes[self._mines[int(means.argmax())]],
            "probability_mean": float(means.sum()),
            "probability_max": float(peak),
            "chip_probability_max": float(chip),
            "area_m2": float(outline.area),
            "perimeter_m": float(outline.length),
            "geometry": outline,
        }


def _outlines(labels: NDArray[np.intp], n: int, *, row: int, col: int) -> list[Any]:
    """Polygon of each label along pixel edges, in rows and columns of the whole map, so that joining is exact."""
    found = shapes(labels.astype(np.int32), mask=labels > 0, connectivity=4, transform=Affine.translation(col, row))
    by_label = {int(value): shape(polygon) for polygon, value in found}
    return [by_label[label] for label in range(1, n + 1)]


def _statistics(
    labels: NDArray[np.intp], n: int, *, mines: NDArray[np.floating], chip: NDArray[np.floating]
) -> list[NDArray[np.float64]]:
    """Of each label: pixels, greatest mine probability, greatest chip probability, then the sum of each mine class."""
    inside = labels > 0
    number, layers = labels[inside] - 1, mines[:, inside].astype(np.float64)
    columns = [
        np.bincount(number, minlength=n).astype(np.float64),
        _greatest(layers.sum(axis=0), number, n),
        _greatest(chip[inside].astype(np.float64), number, n),
        *(np.bincount(number, weights=layer, minlength=n) for layer in layers),
    ]
    return list(np.stack(columns, axis=1))


def _greatest(values: NDArray[np.float64], number: NDArray[np.intp], n: int) -> NDArray[np.float64]:
    """Greatest value of each number; NaN where all are missing."""
    found = np.full(n, np.nan)
    np.fmax.at(found, number, values)
    return found


def _touching(one: NDArray[np.intp], other: NDArray[np.intp]) -> Iterable[tuple[int, int]]:
    """Pairs of numbers that face each other along an edge; −1 is nothing."""
    both = (one >= 0) & (other >= 0)
    return {(int(a), int(b)) for a, b in zip(one[both], other[both], strict=True)}


def _joined(outlines: list[Any]) -> Any:
    """Union of the parts of one object, without the corners that the edges of blocks left in straight lines."""
    return outlines[0] if len(outlines) == 1 else shapely.simplify(shapely.union_all(outlines), 0.0)
