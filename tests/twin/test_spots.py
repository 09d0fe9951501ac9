import msgspec
import pytest

from highwall.twin.bulletin import Spot
from highwall.twin.sql import states, tags, things, zones
from highwall.twin.sql.spots import spot_of, zone_spot
from highwall.twin.state import AssetState, Stamp, Told, apply_all
from highwall.twin.watch import Subject

SQUARE = {"type": "Polygon", "coordinates": [[[20.0, 0.0], [20.002, 0.0], [20.002, 0.002], [20.0, 0.002], [20.0, 0.0]]]}


def test_a_person_is_where_the_tag_was_last_heard(databases):
    with databases.begin() as connection:
        things.put_asset(connection, things.Asset("p-7", things.AssetKind.PERSON, "Ana"), at_us=1)
        told = [
            Told("position", [20.0, -30.0, 500.0], Stamp(5, "g", 1)),
            Told("position_radius", 12.0, Stamp(5, "g", 2)),
        ]
        state = apply_all(AssetState("p-7", "person"), told)
        states.put_states(connection, {"p-7": msgspec.json.encode(state)}, at_us=6)
        tags.issue(connection, ["tag-1"], at_us=1)
        tags.claim(connection, "tag-1", asset_id="p-7", who="m", at_us=2)
        assert spot_of(connection, Subject("asset", "p-7")) == Spot("Ana", 20.0, -30.0, 12.0)
        assert spot_of(connection, Subject("sensor", "tag-1")) == Spot("Ana", 20.0, -30.0, 12.0)


def test_what_stands_is_where_it_was_put(databases):
    with databases.begin() as connection:
        asset = things.Asset("kl-1", things.AssetKind.SENSOR, "Crack 1", longitude=20.0, latitude=-30.0)
        things.put_asset(connection, asset, at_us=1)
        assert spot_of(connection, Subject("asset", "kl-1")) == Spot("Crack 1", 20.0, -30.0)


def test_a_zone_is_its_midst_and_the_radius_that_holds_it(databases):
    with databases.begin() as connection:
        zone = zones.Zone("z-1", zones.ZoneKind.DEFORMATION, "North wall", SQUARE, {}, "run", 1)
        zones.put_zones(connection, [zone])
        spot = spot_of(connection, Subject("zone", "z-1"))
    assert (spot.name, spot.lon, spot.lat) == ("North wall", pytest.approx(20.001), pytest.approx(0.001))
    assert spot.radius_m == pytest.approx(0.001 * 111_000 * 2**0.5, rel=0.01)  # half a diagonal; 111 km a degree


def test_what_nobody_has_placed_has_a_name_alone(databases):
    with databases.read() as connection:
        assert spot_of(connection, Subject("gateway", "g-1")) == Spot("g-1")
        assert spot_of(connection, Subject("zone", "none")) == Spot("none")


def test_a_point_and_nothing():
    assert zone_spot("x", {"type": "Point", "coordinates": [20.0, -30.0]}) == Spot("x", 20.0, -30.0, 0.0)
    assert zone_spot("x", {"type": "GeometryCollection"}) == Spot("x")
