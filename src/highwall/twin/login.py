"""Logging in: name, password and, for the super manager, the code of an authenticator; guessing is slowed down."""

import threading
from typing import Final, NamedTuple

from sqlalchemy import Connection

from highwall.twin.roles import Role
from highwall.twin.secrets import password_matches, totp_step
from highwall.twin.sql.accounts import Proof, User, proof_of, totp_secret, use_totp
from highwall.twin.sql.audit import append
from highwall.twin.sql.database import Database
from highwall.twin.sql.sessions import forget_failures, n_failures, note_failure, open_session
from highwall.twin.vault import Vault

WINDOW_US: Final = 15 * 60 * 1_000_000
"""Time in which failed logins count [µs]."""
MOST: Final[dict[str, int]] = {"pair": 5, "name": 50, "address": 30}
"""Failed logins after which to wait: of one name from one address, of one name, of one address. A name's own bound is
wide, so that nobody locks a colleague out from elsewhere; many people may sit behind one address, so that its bound is
soft: it slows down, and locks nobody out."""
SLOWED_US: Final = 10_000_000
"""Time between two failed logins of an address that had too many [µs]."""


class Attempt(NamedTuple):
    """What someone gives who wants to log in."""

    name: str
    password: str
    code: str | None
    """Of the authenticator."""
    address: str
    """Where it comes from."""


class Granted(NamedTuple):
    """The door opens."""

    user: User
    token: str
    """For the cookie."""


class Refused(NamedTuple):
    """The door stays shut."""

    reason: str
    needs_code: bool = False
    """The password was right, a code of the authenticator is missing or wrong."""
    wait_s: int = 0
    """There were too many attempts; how long to wait."""


COMPARING: Final = threading.BoundedSemaphore(8)
"""Passwords compared or waiting for it at one time: a flood of logins leaves the other threads of the server free."""
_BUSY: Final = Refused("many people log in at present; try again in a few seconds.", wait_s=5)
_TOO_MANY: Final = Refused("too many attempts; wait a quarter of an hour.", wait_s=WINDOW_US // 1_000_000)
_SLOWED: Final = Refused("many attempts from this address failed; try again shortly.", wait_s=SLOWED_US // 1_000_000)


def log_in(database: Database, attempt: Attempt, *, now_us: int, hours: float) -> Granted | Refused:
    """Let someone in, or not; either is on the audit log.

    Parameters
    ----------
    hours
        How long the session holds.

    Notes
    -----
    The password is compared outside any transaction: it takes tens of milliseconds on purpose.
    """
    name = attempt.name.strip().lower()
    keys = [f"pair:{name}:{attempt.address}", f"name:{name}", f"address:{attempt.address}"]
    with database.read() as connection:
        if (flooded := _flooded(connection, keys, now_us)) is not None:
            return flooded
        proof = proof_of(connection, name)
    if not COMPARING.acquire(blocking=False):
        return _BUSY
    try:
        is_right = password_matches(attempt.password, proof.password if proof else None)
    finally:
        COMPARING.release()
    with database.begin() as connection:
        if (flooded := _flooded(connection, keys, now_us)) is not None:  # by attempts compared at the same time
            return flooded
        known = proof if is_right else None
        outcome = _decided(connection, known, attempt, vault=database.vault, now_us=now_us, hours=hours)
        _note(connection, outcome, name=name, attempt=attempt, keys=keys, now_us=now_us)
    return outcome


def _decided(
    connection: Connection, proof: Proof | None, attempt: Attempt, *, vault: Vault, now_us: int, hours: float
) -> Granted | Refused:
    """What becomes of an attempt; ``proof`` is None where the password was wrong."""
    if proof is None:
        return Refused("name or password is wrong; try again, or ask a super manager for a new code.")
    if proof.user.role is Role.SUPER_MANAGER and not _has_code(connection, proof, attempt.code, vault, now_us):
        return Refused("a code of the authenticator is needed; give the present one.", needs_code=True)
    token = open_session(connection, proof.user.id, now_us=now_us, hours=hours)
    return Granted(proof.user, token)


def _has_code(connection: Connection, proof: Proof, code: str | None, vault: Vault, now_us: int) -> bool:
    """Whether the code is right, and never used before; a super manager without an authenticator has none."""
    secret = totp_secret(proof, vault) if code else None
    if not code or secret is None:
        return False
    step = totp_step(secret, code, now_us=now_us, last_step=proof.totp_last)
    return step is not None and use_totp(connection, proof.user.id, step)


def _flooded(connection: Connection, keys: list[str], now_us: int) -> Refused | None:
    """Refusal where too many attempts failed of late."""
    pair, name, address = keys
    since = now_us - WINDOW_US
    if any(n_failures(connection, key, since_us=since) >= MOST[key.partition(":")[0]] for key in (pair, name)):
        return _TOO_MANY
    if n_failures(connection, address, since_us=since) < MOST["address"]:
        return None
    return _SLOWED if n_failures(connection, address, since_us=now_us - SLOWED_US) else None


def _note(
    connection: Connection,
    outcome: Granted | Refused,
    *,
    name: str,
    attempt: Attempt,
    keys: list[str],
    now_us: int,
) -> None:
    detail = {"address": attempt.address}
    if isinstance(outcome, Granted):
        for key in keys[:2]:
            forget_failures(connection, key)
        append(connection, name, "login", subject=name, detail=detail, at_us=now_us)
        return
    if attempt.code or not outcome.needs_code:
        note_failure(connection, keys, at_us=now_us, keep_us=WINDOW_US)
        append(connection, name, "login_refused", subject=name, detail=detail, at_us=now_us)
