"""What a server does again and again: it keeps the house, tells gateways, and judges ground that may crack."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from highwall.core.errors import MissingInputError
from highwall.telemetry.messages import Command, Message, Priority, Range, Reading, decoded, readings_message
from highwall.twin.bus import MemoryBus
from highwall.twin.engine import Engine
from highwall.twin.engine_options import EngineOptions
from highwall.twin.sql import criteria, datastreams, journal, observations, orders, schema, tags, things
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
        self.bus.subscribe("hw/1/mine/+/down/command", lambda message, done: self.said.append(message))
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


def test_gateways_are_told_of_those_who_were_looked_after_once_and_again_by_the_next_server(
    database: Database, server: Server
) -> None:
    _order(database, "c-1")
    _order(database, "c-2", verb="scan")  # the page that gives this one sends it itself
    server.bus.cut()
    server.rounds.give_commands()
    server.bus.restore()
    for _ in range(3):
        server.rounds.give_commands()
    assert [(one.topic, decoded(one.payload, Command).command_id) for one in server.said] == [
        ("hw/1/mine/g-1/down/command", "c-1")
    ]
    after = Server(database)
    after.rounds.give_commands()
    assert len(after.said) == 1  # a gateway that has carried it out knows its id
    late = Server(database)
    late.now_us = T0 + DAY
    late.rounds.give_commands()
    assert late.said == []


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
