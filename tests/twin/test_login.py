"""Logging in: what opens the door, what does not, and how guessing is slowed down."""

import threading

import pyotp
import pytest

from highwall.twin import login
from highwall.twin.login import Attempt, Granted, Refused, log_in
from highwall.twin.roles import Role
from highwall.twin.sql import accounts, audit, schema, sessions
from highwall.twin.sql.database import Database, open_database

PASSWORD = "three small lamps"
T0 = 1_750_000_000_000_000


@pytest.fixture
def keys() -> tuple[Database, str]:
    """A store with Max, and Susan with the secret of her authenticator."""
    database = open_database("sqlite://")
    schema.prepare(database, now_us=0)
    secret = ""
    for name, role in (("max", Role.MANAGER), ("susan", Role.SUPER_MANAGER)):
        with database.begin() as store:
            accounts.add_user(store, name, role, at_us=T0)
            code = accounts.issue_code(store, name, at_us=T0)
            made = accounts.choose_password(store, code, PASSWORD, issuer="mine", now_us=T0, vault=database.vault)
            secret = made.totp.secret if made.totp else ""
    return database, secret


def attempt(name: str, password: str = PASSWORD, code: str | None = None, address: str = "a") -> Attempt:
    return Attempt(name, password, code, address)


def test_a_right_password_opens_a_session(keys: tuple[Database, str]) -> None:
    database, _ = keys
    outcome = log_in(database, attempt(" Max "), now_us=T0, hours=1)
    assert isinstance(outcome, Granted)
    with database.read() as store:
        person = sessions.person_of_session(store, outcome.token, now_us=T0)
        assert person is not None
        assert person.name == "max"
        assert audit.page(store)[0].action == "login"


def test_a_wrong_password_and_an_unknown_name_look_the_same(keys: tuple[Database, str]) -> None:
    database, _ = keys
    wrong = log_in(database, attempt("max", "wrong password"), now_us=T0, hours=1)
    unknown = log_in(database, attempt("nobody"), now_us=T0, hours=1)
    assert isinstance(wrong, Refused)
    assert wrong == unknown
    with database.read() as store:
        told = str(audit.page(store))
    assert "wrong password" not in told


def test_a_super_manager_needs_a_code_that_was_never_used(keys: tuple[Database, str]) -> None:
    database, secret = keys
    code = pyotp.TOTP(secret).at(T0 // 1_000_000)
    first = log_in(database, attempt("susan"), now_us=T0, hours=1)
    assert isinstance(first, Refused)
    assert first.needs_code
    assert isinstance(log_in(database, attempt("susan", code="000000"), now_us=T0, hours=1), Refused)
    assert isinstance(log_in(database, attempt("susan", code=code), now_us=T0, hours=1), Granted)
    assert isinstance(log_in(database, attempt("susan", code=code), now_us=T0, hours=1), Refused)
    without = log_in(database, attempt("susan", "wrong password", code=code), now_us=T0, hours=1)
    assert isinstance(without, Refused)
    assert not without.needs_code


def test_a_promoted_user_without_authenticator_stays_out(keys: tuple[Database, str]) -> None:
    database, _ = keys
    with database.begin() as store:
        accounts.change_user(store, "max", {"role": Role.SUPER_MANAGER})
    outcome = log_in(database, attempt("max", code="000000"), now_us=T0, hours=1)
    assert isinstance(outcome, Refused)


def test_guessing_is_slowed_down_where_it_comes_from(keys: tuple[Database, str]) -> None:
    database, _ = keys
    for _ in range(login.MOST["pair"]):
        assert log_in(database, attempt("max", "wrong password"), now_us=T0, hours=1).wait_s == 0  # type: ignore[union-attr]
    waiting = log_in(database, attempt("max"), now_us=T0, hours=1)
    assert isinstance(waiting, Refused)
    assert waiting.wait_s > 0
    elsewhere = log_in(database, attempt("max", address="b"), now_us=T0, hours=1)
    assert isinstance(elsewhere, Granted)
    later = log_in(database, attempt("max"), now_us=T0 + login.WINDOW_US + 1, hours=1)
    assert isinstance(later, Granted)


def test_many_names_from_one_address_are_slowed_down_too(
    keys: tuple[Database, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, _ = keys
    monkeypatch.setattr(login, "password_matches", lambda password, kept: False)
    for number in range(login.MOST["address"]):
        log_in(database, attempt(f"name-{number}"), now_us=T0, hours=1)
    outcome = log_in(database, attempt("max"), now_us=T0, hours=1)
    assert isinstance(outcome, Refused)
    assert outcome.wait_s > 0


def test_guesses_made_at_the_same_time_count_too(keys: tuple[Database, str], monkeypatch: pytest.MonkeyPatch) -> None:
    database, _ = keys

    def meanwhile(password: str, kept: str | None) -> bool:
        with database.begin() as store:
            for _ in range(login.MOST["pair"]):
                sessions.note_failure(store, ["pair:max:a"], at_us=T0, keep_us=login.WINDOW_US)
        return True

    monkeypatch.setattr(login, "password_matches", meanwhile)
    outcome = log_in(database, attempt("max"), now_us=T0, hours=1)
    assert isinstance(outcome, Refused)
    assert outcome.wait_s > 0


def test_a_flood_of_logins_is_turned_away_at_once(keys: tuple[Database, str], monkeypatch: pytest.MonkeyPatch) -> None:
    database, _ = keys
    monkeypatch.setattr(login, "COMPARING", threading.BoundedSemaphore(1))
    with login.COMPARING:
        busy = log_in(database, attempt("max"), now_us=T0, hours=1)
    assert isinstance(busy, Refused)
    assert 0 < busy.wait_s < 60
    assert isinstance(log_in(database, attempt("max"), now_us=T0, hours=1), Granted)


def test_colleagues_behind_one_proxy_get_in_while_one_of_them_is_locked_out(
    keys: tuple[Database, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, _ = keys
    for _ in range(login.MOST["pair"]):
        log_in(database, attempt("nobody"), now_us=T0, hours=1)
    assert log_in(database, attempt("nobody"), now_us=T0, hours=1).wait_s > 60  # type: ignore[union-attr]
    assert isinstance(log_in(database, attempt("max"), now_us=T0, hours=1), Granted)


def test_an_address_that_had_too_many_failures_is_slowed_down_and_not_locked_out(
    keys: tuple[Database, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, _ = keys
    with monkeypatch.context() as quick:
        quick.setattr(login, "password_matches", lambda password, kept: False)
        for number in range(login.MOST["address"]):
            log_in(database, attempt(f"name-{number}"), now_us=T0, hours=1)
    slowed = log_in(database, attempt("max"), now_us=T0 + 1, hours=1)
    assert isinstance(slowed, Refused)
    assert 0 < slowed.wait_s <= 10
    later = T0 + login.SLOWED_US + 1
    assert isinstance(log_in(database, attempt("max"), now_us=later, hours=1), Granted)
    log_in(database, attempt("name-1", "wrong password"), now_us=later, hours=1)
    assert isinstance(log_in(database, attempt("max"), now_us=later + 1, hours=1), Refused)
    elsewhere = attempt("max", address="b")
    assert isinstance(log_in(database, elsewhere, now_us=later + 1, hours=1), Granted)
