"""Findings over HTTP: decided in the run's register, told to the zone, on the audit log."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from highwall.twin.sql import audit, datastreams, zones
from highwall.twin.sql.zones import Zone, ZoneKind
from highwall.web.app import create_app
from highwall.web.services import FindingsBook
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
    found = {"findings": [FINDING | {"datastreams": [], "has_case": False}]}
    assert world.client("max").get("/api/findings").json() == found


def with_book(world: World, *findings: dict[str, Any], case: Path | None = None) -> World:
    book = FindingsBook(lambda: list(findings), lambda *given: findings[0], lambda finding_id: case)
    services = replace(world.services, findings=book)
    return replace(world, app=create_app(services), services=services)


def test_the_motion_of_the_last_runs_patches_is_named_to_who_reads_the_whole_site(world: World) -> None:
    with world.database.begin() as store:
        number = datastreams.datastream_ids(store, ["patch-p003/displacement"])["patch-p003/displacement"]
    newest = FINDING | {"facts": {"patch_id": "P003"}, "last_seen": "2025-02-01"}
    older = FINDING | {"id": "F-2", "facts": {"patch_id": "P003"}, "last_seen": "2025-01-01"}
    bent = with_book(world, newest, older)
    named = {
        user: [one["datastreams"] for one in bent.client(user).get("/api/findings").json()["findings"]]
        for user in ("vera", "max")
    }
    assert named == {"vera": [[{"id": number, "name": "patch-p003/displacement"}], []], "max": [[], []]}


def test_the_case_file_is_given_where_the_run_has_one(world: World, tmp_path: Path) -> None:
    missing = world.client("max").get("/api/findings/F-1/case.pdf")
    assert (missing.status_code, "highwall report" in missing.text) == (404, True)
    printed = tmp_path / "case-F-1.pdf"
    printed.write_bytes(b"%PDF-1.7")
    client = with_book(world, FINDING, case=printed).client("max")
    assert client.get("/api/findings").json()["findings"][0]["has_case"]
    answer = client.get("/api/findings/F-1/case.pdf")
    assert (answer.content, answer.headers["content-type"]) == (b"%PDF-1.7", "application/pdf")


def test_without_a_run_there_are_none(world: World) -> None:
    services = replace(world.services, findings=None)
    client = replace(world, app=create_app(services), services=services).client("max")
    assert client.get("/api/findings").json() == {"findings": []}
    assert client.post("/api/findings/F-1/close", json={"why": "w"}).status_code == 404
