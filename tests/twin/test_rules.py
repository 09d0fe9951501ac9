"""Rules: hysteresis, persistence, delays both ways, blindness, in event time and by the engine's clock."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from highwall.twin.lookout import Lookout
from highwall.twin.matching import Belongs
from highwall.twin.sightings import Seen
from highwall.twin.watch import Turn
from tests.twin.plans import T0, S, criterion, level, plan

_CRACK = "s-1/crack_width"


class _Sensor:
    """One lookout with sensors that are heard at a known clock."""

    def __init__(self, *levels: dict[str, Any], about: dict[str, Any] | None = None, **given_: Any) -> None:
        self.lookout = Lookout(plan(criterion(levels=list(levels), about=about, **given_)), now_us=T0)
        self.turns: list[Turn] = []

    def reads(
        self, value: object, *, at: float, came: float | None = None, flag: int = 1, stream: str = _CRACK
    ) -> list[tuple[int, bool]]:
        """Take a reading of a time, which came at another; both [s] after T0."""
        now_us = T0 + round((at if came is None else came) * S)
        turns = self.lookout.on_clock(now_us)
        thing, observed = stream.split("/")[:2]
        belongs = Belongs(thing, thing, "structure", (("z-1", "crack"),))
        taps = self.lookout.taps(stream, observed, "", belongs)
        turns += self.lookout.on_reading(taps, Seen(stream, T0 + round(at * S), value, flag), now_us=now_us)
        return self._told(turns)

    def waits(self, until: float) -> list[tuple[int, bool]]:
        return self._told(self.lookout.on_clock(T0 + round(until * S)))

    def _told(self, turns: list[Turn]) -> list[tuple[int, bool]]:
        self.turns += turns
        return [(turn.level, turn.is_blind) for turn in turns]


def _over(bound: float = 1.0, **given_: Any) -> dict[str, Any]:
    return {"reading": "crack_width", "above": bound, "silent_after_s": 3600, **given_}


def test_a_bound_raises_and_hysteresis_holds() -> None:
    sensor = _Sensor(level(when=_over(1.0, until=0.5)))
    assert sensor.reads(0.9, at=0) == []
    assert sensor.reads(1.1, at=1) == [(2, False)]
    assert sensor.reads(0.7, at=2) == []
    assert sensor.reads(0.4, at=3) == [(0, False)]


def test_persistence_counts_readings_in_a_row() -> None:
    sensor = _Sensor(level(when=_over(in_a_row=3)))
    assert [sensor.reads(value, at=k) for k, value in enumerate([2.0, 2.0, 0.0, 2.0, 2.0])] == [[]] * 5
    assert sensor.reads(2.0, at=5) == [(2, False)]


def test_the_delay_ends_by_the_clock_if_nothing_else_comes() -> None:
    sensor = _Sensor(level(when=_over(), on_after_s=10))
    assert sensor.reads(2.0, at=0, came=1.0) == []
    assert sensor.waits(10.9) == []
    assert sensor.waits(11.0) == [(2, False)]
    assert sensor.turns[-1].at_us == T0 + 11 * S
    assert sensor.turns[-1].began_us == T0


def test_a_backlog_is_judged_by_its_own_time() -> None:
    sensor = _Sensor(level(when=_over(), on_after_s=600))
    spike = [sensor.reads(value, at=k * 300.0, came=10_000 + k) for k, value in enumerate([2.0, 0.0, 2.0, 2.0])]
    assert spike == [[]] * 4
    assert sensor.reads(2.0, at=1200, came=10_005) == [(2, False)]
    assert sensor.turns[-1].began_us == T0 + 600 * S


def test_the_delay_off_begins_anew_when_the_condition_returns() -> None:
    sensor = _Sensor(level(when=_over(), off_after_s=10))
    assert sensor.reads(2.0, at=0) == [(2, False)]
    assert sensor.reads(0.0, at=1) == []
    assert sensor.reads(2.0, at=5) == []
    assert sensor.reads(0.0, at=6) == []
    assert sensor.waits(15.9) == []
    assert sensor.waits(16.0) == [(0, False)]


def test_levels_rise_and_ease() -> None:
    sensor = _Sensor(level(2, when=_over(1.0)), level(4, when=_over(3.0)))
    assert sensor.reads(2.0, at=0) == [(2, False)]
    assert sensor.reads(4.0, at=1) == [(4, False)]
    assert sensor.reads(2.0, at=2) == [(2, False)]
    assert [turn.was_level for turn in sensor.turns] == [0, 2, 4]


def test_a_sensor_that_fails_or_falls_silent_is_blind_and_clears_nothing() -> None:
    sensor = _Sensor(level(when=_over(silent_after_s=100)))
    assert sensor.reads(2.0, at=0) == [(2, False)]
    assert sensor.reads(0.0, at=50, flag=4) == []
    assert sensor.reads(0.0, at=99, flag=4) == []
    assert sensor.waits(100) == [(2, True)]
    assert "fail quality control" in sensor.turns[-1].evidence[-1]
    assert sensor.reads(0.0, at=120) == [(0, False)]


def test_silence_is_told_as_silence() -> None:
    sensor = _Sensor(level(when=_over(silent_after_s=100)))
    sensor.reads(0.0, at=0)
    assert sensor.waits(100) == [(0, True)]
    assert "nothing usable came" in sensor.turns[-1].evidence[0]


def test_a_silent_gateway_covers_what_hangs_on_it_but_not_what_failed() -> None:
    for flag, expected in ((1, []), (4, [(0, True)])):
        sensor = _Sensor(level(when=_over(silent_after_s=100)))
        sensor.lookout.hearing.via["s-1"] = "gw-1"
        sensor.reads(0.0, at=0)
        sensor.reads(0.0, at=90, flag=flag)
        sensor.lookout.hearing.unwatched = frozenset({"gw-1"})
        assert sensor.waits(200) == expected
        sensor.lookout.hearing.unwatched = frozenset()
        back = [(turn.level, turn.is_blind) for turn in sensor.lookout.judge_covered(now_us=T0 + 210 * S)]
        assert back == ([(0, True)] if flag == 1 else [])


def test_a_suspect_reading_counts_unless_the_criterion_says_otherwise() -> None:
    assert _Sensor(level(when=_over())).reads(2.0, at=0, flag=3) == [(2, False)]
    assert _Sensor(level(when=_over(is_suspect_enough=False))).reads(2.0, at=0, flag=3) == []


def test_k_of_n_sensors_of_a_zone() -> None:
    sensor = _Sensor(level(when=_over(at_least=2)), about={"kind": "zone"})
    assert sensor.reads(2.0, at=0, stream="a/crack_width") == []
    assert sensor.reads(0.0, at=1, stream="b/crack_width") == []
    assert sensor.reads(2.0, at=2, stream="c/crack_width") == [(2, False)]
    assert len(sensor.turns[-1].evidence) == 2


def test_a_tree_joins_several_properties() -> None:
    tree = {"all": [_over(), {"not": {"reading": "tilt", "below": 0.5, "silent_after_s": 3600}}]}
    sensor = _Sensor(level(when=tree))
    assert sensor.reads(2.0, at=0) == []  # the tilt has not come yet
    assert sensor.reads(0.2, at=1, stream="s-1/tilt") == []
    assert sensor.reads(0.7, at=2, stream="s-1/tilt") == [(2, False)]


def test_vectors_are_compared_by_length_or_component() -> None:
    stream = "s-1/acceleration"
    size = {"reading": "acceleration", "above": 4.9, "silent_after_s": 60}
    assert _Sensor(level(when=size)).reads([3.0, 4.0, 0.0], at=0, stream=stream) == [(2, False)]
    part = {**size, "component": 0, "above": 2.9}
    assert _Sensor(level(when=part)).reads([3.0, 4.0, 0.0], at=0, stream=stream) == [(2, False)]


def test_a_rate_over_a_window_and_its_evidence() -> None:
    sensor = _Sensor(level(when=_over(1.0e-8, of="rate", over_s=86_400, silent_after_s=90_000)))
    per_hour = 2e-3 / 24.0  # 2 mm a day
    turns = [turn for k in range(24) for turn in sensor.reads(k * per_hour, at=k * 3600.0)]
    assert turns == [(2, False)]
    assert "2 mm/day over 1 day" in sensor.turns[-1].evidence[0]


def test_a_late_reading_counts_in_the_window_but_not_as_the_latest() -> None:
    high = _over(5.0, of="high", over_s=3600)
    sensor = _Sensor(level(when=high))
    sensor.reads(1.0, at=1000)
    assert sensor.reads(9.0, at=900, came=1001) == [(2, False)]
    latest = _Sensor(level(when=_over(5.0)))
    latest.reads(1.0, at=1000)
    assert latest.reads(9.0, at=900, came=1001) == []


def test_a_sensor_that_is_named_is_expected() -> None:
    sensor = _Sensor(level(when=_over(silent_after_s=100)), about={"kind": "sensor", "ids": ["s-9"]})
    assert sensor.waits(99) == []
    assert sensor.waits(100) == [(0, True)]
    assert "s-9/crack_width" in sensor.turns[-1].evidence[0]


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from([0.0, 0.7, 2.0])), min_size=1, max_size=25),
    st.integers(0, 30),
    st.integers(0, 30),
    st.lists(st.integers(0, 800), max_size=10),
)
def test_it_does_not_matter_how_often_the_clock_is_looked_at(
    steps: list[tuple[int, float]], on_s: int, off_s: int, looks: list[int]
) -> None:
    def run(extra: list[int]) -> list[tuple[int, int]]:
        sensor = _Sensor(level(when=_over(1.0, until=0.5, silent_after_s=60), on_after_s=on_s, off_after_s=off_s))
        at = 0
        for gap, value in steps:
            for look in sorted(look for look in extra if at <= look <= at + gap):
                sensor.waits(look)
            at += gap
            sensor.reads(value, at=at)
        sensor.waits(at + 200)
        return [(turn.level, turn.at_us) for turn in sensor.turns]

    assert run(looks) == run([])


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 5))
def test_a_level_is_on_exactly_after_enough_in_a_row(past: list[bool], n: int) -> None:
    sensor = _Sensor(level(when=_over(in_a_row=n)))
    for k, each in enumerate(past):
        sensor.reads(2.0 if each else 0.0, at=k)
        run = next((i for i, value in enumerate(reversed(past[: k + 1])) if not value), k + 1)
        on = bool(sensor.turns) and sensor.turns[-1].level == 2
        assert on == (run >= n)
