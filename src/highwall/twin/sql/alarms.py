"""Alarms with every step of their lives, and what people did about them.

One process writes alarms: the engine. What a person does is an *act*: it is checked at once, kept, and carried out by
the engine's next step; until then whoever reads the alarm is shown it as already done, so that an answer counts even
while the engine is down.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    Select,
    String,
    Table,
    Text,
    delete,
    insert,
    or_,
    select,
    update,
)

from highwall.core.errors import InputError, MissingInputError
from highwall.twin.alarm import Act, Alarm, Transition
from highwall.twin.alarm_acts import acted
from highwall.twin.criteria import Criterion
from highwall.twin.sql import criteria as criteria_store
from highwall.twin.sql.database import METADATA, upsert

_ALARMS: Final = Table(
    "alarms",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("criterion", String(40), nullable=False),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_id", String(80), nullable=False),
    Column("level", Integer, nullable=False),
    Column("stage", String(16), nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Index("ix_alarms_open", "is_open", "id"),
    Index("ix_alarms_changed", "changed_us"),
)
_TRANSITIONS: Final = Table(
    "alarm_transitions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("alarm_id", BigInteger, nullable=False, index=True),
    Column("at_us", BigInteger, nullable=False),
    Column("who", String(80), nullable=False),
    Column("what", String(20), nullable=False),
    Column("why", Text, nullable=False),
    Column("level", Integer, nullable=False),
)
_ACTS: Final = Table(
    "alarm_acts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("alarm_id", BigInteger, nullable=False, index=True),
    Column("what", String(16), nullable=False),
    Column("who", String(80), nullable=False),
    Column("why", Text, nullable=False),
    Column("until_us", BigInteger),
    Column("is_done", Boolean, nullable=False),
    Index("ix_alarm_acts_waiting", "is_done", "id"),
)

_ENGINES: Final = 0
_APART: Final = 2
"""Numbers of the engine's alarms are even, those of the watchdog's odd."""


def put_alarms(connection: Connection, alarms: Iterable[Alarm], *, at_us: int) -> None:
    """Store alarms over those that were there."""
    upsert(connection, _ALARMS, [_as_row(alarm, at_us) for alarm in alarms])


def put_transitions(connection: Connection, transitions: Sequence[Transition]) -> None:
    """Store steps of alarms' lives, in their order."""
    if transitions:
        connection.execute(insert(_TRANSITIONS), [_cut(one._asdict(), who=80) for one in transitions])


def alarm(connection: Connection, alarm_id: int) -> Alarm:
    """One alarm, with what people have just done about it.

    Raises
    ------
    MissingInputError
        There is none of this number.
    """
    row = connection.execute(select(_ALARMS.c.content).where(_ALARMS.c.id == alarm_id)).one_or_none()
    if row is None:
        raise MissingInputError(f"there is no alarm {alarm_id}; it may belong to an older store.")
    return _with_acts(connection, [_alarm(row)])[0]


def known() -> Select[tuple[int]]:
    """Numbers of all alarms, as a part of another question."""
    return select(_ALARMS.c.id)


def all_alarms(connection: Connection) -> dict[int, str]:
    """Every alarm as it is kept, by its number."""
    return {row.id: row.content for row in connection.execute(select(_ALARMS.c.id, _ALARMS.c.content))}


def numbered(connection: Connection, alarm_ids: Sequence[int]) -> list[Alarm]:
    """Alarms with these numbers, those that there are, with what people have just done about them."""
    wanted = select(_ALARMS.c.content).where(_ALARMS.c.id.in_(alarm_ids)).order_by(_ALARMS.c.id)
    return _with_acts(connection, [_alarm(row) for row in connection.execute(wanted)])


def open_alarms(connection: Connection) -> list[Alarm]:
    """Every alarm that somebody still has to do with, in the order of their raising, as the engine left them."""
    wanted = select(_ALARMS.c.content).where(_ALARMS.c.is_open).order_by(_ALARMS.c.id)
    return [_alarm(row) for row in connection.execute(wanted)]


def page(
    connection: Connection,
    *,
    is_open: bool | None = None,
    before: int | None = None,
    limit: int = 100,
    subjects: Sequence[tuple[str, str]] | None = None,
) -> list[Alarm]:
    """Alarms, the newest first, from the one raised before ``before``; open or ended, of some subjects if asked for."""
    wanted = select(_ALARMS.c.content).order_by(_ALARMS.c.id.desc()).limit(limit)
    if is_open is not None:
        wanted = wanted.where(_ALARMS.c.is_open == is_open)
    if before is not None:
        wanted = wanted.where(_ALARMS.c.id < before)
    if subjects is not None:
        same = [(_ALARMS.c.subject_kind == kind) & (_ALARMS.c.subject_id == name) for kind, name in subjects]
        wanted = wanted.where(or_(False, *same))
    return _with_acts(connection, [_alarm(row) for row in connection.execute(wanted)])


def transitions(connection: Connection, alarm_ids: Iterable[int]) -> dict[int, list[Transition]]:
    """Steps of these alarms' lives, in order; what was done and not yet carried out comes last."""
    wanted = list(alarm_ids)
    found: dict[int, list[Transition]] = {}
    steps = select(_TRANSITIONS).where(_TRANSITIONS.c.alarm_id.in_(wanted)).order_by(_TRANSITIONS.c.id)
    for row in connection.execute(steps):
        found.setdefault(row.alarm_id, []).append(Transition(*row[1:]))
    for act in _waiting(connection, wanted):
        found.setdefault(act.alarm_id, []).append(Transition(act.alarm_id, act.at_us, act.who, act.what, act.why, 0))
    return found


def act(
    connection: Connection,
    alarm_id: int,
    what: Literal["acknowledge", "shelve", "clear", "cancel", "call_aid"],
    *,
    who: str,
    why: str = "",
    until_us: int | None = None,
    at_us: int,
) -> Alarm:
    """Do something about an alarm, and give it as it is then.

    Raises
    ------
    MissingInputError
        There is none of this number.
    InputError
        Its stage does not allow it.
    """
    known = alarm(connection, alarm_id)
    done = acted(known, criterion_of(connection, known), Act(0, at_us, alarm_id, what, who, why, until_us))
    row = {"at_us": at_us, "alarm_id": alarm_id, "what": what, "who": who[:80], "why": why, "until_us": until_us}
    connection.execute(insert(_ACTS).values(row | {"is_done": False}))
    return done.alarm


def waiting_acts(connection: Connection) -> list[Act]:
    """What people did and the engine has not yet carried out, in order."""
    return _waiting(connection, None)


def mark_done(connection: Connection, act_ids: Iterable[int]) -> None:
    """Note that acts have been carried out."""
    connection.execute(update(_ACTS).where(_ACTS.c.id.in_(list(act_ids))).values(is_done=True))


def criterion_of(connection: Connection, of: Alarm) -> Criterion:
    """Criterion of an alarm as it is in force; of one that was withdrawn, as it stood when the alarm was raised.

    Raises
    ------
    InputError
        No version has it.
    """
    for given in _newest_first(connection):
        for criterion in given.criteria.criteria:
            if criterion.id == of.criterion:
                return criterion
    raise InputError(f"alarm {of.alarm_id} was raised by {of.criterion!r}, which is in no version of the criteria.")


def forget(connection: Connection, *, from_us: int = 0) -> None:
    """Delete the alarms that the engine raised from then on, so that they are worked out again.

    What people did about them is carried out again; notices stay: they were told. The watchdog's alarms stay too, for
    the journal does not hold what they were raised for.
    """
    gone = select(_ALARMS.c.id).where(_ALARMS.c.id >= from_us, _ALARMS.c.id % _APART == _ENGINES)
    connection.execute(update(_ACTS).where(_ACTS.c.alarm_id.in_(gone)).values(is_done=False))
    connection.execute(delete(_TRANSITIONS).where(_TRANSITIONS.c.alarm_id.in_(gone)))
    connection.execute(delete(_ALARMS).where(_ALARMS.c.id.in_(gone)))


def _with_acts(connection: Connection, alarms: list[Alarm]) -> list[Alarm]:
    """Alarms as they are once waiting acts have been carried out."""
    waiting: dict[int, list[Act]] = {}
    for one in _waiting(connection, [alarm.alarm_id for alarm in alarms]):
        waiting.setdefault(one.alarm_id, []).append(one)
    return [
        _acted(connection, alarm, waiting[alarm.alarm_id]) if alarm.alarm_id in waiting else alarm for alarm in alarms
    ]


def _acted(connection: Connection, alarm: Alarm, acts: Iterable[Act]) -> Alarm:
    criterion = criterion_of(connection, alarm)
    for one in acts:
        try:
            alarm = acted(alarm, criterion, one).alarm
        except InputError:  # the engine was faster: it will be noted as too late
            continue
    return alarm


def _waiting(connection: Connection, alarm_ids: Sequence[int] | None) -> list[Act]:
    wanted = select(_ACTS).where(~_ACTS.c.is_done).order_by(_ACTS.c.id)
    if alarm_ids is not None:
        wanted = wanted.where(_ACTS.c.alarm_id.in_(alarm_ids))
    return [Act(*row[:7]) for row in connection.execute(wanted)]


def _newest_first(connection: Connection) -> Iterator[criteria_store.Version]:
    """Criteria in force, then, if they are asked for, those of old."""
    yield criteria_store.in_force(connection)
    yield from reversed(criteria_store.versions(connection))


def _as_row(alarm: Alarm, at_us: int) -> dict[str, Any]:
    return {
        "id": alarm.alarm_id, "criterion": alarm.criterion, "subject_kind": alarm.subject.kind,
        "subject_id": alarm.subject.subject_id, "level": alarm.level, "stage": alarm.stage.value,
        "is_open": alarm.is_open, "changed_us": at_us, "content": msgspec.json.encode(alarm).decode(),
    }  # fmt: skip


def _alarm(row: Any) -> Alarm:
    return msgspec.json.decode(row.content, type=Alarm)


def _cut(row: dict[str, Any], **lengths: int) -> dict[str, Any]:
    return row | {name: row[name][:length] for name, length in lengths.items()}
