"""Passwords, one-time codes and tokens: how they are made, kept and compared. None of them is ever kept as it is."""

import hashlib
import hmac
import secrets
import threading
from typing import Final, NamedTuple

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from highwall.core.errors import InputError

MIN_PASSWORD: Final = 12
"""Characters that a password has at least (NIST SP 800-63B asks for 8; who guards lives may choose more)."""
MAX_PASSWORD: Final = 200
TOTP_STEP_S: Final = 30
"""Seconds that one code of an authenticator holds (RFC 6238)."""
_STEPS_AROUND: Final = 1
"""Codes before and after the present one that are accepted, for clocks that differ."""
_HASHER: Final = PasswordHasher()
"""argon2id with the second recommended parameters of RFC 9106: 64 MiB, 3 passes, 4 lanes."""
_AT_ONCE: Final = threading.BoundedSemaphore(2)
"""Hashes worked out at one time, so that a flood of logins cannot take all memory."""
_NOBODY: Final = _HASHER.hash(secrets.token_urlsafe(16))
"""What a password is compared with when there is no such user, so that the time taken does not tell."""
_CODE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_GROUPS, _CODE_GROUP = 4, 5


class TotpKey(NamedTuple):
    """What an authenticator app needs."""

    secret: str
    """Base32."""
    uri: str
    """``otpauth://…``, to be shown as a QR code."""


def hashed_password(password: str, *, name: str) -> str:
    """Hash a new password.

    Raises
    ------
    InputError
        It is too short, too long, or holds the user's name.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InputError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters; take several words.")
    if name.lower() in password.lower() or len(set(password)) < MIN_PASSWORD // 2:
        raise InputError("this password is too easy to guess; take several words without your name.")
    with _AT_ONCE:
        return _HASHER.hash(password)


def password_matches(password: str, kept: str | None) -> bool:
    """Compare a password with the hash that is kept; as slow when none is."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(kept or _NOBODY, password[:MAX_PASSWORD]) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def new_token() -> str:
    """Make a token of 256 random bits."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """Make a one-time code that a person can type, of 100 random bits: ``K7QFM-…``."""
    groups = ("".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_GROUP)) for _ in range(_CODE_GROUPS))
    return "-".join(groups)


def digest(token: str) -> str:
    """Hash a token or code for keeping; they are random, so that one plain hash is enough."""
    return hashlib.sha256(token.strip().encode("utf-8", "surrogatepass")).hexdigest()


def new_totp(name: str, *, issuer: str) -> TotpKey:
    """Make the key of an authenticator for a user."""
    secret = pyotp.random_base32()
    return TotpKey(secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer))


def totp_step(secret: str, code: str, *, now_us: int, last_step: int) -> int | None:
    """Step of time to which a code belongs; None if it is wrong, too old, or was used before.

    Parameters
    ----------
    last_step
        The step of the last code that was accepted: neither it nor one before it counts again.
    """
    totp = pyotp.TOTP(secret)
    present = now_us // 1_000_000 // TOTP_STEP_S
    given = "".join(code.split()).encode("utf-8", "replace")
    for step in range(present - _STEPS_AROUND, present + _STEPS_AROUND + 1):
        right = totp.at(step * TOTP_STEP_S).encode()
        if hmac.compare_digest(right, given) and step > last_step:
            return step
    return None
