"""Alarms that a gateway raises by itself: the criteria of its configuration, over the sensors that it hears."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from highwall.telemetry.messages import Event, Reading
from highwall.telemetry.observed import StreamName, stream_name
from highwall.twin.conditions import ReadingIs
from highwall.twin.criteria import Criterion
from highwall.twin.inputs import scalar, sensed, with_input
from highwall.twin.rules import Rule, evaluate
from highwall.twin.watch import Hearing, Subject, Turn, WatchMemory, not_after

EVENT: Final = "local_alarm"
_NOT_EVALUATED: Final = 2
"""Quality flag: a gateway does no quality control."""


class LocalAlarms:
    """Watches of every criterion over every sensor that was heard.

    :meth:`memory` and :meth:`recall` carry them over a restart, and over a change of other criteria.
    """

    def __init__(self, criteria: Iterable[Criterion]) -> None:
        self._rules = [Rule(criterion) for criterion in criteria]
        self._watches: dict[tuple[int, str], WatchMemory] = {}
        self._changed: set[tuple[int, str]] = set()
        self._forgotten: set[str] = set()
        self._hearing = Hearing()
        self._now_us = 0

    def take(self, readings: Iterable[Reading], now_us: int) -> Iterator[Event]:
        """Judge readings, and tell what turned."""
        self._mind_clock(now_us)
        for reading in readings:
            name = stream_name(reading.datastream)
            for number, rule in enumerate(self._rules):
                if rule.criterion.about.ids and name.thing not in rule.criterion.about.ids:
                    continue
                yield from self._sense(number, rule, reading, name, now_us)

    def advance(self, now_us: int) -> Iterator[Event]:
        """Let time pass: delays that end, sensors that fell silent."""
        self._mind_clock(now_us)
        self._now_us = now_us
        for (number, thing), memory in list(self._watches.items()):
            if memory.due_us is not None and memory.due_us <= now_us:
                yield from self._judge(number, thing, memory, now_us)

    def memory(self, *, is_all: bool = False) -> dict[str, bytes]:
        """What changed since this was last asked for, or everything, by criterion and sensor; empty: forgotten."""
        wanted, self._changed = self._watches.keys() if is_all else self._changed, set()
        forgotten, self._forgotten = dict.fromkeys(self._forgotten, b""), set()
        encode = msgspec.msgpack.encode
        kept = {f"{self._rules[key[0]].criterion.id}|{key[1]}": encode(self._watches[key]) for key in wanted}
        return forgotten | kept

    def recall(self, memory: Mapping[str, bytes]) -> None:
        """Go on from what was kept under the same criteria; what was kept under others is forgotten, for good."""
        decode = msgspec.msgpack.Decoder(WatchMemory).decode
        numbers = {rule.criterion.id: number for number, rule in enumerate(self._rules)}
        for name, content in memory.items():
            criterion, _, thing = name.partition("|")
            number = numbers.get(criterion)
            kept = decode(content) if content else None
            if number is not None and kept is not None and kept.fingerprint == self._rules[number].fingerprint:
                self._watches[number, thing] = kept
                self._now_us = max(self._now_us, kept.seen_us)
            else:
                self._forgotten.add(name)

    def _mind_clock(self, now_us: int) -> None:
        """Keep what is remembered behind a clock that was set back, or else nothing that comes would count as newer."""
        if now_us < self._now_us:
            self._watches = {key: not_after(kept, now_us) for key, kept in self._watches.items()}

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
        self._changed.add((number, thing))
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
