"""Rules: from what is known of one subject to the level of its criterion, pure, with the clock as an argument.

A *watch* is one criterion over one subject. Two clocks run. The *event time* is that of the readings: delays and
persistence count in it, so that a backlog that arrives in a minute is judged as it happened. The *engine's clock* says
how long the last word is old: it ends delays when no newer reading comes, and makes a silent sensor blind.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from highwall.twin.conditions import (
    GRADES,
    Happened,
    Inside,
    Leaf,
    Present,
    ReadingIs,
    Silent,
    Verdict,
    at_least_counted,
    verdict_of,
)
from highwall.twin.conditions import leaves as leaves_of
from highwall.twin.criteria import Criterion, Level
from highwall.twin.evidence import blind_words, leaf_words, reading_words
from highwall.twin.watch import Hearing, Input, LevelMemory, Subject, Turn, WatchMemory

_TRUE, _FALSE, _NOT_YET, _BLIND = Verdict.TRUE, Verdict.FALSE, Verdict.NOT_YET, Verdict.BLIND
_MOST_TOLD: Final = 8
"""Inputs that evidence names; of more it says how many."""


class Rule:
    """A criterion, laid out for judging."""

    def __init__(self, criterion: Criterion) -> None:
        self.criterion = criterion
        self.fingerprint = criterion.fingerprint
        self.leaves: tuple[Leaf, ...] = tuple(criterion.leaves())
        ends, n = [], 0
        for level in criterion.levels:
            n += sum(1 for _ in leaves_of(level.when))
            ends.append(n)
        self.spans = tuple(zip((0, *ends[:-1]), ends, strict=True))
        """First and one past the last leaf of each level."""

    def fresh(self, now_us: int, *, expected: Mapping[int, str] = MappingProxyType({})) -> WatchMemory:
        """Memory of a watch that has heard nothing yet.

        Parameters
        ----------
        expected
            By leaf: a datastream that must speak; it goes blind if it does not, as those do that a leaf names.
        """
        inputs: list[dict[str, Input]] = []
        for number, leaf in enumerate(self.leaves):
            named = list(leaf.streams) if isinstance(leaf, ReadingIs) else []
            named += [expected[number]] if number in expected else []
            inputs.append({name: Input(good_us=now_us) for name in named})
        levels = (LevelMemory(),) * len(self.criterion.levels)
        return WatchMemory(self.fingerprint, now_us, tuple(inputs), levels, seen_us=now_us, due_us=now_us)


class Judged(NamedTuple):
    """What judging a watch leads to."""

    memory: WatchMemory
    turn: Turn | None


def evaluate(rule: Rule, memory: WatchMemory, *, subject: Subject, now_us: int, hearing: Hearing) -> Judged:
    """Judge a watch: which levels are on, whether it is blind, and when time alone may change that."""
    judging = _Judging(rule, memory, subject, now_us, hearing)
    levels, verdicts = [], []
    for level, kept, span in zip(rule.criterion.levels, memory.levels, rule.spans, strict=True):
        verdict = verdict_of(level.when, judging.verdicts(*span))
        verdicts.append(verdict)
        levels.append(_stepped(level, kept, verdict, memory=memory, now_us=now_us))
    highest = max(
        (each.level for each, kept in zip(rule.criterion.levels, levels, strict=True) if kept.is_on), default=0
    )
    is_blind = _BLIND in verdicts
    dues = [*judging.dues, *(kept.due_us for kept in levels if kept.due_us is not None)]
    is_quiet = not is_blind and all(kept.since_us is None for kept in levels)
    judged = WatchMemory(
        memory.fingerprint, memory.started_us, memory.inputs, tuple(levels), highest, is_blind, memory.event_us,
        memory.seen_us, min(dues, default=None), is_quiet, judging.is_covered,
    )  # fmt: skip
    is_same = highest == memory.level and is_blind == memory.is_blind
    return Judged(judged, None if is_same else judging.turn(judged))


class _Judging:
    """One look at a watch: leaf by leaf, and when it is next due."""

    def __init__(self, rule: Rule, memory: WatchMemory, subject: Subject, now_us: int, hearing: Hearing) -> None:
        self.rule, self.memory, self.subject = rule, memory, subject
        self.now_us, self.hearing = now_us, hearing
        self.dues: list[int] = []
        self.is_covered = False

    def verdicts(self, start: int, stop: int) -> Iterator[Verdict]:
        """Verdict of each leaf of a level."""
        for number in range(start, stop):
            leaf = self.rule.leaves[number]
            if isinstance(leaf, ReadingIs):
                yield self._of_readings(leaf, self.memory.inputs[number])
            elif isinstance(leaf, Silent):
                yield self._of_silence(leaf)
            elif isinstance(leaf, Happened):
                yield max(
                    [self._of_event(leaf, given) for given in self.memory.inputs[number].values()], default=_FALSE
                )
            else:
                yield _of_told(leaf, self.memory.inputs[number])

    def turn(self, judged: WatchMemory) -> Turn:
        """Tell the change, with its evidence."""
        was = self.memory
        began_us = was.event_us
        for level, kept in zip(self.rule.criterion.levels, judged.levels, strict=True):
            if level.level == max(was.level, judged.level) and kept.began_us:
                began_us = kept.began_us
        return Turn(
            self.rule.criterion.id, self.subject, was.level, judged.level, was.is_blind, judged.is_blind, self.now_us,
            began_us or self.now_us, tuple(self._evidence(judged)),
        )  # fmt: skip

    def _of_readings(self, leaf: ReadingIs, inputs: Mapping[str, Input]) -> Verdict:
        count = [0, 0, 0, 0]
        for name, given in inputs.items():
            count[self._of_input(leaf, name, given)] += 1
        return at_least_counted(leaf.at_least, count) if inputs else _NOT_YET

    def _of_input(self, leaf: ReadingIs, name: str, given: Input) -> int:
        due_us = given.good_us + round(leaf.silent_after_s * 1e6)
        if self.now_us < due_us:
            self.dues.append(due_us)
            return given.truth
        if not _still_fails(given, leaf) and self._covers(name.partition("/")[0]):
            return _NOT_YET
        return _BLIND

    def _of_silence(self, leaf: Silent) -> Verdict:
        """Whether nothing comes, or only what is old; of one that is silent altogether nobody knows how old it is."""
        key, for_us = str(self.subject), round(leaf.for_s * 1e6)
        word_us = self.hearing.word.get(key, self.memory.started_us) + for_us
        if leaf.silent == "data":
            data_us = self.hearing.data.get(key)
            if data_us is None or self.now_us >= word_us:
                return _NOT_YET
            return self._old(data_us + for_us)
        if self.now_us >= word_us and self.subject.kind != "gateway" and self._covers(self.subject.subject_id):
            return _NOT_YET
        return self._old(word_us)

    def _of_event(self, leaf: Happened, given: Input) -> Verdict:
        """Whether what was told counts still; from when it came, for it may have waited in the gateway."""
        due_us = given.heard_us + round(leaf.for_s * 1e6)
        if given.truth != _TRUE or given.value < leaf.least_level or self.now_us >= due_us:
            return _FALSE
        self.dues.append(due_us)
        return _TRUE

    def _covers(self, thing: str) -> bool:
        """Whether a gateway's silence explains that of a thing."""
        covered = self.hearing.is_covered(thing)
        self.is_covered |= covered
        return covered

    def _old(self, due_us: int) -> Verdict:
        if self.now_us >= due_us:
            return _TRUE
        self.dues.append(due_us)
        return _FALSE

    def _evidence(self, judged: WatchMemory) -> Iterator[str]:
        """What holds of the level that is on, or of any if none is; then what is blind."""
        spans = [
            span for level, span in zip(self.rule.criterion.levels, self.rule.spans, strict=True)
            if level.level == judged.level
        ]  # fmt: skip
        words = [text for span in spans for text in self._words(*span, wanted=_TRUE)]
        if judged.is_blind:
            words += self._words(0, len(self.rule.leaves), wanted=_BLIND)
        words = list(dict.fromkeys(words))
        yield from words[:_MOST_TOLD]
        if len(words) > _MOST_TOLD:
            yield f"and {len(words) - _MOST_TOLD} more"

    def _words(self, start: int, stop: int, *, wanted: Verdict) -> Iterator[str]:
        for number in range(start, stop):
            leaf = self.rule.leaves[number]
            for name, given in self.memory.inputs[number].items():
                if self._verdict(leaf, name, given) == wanted:
                    yield _said(leaf, name, given, wanted)
            if isinstance(leaf, Silent) and wanted == _TRUE and self._of_silence(leaf) == _TRUE:
                yield leaf_words(leaf, self.subject.subject_id)

    def _verdict(self, leaf: Leaf, name: str, given: Input) -> int:
        if isinstance(leaf, ReadingIs):
            return self._of_input(leaf, name, given)
        return self._of_event(leaf, given) if isinstance(leaf, Happened) else _graded(leaf, given)


def _said(leaf: Leaf, name: str, given: Input, wanted: Verdict) -> str:
    if not isinstance(leaf, ReadingIs):
        return leaf_words(leaf, name)
    if wanted == _TRUE:
        return reading_words(leaf, name, given.value)
    return blind_words(name, is_failed=_still_fails(given, leaf), silent_after_s=leaf.silent_after_s)


def _still_fails(given: Input, leaf: ReadingIs) -> bool:
    """Whether a blind sensor still speaks, but nothing that can be used."""
    return given.is_failed and given.heard_us - given.good_us > leaf.silent_after_s * 0.5e6


def _of_told(leaf: Leaf, inputs: Mapping[str, Input]) -> Verdict:
    wanted = leaf.at_least if isinstance(leaf, Present) else 1
    count = [0, 0, 0, 0]
    for given in inputs.values():
        count[_graded(leaf, given)] += 1
    return at_least_counted(wanted, count)


def _graded(leaf: Leaf, given: Input) -> Verdict:
    """Truth of a told input; of a zone, whether its grade is as sure as asked."""
    if isinstance(leaf, (Inside, Present)):
        return Verdict(given.value >= GRADES[leaf.certainty])
    return Verdict(given.truth)


def _stepped(level: Level, kept: LevelMemory, verdict: Verdict, *, memory: WatchMemory, now_us: int) -> LevelMemory:
    """Move one level on: it turns once the opposite has held for the delay."""
    if verdict > _TRUE:
        return LevelMemory(kept.is_on, kept.since_us, None, kept.began_us)
    if (verdict == _TRUE) == kept.is_on:
        return LevelMemory(kept.is_on, None, None, kept.began_us)
    event_us = memory.event_us + now_us - memory.seen_us if memory.event_us else now_us
    since_us = kept.since_us if kept.since_us is not None else event_us
    held_us = event_us - since_us
    needed_us = round((level.off_after_s if kept.is_on else level.on_after_s) * 1e6)
    if held_us >= needed_us:
        return LevelMemory(not kept.is_on, None, None, since_us)
    return LevelMemory(kept.is_on, since_us, now_us + needed_us - held_us, kept.began_us)
