"""Passwords, codes and tokens."""

import pyotp
import pytest

from highwall.core.errors import InputError
from highwall.twin import secrets

GOOD = "three small lamps"
NOW_US = 1_750_000_000_000_000


def test_a_password_matches_its_hash_alone() -> None:
    kept = secrets.hashed_password(GOOD, name="anna")
    assert kept.startswith("$argon2id$")
    assert GOOD not in kept
    assert secrets.password_matches(GOOD, kept)
    assert not secrets.password_matches(GOOD + " ", kept)
    assert kept != secrets.hashed_password(GOOD, name="anna")


def test_no_hash_matches_nothing() -> None:
    assert not secrets.password_matches(GOOD, None)
    assert not secrets.password_matches("", None)
    assert not secrets.password_matches(GOOD, "broken")


@pytest.mark.parametrize("password", ["short", "x" * 201, "annaannaanna", "aaaaaaaaaaaaaa", "my anna is here"])
def test_easy_passwords_are_refused_without_being_repeated(password: str) -> None:
    with pytest.raises(InputError) as caught:
        secrets.hashed_password(password, name="anna")
    assert password not in str(caught.value)


def test_tokens_and_codes_differ_and_are_long() -> None:
    assert len({secrets.new_token() for _ in range(100)}) == 100
    assert len({secrets.new_code() for _ in range(100)}) == 100
    assert len(secrets.new_code().replace("-", "")) == 20
    assert secrets.digest(" x ") == secrets.digest("x") != secrets.digest("y")


def test_a_totp_code_counts_once_and_not_for_long() -> None:
    key = secrets.new_totp("susan", issuer="The mine")
    totp = pyotp.TOTP(key.secret)
    assert pyotp.parse_uri(key.uri).secret == key.secret
    step = NOW_US // 1_000_000 // secrets.TOTP_STEP_S
    code = totp.at(NOW_US // 1_000_000)
    assert secrets.totp_step(key.secret, code, now_us=NOW_US, last_step=0) == step
    assert secrets.totp_step(key.secret, f"{code[:3]} {code[3:]}", now_us=NOW_US, last_step=step - 1) == step
    assert secrets.totp_step(key.secret, code, now_us=NOW_US, last_step=step) is None
    assert secrets.totp_step(key.secret, code, now_us=NOW_US + 90_000_000, last_step=0) is None
    assert secrets.totp_step(key.secret, "", now_us=NOW_US, last_step=0) is None
