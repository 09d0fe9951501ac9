"""What changed between two maps of land cover, as tables: from-to matrices by site, polygons, totals."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.grid import GeoBox
from highwall.segmentation.change import ABANDONMENT, EXPANSION, KINDS, changes_of, kind_of, names_of
from highwall.segmentation.map_options import ChangeOptions
from highwall.workflows.mapping.map_sides import MapSide
from highwall.workflows.mapping.mining import ground_pixel_m2, polygon_areas_m2

COLUMNS: Final = (
    "change_id", "site", "subset", "kind", "class_before", "class_after", "date_before", "date_after", "area_m2",
    "geometry",
)  # fmt: skip
MATRIX_COLUMNS: Final = ("site", "subset", "class_before", "class_after", "kind", "n_px", "area_m2")
ELSEWHERE: Final = "elsewhere"
"""Name of the ground outside all sites."""


class Comparison(NamedTuple):
    """Two maps of one place, on the grid of the earlier."""

    before: MapSide
    after: MapSide
    subsets: tuple[int, ...]
    """That both tell."""
    sites: gpd.GeoDataFrame | None
    """Columns ``site`` and geometry, in the grid's CRS."""
    options: ChangeOptions

    @property
    def grid(self) -> GeoBox:
        """Where both lie."""
        return self.before.grid

    @property
    def site_names(self) -> list[str]:
        """Of the numbers in a raster of sites: 0 is elsewhere, or everywhere where no sites were given."""
        return [self.before.path.stem] if self.sites is None else [ELSEWHERE, *self.sites["site"]]

    @property
    def dates(self) -> list[dt.date]:
        """Of the maps, as far as they are known."""
        return [side.date for side in (self.before, self.after) if side.date]


def matrix_of(counts: Mapping[int, list[NDArray[np.int64]]], both: Comparison) -> pd.DataFrame:
    """Every change of every site as a row; what stayed the same too.

    Parameters
    ----------
    counts
        Of each subset: a matrix of :func:`segmentation.change.count_changes` for each of ``both.site_names``.
    """
    pixel_m2 = ground_pixel_m2(both.grid)
    rows = [
        {
            "site": site, "subset": subset, "class_before": row.before, "class_after": row.after,
            "kind": row.kind or "none", "n_px": row.n_px, "area_m2": row.n_px * pixel_m2,
        }
        for subset, of_sites in counts.items()
        for site, found in zip(both.site_names, of_sites, strict=True)
        for row in changes_of(found)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(MATRIX_COLUMNS))


def table_of(outlines: Mapping[int, gpd.GeoDataFrame], both: Comparison) -> gpd.GeoDataFrame:
    """Polygons of what changed, largest first within each subset."""
    parts = [_subset_table(subset, found, both) for subset, found in outlines.items()]
    table = pd.concat(parts, ignore_index=True)
    table["change_id"] = [f"C{number:05d}" for number in range(1, len(table) + 1)]
    return gpd.GeoDataFrame(table[list(COLUMNS)], geometry="geometry", crs=parts[0].crs)


def _subset_table(subset: int, found: gpd.GeoDataFrame, both: Comparison) -> gpd.GeoDataFrame:
    names = [names_of(int(code)) for code in found["label"]]
    table = found.assign(
        subset=subset,
        kind=[kind_of(*pair) for pair in names],
        class_before=[before for before, _ in names],
        class_after=[after for _, after in names],
        date_before=str(both.before.date or ""),
        date_after=str(both.after.date or ""),
        area_m2=polygon_areas_m2(found, both.grid).to_numpy(),
        site=_site_of_each(found, both),
    )
    return table.sort_values("area_m2", ascending=False)


def _site_of_each(found: gpd.GeoDataFrame, both: Comparison) -> list[str]:
    """Name of the first site in which a point of each polygon lies."""
    if both.sites is None:
        return [both.site_names[0]] * len(found)
    points = found.geometry.representative_point()
    is_in = [points.within(site).to_numpy() for site in both.sites.geometry]
    names = np.array(both.site_names, dtype=object)
    return [str(names[1 + int(np.argmax(row))]) if any(row) else ELSEWHERE for row in zip(*is_in, strict=True)]


def totals_of(matrix: pd.DataFrame, both: Comparison) -> list[dict[str, Any]]:
    """Hectares of each kind of change, by subset, and the net change a year."""
    days = (both.dates[1] - both.dates[0]).days if len(both.dates) > 1 else None
    totals = []
    for subset in both.subsets:
        own = matrix[matrix["subset"] == subset]
        of_kind = (own.groupby("kind")["area_m2"].sum() / 1e4).to_dict()
        net = of_kind.get(EXPANSION, 0.0) - of_kind.get(ABANDONMENT, 0.0)
        row = {f"{kind}_ha": float(of_kind.get(kind, 0.0)) for kind in KINDS}
        totals.append({"subset": subset, **row, "net_ha_per_year": net * DAYS_PER_YEAR / days if days else None})
    return totals
