"""No password, code, token or cookie is ever written to a log, on whatever way a request takes."""

import logging

import pyotp
import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from highwall.twin.sql import accounts
from highwall.web.guards import COOKIE
from tests.web.world import T0, World

PASSWORD = "three small lamps"


def test_no_secret_is_logged_or_audited(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = world.client()
    with world.database.begin() as store:
        code = accounts.issue_code(store, "susan", at_us=T0)
    key = client.post("/api/setup", json={"code": code, "password": PASSWORD}).json()["totp_secret"]
    once = pyotp.TOTP(key).at(T0 // 1_000_000)
    client.post("/api/login", json={"name": "susan", "password": PASSWORD + "x", "code": once})
    client.post("/api/login", json={"name": "susan", "password": PASSWORD, "code": once})
    made = client.post("/api/users", json={"name": "nina", "role": "operator"}).json()
    token = client.post("/api/tokens", json={"user": "vera", "title": "t", "actions": ["sync"]}).json()["token"]
    claim = client.post("/api/gateways/claims", json={"name": "Gate"}).json()["code"]
    client.post("/api/setup", json={"code": made["setup_code"], "password": "short"})
    client.post("/api/login", json={"name": "susan", "password": [PASSWORD]})
    secrets = [code, PASSWORD, key, once, made["setup_code"], token, claim, client.cookies[COOKIE]]
    audited = client.get("/api/audit").text
    assert len(audited) > 500
    assert caplog.text
    for secret in secrets:
        assert secret not in caplog.text
        assert secret not in audited
        assert secret not in repr(world.services)


def test_a_failing_login_logs_no_secret(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the store is gone")

    monkeypatch.setattr("highwall.web.routes.login.log_in", fail)
    answer = world.client().post("/api/login", json={"name": "susan", "password": PASSWORD})
    assert answer.status_code == 500
    assert "POST /api/login failed" in caplog.text
    assert PASSWORD not in caplog.text


def test_a_failed_statement_is_told_without_its_values(world: World) -> None:
    with pytest.raises(IntegrityError) as told, world.database.begin() as store:
        store.execute(insert(accounts.USERS).values(name="max", role="manager", password="argon2-of-max"))
    assert "argon2-of-max" not in str(told.value)
