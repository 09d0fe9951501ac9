"""Sessions and tokens: they end, and a store that is stolen holds none that can be used."""

import pytest
from sqlalchemy import text

from highwall.core.errors import MissingInputError
from highwall.twin.roles import Action, Role
from highwall.twin.sql import accounts, sessions
from highwall.twin.sql.database import Database

HOUR = 3_600_000_000


@pytest.fixture
def user_id(databases: Database) -> int:
    with databases.begin() as store:
        return accounts.add_user(store, "max", Role.MANAGER, at_us=0, locations=frozenset({"north"})).id


def test_a_session_holds_for_its_hours(databases: Database, user_id: int) -> None:
    with databases.begin() as store:
        token = sessions.open_session(store, user_id, now_us=0, hours=2)
        person = sessions.person_of_session(store, token, now_us=2 * HOUR)
        assert person is not None
        assert (person.name, person.role, person.locations) == ("max", Role.MANAGER, frozenset({"north"}))
        assert sessions.person_of_session(store, token, now_us=2 * HOUR + 1) is None
        assert sessions.person_of_session(store, token + "x", now_us=0) is None
        assert sessions.person_of_session(store, "", now_us=0) is None


def test_sessions_end_one_by_one_together_and_with_their_user(databases: Database, user_id: int) -> None:
    with databases.begin() as store:
        first, second, third = (sessions.open_session(store, user_id, now_us=0, hours=1) for _ in range(3))
        sessions.close_session(store, first)
        assert sessions.person_of_session(store, first, now_us=0) is None
        assert sessions.person_of_session(store, second, now_us=0) is not None
        sessions.close_sessions(store, user_id)
        assert sessions.person_of_session(store, second, now_us=0) is None
        fourth = sessions.open_session(store, user_id, now_us=0, hours=1)
        accounts.add_user(store, "susan", Role.SUPER_MANAGER, at_us=0)
        accounts.change_user(store, "max", {"is_active": False})
        assert sessions.person_of_session(store, fourth, now_us=0) is None
        assert third != fourth


def test_a_token_speaks_with_its_actions_until_it_ends(databases: Database, user_id: int) -> None:
    with databases.begin() as store:
        number, token = sessions.add_token(
            store, user_id, "dispatch", actions=frozenset({Action.SYNC}), until_us=HOUR
        )  # fmt: skip
        person = sessions.person_of_token(store, token, now_us=0)
        assert person is not None
        assert list(person.rights) == [Action.SYNC]
        assert sessions.person_of_token(store, token, now_us=HOUR + 1) is None
        assert [one.title for one in sessions.all_tokens(store)] == ["dispatch"]
        sessions.revoke_token(store, number)
        assert sessions.person_of_token(store, token, now_us=0) is None
        with pytest.raises(MissingInputError):
            sessions.revoke_token(store, number + 1)


def test_the_store_holds_no_token_that_works(databases: Database, user_id: int) -> None:
    with databases.begin() as store:
        cookie = sessions.open_session(store, user_id, now_us=0, hours=1)
        _, token = sessions.add_token(store, user_id, "t", actions=frozenset({Action.SYNC}), until_us=HOUR)
        kept = [
            str(row) for table in ("sessions", "api_tokens") for row in store.execute(text(f"SELECT * FROM {table}"))
        ]
    assert len(kept) == 2
    assert not any(secret in row for row in kept for secret in (cookie, token))


def test_failures_are_counted_forgotten_and_run_out(databases: Database) -> None:
    with databases.begin() as store:
        for at_us in (0, 10, 20):
            sessions.note_failure(store, ["name:a", "address:b"], at_us=at_us, keep_us=100)
        assert sessions.n_failures(store, "name:a", since_us=10) == 2
        sessions.forget_failures(store, "name:a")
        assert sessions.n_failures(store, "name:a", since_us=0) == 0
        assert sessions.n_failures(store, "address:b", since_us=0) == 3
        sessions.note_failure(store, ["name:c"], at_us=115, keep_us=100)
        assert sessions.n_failures(store, "address:b", since_us=0) == 1
