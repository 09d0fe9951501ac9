"""The registry as the engine reads it from the store."""

from highwall.telemetry.rssi import Beacon
from highwall.twin.registry import Known
from highwall.twin.sql import things, zones
from highwall.twin.sql.database import Database
from highwall.twin.sql.registry import read_registry, read_words
from tests.twin.plans import T0, person


def _zone(name: str, form: zones.ZoneKind, geometry: dict, **properties: object) -> zones.Zone:  # type: ignore[type-arg]
    return zones.Zone(name, form, name, geometry, properties, "run-1", T0)


def test_what_people_and_runs_told_is_read(databases: Database) -> None:
    ring = [[7.0, 51.0], [7.01, 51.0], [7.01, 51.01], [7.0, 51.0]]
    polygon, point = {"type": "Polygon", "coordinates": [ring]}, {"type": "Point", "coordinates": [7.0, 51.0, 80.0]}
    person(databases)
    with databases.begin() as connection:
        sensor = things.Asset("s-1", things.AssetKind.SENSOR, "Gauge", longitude=7.008, latitude=51.002)
        things.put_asset(connection, sensor, at_us=T0)
        made = [
            _zone("F-1", zones.ZoneKind.FINDING, polygon, kind="outside_any_permit", probability=0.9),
            _zone("b-1", zones.ZoneKind.BEACON, point, power_dbm=-55),
            _zone("b-2", zones.ZoneKind.BEACON, point),
        ]
        zones.put_zones(connection, made)
        zones.judge(connection, "F-1", zones.Verdict.CONFIRMED, who="mia", why="seen", at_us=T0)
        registry = read_registry(connection)
        assert read_words(connection) == {}
    assert registry.assets["s-1"] == Known("s-1", "sensor", 7.008, 51.002)
    assert registry.asset_of("tag-1") == Known("ann", "person")
    assert registry.belongs("s-1").zones == (("F-1", "finding"),)
    assert registry.belongs("nobody").asset_id is None
    assert [(one.finding_id, one.kind, one.state) for one in registry.findings] == [
        ("F-1", "outside_any_permit", "confirmed")
    ]
    assert registry.beacons == {"b-1": Beacon(7.0, 51.0, 80.0, -55.0)}  # the other's power is not known
