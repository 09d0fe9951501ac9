"""Alarms that a gateway raises by itself: the criteria of its configuration, over the sensors that it hears."""

from collections.abc import Iterable, Iterator
from typing import Final

from highwall.telemetry.messages import Event, Reading
from highwall.telemetry.observed import StreamName, stream_name
from highwall.twin.conditions import ReadingIs
from highwall.twin.criteria import Criterion
from highwall.twin.inputs import scalar, sensed, with_input
from highwall.twin.rules import Rule, evaluate
from highwall.twin.watch import Hearing, Subject, Turn, WatchMemory

EVENT: Final = "local_alarm"
_NOT_EVALUATED: Final = 2
"""Quality flag: a gateway does no quality control."""


class LocalAlarms:
    """Watches of every criterion over every sensor that was heard; forgets them when the process ends."""

    def __init__(self, criteria: Iterable[Criterion]) -> None:
        self._rules = [Rule(criterion) for criterion in criteria]
        self._watches: dict[tuple[int, str], WatchMemory] = {}
        self._hearing = Hearing()

    def take(self, readings: Iterable[Reading], now_us: int) -> Iterator[Event]:
        """Judge readings, and tell what turned."""
        for reading in readings:
            name = stream_name(reading.datastream)
            for number, rule in enumerate(self._rules):
                if rule.criterion.about.ids and name.thing not in rule.criterion.about.ids:
                    continue
                yield from self._sense(number, rule, reading, name, now_us)

    def advance(self, now_us: int) -> Iterator[Event]:
        """Let time pass: delays that end, sensors that fell silent."""
        for (number, thing), memory in list(self._watches.items()):
            if memory.due_us is not None and memory.due_us <= now_us:
                yield from self._judge(number, thing, memory, now_us)

    def _sense(self, number: int, rule: Rule, reading: Reading, name: StreamName, now_us: int) -> Iterator[Event]:
        memory = self._watches.get((number, name.thing))
        is_touched = False
        for at, leaf in enumerate(rule.leaves):
            if not isinstance(leaf, ReadingIs) or not _is_asked(leaf, reading.datastream, name):
                continue
            value = scalar(reading.result, leaf.component)
            if value is None:
                continue
            memory = memory or rule.fresh(now_us)
            compared = abs(value) if leaf.of == "size" else value
            given = sensed(
                leaf, memory.inputs[at].get(reading.datastream), compared,
                flag=_NOT_EVALUATED, at_us=reading.phenomenon_us, now_us=now_us,
            )  # fmt: skip
            memory = with_input(memory, at, reading.datastream, given, now_us=now_us)
            is_touched = True
        if memory is not None and is_touched:
            yield from self._judge(number, name.thing, memory, now_us)

    def _judge(self, number: int, thing: str, memory: WatchMemory, now_us: int) -> Iterator[Event]:
        rule = self._rules[number]
        judged = evaluate(rule, memory, subject=Subject("sensor", thing), now_us=now_us, hearing=self._hearing)
        self._watches[number, thing] = judged.memory
        if judged.turn is not None:
            yield _as_event(rule.criterion, judged.turn)


def _is_asked(leaf: ReadingIs, datastream: str, name: StreamName) -> bool:
    if leaf.streams:
        return datastream in leaf.streams
    return name.observed == leaf.reading and leaf.qualifier in (None, name.qualifier)


def _as_event(criterion: Criterion, turn: Turn) -> Event:
    data = {
        "criterion": criterion.id, "title": criterion.title, "level": turn.level, "was_level": turn.was_level,
        "is_blind": turn.is_blind, "evidence": list(turn.evidence),
    }  # fmt: skip
    return Event(EVENT, turn.at_us, turn.subject.subject_id, data)
