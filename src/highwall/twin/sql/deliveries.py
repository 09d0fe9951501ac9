"""Which target has got which notice: one of several that fails does not make the others be told twice."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table, select

from highwall.twin.sql.database import METADATA, insert_new

_DELIVERIES: Final = Table(
    "deliveries",
    METADATA,
    Column("notice_id", Integer, primary_key=True, autoincrement=False),
    Column("target", String(300), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
)


def put_delivery(connection: Connection, notice_id: int, target: str, *, at_us: int) -> None:
    """Note that a target took a notice."""
    insert_new(connection, _DELIVERIES, [{"notice_id": notice_id, "target": target, "at_us": at_us}])


def delivered_to(connection: Connection, notice_ids: Iterable[int]) -> dict[int, set[str]]:
    """Targets that took each of these notices; one that nobody took is left out."""
    wanted = select(_DELIVERIES).where(_DELIVERIES.c.notice_id.in_(list(notice_ids)))
    found: dict[int, set[str]] = {}
    for row in connection.execute(wanted):
        found.setdefault(row.notice_id, set()).add(row.target)
    return found
