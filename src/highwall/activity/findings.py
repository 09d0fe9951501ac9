"""Findings: what a regulator may act on, each with the evidence that it rests on.

The probability of a finding is that of its position (``activity.boundary``) times that of the patch being a mine: it
says how likely the ground is what the finding calls it, not how grave that is.
"""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from highwall.activity.breaches import (
    BEYOND_BOUNDARY,
    EXPIRED,
    NOT_YET_VALID,
    OUTSIDE_ANY,
    Breach,
    breaches,
)
from highwall.activity.motion_beyond import MOTION_AFTER_EXPIRY, MOTION_BEYOND
from highwall.activity.obligations import RESTORATION_OVERDUE, WRONG_CLASS, WRONG_MINERAL, obligations
from highwall.activity.options import ActivityOptions
from highwall.activity.permits import named
from highwall.activity.zones import KINDS, PROTECTED, SETTLEMENT, Zones, intrusions

COLUMNS: Final = (
    "finding_id", "kind", "patch_id", "statement", "observed", "probability", "area_m2", "least_m2", "share", "depth_m",
    "permit_id", "holder", "days_lapsed", "probability_mean", "motion_class", "evidence", "geometry",
)  # fmt: skip

MOTION_KINDS: Final = (MOTION_BEYOND, MOTION_AFTER_EXPIRY)
"""Findings that rest on motion alone, with or without a patch."""
LAPSED_KINDS: Final = (EXPIRED, MOTION_AFTER_EXPIRY)
"""Findings about a permit that has run out."""
UNCHECKED: Final = "not_checked"
"""Permit status of patches when there are no permits to compare with."""

_STATEMENTS: Final[dict[str, str]] = {
    BEYOND_BOUNDARY: "Mine ground of about {hectares:.1f} ha, surely {least:.1f} ha or more, lies beyond the boundary "
    "of {permit}, up to {depth:.0f} m past it.",
    OUTSIDE_ANY: "A mine of about {hectares:.1f} ha lies outside any permit in force.",
    EXPIRED: "Mine ground of about {hectares:.1f} ha was seen {days} days after {permit} had expired.",
    NOT_YET_VALID: "Mine ground of about {hectares:.1f} ha was seen before {permit} became valid.",
    WRONG_MINERAL: "A mine of about {hectares:.1f} ha works another mineral than {permit} allows.",
    WRONG_CLASS: "Ground of about {hectares:.1f} ha is used otherwise than {permit} allows.",
    RESTORATION_OVERDUE: "Mine ground of about {hectares:.1f} ha is still open {days} days after {permit} asked for "
    "its restoration.",
    PROTECTED: "Mine ground of about {hectares:.1f} ha, surely {least:.1f} ha or more, lies in a protected area, up to "
    "{depth:.0f} m inside.",
    SETTLEMENT: "Mine ground of about {hectares:.1f} ha, surely {least:.1f} ha or more, lies too near to a settlement.",
    MOTION_BEYOND: "Ground of about {hectares:.1f} ha beyond the boundary of {permit} moves.",
    MOTION_AFTER_EXPIRY: "Ground of about {hectares:.1f} ha has moved since {permit} expired.",
}
_DAYS_SINCE: Final = {
    EXPIRED: "valid_to", RESTORATION_OVERDUE: "restoration_due", MOTION_AFTER_EXPIRY: "valid_to",
}  # fmt: skip
"""Date of the permit from which ``days_lapsed`` counts."""


def kinds_sought(*, has_permits: bool, has_motion: bool, zones: Iterable[str]) -> frozenset[str]:
    """Kinds of findings that can come of what is compared; ``zones`` are the kinds of its layers."""
    of_permits = (BEYOND_BOUNDARY, OUTSIDE_ANY, EXPIRED, NOT_YET_VALID, WRONG_MINERAL, WRONG_CLASS, RESTORATION_OVERDUE)
    permitted = (*of_permits, *(MOTION_KINDS if has_motion else ())) if has_permits else ()
    return frozenset((*permitted, *(KINDS[kind] for kind in zones)))


def assess(
    patches: gpd.GeoDataFrame,
    permits: gpd.GeoDataFrame | None,
    *,
    on: dt.date | None,
    options: ActivityOptions,
    evidence: dict[str, Any],
    zones: Sequence[Zones] = (),
    moving: Sequence[Breach] = (),
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Compare patches with permits, and with land that mines must keep out of.

    Parameters
    ----------
    patches
        With motion (``activity.deformation``), in a projected CRS.
    permits
        Of ``activity.permits.permit_table``, any CRS; None when there are none to compare with.
    on
        Date on which the patches were seen; without it nothing is compared.
    evidence
        What every finding rests on: scene, model, options, files and their hashes.
    zones
        Of ``activity.zones.zones_of``, in the CRS of the patches.
    moving
        Of ``activity.motion_beyond``: moving ground where no patch need be.

    Returns
    -------
    patches, findings
        The patches with ``permit_status``; the findings with the columns :data:`COLUMNS`.
    """
    if on is None:
        return patches.assign(permit_status=UNCHECKED), _frame([], crs=patches.crs)
    rests_on = evidence | {"position_std_m": round(options.position_std_m, 1), "certainty": options.certainty}
    said = json.dumps(rests_on, sort_keys=True)
    placed = None if permits is None else permits.to_crs(patches.crs)
    statuses, rows = [], []
    for patch in patches.itertuples():
        status, found = _of_patch(patch, placed, zones, on=on, options=options)
        statuses.append(status)
        rows += [_finding(breach, patch, on=on, evidence=said) for breach in found]
    rows += [_finding(breach, None, on=on, evidence=said) for breach in moving]
    return patches.assign(permit_status=statuses), _frame(rows, crs=patches.crs)


def _of_patch(
    patch: Any, permits: gpd.GeoDataFrame | None, zones: Sequence[Zones], *, on: dt.date, options: ActivityOptions
) -> tuple[str, list[Breach]]:
    status = UNCHECKED
    found: list[Breach] = []
    if permits is not None:
        status, found = breaches(patch.geometry, permits, on=on, options=options)
        found = found + obligations(patch, permits, on=on, options=options)
    for layer in zones:
        found = found + intrusions(patch.geometry, layer, options=options)
    return status, found


def _finding(breach: Breach, patch: Any | None, *, on: dt.date, evidence: str) -> dict[str, Any]:
    permit = {} if breach.permit is None else breach.permit.to_dict()
    told = 1.0 if patch is None else float(patch.probability_mean)
    mine = 1.0 if pd.isna(told) else told
    days = _days(permit, breach.kind, on)
    statement = _STATEMENTS[breach.kind].format(
        hectares=breach.past.area_m2 / 1e4, least=breach.past.least_m2 / 1e4, permit=named(permit),
        depth=breach.past.depth_m, days=days,
    )  # fmt: skip
    return {
        "finding_id": _identity(breach),
        "kind": breach.kind,
        "patch_id": None if patch is None else patch.patch_id,
        "statement": f"{statement} {breach.note}".strip(),
        "observed": on.isoformat(),
        "probability": breach.past.probability * mine,
        "area_m2": breach.past.area_m2,
        "least_m2": breach.past.least_m2,
        "share": float("nan") if patch is None else breach.past.area_m2 / patch.geometry.area,
        "depth_m": breach.past.depth_m,
        "permit_id": permit.get("permit_id"),
        "holder": permit.get("holder"),
        "days_lapsed": days,
        "probability_mean": told,
        "motion_class": None if patch is None else patch.motion_class,
        "evidence": evidence,
        "geometry": breach.geometry,
    }


def _days(permit: dict[Any, Any], kind: str, on: dt.date) -> int:
    """Days since the date that was passed; 0 where none was."""
    day = permit.get(_DAYS_SINCE.get(kind, ""))
    return 0 if day is None or pd.isna(day) else (on - day.date()).days


def _identity(breach: Breach) -> str:
    """Name that stays when the same ground is found again: kind, permit and place to 100 m."""
    centre = breach.geometry.representative_point()
    permit = "" if breach.permit is None else breach.permit["permit_id"]
    text = f"{breach.kind}|{permit}|{round(centre.x, -2):.0f}|{round(centre.y, -2):.0f}"
    return f"F-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _frame(rows: list[dict[str, Any]], *, crs: Any) -> gpd.GeoDataFrame:
    ordered = sorted(rows, key=lambda row: (-row["area_m2"], row["finding_id"], row["geometry"].bounds))
    _tell_apart(ordered)
    columns = {name: [row[name] for row in ordered] for name in COLUMNS}
    return gpd.GeoDataFrame(columns, geometry="geometry", crs=crs)


def _tell_apart(rows: list[dict[str, Any]]) -> None:
    """Number the findings that share a name, because they lie within the same 100 m, from the largest on."""
    seen: Counter[str] = Counter()
    for row in rows:
        name = row["finding_id"]
        seen[name] += 1
        if seen[name] > 1:
            row["finding_id"] = f"{name}-{seen[name]}"
