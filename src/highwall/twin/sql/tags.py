"""Tags: issued as barcodes, claimed once for one asset, replaced only by two people of different roles."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    inspect,
    or_,
    select,
    text,
    update,
)

from highwall.core.errors import InputError
from highwall.telemetry.messages import check_name
from highwall.twin.sql.database import METADATA, insert_new

_TAGS: Final = Table(
    "tags", METADATA, Column("id", String(40), primary_key=True), Column("issued_us", BigInteger, nullable=False)
)  # fmt: skip
_BINDINGS: Final = Table(
    "bindings",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("tag_id", String(40), nullable=False),
    Column("asset_id", String(40), nullable=False, index=True),
    Column("from_us", BigInteger, nullable=False),
    Column("until_us", BigInteger),
    Column("who", Text, nullable=False),
    Index(
        "uq_bindings_open", "tag_id", unique=True, sqlite_where=text("until_us IS NULL"),
        postgresql_where=text("until_us IS NULL"),
    ),
)  # fmt: skip
_REPLACEMENTS: Final = Table(
    "tag_replacements",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("tag_id", String(40), nullable=False),
    Column("by_tag", String(40), nullable=False),
    Column("why", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_role", Text, nullable=False),
    Column("asked_us", BigInteger, nullable=False),
    Column("approved_by", Text),
    Column("approved_us", BigInteger),
    Column("closed_by", Text),
    Column("closed_us", BigInteger),
)
_UNDECIDED: Final = _REPLACEMENTS.c.approved_us.is_(None), _REPLACEMENTS.c.closed_us.is_(None)


class Tag(NamedTuple):
    """A tag, and whose it is."""

    id: str
    issued_us: int
    asset_id: str | None
    """Asset that it is bound to; None: free, or taken out of use."""
    is_used: bool
    """Whether it was ever bound: then it cannot be claimed again."""


class Binding(NamedTuple):
    """For how long a tag spoke for an asset."""

    tag_id: str
    asset_id: str
    from_us: int
    until_us: int | None
    """None: it still does."""


class Replacement(NamedTuple):
    """Someone's wish that one tag takes the place of another."""

    id: int
    tag_id: str
    by_tag: str
    why: str
    asked_by: str
    asked_role: str
    asked_us: int
    approved_by: str | None
    approved_us: int | None
    closed_by: str | None
    """Who refused or withdrew it, or approved another request that overtook it; None: nobody did."""
    closed_us: int | None


class Replaced(NamedTuple):
    """What an approval did."""

    replacement: Replacement
    overtaken: list[int]
    """Other requests for one of the two tags, which were closed with it."""


def issue(connection: Connection, tag_ids: Sequence[str], *, at_us: int) -> None:
    """Note that tags exist; what was issued before stays as it is."""
    insert_new(connection, _TAGS, [{"id": check_name(tag, what="tag"), "issued_us": at_us} for tag in tag_ids])


def tags(connection: Connection, *, after: str = "", limit: int = 1000) -> list[Tag]:
    """Tags in the order of their ids, from the one after ``after``."""
    rows = connection.execute(select(_TAGS).where(_TAGS.c.id > after).order_by(_TAGS.c.id).limit(limit)).all()
    bound = {binding.tag_id: binding for binding in _bindings_of(connection, [row.id for row in rows])}
    return [Tag(row.id, row.issued_us, _holder(bound.get(row.id)), row.id in bound) for row in rows]


def tag(connection: Connection, tag_id: str) -> Tag | None:
    """One tag, or None where it was never issued."""
    row = connection.execute(select(_TAGS).where(_TAGS.c.id == tag_id)).one_or_none()
    if row is None:
        return None
    bound = _bindings_of(connection, [tag_id])
    return Tag(row.id, row.issued_us, _holder(bound[-1]) if bound else None, bool(bound))


def claim(connection: Connection, tag_id: str, *, asset_id: str, who: str, at_us: int) -> None:
    """Bind a tag to an asset, once for ever.

    Raises
    ------
    InputError
        The tag was never issued, or was claimed before.
    """
    _free(connection, tag_id)
    _bind(connection, tag_id, asset_id=asset_id, who=who, at_us=at_us)


def ask_replacement(
    connection: Connection, tag_id: str, *, by_tag: str, who: str, role: str, why: str, at_us: int
) -> int:
    """Ask that a free tag takes the place of a bound one, and give the number of the request.

    Raises
    ------
    InputError
        The old tag is not bound, or the new one is not free.
    """
    _bound(connection, tag_id)
    _free(connection, by_tag)
    row = {"tag_id": tag_id, "by_tag": by_tag, "why": why, "asked_by": who, "asked_role": role, "asked_us": at_us}
    made = connection.execute(_REPLACEMENTS.insert().values(row).returning(_REPLACEMENTS.c.id))
    return int(made.scalar_one())


def approve_replacement(connection: Connection, request: int, *, who: str, role: str, at_us: int) -> Replaced:
    """Replace the tag: the old one falls silent for ever, the new one speaks for its asset.

    Other requests for one of the two are closed: they can never be approved any more.

    Raises
    ------
    InputError
        There is no such open request; it is the asker, or someone of the asker's role, who approves; a tag has
        changed hands since.
    """
    asked = _open_request(connection, request)
    if who == asked.asked_by or role == asked.asked_role:
        raise InputError(
            f"{asked.asked_by} ({asked.asked_role}) asked to replace tag {asked.tag_id}; "
            "another person of another role must approve."
        )
    asset_id = _bound(connection, asked.tag_id)
    _free(connection, asked.by_tag)
    still = _BINDINGS.c.tag_id == asked.tag_id, _BINDINGS.c.until_us.is_(None)
    connection.execute(update(_BINDINGS).where(*still).values(until_us=at_us))
    _bind(connection, asked.by_tag, asset_id=asset_id, who=who, at_us=at_us)
    approved = asked._replace(approved_by=who, approved_us=at_us)
    connection.execute(update(_REPLACEMENTS).where(_REPLACEMENTS.c.id == request).values(approved._asdict()))
    same = or_(_REPLACEMENTS.c.tag_id == asked.tag_id, _REPLACEMENTS.c.by_tag == asked.by_tag)
    return Replaced(approved, _close(connection, same, who=who, at_us=at_us))


def reject_replacement(connection: Connection, request: int, *, who: str, at_us: int) -> Replacement:
    """Put a request away: both tags stay as they are.

    Raises
    ------
    InputError
        There is no such open request.
    """
    asked = _open_request(connection, request)
    _close(connection, _REPLACEMENTS.c.id == request, who=who, at_us=at_us)
    return asked._replace(closed_by=who, closed_us=at_us)


def open_replacements(connection: Connection) -> list[Replacement]:
    """Requests that nobody has decided on, oldest first."""
    wanted = select(_REPLACEMENTS).where(*_UNDECIDED).order_by(_REPLACEMENTS.c.id)
    return [Replacement(*row) for row in connection.execute(wanted)]


def add_closing(connection: Connection) -> None:
    """Give the requests of a store of before the columns that say that they were closed."""
    known = {column["name"] for column in inspect(connection).get_columns(_REPLACEMENTS.name)}
    for column in (_REPLACEMENTS.c.closed_by, _REPLACEMENTS.c.closed_us):
        if column.name not in known:
            kind = column.type.compile(connection.dialect)
            connection.execute(text(f"ALTER TABLE {_REPLACEMENTS.name} ADD COLUMN {column.name} {kind}"))


def bindings(connection: Connection, *, asset_id: str | None = None) -> list[Binding]:
    """Every binding, or those of one asset, past and present, in the order in which they were made."""
    columns = _BINDINGS.c.tag_id, _BINDINGS.c.asset_id, _BINDINGS.c.from_us, _BINDINGS.c.until_us
    wanted = select(*columns).order_by(_BINDINGS.c.id)
    if asset_id is not None:
        wanted = wanted.where(_BINDINGS.c.asset_id == asset_id)
    return [Binding(*row) for row in connection.execute(wanted)]


def tags_of(connection: Connection, asset_ids: Iterable[str]) -> dict[str, list[Binding]]:
    """Bindings of each of these assets that ever had a tag, past and present, in the order in which they were made."""
    columns = _BINDINGS.c.tag_id, _BINDINGS.c.asset_id, _BINDINGS.c.from_us, _BINDINGS.c.until_us
    wanted = select(*columns).where(_BINDINGS.c.asset_id.in_(list(asset_ids))).order_by(_BINDINGS.c.id)
    found: dict[str, list[Binding]] = {}
    for row in connection.execute(wanted):
        found.setdefault(row.asset_id, []).append(Binding(*row))
    return found


def owners(connection: Connection, tag_ids: Iterable[str]) -> dict[str, str]:
    """Asset of each of these tags that was ever bound; a tag is claimed once, so that it has one owner for ever."""
    return {binding.tag_id: binding.asset_id for binding in _bindings_of(connection, tag_ids)}


def _bindings_of(connection: Connection, tag_ids: Iterable[str]) -> list[Binding]:
    columns = _BINDINGS.c.tag_id, _BINDINGS.c.asset_id, _BINDINGS.c.from_us, _BINDINGS.c.until_us
    wanted = select(*columns).where(_BINDINGS.c.tag_id.in_(list(tag_ids))).order_by(_BINDINGS.c.id)
    return [Binding(*row) for row in connection.execute(wanted)]


def _holder(binding: Binding | None) -> str | None:
    return binding.asset_id if binding and binding.until_us is None else None


def _free(connection: Connection, tag_id: str) -> None:
    found = tag(connection, tag_id)
    if found is None:
        raise InputError(f"tag {tag_id!r} was never issued; scan again, or print it first.")
    if found.is_used:
        raise InputError(f"tag {tag_id!r} was claimed before, for {found.asset_id or 'an asset that gave it up'}.")


def _bound(connection: Connection, tag_id: str) -> str:
    found = tag(connection, tag_id)
    if found is None or found.asset_id is None:
        raise InputError(f"tag {tag_id!r} is bound to nothing; claim the new tag instead of replacing.")
    return found.asset_id


def _bind(connection: Connection, tag_id: str, *, asset_id: str, who: str, at_us: int) -> None:
    row = {"tag_id": tag_id, "asset_id": asset_id, "from_us": at_us, "who": who}
    connection.execute(_BINDINGS.insert().values(row))


def _close(connection: Connection, which: ColumnElement[bool], *, who: str, at_us: int) -> list[int]:
    """Close the open ones of some requests, and give their numbers."""
    closing = update(_REPLACEMENTS).where(which, *_UNDECIDED).values(closed_by=who, closed_us=at_us)
    return sorted(connection.scalars(closing.returning(_REPLACEMENTS.c.id)))


def _open_request(connection: Connection, request: int) -> Replacement:
    wanted = select(_REPLACEMENTS).where(_REPLACEMENTS.c.id == request, *_UNDECIDED)
    row = connection.execute(wanted.with_for_update()).one_or_none()
    if row is None:
        raise InputError(f"there is no open request {request} to replace a tag.")
    return Replacement(*row)
