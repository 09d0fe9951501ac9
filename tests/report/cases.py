"""A case file of a mine outside any permit, made up."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from highwall.report.case_file import Case

LAPSED = {
    "permit_id": "A-1", "holder": "X", "mineral": None, "status": None, "conditions": None, "restoration_due": None,
    "valid_from": "2015-01-01", "valid_to": "2021-01-01",
}  # fmt: skip
_EVENT = {"at": "2024-06-20T10:00:00Z", "by": "highwall", "what": "found", "why": "scene of 2024-06-15"}
_ENTRY = {
    "finding_id": "F-1", "state": "new", "first_seen": "2024-06-15", "last_seen": "2024-06-15", "last_clear": None,
    "absent_since": None, "events": [_EVENT],
}  # fmt: skip
_FACTS = {
    "statement": "A mine of about 1.0 ha lies outside any permit in force.", "probability": 0.88, "area_m2": 10_000.0,
    "probability_mean": 0.72, "least_m2": 9_000.0, "share": 1.0, "depth_m": 0.0, "days_lapsed": 0, "permit_id": None,
    "holder": None,
}  # fmt: skip
_ACTIVITY = {
    "activity_basis": "The pit has grown.", "motion_class": "none", "optical_change": "expanded", "accelerated": None,
}  # fmt: skip


def case(
    *,
    kind: str = "outside_any_permit",
    activity: str = "continued_mining",
    activity_probability: float = 0.83,
    not_in_force: Sequence[Mapping[str, Any]] = (),
    pictures: Mapping[str, bytes] | None = None,
) -> Case:
    """Case of one patch, last seen on 2024-06-15."""
    shown = pictures or {}
    return Case(
        site={"name": "Serra Velha"}, entry=_ENTRY | {"kind": kind}, facts=_FACTS,
        evidence={"certainty": 0.95, "position_std_m": 32.2, "inputs": {"scene.tif": "1220ab"}}, permit=None,
        not_in_force=not_in_force,
        activity=_ACTIVITY | {"activity": activity, "activity_probability": activity_probability},
        before=shown.get("before"), after=shown.get("after"), series=None, seen="2024-06-15", assessed_with="0.1.0",
        validated=None, version="0.1.0", at=dt.datetime(2024, 6, 20, 12, tzinfo=dt.UTC), is_simulated=False,
    )  # fmt: skip
