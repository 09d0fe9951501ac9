"""Permits that hold ground, but not on a date: those that had lapsed by then, and those still to begin."""

from typing import Any, Final, NamedTuple

import geopandas as gpd
import pandas as pd
import shapely

from highwall.activity.permits import Validity, named

ENDED, COMING = "valid_to", "valid_from"
"""Day that parts a permit from the date: its last, or its first."""
_WORDS: Final = {ENDED: ("Until", "held"), COMING: ("From", "will hold")}


class Part(NamedTuple):
    """What a permit that is not in force holds of some ground."""

    permit: "pd.Series[Any]"
    """Its last record before the date, or its next."""
    share: float
    """Of the ground, 0…1."""
    day: str
    """:data:`ENDED` or :data:`COMING`."""

    def describe(self) -> str:
        """One sentence for the finding."""
        bound, holds = _WORDS[self.day]
        when = self.permit[self.day].date().isoformat()
        return f"{bound} {when} {named(self.permit)} {holds} {100 * self.share:.0f} % of it."


def not_in_force(ground: Any, held: Validity, *, least_share: float) -> list[Part]:
    """List the permits that had lapsed or have not begun, and hold more than a share of some ground.

    Those that had lapsed come first, and of each sort the one that holds most. Of several records of one permit the
    last to end counts, or the first to begin; records of one permit and one day count together.
    """
    ended = _parts(ground, held.lapsed.sort_values(ENDED, ascending=False), ENDED, least_share)
    return ended + _parts(ground, held.future.sort_values(COMING), COMING, least_share)


def _parts(ground: Any, records: gpd.GeoDataFrame, day: str, least_share: float) -> list[Part]:
    """Parts of the first record of each permit that holds enough, in the order of the records."""
    found: dict[str, Part] = {}
    near = records[records.intersects(ground)] if ground.area else records[:0]
    for (name, _), alike in near.groupby(["permit_id", day], sort=False):
        share = ground.intersection(shapely.union_all(alike.geometry.values)).area / ground.area
        if share > least_share:
            found.setdefault(name, Part(alike.iloc[0], share, day))
    return sorted(found.values(), key=lambda part: -part.share)
