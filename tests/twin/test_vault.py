"""The vault: what is sealed opens again, for the same person and with the same key, and for nobody else."""

import base64
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from highwall.core.errors import ConfigError
from highwall.twin.roles import Role
from highwall.twin.sql import accounts, schema
from highwall.twin.sql.database import Database, open_database
from highwall.twin.vault import VARIABLE, Vault, is_sealed

PASSWORD = "three small lamps"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _no_key_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@given(text=st.text(), owner=st.text(max_size=20))
def test_what_is_sealed_opens_again_and_does_not_show(text: str, owner: str) -> None:
    vault = Vault(None, is_lasting=False)
    sealed = vault.seal(text, of=owner)
    assert vault.opened(sealed, of=owner) == text
    assert is_sealed(sealed)
    assert vault.opened(sealed, of=owner + "x") is None
    assert vault.seal(text, of=owner) != sealed  # the same secret of two people does not look the same


def test_a_key_is_made_once_for_its_owner_alone_and_opens_in_another_process(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "twin.db.key"
    sealed = Vault(path).seal(SECRET, of="user:1")
    assert path.stat().st_mode & 0o777 == 0o600
    assert Vault(path).opened(sealed, of="user:1") == SECRET
    assert [one.name for one in path.parent.iterdir()] == ["twin.db.key"]


def test_the_key_is_on_the_disk_before_anything_is_sealed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    monkeypatch.setattr("highwall.twin.vault.os.fsync", lambda file: synced.add(os.fstat(file).st_ino))
    path = tmp_path / "twin.db.key"
    Vault(path).seal(SECRET, of="user:1")
    assert synced == {path.stat().st_ino, tmp_path.stat().st_ino}


def test_processes_that_begin_at_once_share_one_key(tmp_path: Path) -> None:
    path, sealed = tmp_path / "twin.db.key", []
    start = threading.Barrier(8)

    def seal() -> None:
        start.wait()
        sealed.append(Vault(path).seal(SECRET, of="user:1"))

    threads = [threading.Thread(target=seal) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [Vault(path).opened(one, of="user:1") for one in sealed] == [SECRET] * 8


def test_the_environment_goes_before_the_file_and_an_older_key_still_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
    monkeypatch.setenv(VARIABLE, older)
    before = Vault(tmp_path / "key").seal(SECRET, of="user:1")
    monkeypatch.setenv(VARIABLE, f"{newer}\n{older}")
    after = Vault(None).seal(SECRET, of="user:1")
    assert Vault(None).opened(before, of="user:1") == SECRET
    monkeypatch.setenv(VARIABLE, older)
    assert Vault(None).opened(after, of="user:1") is None  # the first one sealed it
    assert not (tmp_path / "key").exists()


def test_a_key_that_cannot_be_used_is_refused_and_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="--secrets"):
        Vault(None).seal(SECRET, of="user:1")
    for wrong in ("not-a-key!", base64.b64encode(b"short").decode()):
        monkeypatch.setenv(VARIABLE, wrong)
        with pytest.raises(ConfigError, match=VARIABLE) as caught:
            Vault(None).seal(SECRET, of="user:1")
        assert wrong not in str(caught.value)
    monkeypatch.delenv(VARIABLE)
    path = tmp_path / "key"
    Vault(path).seal(SECRET, of="user:1")
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        Vault(path).seal(SECRET, of="user:1")


def _super_manager(database: Database) -> str:
    """Enter a super manager, and give the key of the authenticator."""
    with database.begin() as store:
        code = accounts.first_super_manager(store, name="susan", at_us=0)
        made = accounts.choose_password(store, code or "", PASSWORD, issuer="mine", now_us=0, vault=database.vault)
    assert made.totp is not None
    return made.totp.secret


def test_an_authenticator_is_sealed_in_every_store(databases: Database) -> None:
    secret = _super_manager(databases)
    with databases.read() as store:
        kept = store.scalar(select(accounts.USERS.c.totp_secret))
        proof = accounts.proof_of(store, "susan")
    assert secret not in kept
    assert proof is not None
    assert accounts.totp_secret(proof, databases.vault) == secret


def test_present_authenticators_are_sealed_by_the_migration_and_wiped_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "twin.db"
    database = open_database(f"sqlite:///{path}")
    schema.prepare(database, now_us=0)
    _super_manager(database)
    with database.begin() as store:  # as an older Highwall left it
        store.execute(update(accounts.USERS).values(totp_secret=SECRET))
        store.exec_driver_sql("DELETE FROM schema_steps WHERE name = '0003_sealed_authenticators'")
    schema.prepare(database, now_us=1)
    with database.read() as store:
        proof = accounts.proof_of(store, "susan")
        assert accounts.locked_out(store, database.vault) == []
    assert proof is not None
    assert accounts.totp_secret(proof, database.vault) == SECRET
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    assert SECRET.encode() not in path.read_bytes()


def test_who_is_locked_out_by_a_lost_key_is_named(tmp_path: Path) -> None:
    store_url = f"sqlite:///{tmp_path / 'twin.db'}"
    database = open_database(store_url)
    schema.prepare(database, now_us=0)
    _super_manager(database)
    kept = (tmp_path / "twin.db.key").read_text()
    (tmp_path / "twin.db.key").unlink()
    with database.begin() as store:
        assert accounts.locked_out(store, database.vault) == ["susan"]
        accounts.add_user(store, "vera", Role.SUPER_MANAGER, at_us=0)
        code = accounts.issue_code(store, "vera", at_us=0)
        accounts.choose_password(store, code, PASSWORD, issuer="mine", now_us=0, vault=database.vault)
        assert accounts.locked_out(store, database.vault) == ["susan"]  # vera's is under a new key
    with (tmp_path / "twin.db.key").open("a") as file:
        file.write(kept)  # the old one was found again
    with database.read() as store:
        assert accounts.locked_out(store, database.vault) == []
    database.close()
