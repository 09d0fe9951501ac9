"""Users: who they are at the mine, where, and how they prove it."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    Row,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from highwall.core.checks import nearest_name
from highwall.core.errors import ConflictError, InputError, LoginError, MissingInputError
from highwall.twin.roles import Person, Role
from highwall.twin.secrets import TotpKey, digest, hashed_password, new_code, new_totp
from highwall.twin.sql.database import METADATA
from highwall.twin.vault import Vault, is_sealed

USERS: Final = Table(
    "users",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("role", String(20), nullable=False),
    Column("locations", Text, doc="JSON list of location ids in scope; null: the whole site"),
    Column("asset_id", String(40)),
    Column("is_active", Boolean, nullable=False),
    Column("password", Text, doc="argon2id"),
    Column("totp_secret", Text, doc="sealed: the key is not in the store"),
    Column("totp_last", BigInteger, nullable=False, doc="step of the last code that was accepted"),
    Column("setup_code", String(64), doc="SHA-256 of the one-time code with which a password is chosen"),
    Column("setup_until_us", BigInteger),
    Column("subject", String(255), unique=True, doc="issuer and subject of a login elsewhere (OIDC)"),
    Column("created_us", BigInteger, nullable=False),
)
SETUP_HOURS: Final = 72
"""How long a one-time code holds [h]."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,79}")
_HOUR_US: Final = 3_600_000_000


class User(NamedTuple):
    """A user, without what proves it."""

    id: int
    name: str
    role: Role
    locations: frozenset[str] | None
    asset_id: str | None
    is_active: bool
    has_password: bool
    has_totp: bool

    @property
    def person(self) -> Person:
        """As far as rights depend on it."""
        return Person(self.name, self.role, self.locations, self.asset_id)


class Proof(NamedTuple):
    """What a login is compared with."""

    user: User
    password: str | None
    totp_secret: str | None
    """Sealed."""
    totp_last: int


class Setup(NamedTuple):
    """A user who has just chosen a password."""

    user: User
    totp: TotpKey | None
    """Key for the authenticator, where the role needs one; told this once."""


def add_user(
    connection: Connection,
    name: str,
    role: Role,
    *,
    at_us: int,
    locations: frozenset[str] | None = None,
    asset_id: str | None = None,
    subject: str | None = None,
) -> User:
    """Enter a user who can not yet log in; :func:`issue_code` lets a password be chosen.

    Raises
    ------
    InputError
        The name holds other letters than are allowed.
    ConflictError
        The name is taken.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"user {name!r}: use 1 to 80 of a-z, 0-9 and ._@-, beginning with a letter or digit.")
    if connection.execute(select(USERS.c.id).where(USERS.c.name == name)).first():
        raise ConflictError(f"there is a user {name!r} already; choose another name.")
    connection.execute(
        insert(USERS).values(
            name=name, role=role, locations=_listed(locations), asset_id=asset_id, is_active=True, totp_last=0,
            subject=subject, created_us=at_us,
        )
    )  # fmt: skip
    return find_user(connection, name)


def all_users(connection: Connection) -> list[User]:
    """Every user, by name."""
    return [user_of(row) for row in connection.execute(select(USERS).order_by(USERS.c.name))]


def find_user(connection: Connection, name: str) -> User:
    """Return one user.

    Raises
    ------
    MissingInputError
        There is none of this name.
    """
    row = connection.execute(select(USERS).where(USERS.c.name == name)).one_or_none()
    if row is None:
        known = connection.execute(select(USERS.c.name)).scalars().all()
        raise MissingInputError(f"no user {name!r}{nearest_name(name, list(known))}.")
    return user_of(row)


def find_subject(connection: Connection, subject: str) -> User | None:
    """Return the user who logs in elsewhere under this subject, if there is one."""
    row = connection.execute(select(USERS).where(USERS.c.subject == subject)).one_or_none()
    return None if row is None else user_of(row)


def proof_of(connection: Connection, name: str) -> Proof | None:
    """What a login of this name is compared with; None if nobody active bears it."""
    row = connection.execute(select(USERS).where(USERS.c.name == name, USERS.c.is_active)).one_or_none()
    return None if row is None else Proof(user_of(row), row.password, row.totp_secret, row.totp_last)


def change_user(connection: Connection, name: str, changes: Mapping[str, Any]) -> User:
    """Change role, locations, asset_id or is_active of a user.

    Raises
    ------
    MissingInputError
        There is none of this name.
    ConflictError
        It would leave the site without a super manager.
    """
    user = find_user(connection, name)
    values = dict(changes)
    if "locations" in values:
        values["locations"] = _listed(values["locations"])
    if values:
        connection.execute(update(USERS).where(USERS.c.id == user.id).values(values))
    if user.role is Role.SUPER_MANAGER and _n_super_managers(connection) == 0:
        raise ConflictError(f"{name} is the last super manager; make another one first.")
    return find_user(connection, name)


def issue_code(connection: Connection, name: str, *, at_us: int) -> str:
    """Make the one-time code with which a user chooses a (new) password; the old one holds until then.

    Raises
    ------
    MissingInputError
        There is no such user.
    """
    user, code = find_user(connection, name), new_code()
    until = at_us + SETUP_HOURS * _HOUR_US
    connection.execute(
        update(USERS).where(USERS.c.id == user.id).values(setup_code=digest(code), setup_until_us=until)
    )  # fmt: skip
    return code


def forget_proof(connection: Connection, name: str) -> None:
    """Take a user's password and authenticator away, until a new password is chosen with a code."""
    connection.execute(update(USERS).where(USERS.c.name == name).values(password=None, totp_secret=None))


def choose_password(
    connection: Connection, code: str, password: str, *, issuer: str, now_us: int, vault: Vault
) -> Setup:
    """Let the holder of a one-time code choose a password; the code is used up.

    Raises
    ------
    LoginError
        The code is not known, was used, or has run out.
    InputError
        The password is too easy.
    """
    query = select(USERS).where(USERS.c.setup_code == digest(code.upper()), USERS.c.is_active)
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None or row.setup_until_us < now_us:
        raise LoginError("this code is not known or was used; ask a super manager for a new one.")
    user = user_of(row)
    totp = new_totp(user.name, issuer=issuer) if user.role is Role.SUPER_MANAGER else None
    sealed = None if totp is None else vault.seal(totp.secret, of=_owner(user.id))
    connection.execute(
        update(USERS).where(USERS.c.id == user.id).values(
            password=hashed_password(password, name=user.name), totp_secret=sealed,
            totp_last=0, setup_code=None, setup_until_us=None,
        )
    )  # fmt: skip
    return Setup(find_user(connection, user.name), totp)


def totp_secret(proof: Proof, vault: Vault) -> str | None:
    """Key of a user's authenticator; None: there is none, or the store's key does not open it."""
    return None if proof.totp_secret is None else vault.opened(proof.totp_secret, of=_owner(proof.user.id))


def seal_authenticators(connection: Connection, vault: Vault) -> int:
    """Seal the keys of authenticators that stand in the store as they are, and say how many those were."""
    rows = connection.execute(select(USERS.c.id, USERS.c.totp_secret).where(USERS.c.totp_secret.is_not(None))).all()
    plain = [row for row in rows if not is_sealed(row.totp_secret)]
    for row in plain:
        sealed = vault.seal(row.totp_secret, of=_owner(row.id))
        connection.execute(update(USERS).where(USERS.c.id == row.id).values(totp_secret=sealed))
    return len(plain)


def locked_out(connection: Connection, vault: Vault) -> list[str]:
    """Users whose authenticator the store's key does not open: each needs a new one-time code."""
    rows = connection.execute(select(USERS).where(USERS.c.totp_secret.is_not(None)).order_by(USERS.c.name))
    return [row.name for row in rows if vault.opened(row.totp_secret, of=_owner(row.id)) is None]


def use_totp(connection: Connection, user_id: int, step: int) -> bool:
    """Note that the code of a step was used; False if it, or a later one, was used before."""
    query = update(USERS).where(USERS.c.id == user_id, USERS.c.totp_last < step).values(totp_last=step)
    return connection.execute(query).rowcount == 1


def first_super_manager(connection: Connection, *, name: str, at_us: int) -> str | None:
    """On a store without users, enter a super manager and return the one-time code; None if there are users."""
    if connection.execute(select(USERS.c.id).limit(1)).first():
        return None
    add_user(connection, name, Role.SUPER_MANAGER, at_us=at_us)
    return issue_code(connection, name, at_us=at_us)


def user_of(row: Row[Any]) -> User:
    """User of a row that holds the columns of :data:`USERS`."""
    locations = None if row.locations is None else frozenset(json.loads(row.locations))
    return User(
        row.id, row.name, Role(row.role), locations, row.asset_id, row.is_active, row.password is not None,
        row.totp_secret is not None,
    )  # fmt: skip


def _owner(user_id: int) -> str:
    """Name under which a user's secrets are sealed."""
    return f"user:{user_id}"


def _n_super_managers(connection: Connection) -> int:
    query = select(func.count()).where(USERS.c.role == Role.SUPER_MANAGER, USERS.c.is_active)
    return int(connection.execute(query).scalar_one())


def _listed(locations: frozenset[str] | None) -> str | None:
    return None if locations is None else json.dumps(sorted(locations))
