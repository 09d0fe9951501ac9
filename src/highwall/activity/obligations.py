"""What a permit asks beside its boundary and dates: the mineral, the kinds of works, and restoration in time."""

import datetime as dt
import re
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from highwall.activity.boundary import Beyond, entered
from highwall.activity.breaches import Breach, holding, most_shared
from highwall.activity.options import ActivityOptions
from highwall.activity.permits import by_validity
from highwall.core.taxonomy import MINERAL_OF_TYPE

WRONG_MINERAL, WRONG_CLASS = "wrong_mineral", "wrong_class"
RESTORATION_OVERDUE = "restoration_overdue"

RESTORED: Final = frozenset({"restored", "revegetating"})
"""States of a patch (``activity.restoration``) that meet an obligation to restore, or are on the way to it."""
_SEPARATORS = re.compile(r"[,;/|+]|\band\b")


def obligations(patch: Any, permits: gpd.GeoDataFrame, *, on: dt.date, options: ActivityOptions) -> list[Breach]:
    """Compare one patch with what the permits of its ground ask.

    Parameters
    ----------
    patch
        Row of a table of patches with ``geometry``; ``mineral``, ``mine_class`` and ``restoration_state`` are compared
        where they are known.
    permits
        Of ``permit_table``, in the CRS of the patch.
    """
    near = permits.iloc[permits.sindex.query(patch.geometry, predicate="intersects")]
    return _wrong_use(patch, near, on=on, options=options) + _overdue(patch, near, on=on, options=options)


def words(text: Any) -> frozenset[str]:
    """Words of a list such as "Iron ore; clay", in small letters; empty where nothing is written."""
    if text is None or pd.isna(text):
        return frozenset()
    parts = (part.strip().lower().replace(" ", "_") for part in _SEPARATORS.split(str(text)))
    return frozenset(part for part in parts if part)


def agree(found: str, permitted: frozenset[str]) -> bool:
    """Tell whether a name is among those permitted: the same, or one with all words of the other (iron, iron_ore)."""
    said = set(found.split("_"))
    return any(said <= (asked := set(each.split("_"))) or asked <= said for each in permitted)


def _wrong_use(patch: Any, near: gpd.GeoDataFrame, *, on: dt.date, options: ActivityOptions) -> list[Breach]:
    """Compare mineral and class with those of the permits that each hold most of the patch: one that fits is enough."""
    permits = holding(patch.geometry, by_validity(near, on).valid)
    permit = most_shared(patch.geometry, permits)
    if permit is None:
        return []
    past = _inside(patch, permit, options)
    found = []
    for kind, said, asked in ((WRONG_MINERAL, _mineral(patch), "mineral"), (WRONG_CLASS, _class(patch), "classes")):
        seen, permitted = words(said), [words(text) for text in permits[asked]]
        is_wrong = seen and not any(fits(seen, each) for each in permitted)
        if is_wrong and past.probability >= options.certainty:
            note = f"Seen: {', '.join(sorted(seen))}; permitted: {', '.join(sorted(frozenset().union(*permitted)))}."
            found.append(Breach(kind, patch.geometry.intersection(permit.geometry), permit, past, note))
    return found


def fits(seen: frozenset[str], permitted: frozenset[str]) -> bool:
    """Tell whether a permit allows one of the names seen; one that names nothing does."""
    return not permitted or any(agree(name, permitted) for name in seen)


def _inside(patch: Any, permit: "pd.Series[Any]", options: ActivityOptions) -> Beyond:
    """Ground of a patch within a permit, whatever its depth."""
    judged = entered(
        patch.geometry, permit.geometry, std_m=options.position_std_m, smallest_m2=options.min_outside_m2,
        certainty=options.certainty,
    )  # fmt: skip
    return judged._replace(depth_m=0.0)


def _class(patch: Any) -> str | None:
    return getattr(patch, "mine_class", None)


def _mineral(patch: Any) -> str | None:
    """Mineral of a patch as the table says, else as its type does."""
    said = getattr(patch, "mineral", None)
    return MINERAL_OF_TYPE.get(str(_class(patch))) if said is None or pd.isna(said) else str(said)


def _overdue(patch: Any, near: gpd.GeoDataFrame, *, on: dt.date, options: ActivityOptions) -> list[Breach]:
    """Mine ground on land whose restoration was due before the date."""
    if getattr(patch, "restoration_state", None) in RESTORED:
        return []
    asked = near[~_superseded(near, on)]
    found = []
    for _, permit in asked[asked["restoration_due"] < pd.Timestamp(on)].iterrows():
        past = _inside(patch, permit, options)
        if past.probability >= options.certainty:
            ground = patch.geometry.intersection(permit.geometry)
            found.append(Breach(RESTORATION_OVERDUE, ground, permit, past))
    return found


def _superseded(permits: gpd.GeoDataFrame, on: dt.date) -> "pd.Series[bool]":
    """Records in whose place a later one of the same permit has come by a date."""
    begun = permits["valid_from"].where(permits["valid_from"] <= pd.Timestamp(on))
    latest = begun.groupby(permits["permit_id"]).transform("max")
    is_superseded: pd.Series[bool] = latest.notna() & ~(begun >= latest)
    return is_superseded
