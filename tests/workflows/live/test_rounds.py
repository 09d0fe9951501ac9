"""What a server does again and again: it keeps the house, tells gateways, and judges ground that may crack."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from highwall.core.errors import MissingInputError
from highwall.telemetry.messages import (
    Command,
    Message,
    Priority,
    Range,
    Reading,
    SignedConfig,
    Status,
    decoded,
    readings_message,
)
from highwall.twin.bus import MemoryBus
from highwall.twin.engine import Engine
from highwall.twin.engine_options import EngineOptions
from highwall.twin.sql import criteria, datastreams, gateways, journal, observations, orders, schema, tags, things
from highwall.twin.sql.database import Database, open_database
from highwall.web.live import Hub
from highwall.web.services import Place, Services
from highwall.workflows.live.cracks import GATEWAY
from highwall.workflows.live.options import ServeConfig
from highwall.workflows.live.rounds import Rounds, threads_of
from highwall.workflows.live.telling import Teller
from highwall.workflows.live.threads import Repeated

T0 = 1_760_000_000_000_000
S = 1_000_000
DAY = 86_400 * S
PLACE = Place("mine", "Mine", "UTC", (0.0, 0.0), (0.0, 0.0, 1.0, 1.0))


@pytest.fixture
def database() -> Iterator[Database]:
    opened = open_database("sqlite://")
    schema.prepare(opened, now_us=T0)
    with opened.begin() as store:
        criteria.install_default(store, at_us=T0)
    yield opened
    opened.close()


class Server:
    """A server whose rounds are made by hand, and what it says to gateways."""

    def __init__(self, database: Database) -> None:
        self.now_us = T0
        self.said: list[Message] = []
        self.bus = MemoryBus()
        self.bus.subscribe("hw/1/mine/+/down/#", lambda message, done: self.said.append(message))
        self.services = Services(database, PLACE, lambda: self.now_us, Hub(start_us=T0), bus=self.bus)
        self.engine = Engine(database, site="mine", options=EngineOptions(settle_s=0.0))
        self.rounds = Rounds(self.services, self.engine, Teller(), None)


@pytest.fixture
def server(database: Database) -> Server:
    return Server(database)


def _receive(database: Database, first: int, *, at_us: int) -> None:
    readings = [Reading("p-1/battery", at_us, 3.7)]
    message = readings_message("mine", "g-1", Range(Priority.TELEMETRY, "e1", first, first), readings)
    with database.begin() as store:
        journal.append(store, message, site="mine", received_us=at_us)


def _kept(database: Database) -> list[int]:
    with database.read() as store:
        (stream,) = journal.streams(store)
        return [one.first for one in journal.read_stream(store, stream.stream_id, after=0, upto=stream.watermark)]


def test_the_journal_is_trimmed_behind_the_engine_and_no_further_than_promised(
    database: Database, server: Server
) -> None:
    _receive(database, 1, at_us=T0)
    _receive(database, 2, at_us=T0 + 2 * DAY)
    server.now_us = T0 + 8 * DAY
    server.rounds.keep_house(ServeConfig())
    assert _kept(database) == [1, 2]  # the engine has not read them yet
    server.rounds.step()
    server.rounds.keep_house(ServeConfig())
    assert _kept(database) == [2]
    server.rounds.keep_house(ServeConfig(retention={"journal_days": 5}))
    assert _kept(database) == []


def _order(database: Database, name: str, verb: str = "stand_down") -> None:
    command = Command(name, verb, {"thing": "tag-1", "upto": 1.0})
    with database.begin() as store:
        orders.put_command(store, "g-1", command, who="mia", at_us=T0)


def test_commands_are_sent_once_and_again_by_the_next_server_until_they_are_answered(
    database: Database, server: Server
) -> None:
    _order(database, "c-1")
    _order(database, "c-2", verb="scan")
    server.bus.cut()
    server.rounds.give_orders()
    server.bus.restore()
    for _ in range(3):
        server.rounds.give_orders()
    assert [(one.topic, one.retain, decoded(one.payload, Command).command_id) for one in server.said] == [
        ("hw/1/mine/g-1/down/command", False, "c-1"), ("hw/1/mine/g-1/down/command", False, "c-2"),
    ]  # fmt: skip
    with database.begin() as store:
        orders.note_result(store, "g-1", "c-1", result={"outcome": "done"}, at_us=T0)
    after = Server(database)
    after.rounds.give_orders()
    (again,) = after.said  # a gateway that has carried it out knows its id
    assert decoded(again.payload, Command).command_id == "c-2"
    late = Server(database)
    late.now_us = T0 + DAY
    late.rounds.give_orders()
    assert late.said == []


def test_the_newest_configuration_is_sent_until_the_gateway_reports_of_it(database: Database, server: Server) -> None:
    with database.begin() as store:
        for gateway, version in (("g-1", 1), ("g-1", 2), ("g-2", 1)):
            signed = SignedConfig(f"{gateway} {version}", "c2ln")
            orders.put_configuration(store, gateway, signed, version=version, who="mia", at_us=T0)
    for _ in range(2):
        server.rounds.give_orders()
    assert [(one.topic, one.retain, decoded(one.payload, SignedConfig).content) for one in server.said] == [
        ("hw/1/mine/g-1/down/config", True, "g-1 2"), ("hw/1/mine/g-2/down/config", True, "g-2 1"),
    ]  # fmt: skip
    with database.begin() as store:
        orders.note_outcome(store, "g-1", version=2, outcome="rolled_back", at_us=T0)
    after = Server(database)
    after.now_us = T0 + 30 * DAY
    after.rounds.give_orders()
    assert [one.topic for one in after.said] == ["hw/1/mine/g-2/down/config"]


class Classifier:
    """Says the same of every window."""

    n_samples = 24

    def probability(self, values: Any) -> Any:
        return np.full(len(values), 0.25)


def test_places_that_are_watched_for_cracks_are_judged(database: Database, server: Server) -> None:
    places = [{"thing": "crack-1", "strain": "s-1/strain"}]
    config = ServeConfig(cracks={"weights": Path("boosting.onnx"), "places": places})
    server.rounds.tell_cracks(Classifier(), config)  # type: ignore[arg-type]
    with database.read() as store:
        (stream,) = journal.streams(store, GATEWAY)
    assert stream.watermark == 1
    with pytest.raises(MissingInputError, match=r"boosting\.onnx"):
        threads_of(server.services, server.engine, config)


def _readings_of(database: Database, thing: str) -> int:
    with database.read() as store:
        found = datastreams.datastreams(store, things=[thing])
        return sum(len(observations.page(store, one.id, from_us=0, to_us=T0 + 365 * DAY)) for one in found)


def test_what_tags_of_people_said_is_forgotten_with_their_tracks(database: Database, server: Server) -> None:
    with database.begin() as store:
        for asset_id, kind in (("p-ana", things.AssetKind.PERSON), ("m-1", things.AssetKind.MACHINE)):
            things.put_asset(store, things.Asset(asset_id, kind, asset_id), at_us=T0)
        tags.issue(store, ["tag-1", "machine-1"], at_us=T0)
        tags.claim(store, "tag-1", asset_id="p-ana", who="mia", at_us=T0)
        tags.claim(store, "machine-1", asset_id="m-1", who="mia", at_us=T0)
        readings = [Reading(f"{thing}/battery", T0 + S, 3.0) for thing in ("tag-1", "machine-1")]
        message = readings_message("mine", "g-1", Range(Priority.TELEMETRY, "e1", 1, 2), readings)
        journal.append_all(store, [message], site="mine", received_us=T0 + S)
    server.now_us = T0 + 5 * S
    server.rounds.step()
    server.now_us = T0 + 29 * DAY
    server.rounds.keep_house(ServeConfig())
    assert (_readings_of(database, "tag-1"), _readings_of(database, "machine-1")) == (1, 1)
    server.now_us = T0 + 31 * DAY
    server.rounds.keep_house(ServeConfig())
    assert (_readings_of(database, "tag-1"), _readings_of(database, "machine-1")) == (0, 1)


def test_a_gateway_that_falls_silent_is_told_off_line(database: Database, server: Server) -> None:
    with database.begin() as store:
        gateways.open_claim(store, "A" * 20, gateway_id="g-1", name="Gate", location_id=None, who="mia", at_us=T0,
                            expires_us=T0 + DAY)  # fmt: skip
        gateways.note_status(store, "g-1", Status(True, T0), heard_us=T0)
    told = []
    for later_s in (100, 110, 130, 140):
        server.now_us = T0 + later_s * S
        before = server.services.hub.number
        server.rounds.tell_gateways()
        told += [one.content["state"] for one in server.services.hub.since(before).changes]
    assert told == ["online", "offline"]


def test_a_defect_in_a_round_is_told_and_the_next_round_comes(caplog: pytest.LogCaptureFixture) -> None:
    rounds, done = [], threading.Event()

    def work() -> bool:
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise KeyError("a defect")
        done.set()
        return False

    repeated = Repeated("engine", work, every_s=0.01)
    repeated.start()
    assert done.wait(10.0)
    repeated.close()
    assert "engine met a defect" in caplog.text
    assert repeated.trouble == ""
