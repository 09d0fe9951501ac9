"""Ground judged by a gateway as its configuration asks: hour by hour, over a restart, never in the way of alarms."""

from pathlib import Path

import msgspec
import pytest

from highwall.core.errors import MissingInputError
from highwall.edge.crack_watch import CrackWatch
from highwall.edge.options import CrackOptions, ReaderOptions
from highwall.edge.radio import SimulatedRadio
from highwall.telemetry.live_windows import HOUR_US
from highwall.telemetry.messages import Message, Reading
from highwall.telemetry.window_options import CrackPlace
from highwall.twin.bus import MemoryBus
from highwall.twin.keys import sign_config
from tests.edge.gateways import GATEWAY, NOW, Bench, Clock, FakeServer, S, bench, first_config
from tests.edge.test_crack_watch import Classifier

FIRST = NOW // HOUR_US + 1
CRACKS = CrackOptions(weights="w.onnx", places=(CrackPlace(thing="crack-1", opening="k-1/crack_width"),))
READER = ReaderOptions(kind="native", topics=("sensors/#",), port=1)


def opened(options: CrackOptions) -> CrackWatch:
    return CrackWatch(Classifier(), options.places)


def started(folder: Path, bus: MemoryBus, beside: MemoryBus, clock: Clock) -> Bench:
    config = first_config(cracks=CRACKS, readers=(READER,))
    return bench(folder, bus, clock=clock, config=config, readers={1: beside}, open_cracks=opened)


def said(server: FakeServer) -> list[tuple[int, float]]:
    found = (one for one in server.readings() if one.datastream == "crack-1/crack_probability")
    return [(one.phenomenon_us // HOUR_US - FIRST, one.result) for one in found if isinstance(one.result, float)]


def live(folder: Path, *, kills: bool) -> list[tuple[int, float]]:
    """What a gateway says in 30 hours of a crack that opens, killed after every tenth hour or never."""
    bus, beside, clock = MemoryBus(), MemoryBus(), Clock(FIRST * HOUR_US)
    server = FakeServer(bus)
    gateway = started(folder, bus, beside, clock)
    for hour in range(30):
        clock.now_us = (FIRST + hour) * HOUR_US + 600 * S
        reading = Reading("k-1/crack_width", clock.now_us, hour * 1e-5)
        beside.publish(Message("sensors/k-1", msgspec.json.encode(reading)))
        gateway.run(30.0, each_s=5.0, then=server.confirm)
        clock.now_us += 700 * S  # long enough that what was read is written down
        gateway.run(30.0, each_s=5.0, then=server.confirm)
        if kills and hour % 10 == 9:
            gateway.means.outbox._file.close()  # the agent is left as it is, as a kill leaves it
            bus.close()
            beside.close()
            kept = server.messages
            server = FakeServer(bus)
            server.messages = kept
            gateway = started(folder, bus, beside, clock)
    gateway.close()
    return said(server)


def test_the_ground_is_judged_hour_by_hour_also_by_a_gateway_that_is_killed(tmp_path: Path) -> None:
    whole = live(tmp_path / "whole", kills=False)
    assert [hour for hour, _ in whole] == list(range(24, 30))  # the first window that begins with a reading
    assert whole[-1][1] == pytest.approx(0.23, abs=1e-3)
    assert live(tmp_path / "killed", kills=True) == whole


def test_weights_that_are_not_there_are_refused_and_what_holds_goes_on(tmp_path: Path) -> None:
    bus = MemoryBus()
    server = FakeServer(bus)
    gateway = bench(tmp_path, bus)
    signed = sign_config(
        first_config(cracks=CRACKS).model_copy(update={"version": 1}).model_dump_json(), gateway.signing_key
    )
    server.say("config", signed)
    gateway.run(1.0, then=server.confirm)
    (report,) = server.events("config_report")
    assert (report.data["outcome"], "w.onnx" in report.data["reason"]) == ("refused", True)
    assert gateway.means.configuration.current.version == 0
    gateway.close()


def test_weights_that_vanished_are_told_and_people_are_watched_over_all_the_same(tmp_path: Path) -> None:
    bus, radio = MemoryBus(), SimulatedRadio(GATEWAY, n_tags=1, rate_hz=10, seed=1, start_us=NOW)
    server = FakeServer(bus)

    def gone(options: CrackOptions) -> CrackWatch:
        raise MissingInputError(f"no file at {options.weights}.")

    gateway = bench(tmp_path, bus, radio=radio, config=first_config(cracks=CRACKS), open_cracks=gone)
    gateway.run(5.0, then=server.confirm)
    radio.fall("tag-1", gateway.clock() + S)
    gateway.run(60.0, then=server.confirm)
    assert [event.data["reason"] for event in server.events("crack_watch_failed")] == ["no file at w.onnx."]
    assert server.events("man_down")[-1].data["health"] == "down"
    gateway.close()
