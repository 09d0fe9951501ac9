"""What there is on a site: locations, assets, tags, datastreams, zones, tracks, and the engine's own notes."""

import pytest

from highwall.core.errors import InputError
from highwall.twin.sql import datastreams, states, tags, things, tracks, zones
from highwall.twin.sql.database import Database
from highwall.twin.sql.things import Asset, AssetKind, Location
from highwall.twin.sql.tracks import Position
from highwall.twin.sql.zones import Verdict, Zone, ZoneKind

PIT = {"type": "Polygon", "coordinates": [[[16.0, 51.0], [16.1, 51.0], [16.1, 51.1], [16.0, 51.0]]]}


def test_an_asset_is_added_changed_and_retired(databases: Database) -> None:
    ada = Asset("ada", AssetKind.PERSON, "Ada", location_id="north")
    with databases.begin() as connection:
        things.put_asset(connection, ada, at_us=1)
        things.put_asset(connection, Asset("truck-1", AssetKind.MACHINE, "Truck 1"), at_us=1)
        things.put_asset(connection, ada._replace(name="Ada L."), at_us=2)
    with databases.begin() as connection:
        assert things.asset(connection, "ada") == ada._replace(name="Ada L.")
        assert things.staff_counts(connection) == {"north": 1}
        assert [one.id for one in things.assets(connection, limit=1)] == ["ada"]
        assert [one.id for one in things.assets(connection, after="ada")] == ["truck-1"]
        assert [one.id for one in things.assets(connection, kinds=[AssetKind.MACHINE])] == ["truck-1"]
        assert [one.id for one in things.assets(connection, locations=["north"])] == ["ada"]
        assert things.retire_asset(connection, "ada", at_us=3)
        assert not things.retire_asset(connection, "ada", at_us=4)
        assert [one.id for one in things.assets(connection)] == ["truck-1"]
        assert len(things.assets(connection, with_retired=True)) == 2
        assert things.staff_counts(connection) == {}


def test_an_asset_needs_a_name_that_may_stand_in_a_topic(databases: Database) -> None:
    with databases.begin() as connection, pytest.raises(InputError, match="use 1 to 40 of"):
        things.put_asset(connection, Asset("Ada/1", AssetKind.PERSON, "Ada"), at_us=1)


def test_another_system_may_say_the_same_twice(databases: Database) -> None:
    with databases.begin() as connection:
        first = things.sync_location(connection, "ERP/Pit 7", Location("", "Pit seven", expected_staff=4))
        again = things.sync_location(connection, "ERP/Pit 7", Location("", "Pit 7", expected_staff=5))
        person = things.sync_asset(connection, "HR-1", Asset("", AssetKind.PERSON, "Bo", first.id), at_us=1)
        assert things.sync_asset(connection, "HR-1", person, at_us=2) == person
        assert (first.id, again.id, person.id) == ("erp-pit-7", "erp-pit-7", "hr-1")
        assert things.locations(connection) == [again]
        assert things.location(connection, "erp-pit-7") == again
        with pytest.raises(InputError, match="another id"):
            things.sync_asset(connection, "hr 1", person._replace(id=""), at_us=3)
        assert things.delete_location(connection, "erp-pit-7")
        assert things.asset(connection, "hr-1") == person._replace(location_id=None)
        assert things.location(connection, "erp-pit-7") is None


def test_a_tag_is_claimed_once(databases: Database) -> None:
    with databases.begin() as connection:
        tags.issue(connection, ["tag-1", "tag-2", "tag-1"], at_us=1)
        tags.claim(connection, "tag-1", asset_id="ada", who="bo", at_us=2)
        with pytest.raises(InputError, match="claimed before, for ada"):
            tags.claim(connection, "tag-1", asset_id="eve", who="bo", at_us=3)
        with pytest.raises(InputError, match="never issued"):
            tags.claim(connection, "tag-9", asset_id="eve", who="bo", at_us=3)
        assert tags.tags(connection) == [tags.Tag("tag-1", 1, "ada", True), tags.Tag("tag-2", 1, None, False)]
        assert tags.bindings(connection) == [tags.Binding("tag-1", "ada", 2, None)]


def test_replacing_a_tag_takes_two_people_of_two_roles(databases: Database) -> None:
    with databases.begin() as connection:
        tags.issue(connection, ["tag-1", "tag-2", "tag-3"], at_us=1)
        tags.claim(connection, "tag-1", asset_id="ada", who="bo", at_us=2)
        with pytest.raises(InputError, match="bound to nothing"):
            tags.ask_replacement(connection, "tag-3", by_tag="tag-2", who="bo", role="manager", why="-", at_us=3)
        asked = {"by_tag": "tag-2", "who": "bo", "role": "manager", "why": "broken"}
        request = tags.ask_replacement(connection, "tag-1", at_us=4, **asked)
        for who, role in (("bo", "supervisor"), ("cy", "manager")):
            with pytest.raises(InputError, match="another person of another role"):
                tags.approve_replacement(connection, request, who=who, role=role, at_us=5)
        assert [one.id for one in tags.open_replacements(connection)] == [request]
        done = tags.approve_replacement(connection, request, who="cy", role="supervisor", at_us=6)
        assert (done.replacement.approved_by, done.replacement.approved_us) == ("cy", 6)
        assert tags.open_replacements(connection) == []
        with pytest.raises(InputError, match="no open request"):
            tags.approve_replacement(connection, request, who="cy", role="supervisor", at_us=7)
        both = [tags.Binding("tag-1", "ada", 2, 6), tags.Binding("tag-2", "ada", 6, None)]
        assert tags.bindings(connection, asset_id="ada") == both
        assert tags.tag(connection, "tag-1") == tags.Tag("tag-1", 1, None, True)
        with pytest.raises(InputError, match="gave it up"):
            tags.claim(connection, "tag-1", asset_id="eve", who="bo", at_us=8)


def test_requests_that_another_overtook_are_closed_with_it(databases: Database) -> None:
    with databases.begin() as connection:
        tags.issue(connection, [f"tag-{number}" for number in range(1, 7)], at_us=1)
        tags.claim(connection, "tag-1", asset_id="ada", who="bo", at_us=2)
        tags.claim(connection, "tag-2", asset_id="eve", who="bo", at_us=2)
        one, same_old, same_new, other = (
            tags.ask_replacement(connection, old, by_tag=new, who="bo", role="manager", why="broken", at_us=3)
            for old, new in (("tag-1", "tag-3"), ("tag-1", "tag-4"), ("tag-2", "tag-3"), ("tag-2", "tag-5"))
        )
        done = tags.approve_replacement(connection, one, who="cy", role="supervisor", at_us=4)
        assert done.overtaken == [same_old, same_new]
        assert [one.id for one in tags.open_replacements(connection)] == [other]


def test_a_request_is_put_away_once(databases: Database) -> None:
    with databases.begin() as connection:
        tags.issue(connection, ["tag-1", "tag-2"], at_us=1)
        tags.claim(connection, "tag-1", asset_id="ada", who="bo", at_us=2)
        asked = {"by_tag": "tag-2", "who": "bo", "role": "manager", "why": "broken"}
        request = tags.ask_replacement(connection, "tag-1", at_us=4, **asked)
        put_away = tags.reject_replacement(connection, request, who="cy", at_us=5)
        assert (put_away.tag_id, put_away.closed_by, put_away.closed_us) == ("tag-1", "cy", 5)
        assert tags.open_replacements(connection) == []
        with pytest.raises(InputError, match="no open request"):
            tags.reject_replacement(connection, request, who="cy", at_us=6)
        with pytest.raises(InputError, match="no open request"):
            tags.approve_replacement(connection, request, who="cy", role="supervisor", at_us=6)
        assert tags.tag(connection, "tag-1") == tags.Tag("tag-1", 1, "ada", True)
        assert tags.ask_replacement(connection, "tag-1", at_us=7, **asked) != request


def test_datastreams_are_made_once_and_taken_apart(databases: Database) -> None:
    names = [f"tag-{k}/rssi/beacon-{k % 3}" for k in range(1200)]
    with databases.begin() as connection:
        first = datastreams.datastream_ids(connection, [*names[:700], *names[:5]])
        both = datastreams.datastream_ids(connection, names)
        assert {name: both[name] for name in names[:700]} == first
        assert len(set(both.values())) == 1200
        one = datastreams.named(connection, "tag-7/rssi/beacon-1")
        assert one is not None
        assert (one.thing, one.observed, one.unit) == ("tag-7", "rssi", "dBm")
        assert datastreams.datastream(connection, one.id) == one
        assert datastreams.datastreams(connection, things=["tag-7", "tag-x"]) == [one]
        page = datastreams.datastreams(connection, observed="rssi", after=one.id, limit=10)
        assert [each.id for each in page] == sorted(both.values())[sorted(both.values()).index(one.id) + 1 :][:10]
        for name in ("", "tag/\x00", "a b", "x" * 161):
            with pytest.raises(InputError, match="without blanks"):
                datastreams.datastream_ids(connection, [name])


@pytest.mark.parametrize("length", [63, 64, 160])
def test_a_long_name_is_found_again(databases: Database, length: int) -> None:
    names = [f"{end}/{'g' * (length - 2)}" for end in "ab"]
    with databases.begin() as connection:
        made = datastreams.datastream_ids(connection, names)
        assert set(made) == set(names)
        assert datastreams.datastream_ids(connection, names) == made


def test_the_engine_finds_its_notes_again(databases: Database) -> None:
    with databases.begin() as connection:
        states.put_states(connection, {"ada": b'{"motion":"idle"}', "bo": b"{}"}, at_us=1)
        states.put_states(connection, {"ada": '{"motion":"é"}'.encode()}, at_us=2)
        states.put_cursors(connection, {1: 10, 2: 5})
        states.put_cursors(connection, {1: 2**40})
        states.put_memory(connection, {"qc": b"\x00", "q:" + "x" * 160: b"1", "gone": b"1"})
        states.put_memory(connection, {"qc": b"\x00\xff", "gone": b""})
        states.put_states(connection, {}, at_us=3)
    with databases.begin() as connection:
        assert states.states(connection) == {"ada": '{"motion":"é"}'.encode(), "bo": b"{}"}
        assert states.states(connection, ["bo", "cy"]) == {"bo": b"{}"}
        assert states.cursors(connection) == {1: 2**40, 2: 5}
        assert states.memory(connection) == {"qc": b"\x00\xff", "q:" + "x" * 160: b"1"}
        states.forget(connection)
        assert (states.states(connection), states.cursors(connection), states.memory(connection)) == ({}, {}, {})


def zone(name: str, since_us: int = 1, **properties: object) -> Zone:
    return Zone(name, ZoneKind.FINDING, name.title(), PIT, properties, "run-1", since_us)


def test_a_new_run_replaces_what_was_said(databases: Database) -> None:
    with databases.begin() as connection:
        zones.put_zones(connection, [zone("beacon")._replace(kind=ZoneKind.BEACON)])
        assert zones.replace_zones(connection, ZoneKind.FINDING, [zone("a"), zone("b", level=2)], at_us=1) == 0
        again = [zone("b", 5, level=3), zone("c", 5)]
        assert zones.replace_zones(connection, ZoneKind.FINDING, again, at_us=5) == 1
        assert zones.open_zones(connection, [ZoneKind.FINDING]) == [zone("b", 1, level=3), zone("c", 5)]
        assert len(zones.open_zones(connection)) == 3
        assert zones.zone(connection, "a") == zone("a")._replace(until_us=5)
        zones.replace_zones(connection, ZoneKind.FINDING, [zone("a", 9)], at_us=9)
        assert zones.zone(connection, "a") == zone("a", 9)


def test_people_judge_zones(databases: Database) -> None:
    with databases.begin() as connection:
        zones.put_zones(connection, [zone("a")])
        zones.judge(connection, "a", Verdict.CONFIRMED, who="bo", why="seen", at_us=2)
        zones.judge(connection, "a", Verdict.CLOSED, who="cy", why="filled", at_us=3)
        assert [one.verdict for one in zones.verdicts(connection, ["a", "b"])["a"]] == ["confirmed", "closed"]
        assert zones.open_zones(connection) == []
        with pytest.raises(InputError, match="no zone 'b'"):
            zones.judge(connection, "b", Verdict.CLOSED, who="cy", why="", at_us=3)


def test_tracks_are_thinned_and_those_of_people_forgotten(databases: Database) -> None:
    walk = [Position(name, at, 16.0 + at / 1e6, 51.0, None, 5.0) for name in ("ada", "truck") for at in range(100)]
    with databases.begin() as connection:
        tracks.insert_positions(connection, walk)
        tracks.insert_positions(connection, walk[:10])
        assert tracks.track(connection, "ada", from_us=20, to_us=40) == walk[20:40]
        assert tracks.track(connection, "ada", from_us=0, to_us=100, points=10) == walk[:100:10]
        assert tracks.drop_before(connection, 50, asset_ids=["ada"]) == 50
        assert len(tracks.track(connection, "truck", from_us=0, to_us=100)) == 100
        assert tracks.drop_before(connection, 60) == 70
        tracks.forget(connection)
        assert tracks.track(connection, "truck", from_us=0, to_us=100) == []
