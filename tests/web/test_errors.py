"""Errors of the twin as answers: what was found, and the cure; never what was sent, never the server's inside."""

import pytest

from highwall.core import errors as core
from highwall.web.errors import STATUS, status_of
from tests.web.world import World


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (core.LoginError("a"), 401), (core.AccessError("a"), 403), (core.MissingInputError("a"), 404),
        (core.ConflictError("a"), 409), (core.InputError("a"), 422), (core.ConfigError("a"), 422),
        (core.OutputError("a"), 503), (core.HighwallError("a"), 500),
    ],
)  # fmt: skip
def test_the_table(error: core.HighwallError, status: int) -> None:
    assert status_of(error) == status


def test_narrow_classes_stand_before_wide_ones() -> None:
    kinds = list(STATUS)
    for number, kind in enumerate(kinds):
        assert not any(issubclass(later, kind) for later in kinds[number + 1 :])


def test_a_wrong_field_is_named_and_its_value_is_not_repeated(world: World) -> None:
    answer = world.client().post("/api/login", json={"name": "max", "password": {"secret": "hush-hush"}})
    assert answer.status_code == 422
    assert "body.password" in answer.json()["error"]["what"]
    assert "hush" not in answer.text


@pytest.mark.parametrize("content", [b'{"name": "\\ud800", "password": "x"}', b"{", b"\xff\xfe", b"[]", b"null"])
def test_what_is_no_json_of_ours_is_refused_in_words(world: World, content: bytes) -> None:
    answer = world.client().post("/api/login", content=content, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert set(answer.json()["error"]) == {"what", "cure"}


def test_an_unforeseen_failure_tells_nothing_of_the_inside(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret path /etc/x")

    monkeypatch.setattr("highwall.web.routes.assets.assets_in_reach", fail)
    answer = world.client("max").get("/api/assets")
    assert answer.status_code == 500
    assert "secret path" not in answer.text
    assert "GET /api/assets failed: RuntimeError" in caplog.text


def test_a_request_that_is_too_long_is_cut_off(world: World) -> None:
    answer = world.client("susan").post("/api/criteria/proposals", json={"content": {"a": "x" * 3_000_000}, "why": "w"})
    assert answer.status_code == 413
