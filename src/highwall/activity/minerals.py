"""Whether a mine yields what its permit is for, where the type of the mine is known."""

import datetime as dt
import re
from typing import Any, Final

import geopandas as gpd

from highwall.activity.permits import Breach, valid_on
from highwall.core.taxonomy import MINERAL_OF_TYPE

OTHER_MINERAL: Final = "other_mineral"
"""Kind of the finding: a mine of a type that its permit is not for."""
_LEAST_SHARE: Final = 0.5
"""Share of the mine that the permit must hold to be its permit [1]."""


def other_mineral(mine_class: str, mine: Any, permits: gpd.GeoDataFrame, *, on: dt.date) -> Breach | None:
    """Compare the type of a mine with the mineral of the permit on whose ground most of it lies.

    Parameters
    ----------
    mine_class
        What the network calls it; only the types of ``core.taxonomy.MINERAL_OF_TYPE`` are compared.
    mine
        Its polygon, in the CRS of the permits.
    on
        Date on which permits must be valid.

    Returns
    -------
    Breach or None
        None where the minerals agree, the permit names none, or nothing can be compared.
    """
    expected = MINERAL_OF_TYPE.get(mine_class)
    valid = valid_on(permits, on)
    if expected is None or valid.empty:
        return None
    shared = valid.intersection(mine).area
    permit = valid.loc[shared.idxmax()]
    mineral = permit["mineral"]
    if not mineral or shared.max() <= _LEAST_SHARE * mine.area or expected in _words(str(mineral)):
        return None
    return Breach(OTHER_MINERAL, mine.intersection(permit.geometry), permit, 0.0)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))
