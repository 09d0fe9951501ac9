"""Gateways: how they were let in, what they last said, and whether they may still come."""

import hashlib
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Connection, Integer, String, Table, Text, func, select, update

from highwall.core.errors import InputError
from highwall.telemetry.messages import Status, check_name
from highwall.twin.sql.database import METADATA, insert_new, upsert

_GATEWAYS: Final = Table(
    "gateways",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("location_id", String(40)),
    Column("fingerprint", String(128)),
    Column("claimed_us", BigInteger),
    Column("revoked_us", BigInteger),
)
_LAST_WORDS: Final = Table(
    "gateway_words",
    METADATA,
    Column("gateway_id", String(40), primary_key=True),
    Column("status", Text, nullable=False),
    Column("is_online", Boolean, nullable=False),
    Column("heard_us", BigInteger, nullable=False),
)
_CLAIMS: Final = Table(
    "gateway_claims",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("gateway_id", String(40), nullable=False),
    Column("made_by", Text, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("used_us", BigInteger),
)
_REVOKED: Final = Table(
    "revoked_certificates",
    METADATA,
    Column("fingerprint", String(128), primary_key=True),
    Column("gateway_id", String(40), nullable=False),
    Column("revoked_us", BigInteger, nullable=False),
)
_CERTIFICATES: Final = Table(
    "gateway_certificates",
    METADATA,
    Column("fingerprint", String(128), primary_key=True),
    Column("gateway_id", String(40), nullable=False, index=True),
    Column("issued_us", BigInteger, nullable=False),
)
_CODE_BYTES: Final = 10
"""Least entropy that a claim code must carry: with fewer its hash could be searched [byte]."""


class Gateway(NamedTuple):
    """A gateway, and its last word."""

    id: str
    name: str
    location_id: str | None
    fingerprint: str | None
    """SHA-256 of its certificate, hex; None: it was not claimed yet."""
    claimed_us: int | None
    revoked_us: int | None
    status: Status | None = None
    """What it, or the broker in its name, said last; None: nothing ever."""
    heard_us: int | None = None

    @property
    def is_trusted(self) -> bool:
        """Whether it was let in and not put out again."""
        return self.fingerprint is not None and self.revoked_us is None


def open_claim(
    connection: Connection,
    code: str,
    *,
    gateway_id: str,
    name: str,
    location_id: str | None,
    who: str,
    at_us: int,
    expires_us: int,
) -> None:
    """Let the bearer of a secret code become this gateway, once; only a hash of the code is kept.

    A gateway that was there before may be claimed anew, for its hardware was exchanged; its old certificate is good
    until then.
    """
    check_name(gateway_id, what="gateway")
    if len(code) * 5 < _CODE_BYTES * 8:
        raise InputError(f"a claim code of {len(code)} characters can be guessed; use at least {_CODE_BYTES * 8 // 5}.")
    row = {"id": gateway_id, "name": name, "location_id": location_id}
    insert_new(connection, _GATEWAYS, [row])
    connection.execute(update(_GATEWAYS).where(_GATEWAYS.c.id == gateway_id).values(row))
    claim = {"code_hash": _hashed(code), "gateway_id": gateway_id, "made_by": who, "expires_us": expires_us}
    connection.execute(_CLAIMS.insert().values(claim))


def redeem(connection: Connection, code: str, *, at_us: int) -> Gateway:
    """Use a claim code up, and give the gateway that its bearer now is.

    Raises
    ------
    InputError
        Nobody gave out such a code, it was used, or it is too late; the message does not say which.
    """
    wanted = select(_CLAIMS).where(
        _CLAIMS.c.code_hash == _hashed(code), _CLAIMS.c.used_us.is_(None), _CLAIMS.c.expires_us > at_us
    )
    claim = connection.execute(wanted.with_for_update()).one_or_none()
    if claim is None:
        raise InputError("this claim code is not valid; have a new one made in the gateways page.")
    connection.execute(update(_CLAIMS).where(_CLAIMS.c.id == claim.id).values(used_us=at_us))
    found = gateway(connection, claim.gateway_id)
    if found is None:
        raise InputError(f"gateway {claim.gateway_id!r} was deleted since its code was made.")
    return found


def trust(connection: Connection, gateway_id: str, *, fingerprint: str, at_us: int) -> None:
    """Note the certificate that a gateway was given: the only one that counts now; one that was out is in again."""
    _revoke_all(connection, gateway_id, but=fingerprint, at_us=at_us)
    _note_certificate(connection, gateway_id, fingerprint, at_us=at_us)
    values = {"fingerprint": fingerprint, "claimed_us": at_us, "revoked_us": None}
    connection.execute(update(_GATEWAYS).where(_GATEWAYS.c.id == gateway_id).values(values))


def renew(connection: Connection, gateway_id: str, *, fingerprint: str, at_us: int) -> None:
    """Note the next certificate of a gateway that is in; the earlier ones stay good until their end.

    The present one is noted with it: one from before certificates were noted must not be forgotten, or it could never
    be revoked.
    """
    present = gateway(connection, gateway_id)
    if present is not None and present.fingerprint is not None:
        _note_certificate(connection, gateway_id, present.fingerprint, at_us=present.claimed_us or at_us)
    _note_certificate(connection, gateway_id, fingerprint, at_us=at_us)
    connection.execute(update(_GATEWAYS).where(_GATEWAYS.c.id == gateway_id).values(fingerprint=fingerprint))


def last_issued_us(connection: Connection, gateway_id: str) -> int | None:
    """When a gateway was last given a certificate; None: not since this is noted."""
    newest = select(func.max(_CERTIFICATES.c.issued_us)).where(_CERTIFICATES.c.gateway_id == gateway_id)
    issued_us: int | None = connection.scalar(newest)
    return issued_us


def revoke(connection: Connection, gateway_id: str, *, at_us: int) -> bool:
    """Put a gateway out, and all its certificates on the list of revoked ones; says whether it was in."""
    found = gateway(connection, gateway_id)
    if found is None or not found.is_trusted:
        return False
    _revoke_all(connection, gateway_id, at_us=at_us)
    connection.execute(update(_GATEWAYS).where(_GATEWAYS.c.id == gateway_id).values(revoked_us=at_us))
    return True


def revoked_fingerprints(connection: Connection) -> list[str]:
    """Certificates that no broker may let in any more, in the order of their revocation."""
    return list(connection.scalars(select(_REVOKED.c.fingerprint).order_by(_REVOKED.c.revoked_us)))


def note_status(connection: Connection, gateway_id: str, status: Status, *, heard_us: int) -> None:
    """Keep the last word of a gateway, whether or not it was ever claimed here."""
    words = msgspec.json.encode(status).decode()
    row = {"gateway_id": gateway_id, "status": words, "is_online": status.online, "heard_us": heard_us}
    upsert(connection, _LAST_WORDS, [row])


def gateway(connection: Connection, gateway_id: str) -> Gateway | None:
    """One gateway, or None where none has this id."""
    row = connection.execute(_joined().where(_GATEWAYS.c.id == gateway_id)).one_or_none()
    return _gateway(row) if row else None


def gateways(connection: Connection, *, after: str = "", limit: int = 1000) -> list[Gateway]:
    """Gateways in the order of their ids, from the one after ``after``."""
    wanted = _joined().where(_GATEWAYS.c.id > after).order_by(_GATEWAYS.c.id).limit(limit)
    return [_gateway(row) for row in connection.execute(wanted)]


def _note_certificate(connection: Connection, gateway_id: str, fingerprint: str, *, at_us: int) -> None:
    row = {"fingerprint": fingerprint, "gateway_id": gateway_id, "issued_us": at_us}
    insert_new(connection, _CERTIFICATES, [row])


def _revoke_all(connection: Connection, gateway_id: str, *, but: str = "", at_us: int) -> None:
    """Put every certificate that a gateway was given on the list of revoked ones, but this one."""
    issued = select(_CERTIFICATES.c.fingerprint).where(_CERTIFICATES.c.gateway_id == gateway_id)
    before = gateway(connection, gateway_id)
    known = {*connection.scalars(issued), *([before.fingerprint] if before and before.fingerprint else [])} - {but}
    rows = [{"fingerprint": one, "gateway_id": gateway_id, "revoked_us": at_us} for one in sorted(known)]
    if rows:
        insert_new(connection, _REVOKED, rows)


def _joined() -> Any:
    words = _LAST_WORDS.c.status, _LAST_WORDS.c.heard_us
    both = _GATEWAYS.outerjoin(_LAST_WORDS, _LAST_WORDS.c.gateway_id == _GATEWAYS.c.id)
    return select(_GATEWAYS, *words).select_from(both)


def _gateway(row: Any) -> Gateway:
    status = None if row.status is None else msgspec.json.decode(row.status, type=Status)
    return Gateway(*row)._replace(status=status)


def _hashed(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
