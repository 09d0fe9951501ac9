"""The watchdog: tells that the engine does not watch, from another process than the engine's.

A part that has never been heard of has as long to speak as one that fell silent when the watchdog began. It follows the
criteria about the twin itself (``kind: system``), by the heartbeats that each part leaves in the store. A time ahead of
the clock tells nothing: it was stamped before the clock was set back, and an engine that has come so far stands there.
If the criteria in force have none, the shipped ones hold: nobody can switch this off by leaving it out.
"""

from typing import Final

from sqlalchemy import Connection

from highwall.twin.alarm import Alarm
from highwall.twin.alarm_book import WATCHDOGS, AlarmBook, is_engines
from highwall.twin.criteria import Criteria, Criterion, default_criteria
from highwall.twin.lookout import Lookout
from highwall.twin.merging import is_ahead
from highwall.twin.sightings import WatchKey
from highwall.twin.sql import alarms as alarm_store
from highwall.twin.sql import changelog, notices
from highwall.twin.sql import criteria as criteria_store
from highwall.twin.sql.database import Database
from highwall.twin.sql.heartbeats import heartbeats

_SYSTEM: Final = "system"


class Watchdog:
    """Looks at the heartbeats each time it is asked."""

    def __init__(self, database: Database, *, now_us: int) -> None:
        self._database = database
        self._began_us = self._looked_us = now_us
        self._book = AlarmBook(parity=WATCHDOGS)
        with database.read() as connection:
            self._version, kept = _in_force(connection)
            self._lookout = Lookout(kept, now_us=now_us)
            self._book_criteria(kept)
            self._take_up(connection, now_us)

    def check(self, now_us: int) -> list[Alarm]:
        """Look at the heartbeats, and give the alarms that changed."""
        if is_ahead(self._looked_us, now_us):
            self._began_us = now_us
        self._looked_us = now_us
        with self._database.begin() as connection:
            if criteria_store.number_in_force(connection) != self._version:
                self._follow_criteria(connection, now_us)
            for beat in heartbeats(connection):
                self._lookout.hearing.word[f"{_SYSTEM}:{beat.name}"] = self._since(beat.at_us, now_us)
                self._lookout.hearing.data[f"{_SYSTEM}:{beat.name}"] = self._since(beat.done_us, now_us)
            acts = [act for act in alarm_store.waiting_acts(connection) if not is_engines(act.alarm_id)]
            for act in acts:
                self._book.on_act(act)
            for turn in self._lookout.judge_all(now_us=now_us):
                self._book.on_turn(turn)
            self._book.on_clock(now_us)
            changed = list(self._book.changed.values())
            alarm_store.put_alarms(connection, changed, at_us=now_us)
            alarm_store.put_transitions(connection, self._book.transitions)
            notices.put(connection, self._book.notices)
            if acts:
                alarm_store.mark_done(connection, [act.act_id for act in acts])
            touched = changelog.Touched(alarms=tuple(alarm.alarm_id for alarm in changed))
            changelog.note(connection, touched, writer=self._database.writer, at_us=now_us)
        self._book.empty()
        return changed

    def _since(self, told_us: int, now_us: int) -> int:
        """Time from which silence counts: when something was told, or when the watchdog or its clock began anew."""
        return self._began_us if is_ahead(told_us, now_us) else max(told_us, self._began_us)

    def _follow_criteria(self, connection: Connection, now_us: int) -> None:
        self._version, kept = _in_force(connection)
        turns = self._lookout.change(kept, now_us=now_us)
        self._book_criteria(kept)
        for turn in turns:
            self._book.on_turn(turn)

    def _book_criteria(self, kept: Criteria) -> None:
        self._book.version = self._version
        self._book.criteria |= {criterion.id: criterion for criterion in kept.criteria}

    def _take_up(self, connection: Connection, now_us: int) -> None:
        """Go on with alarms that an earlier watchdog raised."""
        opened = [alarm for alarm in alarm_store.open_alarms(connection) if not is_engines(alarm.alarm_id)]
        needed = {alarm.criterion: alarm_store.criterion_of(connection, alarm) for alarm in opened}
        self._book.restore(opened, {name: one for name, one in needed.items() if name not in self._book.criteria})
        for alarm in opened:
            if alarm.criterion in self._lookout.rules and alarm.is_active:
                self._lookout.resume(WatchKey(alarm.criterion, alarm.subject), alarm.level, now_us=now_us)


def _in_force(connection: Connection) -> tuple[int, Criteria]:
    """Version in force, and what it says about the twin itself."""
    version = criteria_store.in_force(connection)
    own = _about_system(version.criteria) or _about_system(default_criteria())
    return version.version, Criteria(title=version.criteria.title, criteria=own)


def _about_system(criteria: Criteria) -> tuple[Criterion, ...]:
    return tuple(criterion for criterion in criteria.criteria if criterion.about.kind == _SYSTEM)
