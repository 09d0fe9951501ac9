"""Readings hour by hour: sums and counts of those that nothing speaks against."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, func, select

from highwall.telemetry.live_windows import HOUR_US, Hour
from highwall.telemetry.window_options import CHANNELS
from highwall.twin.sql import datastreams, observations

USABLE: Final = 2
"""Greatest flag of a reading that counts (1 pass, 2 not evaluated)."""


def hours(connection: Connection, streams: Mapping[str, int], *, first: int, last: int) -> dict[int, Hour]:
    """Hours from number ``first`` to ``last`` in which anything was read.

    Parameters
    ----------
    streams
        Number of the channel by name of the datastream.
    """
    totals: dict[int, list[float]] = {}
    counts: dict[int, list[int]] = {}
    for name, channel in streams.items():
        for number, total, n in _of_stream(connection, name, first=first, last=last):
            totals.setdefault(number, [0.0] * len(CHANNELS))[channel] += total
            counts.setdefault(number, [0] * len(CHANNELS))[channel] += n
    return {number: _hour(totals[number], counts[number]) for number in sorted(totals)}


def _of_stream(connection: Connection, name: str, *, first: int, last: int) -> list[tuple[int, float, int]]:
    known = datastreams.named(connection, name)
    if known is None:
        return []
    span = {"from_us": first * HOUR_US, "to_us": (last + 1) * HOUR_US}
    rows = observations.between(connection, known.id, **span)
    if rows is None:
        return []
    number = (rows.c.phenomenon_us // HOUR_US).label("hour")
    wanted = select(number, func.sum(rows.c.value), func.count(rows.c.value))
    usable = rows.c.flag <= USABLE, rows.c.value.is_not(None)
    found = connection.execute(wanted.where(*usable).group_by(number))
    return [(int(row[0]), float(row[1]), int(row[2])) for row in found]


def _hour(total: list[float], n: list[int]) -> Hour:
    return Hour((total[0], total[1], total[2], total[3]), (n[0], n[1], n[2], n[3]))
