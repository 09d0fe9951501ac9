"""Means, calibration, local alarms and storing: what happens between a reading and the outbox."""

import itertools
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from highwall.core.errors import ConfigError, InputError
from highwall.edge.autonomy import Autonomy
from highwall.edge.calibration import Calibration
from highwall.edge.concluding import Conclusions
from highwall.edge.crack_watch import CrackWatch
from highwall.edge.local_alarms import LocalAlarms
from highwall.edge.means import Means
from highwall.edge.options import AutonomyOptions, GatewayConfig
from highwall.edge.outbox import open_outbox
from highwall.edge.storing import Store
from highwall.telemetry.acceleration import GRAVITY
from highwall.telemetry.messages import Event, Kind, Priority, Reading, decoded
from highwall.twin.criteria import Criterion
from tests.edge.gateways import NOW, S

START = NOW - NOW % (10 * S)


def stream(values: list[float], name: str = "s-1/temperature", step_us: int = S) -> list[Reading]:
    return [Reading(name, START + i * step_us, value) for i, value in enumerate(values)]


def test_means_are_sent_when_their_stretch_is_over_and_others_as_they_come() -> None:
    means = Means({"temperature": 10.0})
    sent = list(means.take([*stream([float(i) for i in range(25)]), Reading("s-1/strain", START, 1e-6)], START))
    assert [(one.datastream, one.result) for one in sent] == [
        ("s-1/temperature", 4.5), ("s-1/temperature", 14.5), ("s-1/strain", 1e-6),
    ]  # fmt: skip
    assert [one.result for one in means.finish()] == [22.0]
    assert list(means.finish()) == []


def test_of_vectors_the_peak_is_kept_as_well() -> None:
    means = Means({"acceleration": 10.0})
    readings = [Reading("tag-1/acceleration", START + i * S, [0.0, 0.0, 9.0 if i else 30.0]) for i in range(10)]
    sent = list(means.take([*readings, Reading("tag-1/acceleration", START + 10 * S, [0.0, 0.0, 0.0])], START))
    assert [(one.datastream, one.result) for one in sent] == [
        ("tag-1/acceleration", [0.0, 0.0, pytest.approx(11.1)]), ("tag-1/acceleration/peak", [0.0, 0.0, 30.0]),
    ]  # fmt: skip


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_the_mean_of_means_is_that_of_all_however_they_are_cut(values: list[float]) -> None:
    means = Means({"temperature": 1.0})
    sent = [*means.take(stream(values), START), *means.finish()]
    assert [one.result for one in sent] == values  # one reading a stretch: the mean is the reading


def test_the_gateways_clock_ends_the_stretch_of_a_sensor_that_is_silent_or_whose_clock_stands_still() -> None:
    means = Means({"temperature": 1.0})
    stuck = [Reading("s-1/temperature", START, float(i)) for i in range(4)]
    times = range(START, START + 60 * S, S)
    assert list(means.take([*stuck, *stream([7.0], "s-2/temperature")], START)) == []
    told = [(now_us, one) for now_us in times for one in means.take([], now_us)]
    assert [((now_us - START) // S, one.datastream, one.result) for now_us, one in told] == [
        (11, "s-1/temperature", 1.5), (11, "s-2/temperature", 7.0),
    ]  # fmt: skip
    sent = [one for now_us in times for one in means.take(stuck, now_us)]
    assert [one.result for one in sent] == [1.5] * 5


def test_a_clock_that_is_set_back_ends_what_is_gathered() -> None:
    means = Means({"temperature": 60.0})
    assert list(means.take(stream([1.0, 3.0]), START)) == []
    assert [one.result for one in means.take([], START - 3600 * S)] == [2.0]


def test_readings_of_another_shape_begin_a_stretch_of_their_own() -> None:
    means = Means({"force": 10.0})
    results: list[float | list[float] | str] = [1.0, 3.0, [3.0, 4.0], [0.0, 1.0, 2.0], "broken"]
    sent = [one for result in results for one in means.take([Reading("s-1/force", START, result)], START)]
    assert [one.result for one in sent] == [2.0, [3.0, 4.0], [3.0, 4.0], "broken"]


def sent_means(path: Path, values: dict[int, float], *, over_s: float = 10.0) -> list[float]:
    """Means that stand in the outbox when a process has begun on it, heard values at seconds, and was killed."""
    options = AutonomyOptions(mean_over_s={"temperature": over_s} if over_s else {})
    config = GatewayConfig(gateway="g-1", version=1, autonomy=options)
    with closing(open_outbox(path, now_us=START)) as outbox:
        mind = Conclusions(outbox, config, open_cracks=no_cracks, now_us=START)
        for second, value in values.items():
            at_us = START + second * S
            mind.take([Reading("s-1/temperature", at_us, value)], [], at_us)
            assert mind.is_durable  # only then a message of a broker beside the gateway is acknowledged
        pack = outbox.pack(Priority.TELEMETRY, after=0)
        return [float(one.result) for one in decoded(pack.payload, list[Reading])] if pack else []  # type: ignore[arg-type]


def test_a_kill_costs_nothing_of_a_mean_and_sends_none_twice(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    assert sent_means(path, {0: 1.0, 2: 2.0}) == []
    assert sent_means(path, {4: 6.0, 10: 10.0}) == [3.0]
    assert sent_means(path, {12: 20.0, 20: 0.0}) == [3.0, 15.0]
    assert sent_means(path, {21: 50.0}, over_s=0.0) == [3.0, 15.0, 50.0, 0.0]  # a configuration without means
    assert sent_means(path, {22: 60.0}, over_s=0.0) == [3.0, 15.0, 50.0, 0.0, 60.0]


def test_a_sensor_is_calibrated_and_stays_so_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    calibration = Calibration(path)
    calibration.apply(stream([20.0] * 10))
    told = calibration.calibrate(MappingProxyType({"datastream": "s-1/temperature", "reference": 21.5}))
    assert (told["offset"], told["was"]) == (1.5, 0.0)
    assert [one.result for one in Calibration(path).apply(stream([20.0]))] == [21.5]
    calibration.apply(stream([20.0] * 30))
    told = calibration.calibrate({"datastream": "s-1/temperature", "reference": 22.0})
    assert (told["offset"], told["was"]) == (2.0, 1.5)  # always from what the sensor says itself


@pytest.mark.parametrize(
    ("arguments", "values", "message"),
    [
        ({}, [1.0] * 10, "takes a datastream"),
        ({"datastream": "s-1/temperature", "reference": True}, [1.0] * 10, "takes a datastream"),
        ({"datastream": "s-1/temperature", "reference": 2.0}, [1.0] * 3, "3 readings"),
        ({"datastream": "s-2/temperature", "reference": 2.0}, [1.0] * 10, "0 readings"),
        ({"datastream": "s-1/temperature", "reference": 0.1}, [-9.0, 9.0] * 5, "scatters"),
    ],
)
def test_a_calibration_that_makes_no_sense_is_refused(
    tmp_path: Path, arguments: dict[str, object], values: list[float], message: str
) -> None:
    calibration = Calibration(tmp_path / "calibration.json")
    calibration.apply(stream(values))
    with pytest.raises(InputError, match=message):
        calibration.calibrate(arguments)
    assert not (tmp_path / "calibration.json").exists()


def test_a_calibration_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "calibration.json").write_text("[]")
    with pytest.raises(ConfigError, match="calibrate again"):
        Calibration(tmp_path / "calibration.json")


def criterion(name: str = "c", **leaf: object) -> Criterion:
    level = {"level": 2, "owner": "manager", "within_s": 60, "on_after_s": 5, "when": leaf}
    return Criterion.model_validate(
        {"id": name, "title": "C", "source": "test", "about": {"kind": "sensor"}, "levels": [level]}
    )


def test_a_local_alarm_keeps_to_delay_hysteresis_and_blindness() -> None:
    alarms = LocalAlarms([criterion(reading="temperature", above=300.0, until=295.0, silent_after_s=60.0)])
    told = []
    for i, value in enumerate([301.0] * 3 + [290.0] + [301.0] * 8 + [298.0] * 3 + [294.0]):
        now_us = START + i * S
        events = [*alarms.take([Reading("s-1/temperature", now_us, value)], now_us), *alarms.advance(now_us)]
        told += [(i, event.data["level"], event.data["is_blind"]) for event in events]
    assert told == [(9, 2, False), (15, 0, False)]  # 4 + 5 s after the second rise; 298 is within the hysteresis
    blind = list(alarms.advance(START + 100 * S))
    assert [event.data["is_blind"] for event in blind] == [True]


def local_levels(jumps: dict[int, int], *, own_s: int | None = None) -> list[tuple[int, int]]:
    """When a sensor that is hot for 30 s is told, the gateway's clock being moved at some seconds.

    Parameters
    ----------
    own_s
        By how much the sensor's own clock is ahead; None: the gateway stamps its readings.
    """
    alarms, told, moved_s = LocalAlarms([criterion(reading="temperature", above=300.0)]), [], 0
    for second in range(30):
        moved_s += jumps.get(second, 0)
        now_us = START + (second + moved_s) * S
        at_us = now_us if own_s is None else START + (second + own_s) * S
        events = [*alarms.take([Reading("s-1/temperature", at_us, 301.0)], now_us), *alarms.advance(now_us)]
        told += [(second, event.data["level"]) for event in events]
    return told


def test_a_local_alarm_is_not_held_up_by_a_clock_that_is_set_back() -> None:
    assert local_levels({}) == local_levels({}, own_s=1000) == [(5, 2)]
    assert local_levels({3: -7200}) == [(8, 2)]  # its delay begins anew
    (told,) = local_levels({3: -7200}, own_s=1000)
    assert told[0] <= 5


SHAKEN = (0.0, 6.0, -6.0, 3.0, -3.0)


def motions(path: Path, seconds: range, *, from_s: int) -> list[str]:
    """What a process tells of a machine that begins on an outbox, is killed, and hears it shake from a second on."""
    config = GatewayConfig(gateway="g-1", version=1)
    with closing(open_outbox(path, now_us=START)) as outbox:
        before = outbox.last(Priority.TELEMETRY)
        mind = Conclusions(outbox, config, open_cracks=no_cracks, now_us=START)
        for second in seconds:
            swings = SHAKEN if second >= from_s else (0.0,) * len(SHAKEN)
            times = [START + second * S + part * S // len(swings) for part in range(len(swings))]
            heard = [
                Reading("machine-1/acceleration", at_us, [swing, 0.0, GRAVITY])
                for at_us, swing in zip(times, swings, strict=True)
            ]
            mind.take(heard, [], times[-1])
        told: list[str] = []
        while pack := outbox.pack(Priority.TELEMETRY, after=before):
            before = pack.numbers.last
            if pack.kind is Kind.EVENTS:
                told += [event.data["motion"] for event in decoded(pack.payload, list[Event]) if event.kind == "motion"]
    return told


@given(kills=st.sets(st.integers(1, 59), max_size=4))
@settings(max_examples=10)
def test_what_a_machine_does_is_told_once_wherever_the_process_is_killed(kills: set[int]) -> None:
    with TemporaryDirectory() as folder:
        ends = [0, *sorted(kills), 90]
        lives = [range(begin, end) for begin, end in itertools.pairwise(ends)]
        told = [motions(Path(folder) / "outbox.sqlite", life, from_s=30) for life in lives]
    assert [one for each in told for one in each] == ["idle", "working"]


HOT = criterion(reading="temperature", above=300.0)


def levels(path: Path, values: dict[int, float], *criteria: Criterion) -> list[tuple[str, int]]:
    """Levels that a process tells that begins on an outbox, hears values at seconds, and is killed."""
    config = GatewayConfig(gateway="g-1", version=1, autonomy=AutonomyOptions(criteria=criteria))
    with closing(open_outbox(path, now_us=START)) as outbox:
        before = outbox.last(Priority.ALARM)
        mind = Conclusions(outbox, config, open_cracks=no_cracks, now_us=START)
        for second, value in values.items():
            at_us = START + second * S
            mind.take([Reading("s-1/temperature", at_us, value)], [], at_us)
        pack = outbox.pack(Priority.ALARM, after=before)
        events = decoded(pack.payload, list[Event]) if pack else []
    return [(event.data["criterion"], event.data["level"]) for event in events if event.kind == "local_alarm"]


def no_cracks(_: object) -> CrackWatch:
    raise AssertionError


def test_a_local_alarm_goes_on_where_the_process_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    assert levels(path, {0: 301.0, 1: 301.0, 2: 301.0}, HOT) == []
    assert levels(path, {6: 301.0, 7: 301.0}, HOT) == [("c", 2)]  # its delay of 5 s ran on
    assert levels(path, {9: 290.0}, HOT) == [("c", 0)]  # told by the last process, ended by this one


def test_other_criteria_leave_a_local_alarm_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    other = criterion("other", reading="temperature", above=280.0)
    stricter = criterion(reading="temperature", above=285.0)
    assert levels(path, {0: 301.0, 6: 301.0}, HOT) == [("c", 2)]
    assert levels(path, {7: 301.0, 8: 290.0}, other, HOT) == [("c", 0)]
    assert levels(path, {9: 290.0, 13: 290.0}, other, stricter) == [("other", 2)]  # the stricter one begins anew


def test_a_criterion_that_was_withdrawn_and_is_given_again_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    other = criterion("other", reading="strain", above=1.0)
    assert levels(path, {0: 301.0, 6: 301.0}, HOT) == [("c", 2)]
    assert levels(path, {7: 290.0}, other) == []
    assert levels(path, {100: 301.0, 106: 301.0}, HOT) == [("c", 2)]


def test_a_criterion_that_a_running_gateway_gives_up_is_forgotten_for_good(tmp_path: Path) -> None:
    config = GatewayConfig(gateway="g-1", version=1, autonomy=AutonomyOptions(criteria=(HOT,)))
    with closing(open_outbox(tmp_path / "outbox.sqlite", now_us=START)) as outbox:
        mind = Conclusions(outbox, config, open_cracks=no_cracks, now_us=START)
        mind.take(stream([301.0]), [], START)
        assert list(outbox.memory()) == ["alarm/c|s-1"]
        mind.change(GatewayConfig(gateway="g-1", version=2), START + S)
        assert outbox.memory() == {}


def test_a_new_configuration_tells_no_local_alarm_twice() -> None:
    def told(second: int) -> list[Event]:
        hot = Reading("s-1/temperature", START + second * S, 301.0)
        return mind.take([hot], hot.phenomenon_us).events[Priority.ALARM]

    mind = Autonomy(AutonomyOptions(criteria=(HOT,)))
    assert [event.data["level"] for event in [*told(0), *told(6)]] == [2]
    mind.change(AutonomyOptions(criteria=(criterion("other", reading="strain", above=1.0), HOT)))
    assert [*told(7), *told(13)] == []


def test_motion_goes_on_where_the_clock_that_stamps_the_samples_was_set_back() -> None:
    autonomy, told = Autonomy(AutonomyOptions()), []
    for i in range(600):
        at_us = START + i * S // 10 - (7200 * S if i >= 300 else 0)
        shaken = [4.0 * (-1) ** i, 0.0, 9.81] if i >= 300 else [0.0, 0.0, 9.81]
        concluded = autonomy.take([Reading("machine-2/acceleration", at_us, shaken)], at_us)
        told += [event.data["motion"] for event in concluded.events[Priority.TELEMETRY]]
    assert told == ["idle", "working"]


def test_motion_is_told_when_it_changes_for_people_and_machines_alone() -> None:
    autonomy = Autonomy(AutonomyOptions())
    still = [
        Reading(f"{thing}/acceleration", START + i * S // 10, [0.0, 0.0, 9.81])
        for i in range(300)
        for thing in ("tag-1", "machine-2", "pole-3")
    ]
    concluded = autonomy.take(still, START + 30 * S)
    moved = concluded.events[Priority.TELEMETRY]
    assert {(event.subject, event.data["motion"]) for event in moved} == {("tag-1", "idle"), ("machine-2", "idle")}
    assert {event.subject for event in concluded.events[Priority.ALARM]} == {"tag-1"}  # machines do not faint
    assert concluded.readings == still


def test_what_a_full_disk_costs_is_told_and_alarms_are_kept_longest(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path / "outbox.sqlite", now_us=NOW)
    connection = outbox._file._connection
    (n_pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={n_pages}")
    store = Store(outbox)
    assert store.put(Priority.ALARM, [Event("man_down", NOW, "tag-1", {"x": "y" * 9000})], NOW) is None
    for _ in range(30):
        store.put(Priority.TELEMETRY, stream([1.0] * 1000), NOW)
    assert not store.is_durable
    connection.execute("PRAGMA max_page_count=1000000")
    assert store.flush(NOW) is not None
    assert store.is_durable
    pack = outbox.pack(Priority.ALARM, after=1)
    assert pack is not None
    events = {event.kind: event for event in decoded(pack.payload, list[Event])}
    assert set(events) == {"man_down", "lost_before_outbox"}
    assert outbox.last(Priority.TELEMETRY) + events["lost_before_outbox"].data["n"] == 30_000
    outbox.close()


def test_an_item_that_no_message_holds_is_told_and_does_not_stop_the_others(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path / "outbox.sqlite", now_us=NOW)
    store = Store(outbox)
    store.put(Priority.BULK, [Event("inference", NOW, "x", {"chip": "x" * 600_000})], NOW)
    store.put(Priority.TELEMETRY, stream([1.0]), NOW)
    assert store.is_durable
    pack = outbox.pack(Priority.ALARM, after=1)
    assert pack is not None
    assert [event.kind for event in decoded(pack.payload, list[Event])] == ["item_refused"]
    assert outbox.last(Priority.TELEMETRY) == 1
    outbox.close()


def test_that_the_outbox_is_full_is_told_at_once_but_not_with_every_reading(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path / "outbox.sqlite", now_us=NOW)
    outbox._file._connection.execute("PRAGMA synchronous=OFF")
    outbox.resize(20_000)
    store = Store(outbox)
    for i in range(60):
        store.put(Priority.TELEMETRY, stream([1.0] * 20), NOW + i * S)
    store.put(Priority.TELEMETRY, stream([1.0] * 20), NOW - 3600 * S)  # the clock was set back
    pack = outbox.pack(Priority.ALARM, after=1)
    assert pack is not None
    assert [event.kind for event in decoded(pack.payload, list[Event])] == ["outbox_full", "outbox_full"]
    assert store.n_dropped > 100
    outbox.close()
