"""People watched over: a kill anywhere changes nothing, and no two clocks are compared."""

import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.edge.guard import Guard
from highwall.edge.outbox import open_outbox
from highwall.telemetry.acceleration import Vector
from highwall.telemetry.messages import Event, Priority
from highwall.telemetry.tag_options import ManDownOptions
from highwall.twin.bus import MemoryBus
from tests.edge.gateways import NOW, Clock, FakeServer, S, bench

OPTIONS = ManDownOptions()
START = NOW - NOW % S
STEP_US = 100_000
FALL_AT = 80
"""Number of the sample with the impact."""


def sample(number: int) -> Vector:
    """Walking upright, an impact, then lying still."""
    if number < FALL_AT:
        return (1.5 * math.sin(number), 1.5 * math.cos(1.7 * number), 9.8)
    return (10.0, 5.0, 30.0) if number == FALL_AT else (9.8, 0.0, 0.3)


def lived(*, n: int, ahead_us: int = 0, kills: frozenset[int] = frozenset()) -> list[Event]:
    """What is told of a fall by a guard that is killed before some samples, its gateway's clock being ahead."""
    guard, kept, told = Guard(OPTIONS), {}, []
    for number in range(n):
        if number in kills:
            guard = Guard(OPTIONS)
            guard.recall(kept)
        at_us = START + number * STEP_US
        told += guard.observe("tag-1", at_us, sample(number), now_us=at_us + ahead_us)
        told += guard.advance(at_us + ahead_us)
        kept |= guard.memory()
    return told


def said(events: list[Event]) -> list[tuple[str, int]]:
    return [(event.data["phase"], event.data["change"]) for event in events]


DOWN = [("steady", 1), ("fallen", 2), ("pre_alarm", 3), ("down", 4)]


@given(st.frozensets(st.integers(1, 420), max_size=30))
def test_kills_at_any_moment_lose_no_fall_and_tell_none_twice(kills: frozenset[int]) -> None:
    assert said(lived(n=430, kills=kills)) == DOWN


@pytest.mark.parametrize("ahead_s", [-86_400, -90, 0, 90, 86_400])
def test_the_gateways_clock_may_be_ahead_of_the_tags_or_behind(ahead_s: int) -> None:
    assert lived(n=430, ahead_us=ahead_s * S) == lived(n=430)
    assert said(lived(n=430)) == DOWN


def test_silence_is_counted_by_the_gateways_clock_over_a_kill_too() -> None:
    guard, now_us = Guard(OPTIONS), 0
    for number in range(FALL_AT + 15):
        now_us = START + number * STEP_US + 90 * S
        guard.observe("tag-1", now_us - 90 * S, sample(number), now_us=now_us)
    again = Guard(OPTIONS)
    again.recall(guard.memory())
    assert again.advance(now_us + 25 * S) == []
    assert said(again.advance(now_us + 60 * S)) == [("pre_alarm", 3), ("down", 4)]


def test_a_clock_that_is_set_back_stops_no_alarm() -> None:
    guard, now_us = Guard(OPTIONS), START
    for number in range(FALL_AT + 15):
        now_us = START + number * STEP_US
        guard.observe("tag-1", now_us, sample(number), now_us=now_us)
    hour_ago = now_us - 3600 * S
    assert guard.advance(hour_ago) == []
    assert said(guard.advance(hour_ago + 60 * S)) == [("pre_alarm", 3), ("down", 4)]


@pytest.mark.parametrize("back_us", [200_000, 90 * S + 300_000, 7200 * S])
@pytest.mark.parametrize("at", [30, FALL_AT + 1, FALL_AT + 50])
def test_a_fall_is_told_though_the_clock_that_stamps_the_samples_was_set_back(back_us: int, at: int) -> None:
    """As of a radio, whose samples the gateway stamps; those that were stamped before may come after."""
    guard, told = Guard(OPTIONS), []
    for number in range(430):
        at_us = START + number * STEP_US - (back_us if number >= at else 0)
        now_us = at_us - (back_us if number == at - 1 else 0)
        told += guard.observe("tag-1", at_us, sample(number), now_us=now_us)
        told += guard.advance(now_us)
    assert said(told) == DOWN
    late_s = [after.event_us - before.event_us for after, before in zip(told, lived(n=430), strict=True)]
    assert late_s[-1] <= -back_us + 2 * S


def test_a_tag_whose_own_clock_is_set_back_is_watched_again_after_a_silence() -> None:
    guard, told = Guard(OPTIONS), []
    for number in range(900):
        at_us = START + number * STEP_US
        stamp_us = at_us - (7200 * S if number >= 40 else 0)
        told += guard.observe("tag-1", stamp_us, sample(number - 400 if number >= 440 else 0), now_us=at_us)
        told += guard.advance(at_us)
    assert [phase for phase, _ in said(told)][-3:] == ["fallen", "pre_alarm", "down"]
    assert len(told) <= 6


@pytest.mark.parametrize("ahead_s", [-90, 90])
def test_who_was_looked_after_is_stood_down_by_count_whatever_the_clocks_say(ahead_s: int) -> None:
    guard, now_us, told = Guard(OPTIONS), 0, []
    for number in range(430):
        now_us = START + number * STEP_US + ahead_s * S
        told += guard.observe("tag-1", now_us - ahead_s * S, sample(number), now_us=now_us)
    known = told[-1].data["change"]
    with pytest.raises(InputError, match="since then"):
        guard.stand_down("tag-1", now_us, upto=known - 1)
    (event,) = guard.stand_down("tag-1", now_us, upto=known)
    assert (event.data["health"], event.data["change"]) == ("ok", known + 1)
    assert event.event_us >= told[-1].event_us  # in the time of what it answers
    with pytest.raises(InputError, match="nobody is down"):
        guard.stand_down("tag-1", now_us)
    with pytest.raises(InputError, match="nothing was heard"):
        guard.stand_down("tag-2", now_us)


def test_quiet_people_cost_one_write_a_second() -> None:
    guard, n_writes = Guard(OPTIONS), 0
    for number in range(FALL_AT):
        guard.observe("tag-1", START + number * STEP_US, sample(number), now_us=START + number * STEP_US)
        n_writes += len(guard.memory())
    assert n_writes == FALL_AT // 10 - 1


def test_memory_and_what_follows_from_it_are_kept_together(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path / "outbox.sqlite", now_us=NOW)
    outbox.put(Priority.ALARM, [Event("man_down", NOW, "tag-1")], memory={"person/tag-1": b"fallen", "cracks": b"1"})
    with pytest.raises(InputError):
        outbox.put(Priority.ALARM, [Event("x", NOW, "y", {"z": "z" * 2**20})], memory={"person/tag-1": b"never"})
    outbox.remember({"cracks": b"2"})
    outbox.close()
    outbox = open_outbox(tmp_path / "outbox.sqlite", now_us=NOW)
    assert outbox.memory() == {"person/tag-1": b"fallen", "cracks": b"2"}
    outbox.close()


_KILLED = """
import os, signal, sys
from pathlib import Path
from highwall.edge.radio import SimulatedRadio
from highwall.twin.bus import MemoryBus
from tests.edge.gateways import GATEWAY, NOW, S, Clock, bench

bus = MemoryBus()
bus.cut()
radio = SimulatedRadio(GATEWAY, n_tags=1, rate_hz=10, seed=1, start_us=NOW)
gateway = bench(Path(sys.argv[1]), bus, radio=radio)
gateway.means.outbox._file._connection.execute("PRAGMA synchronous=FULL")
gateway.run(8.0)
radio.fall("tag-1", gateway.clock() + S)
gateway.run(float(sys.argv[2]))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


@pytest.mark.parametrize("seconds", [1.25, 2.0, 12.0])
def test_a_fall_just_before_a_kill_9_still_raises_its_alarm(tmp_path: Path, bus: MemoryBus, seconds: float) -> None:
    command = [sys.executable, "-c", _KILLED, str(tmp_path), str(seconds)]
    done = subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": os.getcwd()}, timeout=60)
    assert done.returncode == -signal.SIGKILL
    server = FakeServer(bus)
    clock = Clock(NOW + round((8.0 + seconds + 5.0) * S))  # five seconds later it is back
    gateway = bench(tmp_path, bus, clock=clock)  # and the tag is silent now
    gateway.run(60.0, then=server.confirm)
    phases = [(event.data["phase"], event.data["change"]) for event in server.events("man_down")]
    assert phases == DOWN
    gateway.close()
