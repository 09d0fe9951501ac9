"""Matching: which subjects a criterion is about, and to which of them a datastream, an asset or a zone belongs."""

from collections.abc import Iterator
from typing import NamedTuple

from highwall.twin.conditions import Inside
from highwall.twin.criteria import About
from highwall.twin.watch import Subject


class Belongs(NamedTuple):
    """What a datastream belongs to."""

    thing: str
    asset_id: str | None = None
    asset_kind: str = ""
    zones: tuple[tuple[str, str], ...] = ()
    """Id and kind of each zone in which it stands, if it does not move."""


def subjects_of(about: About, belongs: Belongs, *, named: bool) -> Iterator[Subject]:
    """Subjects of a criterion to which a datastream belongs; one that is named belongs to all that are named."""
    if named and about.ids:
        yield from (Subject(about.kind, name) for name in about.ids)
    elif about.kind == "sensor":
        if not about.ids or belongs.thing in about.ids:
            yield Subject("sensor", belongs.thing)
    elif about.kind == "zone":
        yield from (Subject("zone", zone) for zone, kind in belongs.zones if is_zone(about, zone, kind))
    elif about.kind == "gateway":
        if belongs.asset_kind == "gateway" and (not about.ids or belongs.thing in about.ids):
            yield Subject("gateway", belongs.thing)
    elif about.kind == "asset" and belongs.asset_id and is_about(about, belongs.asset_id, belongs.asset_kind):
        yield Subject("asset", belongs.asset_id)


def is_about(about: About, name: str, asset_kind: str) -> bool:
    """Whether a criterion is about an asset, sensor or gateway of this name and kind."""
    return (not about.ids or name in about.ids) and (not about.of or asset_kind in about.of)


def is_zone(about: About, zone_id: str, zone_kind: str) -> bool:
    """Whether a criterion is about this zone."""
    return (not about.ids or zone_id in about.ids) and (not about.zones or zone_kind in about.zones)


def is_asked(leaf: Inside, zone_id: str, zone_kind: str) -> bool:
    """Whether a leaf asks for this zone."""
    if not leaf.inside and not leaf.zones:
        return True
    return zone_kind in leaf.inside or zone_id in leaf.zones
