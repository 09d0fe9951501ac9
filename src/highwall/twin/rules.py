"""Rules: from what is known of one subject to the level of its criterion, pure, with the clock as an argument.

A *watch* is one criterion over one subject. Its memory holds, for each leaf of the conditions, the *inputs* it was told
(a datastream, an asset, a zone), and for each level whether it is on and since when the opposite has held. Two clocks
run. The *event time* is that of the readings: delays and persistence count in it, so that a backlog that arrives in a
minute is judged as it happened. The *engine's clock* says how long the last word is old: it ends delays when no newer
reading comes, and makes a silent sensor blind.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec

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

_TRUE, _FALSE, _NOT_YET, _BLIND = Verdict.TRUE, Verdict.FALSE, Verdict.NOT_YET, Verdict.BLIND
_USABLE: Final = 2
"""Greatest QC flag of a reading that nothing speaks against (1 pass, 2 not evaluated)."""
_SUSPECT: Final = 3
_MOST_TOLD: Final = 8
"""Inputs that evidence names; of more it says how many."""


class Subject(NamedTuple):
    """What a criterion is about."""

    kind: str
    subject_id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.subject_id}"


class Hearing(msgspec.Struct):
    """Who was heard when, by the engine's clock; keys are subjects as text, ``via`` is by thing or asset id."""

    word: dict[str, int] = {}
    """When anything came."""
    data: dict[str, int] = {}
    """Time of the newest reading that came."""
    via: dict[str, str] = {}
    """Gateway that brought it."""
    unwatched: AbstractSet[str] = frozenset()
    """Gateways that are known not to be heard: what hangs on them is not told a second time."""

    def is_covered(self, thing: str) -> bool:
        """Whether the silence of a thing is that of its gateway."""
        return bool(self.unwatched) and self.via.get(thing, "") in self.unwatched


class Input(msgspec.Struct, frozen=True, array_like=True):
    """One thing that a leaf was told about."""

    truth: int = 2
    run: int = 0
    """Readings in a row past the bound."""
    value: float = 0.0
    """What was compared last."""
    at_us: int = 0
    """Its event time."""
    good_us: int = 0
    """Engine's time of the last usable word."""
    heard_us: int = 0
    """Engine's time of the last word."""
    is_failed: bool = False
    """Whether that word could not be used."""


class LevelMemory(msgspec.Struct, frozen=True, array_like=True):
    """Where one level stands."""

    is_on: bool = False
    since_us: int | None = None
    """Event time since which the opposite has held; None: it does not."""
    due_us: int | None = None
    """Engine's time at which it turns if nothing new comes."""
    began_us: int = 0
    """Event time at which what made it turn last began."""


class WatchMemory(msgspec.Struct, frozen=True):
    """All that one watch remembers."""

    fingerprint: str
    """Of the criterion by which it was kept."""
    started_us: int
    inputs: tuple[dict[str, Input], ...]
    """By leaf: what it was told about, by name."""
    levels: tuple[LevelMemory, ...]
    level: int = 0
    """Highest level that is on; 0: none."""
    is_blind: bool = False
    event_us: int = 0
    """Latest event time."""
    seen_us: int = 0
    """Engine's time of it."""
    due_us: int | None = None
    """Engine's time at which time alone may change something."""
    is_quiet: bool = False
    """Whether nothing is pending: an input that says what it said before changes nothing."""
    is_covered: bool = False
    """Whether something is left untold because a gateway is silent: judge it again when that speaks."""


class Turn(NamedTuple):
    """A watch's level or blindness changed."""

    criterion: str
    subject: Subject
    was_level: int
    level: int
    was_blind: bool
    is_blind: bool
    at_us: int
    """Engine's time."""
    began_us: int
    """Event time at which what made it turn began."""
    evidence: tuple[str, ...]


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


def sensed(leaf: ReadingIs, known: Input | None, value: float, *, flag: int, at_us: int, now_us: int) -> Input:
    """Take a reading into a leaf's input: hysteresis and persistence happen here.

    Parameters
    ----------
    value
        What the leaf compares [SI unit]; NaN is a statistic that cannot be told yet.
    flag
        Of quality control; a reading that failed leaves the truth as it is, and the sensor closer to blind.
    """
    known = known or _UNTOLD
    if flag > _USABLE and not (flag == _SUSPECT and leaf.is_suspect_enough):
        good_us = known.good_us or now_us
        return Input(known.truth, known.run, known.value, known.at_us, good_us, now_us, True)
    late = at_us < known.at_us and leaf.over_s is None
    if late or value != value:
        return Input(known.truth, known.run, known.value, max(at_us, known.at_us), now_us, now_us, False)
    held = known.truth == _TRUE
    past = leaf.holds(value, held=held)
    run = known.run + 1 if past else 0
    truth = int(past and (held or run >= leaf.in_a_row))
    return Input(truth, min(run, leaf.in_a_row), value, at_us, now_us, now_us, False)


def told(is_true: bool, *, at_us: int, now_us: int, value: float = 0.0) -> Input:
    """Input of a leaf that is simply told whether it holds of something."""
    return Input(int(is_true), 0, value, at_us, now_us, now_us, False)


def with_input(memory: WatchMemory, leaf_number: int, key: str, given: Input, *, now_us: int) -> WatchMemory:
    """Replace one input; the latest event time moves on with it."""
    return with_inputs(memory, [(leaf_number, given)], key=key, now_us=now_us)


def with_inputs(memory: WatchMemory, given: Sequence[tuple[int, Input]], *, key: str, now_us: int) -> WatchMemory:
    """Replace the inputs of one name, leaf by leaf; the latest event time moves on with them."""
    inputs, event_us, seen_us = list(memory.inputs), memory.event_us, memory.seen_us
    for number, one in given:
        inputs[number] = {**inputs[number], key: one}
        if one.at_us > event_us:
            event_us, seen_us = one.at_us, now_us
    return WatchMemory(
        memory.fingerprint, memory.started_us, tuple(inputs), memory.levels, memory.level, memory.is_blind, event_us,
        seen_us, memory.due_us, memory.is_quiet, memory.is_covered,
    )  # fmt: skip


def without_input(memory: WatchMemory, leaf_number: int, key: str) -> WatchMemory:
    """Forget one input: it is no longer of the subject."""
    kept = {name: given for name, given in memory.inputs[leaf_number].items() if name != key}
    inputs = (*memory.inputs[:leaf_number], kept, *memory.inputs[leaf_number + 1 :])
    return msgspec.structs.replace(memory, inputs=inputs)


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


_UNTOLD: Final = Input()


def scalar(result: Any, component: int | None) -> float | None:
    """Give the number of a result that a leaf compares: itself, a component, or the length of a vector."""
    if isinstance(result, (int, float)):
        return float(result)
    if not isinstance(result, list) or not result:
        return None
    if component is not None:
        return result[component] if component < len(result) else None
    return float(sum(part * part for part in result) ** 0.5)


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
