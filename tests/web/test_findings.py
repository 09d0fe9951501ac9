"""Findings over HTTP: decided in the run's register, told to the zone, on the audit log."""

from dataclasses import replace

from highwall.twin.sql import audit, zones
from highwall.twin.sql.zones import Zone, ZoneKind
from highwall.web.app import create_app
from tests.web.world import FINDING, T0, World


def test_a_decision_reaches_register_zone_and_audit_log(world: World) -> None:
    with world.database.begin() as store:
        zone = Zone("F-1", ZoneKind.FINDING, "t", {"type": "Point", "coordinates": [0, 0]}, {"kind": "x"}, "run", T0)
        zones.put_zones(store, [zone])
    told = world.client("max").post("/api/findings/F-1/confirm", json={"why": "seen on site"}).json()
    assert told["state"] == "confirmed"
    assert world.decided == [("F-1", "confirmed", "max", "seen on site")]
    with world.database.read() as store:
        assert [one.verdict for one in zones.verdicts(store, ["F-1"])["F-1"]] == ["confirmed"]
        assert audit.page(store, limit=1)[0].detail == {"state": "confirmed", "why": "seen on site"}
    features = world.client("max").get("/api/zones").json()["features"]
    assert features[0]["properties"] == {
        "kind": "finding", "what": "x", "id": "F-1", "title": "t", "source": "run", "since": "2025-06-15T15:06:40.000Z",
    }  # fmt: skip
    assert world.client("olga").get("/api/zones").json()["features"] == []


def test_findings_are_listed_as_the_register_has_them(world: World) -> None:
    assert world.client("max").get("/api/findings").json() == {"findings": [FINDING]}


def test_without_a_run_there_are_none(world: World) -> None:
    services = replace(world.services, findings=None)
    client = replace(world, app=create_app(services), services=services).client("max")
    assert client.get("/api/findings").json() == {"findings": []}
    assert client.post("/api/findings/F-1/close", json={"why": "w"}).status_code == 404
