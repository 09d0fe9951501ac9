"""Datastreams: one property of one thing, under a short number that readings are stored by."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, Connection, Index, Integer, String, Table, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from highwall.core.errors import InputError
from highwall.telemetry.observed import OBSERVED, stream_name
from highwall.twin.sql.database import METADATA, insert_new

_DATASTREAMS: Final = Table(
    "datastreams",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String(160), nullable=False, unique=True),
    Column("thing", String(160), nullable=False),
    Column("observed", String(160), nullable=False),
    Index("ix_datastreams_thing", "thing", "id"),
    Index("ix_datastreams_observed", "observed", "id"),
)
_NAME: Final = re.compile(r"[^\x00-\x20\x7f\ud800-\udfff]{1,160}")
_MOST_PARAMETERS: Final = 500


class Datastream(NamedTuple):
    """One property of one thing."""

    id: int
    name: str
    thing: str
    observed: str

    @property
    def unit(self) -> str:
        """CF unit string of its values; empty: the property is not known."""
        known = OBSERVED.get(self.observed)
        return known.unit if known else ""


def is_usable_name(name: str) -> bool:
    """Whether readings can be stored under this name: 1 to 160 characters without blanks or controls."""
    return _NAME.fullmatch(name) is not None


def datastream_ids(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Numbers of datastreams by name; those that are not there yet are made.

    Raises
    ------
    InputError
        A name cannot be used, see :func:`is_usable_name`.
    """
    wanted = [_checked(name) for name in dict.fromkeys(names)]
    found = _known(connection, wanted)
    missing = [name for name in wanted if name not in found]
    if missing:
        insert_new(connection, _DATASTREAMS, [_new(name) for name in missing])
        found |= _known(connection, missing)
    return found


def datastream(connection: Connection, datastream_id: int) -> Datastream | None:
    """One datastream, or None where there is none with this number."""
    row = connection.execute(select(_DATASTREAMS).where(_DATASTREAMS.c.id == datastream_id)).one_or_none()
    return Datastream(*row) if row else None


def of_numbers(connection: Connection, numbers: Sequence[int]) -> list[Datastream]:
    """Datastreams with these numbers, in their order; a number that there is not is left out."""
    found: list[Datastream] = []
    for start in range(0, len(numbers), _MOST_PARAMETERS):
        some = _DATASTREAMS.c.id.in_(numbers[start : start + _MOST_PARAMETERS])
        found += [Datastream(*row) for row in connection.execute(select(_DATASTREAMS).where(some))]
    return sorted(found, key=lambda one: one.id)


def named(connection: Connection, name: str) -> Datastream | None:
    """One datastream by its name, or None where there is none."""
    row = connection.execute(select(_DATASTREAMS).where(_DATASTREAMS.c.name == name)).one_or_none()
    return Datastream(*row) if row else None


def datastreams(
    connection: Connection,
    *,
    things: Iterable[str] | None = None,
    observed: str | None = None,
    after: int = 0,
    limit: int = 1000,
) -> list[Datastream]:
    """Datastreams in the order of their numbers, from the one after ``after``; of some things, of one property.

    ``things`` are ids of assets or tags: those of an asset are its own id and the tags bound to it.
    """
    wanted = select(_DATASTREAMS).where(_DATASTREAMS.c.id > after).order_by(_DATASTREAMS.c.id).limit(limit)
    if things is not None:
        wanted = wanted.where(_DATASTREAMS.c.thing.in_(list(things)))
    if observed is not None:
        wanted = wanted.where(_DATASTREAMS.c.observed == observed)
    return [Datastream(*row) for row in connection.execute(wanted)]


def count(connection: Connection, *, things: Iterable[str] | None = None) -> int:
    """How many datastreams there are, or of some things."""
    wanted = select(func.count()).select_from(_DATASTREAMS)
    if things is not None:
        wanted = wanted.where(_DATASTREAMS.c.thing.in_(list(things)))
    return int(connection.scalar(wanted) or 0)


def _known(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """Numbers of the datastreams among ``names`` that are there.

    PostgreSQL is given one array and looks each name up by the index. From a list of 500 it would read the whole table
    each time, as long as nothing has told it that the table has grown. The array's column is named in full: a bare
    ``alias.name`` would be read as a cast to the type ``name``, which cuts at 63 bytes.
    """
    if connection.dialect.name == "postgresql":
        asked = func.unnest(literal(list(names), ARRAY(String))).table_valued("name").render_derived()
        joined = select(_DATASTREAMS.c.name, _DATASTREAMS.c.id).join(asked, asked.c.name == _DATASTREAMS.c.name)
        return {row.name: row.id for row in connection.execute(joined)}
    found: dict[str, int] = {}
    for start in range(0, len(names), _MOST_PARAMETERS):
        some = names[start : start + _MOST_PARAMETERS]
        wanted = select(_DATASTREAMS.c.name, _DATASTREAMS.c.id).where(_DATASTREAMS.c.name.in_(some))
        found.update((row.name, row.id) for row in connection.execute(wanted))
    return found


def _checked(name: str) -> str:
    if not is_usable_name(name):
        raise InputError(f"datastream {name[:200]!r}: use 1 to 160 characters without blanks or control characters.")
    return name


def _new(name: str) -> dict[str, Any]:
    parts = stream_name(name)
    return {"name": name, "thing": parts.thing, "observed": parts.observed}
