"""The gateway as a whole, on a bus in memory and a clock moved by hand."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from highwall.edge.heartbeat import Pace
from highwall.edge.options import AutonomyOptions, DestinationOptions, GatewayConfig, LimitOptions, ReaderOptions
from highwall.edge.radio import SimulatedRadio
from highwall.telemetry.messages import (
    Command,
    Kind,
    Message,
    Priority,
    Reading,
    Resend,
    SignedConfig,
    Watermark,
    range_of,
)
from highwall.twin.bus import MemoryBus
from highwall.twin.criteria import Criterion
from highwall.twin.keys import new_signing_key, sign_config
from tests.edge.gateways import GATEWAY, NOW, SITE, Bench, Clock, FakeServer, S, bench, first_config, numbers_of

ALARM, TELEMETRY, BULK = Priority.ALARM, Priority.TELEMETRY, Priority.BULK


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
def server(bus: MemoryBus) -> FakeServer:
    return FakeServer(bus)


@pytest.fixture
def gateway(tmp_path: Path, bus: MemoryBus, server: FakeServer) -> Iterator[Bench]:
    radio = SimulatedRadio(GATEWAY, n_tags=2, rate_hz=10, seed=1, start_us=NOW)
    started = bench(tmp_path, bus, radio=radio)
    yield started
    started.close()


def simulated(gateway: Bench) -> SimulatedRadio:
    assert isinstance(gateway.radio, SimulatedRadio)
    return gateway.radio


def test_readings_arrive_packed_and_the_outbox_empties(gateway: Bench, server: FakeServer) -> None:
    gateway.run(10.0, then=server.confirm)
    gateway.run(1.5, then=server.confirm)
    assert len(server.readings()) >= 2 * (10 + 3) * 10  # two tags, ten samples and three facts a second
    sizes = [found.n for found in numbers_of(server.messages) if found.priority is TELEMETRY]
    assert sum(sizes) / len(sizes) >= 10  # a motion event between readings makes a pack of its own
    assert max(sizes) <= 100
    assert gateway.means.outbox.waiting()[TELEMETRY] < 30


def test_a_cut_link_loses_nothing_and_alarms_come_first(gateway: Bench, bus: MemoryBus, server: FakeServer) -> None:
    gateway.run(5.0, then=server.confirm)
    bus.cut()
    simulated(gateway).fall("tag-1", gateway.clock() + 2_000_000)
    gateway.run(60.0)
    before = len(server.messages)
    bus.restore()
    gateway.run(0.25)
    first = numbers_of(server.messages[before:])[0]
    assert first.priority is ALARM
    gateway.run(30.0, then=server.confirm)
    times = [reading.phenomenon_us for reading in server.readings() if reading.datastream == "tag-2/acceleration"]
    assert times == list(range(times[0], times[-1] + 1, 100_000))  # ten a second, none missing, none twice
    assert len(times) >= 940
    assert [event.data["health"] for event in server.events("man_down") if event.subject == "tag-1"][-1] == "down"


def test_a_person_who_presses_the_button_is_not_down(tmp_path: Path, bus: MemoryBus, server: FakeServer) -> None:
    beside = MemoryBus()
    reader = ReaderOptions(kind="native", topics=("tags/#",), port=1)
    radio = SimulatedRadio(GATEWAY, n_tags=1, rate_hz=10, seed=1, start_us=NOW)
    gateway = bench(tmp_path, bus, radio=radio, config=first_config(readers=(reader,)), readers={1: beside})
    gateway.run(5.0, then=server.confirm)
    radio.fall("tag-1", gateway.clock() + 1_000_000)
    while not any(event.data["health"] == "pre_alarm" for event in server.events("man_down")):
        gateway.run(0.5, then=server.confirm)
    press = b'{"kind":"button","t":%d,"subject":"tag-1"}' % gateway.clock()
    beside.publish(Message("tags/1", press))
    gateway.run(1.0, then=server.confirm)
    told = server.events("man_down")
    assert (told[-1].data["health"], told[-1].data["why"]) == ("ok", "cancelled by the person")
    gateway.close()


def test_who_was_looked_after_is_stood_down_but_not_out_of_a_later_fall(
    tmp_path: Path, bus: MemoryBus, server: FakeServer
) -> None:
    radio = SimulatedRadio(GATEWAY, n_tags=1, rate_hz=10, seed=1, start_us=NOW)
    gateway = bench(tmp_path, bus, radio=radio)
    gateway.run(5.0, then=server.confirm)
    radio.fall("tag-1", gateway.clock() + 1_000_000)
    while not any(event.data["health"] == "down" for event in server.events("man_down")):
        gateway.run(0.5, then=server.confirm)
    down = server.events("man_down")[-1]
    for name, upto in (("c-1", down.data["change"] - 1), ("c-2", down.data["change"]), ("c-3", down.data["change"])):
        server.say("command", Command(name, "stand_down", {"thing": "tag-1", "upto": float(upto)}))
        settle(gateway, server)
    results = {event.subject: event.data for event in server.events("command_result")}
    assert [results[name]["outcome"] for name in ("c-1", "c-2", "c-3")] == ["refused", "done", "refused"]
    assert "since then" in results["c-1"]["reason"]
    assert [event.data["why"] for event in server.events("man_down")].count("stood down") == 1
    gateway.close()


def test_local_alarms_hold_while_the_link_is_cut(tmp_path: Path, bus: MemoryBus, server: FakeServer) -> None:
    hot = Criterion.model_validate({
        "id": "hot", "title": "Too hot", "source": "test", "about": {"kind": "sensor"},
        "levels": [{"level": 3, "owner": "manager", "within_s": 60, "when": {"reading": "temperature", "above": 299}}],
    })  # fmt: skip
    radio = SimulatedRadio(GATEWAY, n_tags=1, rate_hz=10, seed=1, start_us=NOW)
    config = first_config(autonomy=AutonomyOptions(criteria=(hot,)))
    gateway = bench(tmp_path, bus, radio=radio, config=config)
    bus.cut()
    gateway.run(3.0)
    assert gateway.means.outbox.last(ALARM) >= 2
    bus.restore()
    gateway.run(1.0, then=server.confirm)
    (event,) = server.events("local_alarm")
    assert (event.subject, event.data["criterion"], event.data["level"]) == ("tag-1", "hot", 3)
    gateway.close()


def test_what_the_server_misses_is_sent_again(gateway: Bench, server: FakeServer) -> None:
    gateway.run(10.0)
    epoch, n = gateway.means.outbox.boot_epoch, len(server.messages)
    server.say("resend", Resend(epoch, TELEMETRY, 21, 40))
    gateway.run(0.25)
    again = [found for found in numbers_of(server.messages[n:]) if found.first <= 40]
    assert again
    assert again[0].first <= 21
    assert again[-1].last >= 40


def test_what_is_gone_is_announced_when_it_is_asked_for(gateway: Bench, server: FakeServer) -> None:
    gateway.run(10.0, then=server.confirm)
    epoch, n = gateway.means.outbox.boot_epoch, len(server.messages)
    server.say("resend", Resend(epoch, TELEMETRY, 1, 20))
    server.say("resend", Resend("an-earlier-outbox", BULK, 5, 9))
    gateway.run(0.25)
    said = {range_of(message) for message in server.messages[n:]}
    dropped = {numbers for numbers, kind in said if kind is Kind.DROPPED}
    assert any((found.boot_epoch, found.first) == (epoch, 1) and found.last >= 20 for found in dropped)
    assert any((found.boot_epoch, found[2:]) == ("an-earlier-outbox", (5, 9)) for found in dropped)


def test_without_a_word_of_the_server_all_is_sent_again_later_and_later(gateway: Bench, server: FakeServer) -> None:
    gateway.run(3.0)
    simulated(gateway).listen(is_on=False)
    firsts = []
    for _ in range(200):
        n = len(server.messages)
        gateway.run(1.0, each_s=1.0)
        if any(found[2:3] == (1,) and found.priority is TELEMETRY for found in numbers_of(server.messages[n:])):
            firsts.append(gateway.clock())
    gaps = [later - earlier for earlier, later in itertools.pairwise(firsts)]
    assert len(gaps) >= 2
    assert all(later > 1.5 * earlier for earlier, later in itertools.pairwise(gaps))


def test_the_window_bounds_what_is_under_way(tmp_path: Path, bus: MemoryBus, server: FakeServer) -> None:
    radio = SimulatedRadio(GATEWAY, n_tags=20, rate_hz=20, seed=1, start_us=NOW)
    gateway = bench(tmp_path, bus, radio=radio)
    gateway.run(10.0)
    sent = max(found.last for found in numbers_of(server.messages) if found.priority is TELEMETRY)
    assert gateway.means.outbox.last(TELEMETRY) > 3000
    assert sent <= 2000 + 100
    gateway.close()


def test_status_tells_what_waits_and_how_long_the_buffer_lasts(gateway: Bench, server: FakeServer) -> None:
    gateway.run(61.0)
    status = server.statuses[-1]
    assert status.online
    assert status.config_hash == gateway.means.configuration.sha256
    assert status.waiting[TELEMETRY] > 0
    assert status.buffer_days is not None
    per_s = gateway.means.outbox.n_bytes_put / 61.0
    expected = (gateway.means.outbox.max_bytes - gateway.means.outbox.n_bytes) / per_s / 86_400
    assert status.buffer_days == pytest.approx(expected, rel=0.15)  # the rate is smoothed, and known at the last word
    gateway.agent.close()
    assert not server.statuses[-1].online


def test_a_gateway_whose_clock_is_set_back_goes_on_speaking_and_looking(
    tmp_path: Path, bus: MemoryBus, server: FakeServer
) -> None:
    gateway = bench(tmp_path, bus, config=first_config(watch={"folder": str(tmp_path), "every_s": 60.0}))
    gateway.run(30.0, then=server.confirm)
    gateway.clock.sleep(-7200.0)
    n_words = len(server.statuses)
    gateway.run(90.0, then=server.confirm)
    settle(gateway, server)
    words = server.statuses[n_words:]
    assert 6 <= len(words) <= 9
    assert words[-1].status_us < NOW
    rounds = [event.subject for event in server.events("command_result") if event.subject.startswith("watch-")]
    assert len(rounds) == 2  # at once, and after a minute
    gateway.close()


def test_the_pace_is_known_through_a_jump_of_the_clock() -> None:
    pace = Pace(n_bytes=0, now_us=NOW)
    assert pace.at(1000, NOW + 10 * S) == 100.0
    assert pace.at(1000, NOW - 3600 * S) == 100.0
    assert pace.at(6000, NOW - 3590 * S) == pytest.approx(300.0)  # 10 s at 100, 10 s at 500 byte s⁻¹


def signed(at: Bench, **changes: object) -> SignedConfig:
    config = first_config().model_copy(update=changes)
    return sign_config(config.model_dump_json(), at.signing_key)


def test_a_signed_configuration_is_applied_confirmed_and_reported_by_hash(gateway: Bench, server: FakeServer) -> None:
    limits = LimitOptions(heartbeat_s=5.0)
    server.say("config", signed(gateway, version=1, limits=limits), retain=True)
    gateway.run(0.25)
    assert gateway.means.configuration.is_on_trial
    gateway.run(1.0, then=server.confirm)
    assert not gateway.means.configuration.is_on_trial
    (report,) = server.events("config_report")
    assert (report.data["outcome"], report.data["version"]) == ("applied", 1)
    assert report.data["sha256"] == gateway.means.configuration.sha256 == server.statuses[-1].config_hash
    n = len(server.statuses)
    gateway.run(20.0, then=server.confirm)
    assert len(server.statuses) - n >= 3


def test_a_configuration_that_cuts_the_gateway_off_is_rolled_back(
    gateway: Bench, bus: MemoryBus, server: FakeServer
) -> None:
    gateway.run(1.0, then=server.confirm)
    wrong = DestinationOptions(host="nowhere.example")
    server.say("config", signed(gateway, version=1, destination=wrong, limits=LimitOptions(trial_s=30.0)))
    before = gateway.means.outbox.last(TELEMETRY)
    gateway.run(0.25)
    bus.cut()  # nobody is there
    gateway.run(25.0)
    assert gateway.means.configuration.current.destination == wrong
    gateway.run(10.0)
    assert gateway.means.configuration.current.destination == DestinationOptions(host="mine.example")
    assert gateway.means.outbox.last(TELEMETRY) > before
    bus.restore()
    gateway.agent._link._inbox.subscribe(bus)  # the memory bus forgets its subscribers when it is closed
    restored = FakeServer(bus)
    gateway.run(5.0, then=restored.confirm)
    outcomes = [event.data["outcome"] for event in restored.events("config_report")]
    assert outcomes[-1] == "rolled_back"


@pytest.mark.parametrize("fault", ["signature", "gateway", "version", "content", "outbox"])
def test_a_configuration_that_cannot_be_used_changes_nothing_and_is_told_once(
    gateway: Bench, server: FakeServer, fault: str
) -> None:
    offers = {
        "signature": lambda: sign_config(first_config().model_dump_json(), new_signing_key()),
        "gateway": lambda: signed(gateway, version=1, gateway="gw-2"),
        "version": lambda: signed(gateway, limits=LimitOptions(heartbeat_s=1.0)),
        "content": lambda: sign_config('{"gateway": "gw-1", "surprise": 1}', gateway.signing_key),
        "outbox": lambda: signed(gateway, version=1, limits=LimitOptions(outbox_mib=1)),
    }
    if fault == "outbox":
        gateway.means.outbox.put(BULK, [Reading("a/b", 1, "x" * 200_000)] * 6)
    was = gateway.means.configuration.current
    offer = offers[fault]()
    for _ in range(3):
        server.say("config", offer)
        gateway.run(0.5, then=server.confirm)
    assert gateway.means.configuration.current == was
    (report,) = server.events("config_report")
    assert report.data["outcome"] == "refused"
    assert report.data["reason"]


def test_a_command_is_carried_out_once_and_its_result_is_told(gateway: Bench, server: FakeServer) -> None:
    command = Command("c-1", "scan", {"seconds": 60.0})
    for _ in range(3):
        server.say("command", command)
        settle(gateway, server)
    server.say("command", Command("c-2", "explode"))
    settle(gateway, server)
    results = {event.subject: event.data for event in server.events("command_result")}
    assert results["c-1"]["outcome"] == "done"
    assert results["c-2"]["outcome"] == "refused"
    assert "calibrate" in results["c-2"]["reason"]
    assert len(server.events("command_result")) == 2


def settle(gateway: Bench, server: FakeServer) -> None:
    """Let the thread of commands come to its end."""
    gateway.run(0.25)
    gateway.agent._executor.wait()
    gateway.run(0.5, then=server.confirm)


def test_calibration_makes_a_sensor_agree_with_its_reference(gateway: Bench, server: FakeServer) -> None:
    gateway.run(10.0, then=server.confirm)
    server.say("command", Command("c-1", "calibrate", {"datastream": "tag-1/battery", "reference": 3.9}))
    settle(gateway, server)
    gateway.run(3.0, then=server.confirm)
    volts = [reading.result for reading in server.readings() if reading.datastream == "tag-1/battery"]
    assert volts[0] == 3.6
    assert volts[-1] == pytest.approx(3.9)
    (result,) = server.events("command_result")
    assert result.data["offset"] == pytest.approx(0.3)


def test_a_restart_is_told_by_the_process_that_comes_after(tmp_path: Path, bus: MemoryBus, server: FakeServer) -> None:
    clock, key = Clock(), new_signing_key()
    first = bench(tmp_path, bus, clock=clock, signing_key=key)
    server.say("command", Command("c-1", "restart"))
    first.run(0.5, then=server.confirm)
    for _ in range(500):
        if first.agent.wants_restart:
            break
        first.run(0.25, then=server.confirm)
    assert first.agent.wants_restart
    assert server.events("command_result") == []
    first.close()
    later = FakeServer(bus)
    second = bench(tmp_path, bus, clock=clock, signing_key=key)
    second.run(1.0, then=later.confirm)
    assert [event.data["outcome"] for event in later.events("command_result")] == ["restarted"]
    later.say("command", Command("c-1", "restart"))
    second.run(1.0, then=later.confirm)
    assert not second.agent.wants_restart
    second.close()


def test_words_of_the_server_that_make_no_sense_are_told_and_harm_nothing(
    gateway: Bench, bus: MemoryBus, server: FakeServer
) -> None:
    for what in ("watermark", "resend", "command", "config"):
        bus.publish(Message(f"hw/1/{SITE}/{GATEWAY}/down/{what}", b"\x00 no JSON"))
    server.say("watermark", Watermark("of-nobody", {TELEMETRY: 10**9}))
    gateway.run(5.0, then=server.confirm)
    assert sorted(event.subject for event in server.events("word_refused")) == [
        "command", "config", "resend", "watermark",
    ]  # fmt: skip
    assert server.readings()


def test_a_foreign_message_is_acknowledged_when_it_is_in_the_outbox(
    tmp_path: Path, bus: MemoryBus, server: FakeServer
) -> None:
    beside = MemoryBus()
    reader = ReaderOptions(kind="native", topics=("tags/#",), port=1)
    gateway = bench(tmp_path, bus, config=first_config(readers=(reader,)), readers={1: beside})
    connection = gateway.means.outbox._file._connection
    (n_pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={n_pages}")  # the disk is full
    beside.publish(
        Message("tags/1", b'[{"d":"s-1/strain","t":5,"r":1e-6}, {"d":"s-1/note","t":6,"r":"%s"}]' % (b"x" * 9000))
    )
    gateway.run(1.0)
    assert len(beside._unanswered) == 1
    connection.execute("PRAGMA max_page_count=100000")
    gateway.run(1.0)
    gateway.run(2.0, then=server.confirm)
    assert [reading.datastream for reading in server.readings()] == ["s-1/strain", "s-1/note"]
    gateway.close()


def test_the_same_configuration_twice_is_no_trial(gateway: Bench, server: FakeServer) -> None:
    server.say("config", sign_config(gateway.means.configuration.current.model_dump_json(), gateway.signing_key))
    gateway.run(1.0, then=server.confirm)
    assert server.events("config_report") == []
    assert isinstance(gateway.means.configuration.current, GatewayConfig)
