"""The book of open alarms: turns of watches, people's acts and time go in, alarms and their records come out."""

import heapq
from collections.abc import Iterable, Mapping
from typing import Final

from highwall.twin.alarm import Act, Alarm, Life, Notice, Sort, Transition, alarm_key
from highwall.twin.alarm_acts import acted_or_noted
from highwall.twin.alarm_life import raised, turned, waited
from highwall.twin.criteria import Criterion
from highwall.twin.watch import Subject, Turn

ENGINES, WATCHDOGS = 0, 1
"""Whose alarms have even numbers, and whose odd: two processes raise alarms and never give one number twice."""
_APART: Final = 2


def is_engines(alarm_id: int) -> bool:
    """Whether the engine raised this alarm, not the watchdog over it."""
    return alarm_id % _APART == ENGINES


class AlarmBook:
    """Open alarms, and what changed since the book was last emptied."""

    def __init__(self, *, parity: int = ENGINES) -> None:
        self.criteria: dict[str, Criterion] = {}
        """Criteria by id, those included that were withdrawn while an alarm of theirs is open."""
        self.version = 0
        self.last_id = 0
        self.changed: dict[int, Alarm] = {}
        self.transitions: list[Transition] = []
        self.notices: list[Notice] = []
        self._parity = parity
        self._open: dict[str, Alarm] = {}
        self._keys: dict[int, str] = {}
        self._timers: list[tuple[int, int]] = []

    def restore(self, alarms: Iterable[Alarm], criteria: Mapping[str, Criterion]) -> None:
        """Take up open alarms, with the criteria that they need."""
        self.criteria.update(criteria)
        for alarm in alarms:
            self._keep(alarm)

    def open_alarms(self) -> list[Alarm]:
        """Every open alarm, in the order of raising."""
        return sorted(self._open.values(), key=lambda alarm: alarm.alarm_id)

    def find(self, alarm_id: int) -> Alarm | None:
        """An open alarm by its number."""
        key = self._keys.get(alarm_id)
        return None if key is None else self._open[key]

    def find_about(self, criterion: str, subject: Subject, sort: Sort) -> Alarm | None:
        """The open alarm about something."""
        return self._open.get(alarm_key(criterion, subject, sort))

    def on_turn(self, turn: Turn) -> None:
        """Raise, change or end the alarms of a watch that turned."""
        criterion = self.criteria[turn.criterion]
        sort: Sort = "not_watching" if criterion.is_about_watching else "condition"
        if turn.level != turn.was_level:
            self._follow(criterion, turn, sort, begins=turn.level > turn.was_level)
        if turn.is_blind != turn.was_blind:
            self._follow(criterion, turn, "blind", begins=turn.is_blind and criterion.blind is not None)

    def on_act(self, act: Act) -> Alarm | None:
        """Carry out what a person did; None: the alarm has ended, and the act is noted as too late."""
        alarm = self.find(act.alarm_id)
        if alarm is None:
            why = f"{act.what} came too late: the alarm had ended"
            self.transitions.append(Transition(act.alarm_id, act.at_us, act.who, "noted", why, 0))
            return None
        life = acted_or_noted(alarm, self.criteria[alarm.criterion], act)
        self._take(life)
        return life.alarm

    def next_due(self) -> int | None:
        """When time alone moves an alarm next."""
        return self._timers[0][0] if self._timers else None

    def on_clock(self, now_us: int) -> None:
        """Move every alarm whose time has come."""
        while self._timers and self._timers[0][0] <= now_us:
            due_us, alarm_id = heapq.heappop(self._timers)
            alarm = self.find(alarm_id)
            if alarm is not None and alarm.next_us == due_us:
                self._take(waited(alarm, self.criteria[alarm.criterion], due_us))

    def unheard(self, kind: str) -> frozenset[str]:
        """Subjects of a kind that are known not to be heard: an open alarm says so, and still holds."""
        return frozenset(
            alarm.subject.subject_id
            for alarm in self._open.values()
            if alarm.sort == "not_watching" and alarm.subject.kind == kind and alarm.is_active
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed since the book was last emptied."""
        return not (self.changed or self.transitions or self.notices)

    def empty(self) -> None:
        """Forget what changed: it has been written down."""
        self.changed, self.transitions, self.notices = {}, [], []

    def _follow(self, criterion: Criterion, turn: Turn, sort: Sort, *, begins: bool) -> None:
        alarm = self.find_about(criterion.id, turn.subject, sort)
        if alarm is not None:
            self._take(turned(alarm, criterion, turn))
        elif begins:
            self._take(raised(criterion, turn, sort=sort, alarm_id=self._new_id(turn.at_us), version=self.version))

    def _take(self, life: Life) -> None:
        alarm = life.alarm
        self.transitions += life.transitions
        self.notices += life.notices
        self.changed[alarm.alarm_id] = alarm
        if alarm.is_open:
            self._keep(alarm)
        else:
            self._open.pop(alarm.key, None)
            self._keys.pop(alarm.alarm_id, None)

    def _keep(self, alarm: Alarm) -> None:
        self._open[alarm.key] = alarm
        self._keys[alarm.alarm_id] = alarm.key
        if alarm.next_us is not None:
            heapq.heappush(self._timers, (alarm.next_us, alarm.alarm_id))

    def _new_id(self, at_us: int) -> int:
        """Microsecond of the raising, or the next free one."""
        self.last_id = max(at_us - at_us % _APART + self._parity, self.last_id + _APART)
        return self.last_id
