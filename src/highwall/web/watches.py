"""Which comparisons of the criteria in force watch a datastream: the thresholds that its chart shows."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import Connection

from highwall.telemetry.observed import stream_name
from highwall.twin.conditions import AllOf, AnyOf, Condition, Leaf, ReadingIs, leaves
from highwall.twin.criteria import Criteria, Criterion, Level
from highwall.twin.matching import Belongs, subjects_of
from highwall.twin.places import Area, area_of, grades_in
from highwall.twin.registry import MOVING
from highwall.twin.sql import criteria, gateways, things, zones
from highwall.twin.sql.datastreams import Datastream
from highwall.web.reach import owners_of
from highwall.web.schemas.readings import ThresholdTold

_AREAS: Final = ("Polygon", "MultiPolygon")


class Watch(NamedTuple):
    """One comparison that a datastream is put to."""

    criterion: Criterion
    level: Level
    leaf: ReadingIs
    is_alone: bool
    """It raises the level by itself; otherwise others must hold with it."""


def thresholds(store: Connection, stream: Datastream) -> list[ThresholdTold]:
    """Comparisons of the criteria in force that a datastream is put to, the gravest level first."""
    belongs = _belongs(store, stream.thing)
    found = watches(criteria.in_force(store).criteria, stream.name, belongs)
    return [_told(watch) for watch in sorted(found, key=lambda watch: -watch.level.level)]


def watches(content: Criteria, datastream: str, belongs: Belongs) -> Iterator[Watch]:
    """Every comparison of some criteria that a datastream is put to."""
    for criterion in content.criteria:
        for level in criterion.levels:
            for leaf, is_alone in _leaves(level.when, is_alone=True):
                if isinstance(leaf, ReadingIs) and _reads(criterion, leaf, datastream, belongs):
                    yield Watch(criterion, level, leaf, is_alone and leaf.at_least == 1)


def _reads(criterion: Criterion, leaf: ReadingIs, datastream: str, belongs: Belongs) -> bool:
    name = stream_name(datastream)
    if name.observed != leaf.reading or (leaf.streams and datastream not in leaf.streams):
        return False
    if leaf.qualifier is not None and leaf.qualifier != name.qualifier:
        return False
    return any(subjects_of(criterion.about, belongs, named=bool(leaf.streams)))


def _leaves(condition: Condition, *, is_alone: bool) -> Iterator[tuple[Leaf, bool]]:
    """Leaves of a tree, and whether each makes it true by itself."""
    if isinstance(condition, AnyOf | AllOf):
        inner = condition.any if isinstance(condition, AnyOf) else condition.all
        alone = is_alone and (isinstance(condition, AnyOf) or len(inner) == 1)
        for each in inner:
            yield from _leaves(each, is_alone=alone)
        return
    for leaf in leaves(condition):
        yield leaf, is_alone and leaf is condition


def _belongs(store: Connection, thing: str) -> Belongs:
    """Say what a thing's datastreams belong to, as the engine's registry does."""
    owner = owners_of(store, [thing]).get(thing)
    asset = things.asset(store, owner.asset_id or "") if owner else None
    if asset is None:
        gateway = gateways.gateway(store, thing)
        return Belongs(thing, None, "gateway" if gateway and gateway.is_trusted else "")
    if asset.kind in MOVING or asset.longitude is None or asset.latitude is None:
        return Belongs(thing, asset.id, asset.kind)
    areas = _areas(store)
    inside = grades_in(areas, asset.longitude, asset.latitude, 0.0)
    around = tuple((area.zone_id, area.kind) for area in areas if area.zone_id in inside)
    return Belongs(thing, asset.id, asset.kind, around)


def _areas(store: Connection) -> list[Area]:
    """Zones that have an inside."""
    found = [zone for zone in zones.open_zones(store) if zone.geometry.get("type") in _AREAS]
    return [area_of(zone.id, zone.kind.value, zone.geometry) for zone in found]


def _told(watch: Watch) -> ThresholdTold:
    criterion, level, leaf, is_alone = watch
    return ThresholdTold(
        criterion=criterion.id, title=criterion.title, level=level.level, of=leaf.of, over_s=leaf.over_s,
        side="above" if leaf.above is not None else "below", bound=leaf.bound, until=leaf.until,
        in_a_row=leaf.in_a_row, at_least=leaf.at_least, component=leaf.component, on_after_s=level.on_after_s,
        is_alone=is_alone,
    )  # fmt: skip
