"""Mines as lasting things: each patch of a run belongs to one, and a mine keeps what every run said of it.

Patches come and go with scenes: they split, merge and move by pixels. A mine is told by its ground: a patch belongs to
the known mine with which it shares most, if that is enough of the smaller of the two; else it begins a new one. Each
look adds one reading to its mine, from which the state of restoration is told.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Self

import geopandas as gpd
import shapely
from pydantic import BaseModel, ConfigDict
from pyproj import CRS

from highwall.activity.options import ActivityOptions
from highwall.activity.register import SAME_SHARE
from highwall.activity.restoration import History, Reading, history


class Mine(BaseModel):
    """One mine, and what has been read of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mine_id: str
    ground: str
    """WKT of all ground that was ever its own, in the CRS of the register."""
    readings: tuple[Reading, ...] = ()

    @property
    def geometry(self) -> Any:
        """Ground as a geometry."""
        return shapely.from_wkt(self.ground)

    def read(self, ground: Any, reading: Reading | None) -> Self:
        """Copy with more ground, and with a reading in place of any other of its date."""
        whole = shapely.union(self.geometry, ground)
        others = [each for each in self.readings if reading is None or each.date != reading.date]
        readings = sorted([*others, *([reading] if reading else [])], key=lambda each: each.date)
        return self.model_copy(
            update={"ground": shapely.to_wkt(whole, rounding_precision=1), "readings": tuple(readings)}
        )

    def history(self, *, options: ActivityOptions) -> History:
        """States of its ground over time."""
        return history(self.readings, options=options)


class Mines(BaseModel):
    """All mines of a site."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    crs: str
    mines: tuple[Mine, ...] = ()

    def placed(self, crs: str) -> Self:
        """Bring the ground of all to another CRS."""
        if CRS(self.crs) == CRS(crs):
            return self
        grounds = gpd.GeoSeries.from_wkt([mine.ground for mine in self.mines], crs=self.crs).to_crs(crs)
        texts = shapely.to_wkt(grounds.to_numpy(), rounding_precision=1)
        mines = (mine.model_copy(update={"ground": text}) for mine, text in zip(self.mines, texts, strict=True))
        return self.model_copy(update={"crs": crs, "mines": tuple(mines)})

    def by_id(self) -> dict[str, Mine]:
        """Mines by their names."""
        return {mine.mine_id: mine for mine in self.mines}


def follow(known: Mines, patches: gpd.GeoDataFrame, readings: Mapping[str, Reading]) -> tuple[Mines, list[str]]:
    """Give each patch its mine, and each mine its reading.

    Parameters
    ----------
    known
        As the run before left them.
    patches
        ``patch_id`` and geometry, in the CRS of ``known``; the largest chooses first.
    readings
        Reading of each patch that has one, by ``patch_id``.

    Returns
    -------
    mines, mine_ids
        With the new look; the mine of each patch, in the order of the patches.
    """
    mines = known.by_id()
    names: dict[Any, str] = {}
    order = patches.area.sort_values(ascending=False, kind="stable").index
    for label in order:
        ground = patches.geometry.loc[label]
        name = _nearest(ground, mines.values()) or _next_name(mines)
        mine = mines.get(name) or Mine(mine_id=name, ground="POLYGON EMPTY")
        is_first = name not in names.values()
        reading = readings.get(str(patches["patch_id"].loc[label])) if is_first else None
        mines[name] = mine.read(ground, reading)
        names[label] = name
    return Mines(crs=known.crs, mines=tuple(mines.values())), [names[label] for label in patches.index]


def reading_of(
    on: dt.date, *, open_share: float, ndvi: float, ndvi_around: float, activity: str, clear_share: float
) -> Reading:
    """Make a reading of what one run concluded of a patch; ``activity`` is of ``activity.fusion.ACTIVITIES``."""
    worked = activity in {"continued_mining", "dumping", "construction"}
    levelled = activity in {"levelling", "haulage_or_levelling"}
    return Reading(on, open_share, ndvi, ndvi_around, worked or levelled, levelled, clear_share)


def _nearest(ground: Any, mines: Iterable[Mine]) -> str | None:
    """Mine that shares most ground with a patch, if it shares enough."""
    best, most = None, SAME_SHARE
    for mine in mines:
        there = mine.geometry
        smaller = min(ground.area, there.area)
        common = ground.intersection(there).area / smaller if smaller else 0.0
        if common >= most:
            best, most = mine.mine_id, common
    return best


def _next_name(mines: Mapping[str, Mine]) -> str:
    return f"M{len(mines) + 1:04d}"
