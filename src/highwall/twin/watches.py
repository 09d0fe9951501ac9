"""The watches of one set of criteria: begun, kept, judged when something concerns them, and when their time has come.

It is the only place where rules' memory changes; what is worked out from one word is in ``rules``, pure. It knows no
store and no clock.
"""

import heapq
from collections.abc import Iterable, Mapping

from highwall.twin.conditions import Leaf, ReadingIs, Silent
from highwall.twin.criteria import Criteria
from highwall.twin.matching import is_about
from highwall.twin.rules import Rule, evaluate
from highwall.twin.sightings import WatchKey
from highwall.twin.watch import Hearing, LevelMemory, Subject, Turn, WatchMemory
from highwall.twin.windows import Window


class Watches:
    """All watches of one set of criteria."""

    def __init__(self, criteria: Criteria, *, now_us: int) -> None:
        self.hearing = Hearing()
        self.watches: dict[WatchKey, WatchMemory] = {}
        self.windows: dict[str, Window] = {}
        self.dirty_watches: set[WatchKey] = set()
        self.dirty_windows: set[str] = set()
        self._timers: list[tuple[int, WatchKey]] = []
        self._scheduled: dict[WatchKey, int] = {}
        self._listening: dict[str, list[WatchKey]] = {}
        self._covered: set[WatchKey] = set()
        self._lay_out(criteria)
        self._expect_named(now_us)

    def restore(self, watches: Mapping[WatchKey, WatchMemory], windows: Mapping[str, Window]) -> None:
        """Take up what was remembered; what an older version of a criterion kept is left out."""
        self.windows.update(windows)
        for key, memory in watches.items():
            rule = self.rules.get(key.criterion)
            if rule is not None and rule.fingerprint == memory.fingerprint:
                self._add(key, rule, memory)
        self.dirty_watches.clear()

    def expect(self, subject: Subject, asset_kind: str, *, now_us: int) -> None:
        """Begin to listen for a subject: from now on its silence counts."""
        for rule, _, _ in self.told_leaves(Silent):
            about = rule.criterion.about
            if about.kind == subject.kind and is_about(about, subject.subject_id, asset_kind):
                key = WatchKey(rule.criterion.id, subject)
                if key not in self.watches:
                    self.start(key, rule, now_us)

    def on_word(self, subject: str, *, now_us: int) -> list[Turn]:
        """Take it that a subject spoke: who listened for it may rest, who waits for its first word begins."""
        turns: list[Turn] = []
        for key in self._listening.get(subject, ()):
            memory = self.watches[key]
            if memory.level or memory.due_us is None or any(level.since_us is not None for level in memory.levels):
                self.judge(key, self.rules[key.criterion], now_us, turns)
        return turns

    def resume(self, key: WatchKey, level: int, *, now_us: int) -> None:
        """Take up a watch of which only its level is known, as from an alarm that is open."""
        rule = self.rules[key.criterion]
        self.watches.pop(key, None)
        self._add(key, rule, _standing(rule, level, is_blind=False, event_us=now_us, now_us=now_us))

    def next_due(self) -> int | None:
        """Engine's time at which time alone may change something; None: never."""
        return self._timers[0][0] if self._timers else None

    def on_clock(self, now_us: int) -> list[Turn]:
        """Let the earliest timers ring that are due by now."""
        turns: list[Turn] = []
        while self._timers and self._timers[0][0] <= now_us:
            due_us, key = heapq.heappop(self._timers)
            if self._scheduled.get(key) != due_us:
                continue
            del self._scheduled[key]
            memory = self.watches.get(key)
            if memory is None or memory.due_us is None:
                continue
            if memory.due_us > due_us:
                self._schedule(key, memory.due_us)
                continue
            self.judge(key, self.rules[key.criterion], due_us, turns)
        return turns

    def judge_all(self, *, now_us: int) -> list[Turn]:
        """Judge every watch anew."""
        return self._judge_these(self.watches, now_us)

    def judge_covered(self, *, now_us: int) -> list[Turn]:
        """Judge anew what was left untold because its gateway was silent, as after one came back."""
        return self._judge_these(self._covered, now_us)

    def change(self, criteria: Criteria, *, now_us: int) -> list[Turn]:
        """Take other criteria: what did not change goes on, the rest begins anew where its levels stood.

        Whoever calls tells the last readings, states and zones again.
        """
        turns: list[Turn] = []
        kept = self.watches
        self.watches, self._listening, self._timers, self._scheduled = {}, {}, [], {}
        self._lay_out(criteria)
        for key in sorted(kept):
            rule = self.rules.get(key.criterion)
            if rule is None:
                turns += ended(key, kept[key], now_us, why="the criterion was withdrawn")
            else:
                self._add(key, rule, _carried(rule, kept[key], now_us))
        self._expect_named(now_us)
        return turns

    def _lay_out(self, criteria: Criteria) -> None:
        self.criteria = criteria
        self.rules = {criterion.id: Rule(criterion) for criterion in criteria.criteria}
        self.readers: dict[str, list[tuple[Rule, int, ReadingIs]]] = {}
        self._others: dict[type, list[tuple[Rule, int, Leaf]]] = {}
        for rule in self.rules.values():
            for number, leaf in enumerate(rule.leaves):
                if isinstance(leaf, ReadingIs):
                    self.readers.setdefault(leaf.reading, []).append((rule, number, leaf))
                else:
                    self._others.setdefault(type(leaf), []).append((rule, number, leaf))

    def _expect_named(self, now_us: int) -> None:
        """Start watches of subjects that a criterion names: they are expected from the start."""
        for rule in self.rules.values():
            about = rule.criterion.about
            for name in about.ids:
                key = WatchKey(rule.criterion.id, Subject(about.kind, name))
                if key not in self.watches:
                    self.start(key, rule, now_us)

    def told_leaves(self, kind: type) -> list[tuple[Rule, int, Leaf]]:
        """Leaves of a kind that are simply told, with their rules."""
        return self._others.get(kind, [])

    def start(self, key: WatchKey, rule: Rule, now_us: int) -> WatchMemory:
        """Begin a watch."""
        is_named = key.subject.subject_id in rule.criterion.about.ids and key.subject.kind == "sensor"
        expected = _expected_streams(rule, key.subject.subject_id) if is_named else {}
        memory = rule.fresh(now_us, expected=expected)
        self._add(key, rule, memory)
        return memory

    def _add(self, key: WatchKey, rule: Rule, memory: WatchMemory) -> None:
        self.watches[key] = memory
        self.dirty_watches.add(key)
        if memory.is_covered:
            self._covered.add(key)
        if any(isinstance(leaf, Silent) for leaf in rule.leaves):
            listeners = self._listening.setdefault(str(key.subject), [])
            if key not in listeners:
                listeners.append(key)
        self._schedule(key, memory.due_us)

    def drop(self, key: WatchKey) -> None:
        """End a watch."""
        del self.watches[key]
        listeners = self._listening.get(str(key.subject), [])
        if key in listeners:
            listeners.remove(key)
        self._covered.discard(key)
        self.dirty_watches.add(key)

    def _judge_these(self, keys: Iterable[WatchKey], now_us: int) -> list[Turn]:
        turns: list[Turn] = []
        for key in sorted(keys):
            if key in self.watches:
                self.judge(key, self.rules[key.criterion], now_us, turns)
        return turns

    def judge(self, key: WatchKey, rule: Rule, now_us: int, turns: list[Turn]) -> None:
        """Judge a watch, and note its turn if it turns."""
        memory, turn = evaluate(rule, self.watches[key], subject=key.subject, now_us=now_us, hearing=self.hearing)
        (self._covered.add if memory.is_covered else self._covered.discard)(key)
        self.watches[key] = memory
        self.dirty_watches.add(key)
        self._schedule(key, memory.due_us)
        if turn is not None:
            turns.append(turn)

    def _schedule(self, key: WatchKey, due_us: int | None) -> None:
        """Ring at that time or before: one that rings too early sees that it is not due."""
        known = self._scheduled.get(key)
        if due_us is not None and (known is None or due_us < known):
            self._scheduled[key] = due_us
            heapq.heappush(self._timers, (due_us, key))


def ended(key: WatchKey, memory: WatchMemory, now_us: int, *, why: str) -> list[Turn]:
    """Tell that a watch ended, if it stood for anything."""
    if not memory.level and not memory.is_blind:
        return []
    return [Turn(key.criterion, key.subject, memory.level, 0, memory.is_blind, False, now_us, now_us, (why,))]


def _expected_streams(rule: Rule, thing: str) -> dict[int, str]:
    """Datastream that each leaf expects of a sensor that is named."""
    return {
        number: "/".join(filter(None, (thing, leaf.reading, leaf.qualifier)))
        for number, leaf in enumerate(rule.leaves)
        if isinstance(leaf, ReadingIs) and not leaf.streams
    }


def _carried(rule: Rule, memory: WatchMemory, now_us: int) -> WatchMemory:
    """Memory under changed criteria: the same where nothing changed, else fresh with the levels that were on."""
    if memory.fingerprint == rule.fingerprint:
        return memory
    return _standing(rule, memory.level, is_blind=memory.is_blind, event_us=memory.event_us, now_us=now_us)


def _standing(rule: Rule, on: int, *, is_blind: bool, event_us: int, now_us: int) -> WatchMemory:
    """Fresh memory of a watch whose levels up to this one are on."""
    fresh = rule.fresh(now_us)
    levels = tuple(LevelMemory(is_on=level.level <= on) for level in rule.criterion.levels)
    return WatchMemory(fresh.fingerprint, now_us, fresh.inputs, levels, on, is_blind, event_us, now_us, now_us)
