"""Is the mine where its plan says: dated plan polygons against what was seen.

After MineCam 4.4 (verification of long-term mining plans). Seen mine ground is *planned* where a polygon covers it
whose works may have begun by the date, *ahead* where the polygon's works begin later, *elsewhere* where no polygon
lies. Ground that should be worked by the date and is not seen so is *behind*. Outlines are blurred, so that each area
is told as drawn and as what is certain.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import geopandas as gpd
import pandas as pd
import shapely

from highwall.activity.boundary import Beyond, beyond, entered
from highwall.activity.options import ActivityOptions
from highwall.core.errors import VectorError

PLANNED, AHEAD, BEHIND, ELSEWHERE = "planned", "ahead", "behind", "elsewhere"
Judge = Callable[[Any], Beyond]

PLAN_CLASSES: Final = (PLANNED, AHEAD, BEHIND, ELSEWHERE)
PLAN_FIELDS: Final = ("plan_id", "begins", "ends")
"""What Highwall asks of a plan's polygons: a name, and the first and last day on which they are to be worked."""


class PlanPart(NamedTuple):
    """Ground of one kind."""

    kind: str
    plan_id: str | None
    geometry: Any
    """As drawn."""
    area_m2: float
    least_m2: float
    """That it has at least, with the certainty of the options."""


def check_plan(seen: Any, plan: gpd.GeoDataFrame, *, on: dt.date, options: ActivityOptions) -> list[PlanPart]:
    """Compare mine ground seen on a date with a plan.

    Parameters
    ----------
    seen
        All mine ground, a polygon in metres.
    plan
        Polygons with :data:`PLAN_FIELDS`, dates as datetime64, in the same CRS.

    Raises
    ------
    VectorError
        A column is missing.
    """
    if missing := [name for name in PLAN_FIELDS if name not in plan]:
        raise VectorError(f"the plan has the columns {', '.join(map(str, plan.columns))}; it lacks {missing[0]}.")
    day = pd.Timestamp(on)
    begun, finished = plan[plan["begins"] <= day], plan[plan["ends"] <= day]
    later = plan[plan["begins"] > day]
    may, should = (shapely.union_all(group.geometry.to_numpy()) for group in (begun, finished))
    will = shapely.union_all(later.geometry.to_numpy())

    def past(line: Any) -> Judge:
        return lambda part: beyond(part, line, **bounds)

    bounds: dict[str, float] = {
        "std_m": options.position_std_m, "smallest_m2": options.min_outside_m2, "certainty": options.certainty,
    }  # fmt: skip
    parts = [
        *_parts(PLANNED, seen.intersection(may), begun, lambda part: entered(part, may, **bounds)),
        *_parts(AHEAD, seen.intersection(will).difference(may), later, past(may)),
        *_parts(BEHIND, should.difference(seen), finished, past(seen)),
        *_parts(ELSEWHERE, seen.difference(may).difference(will), plan.iloc[:0], past(may.union(will))),
    ]
    return sorted(parts, key=lambda part: (PLAN_CLASSES.index(part.kind), -part.area_m2))


def _parts(kind: str, ground: Any, plan: gpd.GeoDataFrame, judge: Judge) -> list[PlanPart]:
    """Parts of the ground of one kind, by the polygon of the plan that holds most of each."""
    found = []
    for part in shapely.get_parts(ground):
        if part.area > 0.0:
            judged = judge(part)
            held = str(plan.loc[plan.intersection(part).area.idxmax(), "plan_id"]) if len(plan) else None
            found.append(PlanPart(kind, held, part, judged.area_m2, judged.least_m2))
    return found
