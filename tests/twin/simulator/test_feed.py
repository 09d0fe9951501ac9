import numpy as np
import pytest

from highwall.telemetry.messages import Kind, Priority, Reading, decoded, range_of
from highwall.twin.bus import MemoryBus
from highwall.twin.ingest import Ingest
from highwall.twin.simulator import BusSink, Scenario, SimulationOptions, feed, simulate
from highwall.twin.sql import schema
from highwall.twin.sql.database import open_database

OPTIONS = SimulationOptions(hours=0.05, n_people=2, n_machines=1, people_hz=4.0, scenarios=(Scenario.CUT_LINK,))
WITHOUT_PAUSE = {"speed": np.inf, "clock": lambda: 0.0, "sleep": lambda seconds: None}


def listened(bus: MemoryBus) -> list:
    heard = []

    def handler(message, acknowledge):
        heard.append(message)
        acknowledge()

    bus.subscribe("hw/1/#", handler)
    return heard


@pytest.fixture
def heard() -> list:
    bus = MemoryBus()
    heard = listened(bus)
    feed(simulate(OPTIONS), BusSink(bus, site="mine"), start_us=0, **WITHOUT_PAUSE)
    return heard


def test_every_reading_arrives_once_and_in_order(heard):
    arrived = {}
    for message in heard:
        numbers, kind = range_of(message)
        assert kind is Kind.READINGS
        arrived.setdefault(message.topic, []).append((numbers, decoded(message.payload, list[Reading])))
    assert len(arrived) == 2
    for packs in arrived.values():
        first = 1
        for numbers, readings in packs:
            assert numbers.priority is Priority.TELEMETRY
            assert (numbers.first, numbers.n) == (first, len(readings))
            first = numbers.last + 1
    expected = sorted(r.datastream for b in simulate(OPTIONS).play(0) for r in b.readings)
    got = sorted(r.datastream for packs in arrived.values() for _, readings in packs for r in readings)
    assert got == expected


def test_packs_are_not_too_large():
    bus = MemoryBus()
    heard = listened(bus)
    sink = BusSink(bus, site="mine", pack=3)
    sink.put("gw-pit", [Reading("a/tilt", n, 0.0) for n in range(7)], [])
    assert [range_of(message)[0].n for message in heard] == [3, 3, 1]


def test_while_the_link_is_cut_nothing_arrives_and_then_everything():
    bus = MemoryBus()
    heard = listened(bus)
    sink = BusSink(bus, site="mine")
    sink.link("gw-pit", is_up=False)
    sink.put("gw-pit", [Reading("a/tilt", 1, 0.0)], [])
    sink.put("gw-plant", [Reading("b/tilt", 1, 0.0)], [])
    assert [message.topic for message in heard] == ["hw/1/mine/gw-plant/up/telemetry"]
    sink.link("gw-pit", is_up=True)
    assert [message.topic for message in heard][1:] == ["hw/1/mine/gw-pit/up/telemetry"]


def test_what_is_fed_is_journalled_whole():
    bus, database = MemoryBus(), open_database("sqlite://")
    schema.prepare(database, now_us=0)
    with Ingest(database, bus, site="mine") as ingest:
        n_said = feed(simulate(OPTIONS), BusSink(bus, site="mine"), start_us=0, **WITHOUT_PAUSE)
    assert (ingest.progress.n_items, ingest.progress.n_duplicates, ingest.progress.n_set_aside) == (n_said, 0, 0)
    database.close()


class Recorder:
    def __init__(self) -> None:
        self.calls = []

    def put(self, gateway, readings, events):
        self.calls.append(("put", gateway))

    def link(self, gateway, *, is_up):
        self.calls.append(("link", gateway, is_up))


def test_the_link_is_cut_and_restored_once():
    recorder = Recorder()
    feed(simulate(OPTIONS), recorder, start_us=0, **WITHOUT_PAUSE)
    assert [call for call in recorder.calls if call[0] == "link"] == [
        ("link", "gw-plant", False),
        ("link", "gw-plant", True),
    ]


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_keeps_the_time(speed):
    now = [100.0]

    def sleep(seconds):
        assert seconds > 0.0
        now[0] += seconds

    feed(simulate(OPTIONS), Recorder(), start_us=0, speed=speed, clock=lambda: now[0], sleep=sleep)
    assert now[0] - 100.0 == pytest.approx(OPTIONS.duration_s / speed, abs=1.0 / speed)


def test_stops_when_told():
    recorder = Recorder()
    n_said = feed(
        simulate(OPTIONS), recorder, start_us=0, should_stop=lambda: len(recorder.calls) >= 3, **WITHOUT_PAUSE
    )
    assert len(recorder.calls) == 3
    assert 0 < n_said < 100
