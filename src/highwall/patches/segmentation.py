"""What a segmentation is: objects on the grid, what is known of each, and who touches whom."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from highwall.patches._kernels import AREA, BOTTOM, LEFT, PERIMETER, RIGHT, TOP, Edges, Regions


class Neighbours(NamedTuple):
    """Common borders as a sparse matrix in CSR form, symmetric; row and column k belong to label k + 1."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    shared: NDArray[np.int32]
    """Length of each common border [pixel]."""

    def of(self, label: int) -> "pd.Series[int]":
        """Length of the border with each neighbour of an object [pixel], by the neighbour's label."""
        row = slice(self.indptr[label - 1], self.indptr[label])
        return pd.Series(self.shared[row], index=pd.Index(self.indices[row] + 1, name="label"), name="shared_px")


@dataclass(frozen=True)
class Segmentation:
    """Objects of an image."""

    labels: xr.DataArray
    """(y, x) int32: 1…n by the objects' first pixels in row order, 0 where not valid. Its attributes are the parameters
    of the segmentation, and ``normalisation`` where the image records one."""
    table: pd.DataFrame
    """By label: ``area_px``, ``perimeter_px`` along pixel sides with the image's edge, ``row_min``, ``row_max``,
    ``col_min``, ``col_max`` (the last included), ``mean_<band>``, ``std_<band>`` in the image's unit."""
    neighbours: Neighbours

    def __len__(self) -> int:
        return len(self.table)


def table_of(regions: Regions, bands: list[Hashable]) -> pd.DataFrame:
    """Tabulate the attributes of regions by label."""
    form, n = regions.form, regions.form[:, AREA].astype(float)
    columns = {
        "area_px": form[:, AREA],
        "perimeter_px": form[:, PERIMETER],
        "row_min": form[:, TOP],
        "row_max": form[:, BOTTOM] - 1,
        "col_min": form[:, LEFT],
        "col_max": form[:, RIGHT] - 1,
    }
    columns |= {f"mean_{band}": regions.sums[:, 0, b] / n for b, band in enumerate(bands)}
    columns |= {f"std_{band}": deviations(regions)[:, b] for b, band in enumerate(bands)}
    return pd.DataFrame(columns, index=pd.RangeIndex(1, len(n) + 1, name="label"), copy=True)


def deviations(regions: Regions) -> NDArray[np.float64]:
    """Standard deviation of the values in each region: (region, band), about its mean, over n."""
    n = regions.form[:, AREA, None].astype(float)
    total, square = regions.sums[:, 0], regions.sums[:, 1]
    return np.asarray(np.sqrt(np.maximum(n * square - total * total, 0.0)) / n)


def neighbours_of(edges: Edges, n: int) -> Neighbours:
    """Both directions of all edges of ``n`` regions, sorted by label."""
    rows, columns = np.concatenate([edges.one, edges.other]), np.concatenate([edges.other, edges.one])
    order = np.lexsort((columns, rows))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))])
    return Neighbours(indptr, columns[order], np.concatenate([edges.shared, edges.shared])[order])
