"""Users and the one-time codes with which they choose their passwords, on every store."""

import pytest

from highwall.core.errors import ConflictError, InputError, LoginError, MissingInputError
from highwall.twin.roles import Role
from highwall.twin.sql import accounts
from highwall.twin.sql.database import Database

PASSWORD = "three small lamps"
HOUR = 3_600_000_000


def test_the_first_super_manager_comes_with_a_code_and_only_once(databases: Database) -> None:
    with databases.begin() as store:
        code = accounts.first_super_manager(store, name="susan", at_us=0)
        assert accounts.first_super_manager(store, name="susan", at_us=0) is None
    assert code is not None
    with databases.begin() as store:
        made = accounts.choose_password(
            store, code.lower(), PASSWORD, issuer="mine", now_us=HOUR, vault=databases.vault
        )
    assert made.user.role is Role.SUPER_MANAGER
    assert made.totp is not None
    assert (made.user.has_password, made.user.has_totp) == (True, True)


def test_a_code_is_used_up_and_runs_out(databases: Database) -> None:
    with databases.begin() as store:
        accounts.add_user(store, "max", Role.MANAGER, at_us=0)
        code = accounts.issue_code(store, "max", at_us=0)
    late = accounts.SETUP_HOURS * HOUR + 1
    with databases.begin() as store, pytest.raises(LoginError):
        accounts.choose_password(store, code, PASSWORD, issuer="mine", now_us=late, vault=databases.vault)
    with databases.begin() as store:
        assert (
            accounts.choose_password(store, code, PASSWORD, issuer="mine", now_us=0, vault=databases.vault).totp is None
        )
    with databases.begin() as store, pytest.raises(LoginError):
        accounts.choose_password(store, code, PASSWORD, issuer="mine", now_us=0, vault=databases.vault)


def test_a_weak_password_leaves_the_code_as_it_was(databases: Database) -> None:
    with databases.begin() as store:
        accounts.add_user(store, "max", Role.MANAGER, at_us=0)
        code = accounts.issue_code(store, "max", at_us=0)
    with pytest.raises(InputError), databases.begin() as store:
        accounts.choose_password(store, code, "short", issuer="mine", now_us=0, vault=databases.vault)
    with databases.begin() as store:
        assert accounts.choose_password(
            store, code, PASSWORD, issuer="mine", now_us=0, vault=databases.vault
        ).user.has_password


def test_names_are_checked_and_taken_once(databases: Database) -> None:
    with databases.begin() as store:
        accounts.add_user(store, "max", Role.MANAGER, at_us=0)
        with pytest.raises(ConflictError, match="max"):
            accounts.add_user(store, "max", Role.OPERATOR, at_us=0)
        for wrong in ("", "Max", "a b", "x" * 81, "a\n"):
            with pytest.raises(InputError):
                accounts.add_user(store, wrong, Role.OPERATOR, at_us=0)
        with pytest.raises(MissingInputError, match="max"):
            accounts.find_user(store, "maxx")


def test_changes_are_kept_and_the_last_super_manager_stays(databases: Database) -> None:
    with databases.begin() as store:
        accounts.add_user(store, "susan", Role.SUPER_MANAGER, at_us=0)
        accounts.add_user(store, "max", Role.MANAGER, at_us=0, locations=frozenset({"north"}))
        changed = accounts.change_user(store, "max", {"locations": None, "asset_id": "p-1"})
        assert (changed.locations, changed.asset_id) == (None, "p-1")
        assert [user.name for user in accounts.all_users(store)] == ["max", "susan"]
    for change in ({"role": Role.MANAGER}, {"is_active": False}):
        with pytest.raises(ConflictError, match="last super manager"), databases.begin() as store:
            accounts.change_user(store, "susan", change)
    with databases.begin() as store:
        accounts.change_user(store, "max", {"role": Role.SUPER_MANAGER})
        assert accounts.change_user(store, "susan", {"is_active": False}).is_active is False
        assert accounts.proof_of(store, "susan") is None


def test_a_step_of_the_authenticator_is_used_once(databases: Database) -> None:
    with databases.begin() as store:
        user = accounts.add_user(store, "susan", Role.SUPER_MANAGER, at_us=0)
        assert accounts.use_totp(store, user.id, 7)
        assert not accounts.use_totp(store, user.id, 7)
        assert not accounts.use_totp(store, user.id, 6)
        assert accounts.use_totp(store, user.id, 8)
