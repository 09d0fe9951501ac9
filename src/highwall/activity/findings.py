"""Findings: what a regulator may act on, each with the evidence that it rests on."""

import datetime as dt
import hashlib
import json
from collections import Counter
from typing import Any, Final

import geopandas as gpd

from highwall.activity.minerals import OTHER_MINERAL, other_mineral
from highwall.activity.options import ActivityOptions
from highwall.activity.permits import (
    BEYOND_BOUNDARY,
    EXPIRED,
    NOT_YET_VALID,
    OUTSIDE_ANY,
    Breach,
    breaches,
)

COLUMNS: Final = (
    "finding_id", "kind", "patch_id", "statement", "observed", "area_m2", "depth_m", "permit_id", "holder",
    "days_lapsed", "probability_mean", "motion_class", "evidence", "geometry",
)  # fmt: skip

UNCHECKED: Final = "not_checked"
"""Permit status of patches when there are no permits to compare with."""

_STATEMENTS: Final[dict[str, str]] = {
    BEYOND_BOUNDARY: "Mine ground of at least {hectares:.1f} ha lies beyond the boundary of {permit}, up to "
    "{depth:.0f} m past it.",
    OUTSIDE_ANY: "A mine of about {hectares:.1f} ha lies outside any permit.",
    EXPIRED: "Mine ground of about {hectares:.1f} ha was seen {days} days after {permit} had expired.",
    NOT_YET_VALID: "Mine ground of about {hectares:.1f} ha was seen before {permit} became valid.",
    OTHER_MINERAL: "A mine of the type {type} of about {hectares:.1f} ha lies on {permit}, which is for {mineral}.",
}


def assess(
    patches: gpd.GeoDataFrame,
    permits: gpd.GeoDataFrame | None,
    *,
    on: dt.date | None,
    options: ActivityOptions,
    evidence: dict[str, Any],
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Compare patches with permits.

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

    Returns
    -------
    patches, findings
        The patches with ``permit_status``; the findings with the columns :data:`COLUMNS`.
    """
    if permits is None or on is None:
        return patches.assign(permit_status=UNCHECKED), _frame([], crs=patches.crs)
    placed = permits.to_crs(patches.crs)
    statuses, rows = [], []
    for patch in patches.itertuples():
        status, found = breaches(patch.geometry, placed, on=on, options=options)
        statuses.append(status)
        other = other_mineral(str(getattr(patch, "mine_class", "")), patch.geometry, placed, on=on)
        found = found if other is None else [*found, other]
        rows += [_finding(patch, breach, on=on, evidence=evidence, options=options) for breach in found]
    return patches.assign(permit_status=statuses), _frame(rows, crs=patches.crs)


def _finding(
    patch: Any, breach: Breach, *, on: dt.date, evidence: dict[str, Any], options: ActivityOptions
) -> dict[str, Any]:
    area = float(breach.geometry.area)
    permit = {} if breach.permit is None else breach.permit.to_dict()
    days = (on - permit["valid_to"].date()).days if breach.kind == EXPIRED else 0
    return {
        "finding_id": _identity(breach),
        "kind": breach.kind,
        "patch_id": patch.patch_id,
        "statement": _STATEMENTS[breach.kind].format(
            hectares=area / 1e4,
            permit=_name(permit),
            depth=breach.depth_m,
            days=days,
            type=str(getattr(patch, "mine_class", "")).replace("_", " "),
            mineral=permit.get("mineral"),
        ),
        "observed": on.isoformat(),
        "area_m2": area,
        "depth_m": breach.depth_m,
        "permit_id": permit.get("permit_id"),
        "holder": permit.get("holder"),
        "days_lapsed": days,
        "probability_mean": float(patch.probability_mean),
        "motion_class": patch.motion_class,
        "evidence": json.dumps(evidence | {"boundary_tolerance_m": options.boundary_tolerance_m}, sort_keys=True),
        "geometry": breach.geometry,
    }


def _name(permit: dict[Any, Any]) -> str:
    holder = permit.get("holder")
    return f"permit {permit.get('permit_id')}" + (f" ({holder})" if holder else "")


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
