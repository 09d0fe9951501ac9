"""What must be told outside about alarms: each once, over each channel, until it is taken or given up."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, String, Table, Text, select, update

from highwall.twin.alarm import Notice
from highwall.twin.criteria import Channel
from highwall.twin.roles import Role
from highwall.twin.sql.alarms import known, open_alarms
from highwall.twin.sql.database import METADATA, insert_new

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


def put(connection: Connection, notices: Iterable[Notice], *, is_past: bool = False) -> None:
    """Store what must be told outside, each once whatever comes twice; a page shows its alarms by itself.

    What is past is held back until :func:`release`.
    """
    state = "held" if is_past else "waiting"
    insert_new(connection, _NOTICES, [_outgoing(one, way, state) for one in notices for way in one.by if way != "page"])


def waiting(connection: Connection, *, now_us: int, limit: int = 100) -> list[OutgoingNotice]:
    """What must be told outside by now, oldest first."""
    due = _NOTICES.c.state == "waiting", _NOTICES.c.next_us <= now_us
    rows = connection.execute(select(_NOTICES).where(*due).order_by(_NOTICES.c.id).limit(limit))
    return [_notice(row) for row in rows]


def before(connection: Connection, notice: OutgoingNotice) -> list[OutgoingNotice]:
    """Notices of the same alarm that went before this one, oldest first, whether or not they were told already."""
    same = _NOTICES.c.alarm_id == notice.alarm_id, _NOTICES.c.id < notice.notice_id
    return [_notice(row) for row in connection.execute(select(_NOTICES).where(*same).order_by(_NOTICES.c.id))]


def given_up(connection: Connection, *, limit: int = 100) -> list[OutgoingNotice]:
    """Notices that reached nobody in time, newest first."""
    wanted = select(_NOTICES).where(_NOTICES.c.state == "given_up").order_by(_NOTICES.c.id.desc()).limit(limit)
    return [_notice(row) for row in connection.execute(wanted)]


def sent(connection: Connection, notice_id: int) -> None:
    """Note that a notice reached its receiver."""
    connection.execute(update(_NOTICES).where(_NOTICES.c.id == notice_id).values(state="sent", error=None))


def failed(connection: Connection, notice_id: int, *, error: str, next_us: int | None) -> None:
    """Note that a notice could not be told, and when it is tried again; None: it is given up."""
    values: dict[str, Any] = {"error": error, "n_tries": _NOTICES.c.n_tries + 1}
    values |= {"state": "given_up"} if next_us is None else {"next_us": next_us}
    connection.execute(update(_NOTICES).where(_NOTICES.c.id == notice_id).values(values))


def release(connection: Connection) -> None:
    """End the past: what was held back is told if its alarm is still open; what speaks of an alarm no more is not."""
    still = [alarm.alarm_id for alarm in open_alarms(connection)]
    held, waits = _NOTICES.c.state == "held", _NOTICES.c.state == "waiting"
    is_open = _NOTICES.c.alarm_id.in_(still)
    connection.execute(update(_NOTICES).where(held, is_open).values(state="waiting"))
    connection.execute(update(_NOTICES).where(held).values(state="withheld"))
    connection.execute(update(_NOTICES).where(waits, _NOTICES.c.alarm_id.not_in(known())).values(state="withheld"))


def _notice(row: Any) -> OutgoingNotice:
    return OutgoingNotice(
        row.id, row.key, row.alarm_id, row.at_us, row.what, Role(row.to_role), row.channel, row.text, row.n_tries
    )


def _outgoing(notice: Notice, channel: Channel, state: str) -> dict[str, Any]:
    return {
        "key": f"{notice.key}:{notice.to}:{channel}", "alarm_id": notice.alarm_id, "at_us": notice.at_us,
        "what": notice.what, "to_role": notice.to.value, "channel": channel, "text": notice.text, "state": state,
        "n_tries": 0, "next_us": notice.at_us, "error": None,
    }  # fmt: skip
