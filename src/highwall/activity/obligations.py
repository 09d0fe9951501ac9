"""What a permit asks beside its boundary and dates: the mineral, the kinds of works, and restoration in time."""

import datetime as dt
import re
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from highwall.activity.boundary import entered
from highwall.activity.breaches import Breach, most_shared, share
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
    """Tell whether a name is among those permitted: the same, or one holding the other (iron, iron_ore)."""
    return any(found in each or each in found for each in permitted)


def _wrong_use(patch: Any, near: gpd.GeoDataFrame, *, on: dt.date, options: ActivityOptions) -> list[Breach]:
    """Compare mineral and class with those of the permit that holds most of the patch, if one does on the date."""
    permit = most_shared(patch.geometry, by_validity(near, on).valid)
    if permit is None or share(patch.geometry, permit.geometry) <= 0.5:
        return []
    past = entered(
        patch.geometry, permit.geometry, std_m=options.position_std_m, smallest_m2=options.min_outside_m2,
        certainty=options.certainty,
    )._replace(depth_m=0.0)  # fmt: skip
    found = []
    for kind, said, asked in ((WRONG_MINERAL, _mineral(patch), "mineral"), (WRONG_CLASS, _class(patch), "classes")):
        seen, permitted = words(said), words(permit[asked])
        if seen and permitted and not any(agree(name, permitted) for name in seen):
            note = f"Seen: {', '.join(sorted(seen))}; permitted: {', '.join(sorted(permitted))}."
            found.append(Breach(kind, patch.geometry.intersection(permit.geometry), permit, past, note))
    return found


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
    due = near[near["restoration_due"] < pd.Timestamp(on)]
    found = []
    for _, permit in due.iterrows():
        past = entered(
            patch.geometry, permit.geometry, std_m=options.position_std_m, smallest_m2=options.min_outside_m2,
            certainty=options.certainty,
        )._replace(depth_m=0.0)  # fmt: skip
        if past.probability >= options.certainty:
            ground = patch.geometry.intersection(permit.geometry)
            found.append(Breach(RESTORATION_OVERDUE, ground, permit, past))
    return found
