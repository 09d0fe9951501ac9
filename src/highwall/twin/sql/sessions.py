"""Sessions of browsers, tokens of other systems, and logins that failed."""

import json
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from highwall.core.errors import MissingInputError
from highwall.twin.roles import Action, Person
from highwall.twin.secrets import digest, new_token
from highwall.twin.sql.accounts import USERS, user_of
from highwall.twin.sql.database import METADATA

SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("token", String(64), primary_key=True, doc="SHA-256 of what the cookie holds"),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_us", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
)
TOKENS: Final = Table(
    "api_tokens",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("token", String(64), nullable=False, unique=True, doc="SHA-256 of the token"),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("title", String(80), nullable=False),
    Column("actions", Text, nullable=False, doc="JSON list of what it may do"),
    Column("until_us", BigInteger, nullable=False),
    Column("is_revoked", Boolean, nullable=False),
)
FAILURES: Final = Table(
    "login_failures",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", String(120), nullable=False, index=True, doc="name:… or address:…"),
    Column("at_us", BigInteger, nullable=False, index=True),
)
_HOUR_US: Final = 3_600_000_000


class Token(NamedTuple):
    """A token of another system, without its secret."""

    id: int
    user: str
    title: str
    actions: tuple[str, ...]
    until_us: int
    is_revoked: bool


def open_session(connection: Connection, user_id: int, *, now_us: int, hours: float) -> str:
    """Open a session and return the token for the cookie; sessions that have run out are forgotten."""
    token = new_token()
    connection.execute(delete(SESSIONS).where(SESSIONS.c.until_us < now_us))
    until = now_us + int(hours * _HOUR_US)
    connection.execute(
        insert(SESSIONS).values(token=digest(token), user_id=user_id, created_us=now_us, until_us=until)
    )  # fmt: skip
    return token


def person_of_session(connection: Connection, token: str, *, now_us: int) -> Person | None:
    """Whose session this is; None if it is unknown, has run out, or the user is no longer active."""
    query = (
        select(USERS)
        .join(SESSIONS, SESSIONS.c.user_id == USERS.c.id)
        .where(SESSIONS.c.token == digest(token), SESSIONS.c.until_us >= now_us, USERS.c.is_active)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else user_of(row).person


def close_session(connection: Connection, token: str) -> None:
    """Close one session."""
    connection.execute(delete(SESSIONS).where(SESSIONS.c.token == digest(token)))


def close_sessions(connection: Connection, user_id: int) -> None:
    """Close every session of a user, as when rights or password change."""
    connection.execute(delete(SESSIONS).where(SESSIONS.c.user_id == user_id))


def add_token(
    connection: Connection, user_id: int, title: str, *, actions: frozenset[Action], until_us: int
) -> tuple[int, str]:
    """Make a token for another system; return its number and its secret, which is told this once."""
    token = new_token()
    made = connection.execute(
        insert(TOKENS).values(
            token=digest(token), user_id=user_id, title=title, actions=json.dumps(sorted(actions)), until_us=until_us,
            is_revoked=False,
        ).returning(TOKENS.c.id)
    )  # fmt: skip
    return int(made.scalar_one()), token


def person_of_token(connection: Connection, token: str, *, now_us: int) -> Person | None:
    """For whom a token speaks, with no more than its actions; None if it does not hold (any more)."""
    query = (
        select(USERS, TOKENS.c.actions)
        .join(TOKENS, TOKENS.c.user_id == USERS.c.id)
        .where(TOKENS.c.token == digest(token), TOKENS.c.until_us >= now_us, ~TOKENS.c.is_revoked, USERS.c.is_active)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    user = user_of(row)
    granted = frozenset(Action(each) for each in json.loads(row.actions))
    return Person(user.name, user.role, user.locations, user.asset_id, granted)


def all_tokens(connection: Connection) -> list[Token]:
    """Every token, the newest first."""
    query = select(TOKENS, USERS.c.name).join(USERS, TOKENS.c.user_id == USERS.c.id).order_by(TOKENS.c.id.desc())
    return [_token(row) for row in connection.execute(query)]


def revoke_token(connection: Connection, number: int) -> None:
    """End a token.

    Raises
    ------
    MissingInputError
        There is none of this number.
    """
    done = connection.execute(update(TOKENS).where(TOKENS.c.id == number).values(is_revoked=True))
    if done.rowcount == 0:
        raise MissingInputError(f"no token {number}; GET /api/tokens lists them.")


def note_failure(connection: Connection, keys: list[str], *, at_us: int, keep_us: int) -> None:
    """Note a login that failed under each key; what is older than ``keep_us`` is forgotten."""
    connection.execute(delete(FAILURES).where(FAILURES.c.at_us < at_us - keep_us))
    connection.execute(insert(FAILURES), [{"key": key[:120], "at_us": at_us} for key in keys])


def n_failures(connection: Connection, key: str, *, since_us: int) -> int:
    """How many logins under a key failed."""
    query = select(func.count()).where(FAILURES.c.key == key[:120], FAILURES.c.at_us >= since_us)
    return int(connection.execute(query).scalar_one())


def forget_failures(connection: Connection, key: str) -> None:
    """Forget the failed logins under a key, after one that succeeded."""
    connection.execute(delete(FAILURES).where(FAILURES.c.key == key[:120]))


def _token(row: Any) -> Token:
    return Token(row.id, row.name, row.title, tuple(json.loads(row.actions)), row.until_us, row.is_revoked)
