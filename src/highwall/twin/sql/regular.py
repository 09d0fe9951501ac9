"""Readings on a regular clock: the last usable one of each interval."""

from sqlalchemy import Connection, select

from highwall.twin.sql import datastreams, observations
from highwall.twin.sql.hourly import USABLE


def last_of_each(connection: Connection, name: str, *, interval_us: int, from_us: int, to_us: int) -> dict[int, float]:
    """Last reading of each interval with ``from_us`` ≤ time < ``to_us``, by number of the interval since 1970.

    Readings that anything speaks against (flag 3 and more) are left out, and so are texts. An unknown datastream has
    none.
    """
    known = datastreams.named(connection, name)
    rows = known and observations.between(connection, known.id, from_us=from_us, to_us=to_us)
    if rows is None:
        return {}
    usable = rows.c.flag <= USABLE, rows.c.value.is_not(None)
    columns = rows.c.phenomenon_us, rows.c.value
    wanted = select(*columns).where(*usable).order_by(*rows.c[:4]).execution_options(yield_per=20_000)
    return {row.phenomenon_us // interval_us: row.value for row in connection.execute(wanted)}
