"""The lookout: every watch there is, which of them a word concerns, and when time alone concerns one.

It is the only place where rules' memory changes; what is worked out from one word is in ``rules``, pure. A reading
touches the watches that tap its datastream and no others, so that a thousand criteria cost what the two that ask for it
cost. The lookout knows no store and no clock: a gateway runs the same one for its local alarms.
"""

import heapq
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from highwall.twin.conditions import FindingIs, Happened, Inside, Leaf, Present, ReadingIs, Silent, StateIs
from highwall.twin.criteria import Criteria
from highwall.twin.happenings import Happening
from highwall.twin.matching import Belongs, is_about, is_asked, is_zone, subjects_of
from highwall.twin.measure import Measure
from highwall.twin.rules import (
    Hearing,
    Input,
    LevelMemory,
    Rule,
    Subject,
    Turn,
    WatchMemory,
    evaluate,
    sensed,
    told,
    with_input,
    with_inputs,
    without_input,
)
from highwall.twin.sightings import Feed, FindingSeen, Grade, Seen, Tap, WatchKey
from highwall.twin.state import AssetState
from highwall.twin.windows import Window


class Lookout:
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

    def taps(self, datastream: str, observed: str, qualifier: str, belongs: Belongs) -> tuple[Tap, ...]:
        """Watches that this datastream feeds; whoever reads many keeps the answer."""
        found: dict[WatchKey, tuple[Rule, list[Feed]]] = {}
        for rule, number, leaf in self._readers.get(observed, ()):
            if leaf.streams and datastream not in leaf.streams:
                continue
            if leaf.qualifier is not None and leaf.qualifier != qualifier:
                continue
            feed = Feed(number, leaf, "" if leaf.over_s is None else _window_name(datastream, leaf))
            for subject in subjects_of(rule.criterion.about, belongs, named=bool(leaf.streams)):
                found.setdefault(WatchKey(rule.criterion.id, subject), (rule, []))[1].append(feed)
        return tuple(Tap(key, rule, tuple(feeds)) for key, (rule, feeds) in found.items())

    def on_reading(self, taps: Iterable[Tap], seen: Seen, *, now_us: int, is_new: bool = True) -> list[Turn]:
        """Take a judged reading to the watches that it concerns; one that is not new stands in its windows already."""
        turns: list[Turn] = []
        measure = Measure(self.windows, self.dirty_windows, seen, is_new=is_new)
        for key, rule, feeds in taps:
            memory = self.watches.get(key) or self._start(key, rule, now_us)
            changed, given = not memory.is_quiet, []
            for number, leaf, window in feeds:
                known = memory.inputs[number].get(seen.datastream)
                value, flag = measure.of(leaf, window)
                one = sensed(leaf, known, value, flag=flag, at_us=seen.at_us, now_us=now_us)
                changed |= known is None or known.truth != one.truth
                given.append((number, one))
            self.watches[key] = with_inputs(memory, given, key=seen.datastream, now_us=now_us)
            self.dirty_watches.add(key)
            if changed:
                self._judge(key, rule, now_us, turns)
        return turns

    def on_state(self, state: AssetState, *, now_us: int) -> list[Turn]:
        """Take a changed state of an asset to the watches that ask for it."""
        turns: list[Turn] = []
        for rule, number, leaf in self._told_leaves(StateIs):
            if isinstance(leaf, StateIs) and is_about(rule.criterion.about, state.asset_id, state.kind):
                fact = state.facts.get(leaf.state)
                if fact is None:
                    continue
                given = told(fact.value in leaf.among, at_us=fact.stamp.at_us, now_us=now_us)
                self._tell(rule, Subject("asset", state.asset_id), number, state.asset_id, given, now_us, turns)
        return turns

    def on_grades(
        self, asset_id: str, asset_kind: str, grades: Iterable[Grade], *, at_us: int, now_us: int
    ) -> list[Turn]:
        """Take it that an asset came into zones, left them, or is more or less surely inside."""
        turns: list[Turn] = []
        for zone_id, zone_kind, grade in grades:
            given = told(grade > 0, at_us=at_us, now_us=now_us, value=float(grade))
            for rule, number, leaf in self._told_leaves(Inside):
                if (
                    isinstance(leaf, Inside)
                    and is_about(rule.criterion.about, asset_id, asset_kind)
                    and is_asked(leaf, zone_id, zone_kind)
                ):
                    self._tell(rule, Subject("asset", asset_id), number, zone_id, given, now_us, turns)
            for rule, number, leaf in self._told_leaves(Present):
                if (
                    isinstance(leaf, Present)
                    and asset_kind in leaf.present
                    and is_zone(rule.criterion.about, zone_id, zone_kind)
                ):
                    self._tell(rule, Subject("zone", zone_id), number, asset_id, given, now_us, turns)
        return turns

    def leave_all_but(self, inside: Mapping[str, Mapping[str, int]], *, now_us: int) -> list[Turn]:
        """Take it that no asset is in any zone but these, as after zones were taken away.

        Parameters
        ----------
        inside
            By asset: grade of each zone that it is in.
        """
        turns: list[Turn] = []
        for kind in (Inside, Present):
            for rule, number, _ in self._told_leaves(kind):
                for key in [key for key in self.watches if key.criterion == rule.criterion.id]:
                    for name, given in self.watches[key].inputs[number].items():
                        zone, asset = (
                            (name, key.subject.subject_id) if kind is Inside else (key.subject.subject_id, name)
                        )
                        if given.value > 0.0 and zone not in inside.get(asset, {}):
                            gone = told(False, at_us=given.at_us, now_us=now_us)
                            self._tell(rule, key.subject, number, name, gone, now_us, turns)
        return turns

    def on_finding(self, finding: FindingSeen, *, now_us: int) -> list[Turn]:
        """Take a finding to the watches that ask for its kind."""
        turns: list[Turn] = []
        for rule, number, leaf in self._told_leaves(FindingIs):
            about = rule.criterion.about
            if not isinstance(leaf, FindingIs) or (about.ids and finding.finding_id not in about.ids):
                continue
            holds = (
                (not leaf.finding or finding.kind in leaf.finding)
                and finding.state in leaf.states
                and finding.probability >= leaf.min_probability
            )
            given = told(holds, at_us=finding.at_us, now_us=now_us, value=finding.probability)
            self._tell(rule, Subject("finding", finding.finding_id), number, finding.kind, given, now_us, turns)
        return turns

    def on_happening(self, gateway: str, happening: Happening, *, at_us: int, now_us: int) -> list[Turn]:
        """Take what a gateway told of itself to the watches that ask for its kind."""
        turns: list[Turn] = []
        given = told(happening.holds, at_us=at_us, now_us=now_us, value=float(happening.level))
        for rule, number, leaf in self._told_leaves(Happened):
            about = rule.criterion.about
            if isinstance(leaf, Happened) and happening.kind in leaf.event and is_about(about, gateway, "gateway"):
                self._tell(rule, Subject("gateway", gateway), number, happening.said, given, now_us, turns)
        return turns

    def miss_only(self, gateways: AbstractSet[str], *, now_us: int) -> list[Turn]:
        """Listen no more for gateways but these and those that a criterion names: nobody expects a word of them."""
        turns: list[Turn] = []
        for key in sorted(self.watches):
            kind, name = key.subject
            rule = self.rules[key.criterion]
            is_missed = kind == "gateway" and any(isinstance(leaf, Silent) for leaf in rule.leaves)
            if is_missed and name not in gateways and name not in rule.criterion.about.ids:
                turns += _ended(key, self.watches.pop(key), now_us, why="it is entered as a gateway no longer")
                self._listening[str(key.subject)].remove(key)
                self._covered.discard(key)
                self.dirty_watches.add(key)
        return turns

    def expect(self, subject: Subject, asset_kind: str, *, now_us: int) -> None:
        """Begin to listen for a subject: from now on its silence counts."""
        for rule, _, _ in self._told_leaves(Silent):
            about = rule.criterion.about
            if about.kind == subject.kind and is_about(about, subject.subject_id, asset_kind):
                key = WatchKey(rule.criterion.id, subject)
                if key not in self.watches:
                    self._start(key, rule, now_us)

    def on_word(self, subject: str, *, now_us: int) -> list[Turn]:
        """Take it that a subject spoke: who listened for it may rest, who waits for its first word begins."""
        turns: list[Turn] = []
        for key in self._listening.get(subject, ()):
            memory = self.watches[key]
            if memory.level or memory.due_us is None or any(level.since_us is not None for level in memory.levels):
                self._judge(key, self.rules[key.criterion], now_us, turns)
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
            self._judge(key, self.rules[key.criterion], due_us, turns)
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
                turns += _ended(key, kept[key], now_us, why="the criterion was withdrawn")
            else:
                self._add(key, rule, _carried(rule, kept[key], now_us))
        self._expect_named(now_us)
        return turns

    def drop_inputs(self, wanted: Mapping[str, tuple[Tap, ...]], *, now_us: int) -> list[Turn]:
        """Forget datastreams that no longer belong to a subject, and watches that are left with none.

        Parameters
        ----------
        wanted
            By datastream: its taps now.
        """
        turns: list[Turn] = []
        fed = {(tap.key, feed.leaf_number, name) for name, taps in wanted.items() for tap in taps for feed in tap.feeds}
        for key in sorted(self.watches):
            rule, memory = self.rules[key.criterion], self.watches[key]
            gone = [
                (number, name)
                for number, leaf in enumerate(rule.leaves)
                if isinstance(leaf, ReadingIs) and not leaf.streams
                for name, given in memory.inputs[number].items()
                if given.heard_us and (key, number, name) not in fed
            ]
            for number, name in gone:
                self.watches[key] = memory = without_input(memory, number, name)
            if gone and not any(memory.inputs):
                turns += _ended(key, memory, now_us, why="nothing of it is measured any more")
                del self.watches[key]
                self.dirty_watches.add(key)
            elif gone:
                self._judge(key, rule, now_us, turns)
        return turns

    def _lay_out(self, criteria: Criteria) -> None:
        self.criteria = criteria
        self.rules = {criterion.id: Rule(criterion) for criterion in criteria.criteria}
        self._readers: dict[str, list[tuple[Rule, int, ReadingIs]]] = {}
        self._others: dict[type, list[tuple[Rule, int, Leaf]]] = {}
        for rule in self.rules.values():
            for number, leaf in enumerate(rule.leaves):
                if isinstance(leaf, ReadingIs):
                    self._readers.setdefault(leaf.reading, []).append((rule, number, leaf))
                else:
                    self._others.setdefault(type(leaf), []).append((rule, number, leaf))

    def _expect_named(self, now_us: int) -> None:
        """Start watches of subjects that a criterion names: they are expected from the start."""
        for rule in self.rules.values():
            about = rule.criterion.about
            for name in about.ids:
                key = WatchKey(rule.criterion.id, Subject(about.kind, name))
                if key not in self.watches:
                    self._start(key, rule, now_us)

    def _told_leaves(self, kind: type) -> list[tuple[Rule, int, Leaf]]:
        return self._others.get(kind, [])

    def _start(self, key: WatchKey, rule: Rule, now_us: int) -> WatchMemory:
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

    def _tell(
        self, rule: Rule, subject: Subject, number: int, name: str, given: Input, now_us: int, turns: list[Turn]
    ) -> None:
        key = WatchKey(rule.criterion.id, subject)
        memory = self.watches.get(key)
        if memory is None:
            if not given.truth:
                return
            memory = self._start(key, rule, now_us)
        self.watches[key] = with_input(memory, number, name, given, now_us=now_us)
        self._judge(key, rule, now_us, turns)

    def _judge_these(self, keys: Iterable[WatchKey], now_us: int) -> list[Turn]:
        turns: list[Turn] = []
        for key in sorted(keys):
            if key in self.watches:
                self._judge(key, self.rules[key.criterion], now_us, turns)
        return turns

    def _judge(self, key: WatchKey, rule: Rule, now_us: int, turns: list[Turn]) -> None:
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


def _window_name(datastream: str, leaf: ReadingIs) -> str:
    part = "" if leaf.component is None else leaf.component
    return f"{datastream}|{leaf.over_s:g}|{part}|{int(leaf.is_suspect_enough)}"


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


def _ended(key: WatchKey, memory: WatchMemory, now_us: int, *, why: str) -> list[Turn]:
    if not memory.level and not memory.is_blind:
        return []
    return [Turn(key.criterion, key.subject, memory.level, 0, memory.is_blind, False, now_us, now_us, (why,))]
