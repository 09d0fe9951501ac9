"""Gateways in the store: let in once by a secret code, put out for good, told things and remembered."""

import pytest
from sqlalchemy import text

from highwall.core.errors import InputError
from highwall.telemetry.messages import Command, SignedConfig, Status
from highwall.twin.sql import gateways, orders
from highwall.twin.sql.database import Database

CODE = "K7QF-2M9T-XW3C-HB6R"


def open_claim(database: Database, code: str = CODE, gateway_id: str = "gw-1") -> None:
    with database.begin() as connection:
        gateways.open_claim(
            connection,
            code,
            gateway_id=gateway_id,
            name="Shed",
            location_id="north",
            who="ada",
            at_us=1,
            expires_us=100,
        )


def test_a_code_lets_one_gateway_in_once(databases: Database) -> None:
    open_claim(databases)
    with databases.begin() as connection:
        with pytest.raises(InputError, match="not valid"):
            gateways.redeem(connection, "K7QF-2M9T-XW3C-HB6S", at_us=5)
        found = gateways.redeem(connection, CODE, at_us=5)
        assert (found.id, found.is_trusted) == ("gw-1", False)
        gateways.trust(connection, found.id, fingerprint="ab" * 32, at_us=5)
        with pytest.raises(InputError, match="not valid"):
            gateways.redeem(connection, CODE, at_us=6)
        trusted = gateways.gateway(connection, "gw-1")
        assert trusted is not None
        assert trusted.is_trusted
        assert (trusted.name, trusted.location_id, trusted.status) == ("Shed", "north", None)


def test_a_code_ends(databases: Database) -> None:
    open_claim(databases)
    with databases.begin() as connection, pytest.raises(InputError, match="not valid"):
        gateways.redeem(connection, CODE, at_us=100)


def test_a_code_that_can_be_guessed_is_refused(databases: Database) -> None:
    with pytest.raises(InputError, match="can be guessed"):
        open_claim(databases, "1234-5678")


def test_no_code_stands_in_the_store(databases: Database) -> None:
    open_claim(databases)
    with databases.read() as connection:
        row = connection.execute(text("SELECT * FROM gateway_claims")).one()
    assert CODE not in " ".join(map(str, row))


def test_a_revoked_gateway_is_out_until_it_is_claimed_anew(databases: Database) -> None:
    open_claim(databases)
    with databases.begin() as connection:
        assert not gateways.revoke(connection, "gw-1", at_us=2)
        gateways.trust(connection, gateways.redeem(connection, CODE, at_us=2).id, fingerprint="aa", at_us=2)
        assert gateways.revoke(connection, "gw-1", at_us=3)
        assert not gateways.revoke(connection, "gw-1", at_us=4)
        assert gateways.revoked_fingerprints(connection) == ["aa"]
    open_claim(databases, "another-code-of-enough-length")
    with databases.begin() as connection:
        again = gateways.redeem(connection, "another-code-of-enough-length", at_us=5)
        gateways.trust(connection, again.id, fingerprint="bb", at_us=5)
        found = gateways.gateway(connection, "gw-1")
        assert found is not None
        assert found.is_trusted
        assert gateways.revoked_fingerprints(connection) == ["aa"]


def test_exchanged_hardware_leaves_no_certificate_behind(databases: Database) -> None:
    open_claim(databases)
    with databases.begin() as connection:
        for at_us, fingerprint in enumerate(["aa", "bb", "bb"]):
            gateways.trust(connection, "gw-1", fingerprint=fingerprint, at_us=at_us)
        assert gateways.revoked_fingerprints(connection) == ["aa"]


def test_a_certificate_from_before_they_were_noted_is_revoked_after_a_renewal(databases: Database) -> None:
    open_claim(databases)
    with databases.begin() as connection:
        gateways.trust(connection, "gw-1", fingerprint="aa", at_us=1)
        connection.execute(text("DELETE FROM gateway_certificates"))  # as a store of that time has it
        gateways.renew(connection, "gw-1", fingerprint="bb", at_us=2)
        assert gateways.last_issued_us(connection, "gw-1") == 2
        gateways.revoke(connection, "gw-1", at_us=3)
        assert sorted(gateways.revoked_fingerprints(connection)) == ["aa", "bb"]


def test_gateways_come_in_pages_with_their_last_words(databases: Database) -> None:
    status = Status(online=False, status_us=7, config_hash="cafe")
    for index in range(5):
        open_claim(databases, f"code-of-enough-length-{index}", f"gw-{index}")
    with databases.begin() as connection:
        gateways.note_status(connection, "gw-3", Status(online=True, status_us=6), heard_us=8)
        gateways.note_status(connection, "gw-3", status, heard_us=9)
        page = gateways.gateways(connection, after="gw-1", limit=2)
    assert [(one.id, one.status, one.heard_us) for one in page] == [("gw-2", None, None), ("gw-3", status, 9)]


def test_configurations_are_kept_version_by_version(databases: Database) -> None:
    with databases.begin() as connection:
        for who in ("ada", "bo"):
            version = orders.next_version(connection, "gw-1")
            signed = SignedConfig(f'{{"version":{version}}}', "c2ln")
            orders.put_configuration(connection, "gw-1", signed, version=version, who=who, at_us=version)
        assert orders.note_outcome(connection, "gw-1", version=2, outcome="applied", at_us=9)
        assert not orders.note_outcome(connection, "gw-2", version=2, outcome="applied", at_us=9)
        newest, oldest = orders.configurations(connection, "gw-1")
        assert (newest.version, newest.who, newest.outcome, newest.reported_us) == (2, "bo", "applied", 9)
        assert (oldest.version, oldest.outcome, oldest.signed) == (1, None, SignedConfig('{"version":1}', "c2ln"))
        assert orders.unreported(connection) == []
        orders.put_configuration(connection, "gw-2", oldest.signed, version=1, who="ada", at_us=9)
        assert [(one.gateway_id, one.version) for one in orders.unreported(connection)] == [("gw-2", 1)]


def test_a_command_is_answered_once_and_by_its_gateway(databases: Database) -> None:
    command = Command("c-1", "scan", {"window_s": 5.0})
    with databases.begin() as connection:
        orders.put_command(connection, "gw-1", command, who="ada", at_us=1)
        assert not orders.note_result(connection, "gw-2", "c-1", result={"ok": True}, at_us=2)
        assert orders.note_result(connection, "gw-1", "c-1", result={"ok": True}, at_us=3)
        assert not orders.note_result(connection, "gw-1", "c-1", result={"ok": False}, at_us=4)
        assert orders.commands(connection, "gw-1") == [orders.GivenCommand("gw-1", command, "ada", 1, {"ok": True}, 3)]
