"""Alarms with every step of their lives, what people did about them, and what must be told outside.

One process writes alarms: the engine. What a person does is an *act*: it is checked at once, kept, and carried out by
the engine's next step; until then whoever reads the alarm is shown it as already done, so that an answer counts even
while the engine is down.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
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
from highwall.twin.alarms import Act, Alarm, Notice, Transition, acted
from highwall.twin.criteria import Channel, Criterion
from highwall.twin.roles import Role
from highwall.twin.sql import criteria as criteria_store
from highwall.twin.sql.database import METADATA, insert_new, upsert

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
_NOTICES: Final = Table(
    "notices",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", String(120), nullable=False, unique=True),
    Column("alarm_id", BigInteger, nullable=False, index=True),
    Column("at_us", BigInteger, nullable=False),
    Column("what", String(20), nullable=False),
    Column("to_role", String(20), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("n_tries", Integer, nullable=False),
    Column("next_us", BigInteger, nullable=False),
    Column("error", Text),
    Index("ix_notices_waiting", "state", "next_us"),
)


class OutgoingNotice(NamedTuple):
    """One thing to be told over one channel."""

    notice_id: int
    key: str
    alarm_id: int
    at_us: int
    what: str
    to: Role
    channel: Channel
    text: str
    n_tries: int
    """Times that it was tried."""


def put_alarms(connection: Connection, alarms: Iterable[Alarm], *, at_us: int) -> None:
    """Store alarms over those that were there."""
    upsert(connection, _ALARMS, [_as_row(alarm, at_us) for alarm in alarms])


def put_transitions(connection: Connection, transitions: Sequence[Transition]) -> None:
    """Store steps of alarms' lives, in their order."""
    if transitions:
        connection.execute(insert(_TRANSITIONS), [_cut(one._asdict(), who=80) for one in transitions])


def put_notices(connection: Connection, notices: Iterable[Notice]) -> None:
    """Store what must be told outside, each once whatever comes twice; a page shows its alarms by itself."""
    insert_new(connection, _NOTICES, [_outgoing(one, way) for one in notices for way in one.by if way != "page"])


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


def changed_since(connection: Connection, since_us: int) -> list[Alarm]:
    """Alarms that the engine changed after then, or that somebody has acted upon since, in order of their raising."""
    acted_on = select(_ACTS.c.alarm_id).where(~_ACTS.c.is_done)
    wanted = select(_ALARMS.c.content).where(or_(_ALARMS.c.changed_us > since_us, _ALARMS.c.id.in_(acted_on)))
    return _with_acts(connection, [_alarm(row) for row in connection.execute(wanted.order_by(_ALARMS.c.id))])


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
    version = criteria_store.in_force(connection)
    for given in (version, *reversed(criteria_store.versions(connection))):
        for criterion in given.criteria.criteria:
            if criterion.id == of.criterion:
                return criterion
    raise InputError(f"alarm {of.alarm_id} was raised by {of.criterion!r}, which is in no version of the criteria.")


def waiting_notices(connection: Connection, *, now_us: int, limit: int = 100) -> list[OutgoingNotice]:
    """What must be told outside by now, oldest first."""
    due = _NOTICES.c.state == "waiting", _NOTICES.c.next_us <= now_us
    rows = connection.execute(select(_NOTICES).where(*due).order_by(_NOTICES.c.id).limit(limit))
    return [_notice(row) for row in rows]


def notices_before(connection: Connection, notice: OutgoingNotice) -> list[OutgoingNotice]:
    """Notices of the same alarm that went before this one, oldest first, whether or not they were told already."""
    same = _NOTICES.c.alarm_id == notice.alarm_id, _NOTICES.c.id < notice.notice_id
    return [_notice(row) for row in connection.execute(select(_NOTICES).where(*same).order_by(_NOTICES.c.id))]


def given_up_notices(connection: Connection, *, limit: int = 100) -> list[OutgoingNotice]:
    """Notices that reached nobody in time, newest first."""
    wanted = select(_NOTICES).where(_NOTICES.c.state == "given_up").order_by(_NOTICES.c.id.desc()).limit(limit)
    return [_notice(row) for row in connection.execute(wanted)]


def notice_sent(connection: Connection, notice_id: int) -> None:
    """Note that a notice reached its receiver."""
    connection.execute(update(_NOTICES).where(_NOTICES.c.id == notice_id).values(state="sent", error=None))


def notice_failed(connection: Connection, notice_id: int, *, error: str, next_us: int | None) -> None:
    """Note that a notice could not be told, and when it is tried again; None: it is given up."""
    values: dict[str, Any] = {"error": error, "n_tries": _NOTICES.c.n_tries + 1}
    values |= {"state": "given_up"} if next_us is None else {"next_us": next_us}
    connection.execute(update(_NOTICES).where(_NOTICES.c.id == notice_id).values(values))


def forget(connection: Connection) -> None:
    """Delete alarms and their steps, so that all are worked out again; acts and notices stay: they happened."""
    for table in (_ALARMS, _TRANSITIONS):
        connection.execute(delete(table))
    connection.execute(update(_ACTS).values(is_done=False))


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


def _as_row(alarm: Alarm, at_us: int) -> dict[str, Any]:
    return {
        "id": alarm.alarm_id, "criterion": alarm.criterion, "subject_kind": alarm.subject.kind,
        "subject_id": alarm.subject.subject_id, "level": alarm.level, "stage": alarm.stage.value,
        "is_open": alarm.is_open, "changed_us": at_us, "content": msgspec.json.encode(alarm).decode(),
    }  # fmt: skip


def _alarm(row: Any) -> Alarm:
    return msgspec.json.decode(row.content, type=Alarm)


def _notice(row: Any) -> OutgoingNotice:
    return OutgoingNotice(
        row.id, row.key, row.alarm_id, row.at_us, row.what, Role(row.to_role), row.channel, row.text, row.n_tries
    )


def _outgoing(notice: Notice, channel: Channel) -> dict[str, Any]:
    return {
        "key": f"{notice.key}:{notice.to}:{channel}", "alarm_id": notice.alarm_id, "at_us": notice.at_us,
        "what": notice.what, "to_role": notice.to.value, "channel": channel, "text": notice.text, "state": "waiting",
        "n_tries": 0, "next_us": notice.at_us, "error": None,
    }  # fmt: skip


def _cut(row: dict[str, Any], **lengths: int) -> dict[str, Any]:
    return row | {name: row[name][:length] for name, length in lengths.items()}
