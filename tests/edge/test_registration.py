"""Joining: one code, one key, and nothing half-joined is left."""

from pathlib import Path

import msgspec
import pytest

from highwall.core.errors import InputError
from highwall.edge.options import DestinationOptions
from highwall.edge.registration import claim, mqtt_options, poster, read_identity
from tests.twin.mosquitto import free_port

ANSWER = {
    "gateway_id": "gw-1", "site": "pit", "certificate": "C", "authority": "A", "broker": "mine.example:8883",
    "signing_key": "K",
}  # fmt: skip


def joined(folder: Path, answer: dict[str, object] | bytes = b"", *, sent: list[dict[str, str]] | None = None) -> None:
    def post(address: str, body: bytes) -> bytes:
        if sent is not None:
            sent.append(msgspec.json.decode(body))
        return answer if isinstance(answer, bytes) else msgspec.json.encode(answer)

    claim(folder, server="https://mine.example/", code="CODE", post=post)


def test_a_claim_leaves_identity_key_and_certificates(tmp_path: Path) -> None:
    sent: list[dict[str, str]] = []
    joined(tmp_path / "g", ANSWER, sent=sent)
    assert sent[0]["code"] == "CODE"
    assert "BEGIN CERTIFICATE REQUEST" in sent[0]["csr"]
    identity = read_identity(tmp_path / "g")
    assert (identity.gateway, identity.site, identity.host, identity.port) == ("gw-1", "pit", "mine.example", 8883)
    options = mqtt_options(tmp_path / "g", identity)
    assert (options.client_id, options.host) == ("gw-1", "mine.example")
    assert mqtt_options(tmp_path / "g", identity, DestinationOptions(host="other.example")).host == "other.example"
    assert (tmp_path / "g").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>", ANSWER | {"gateway_id": "../../x"}, ANSWER | {"broker": "mine.example"}, ANSWER | {"broker": "h:x"},
        {"gateway_id": "gw-1"},
    ],
)  # fmt: skip
def test_an_answer_that_makes_no_sense_joins_nothing_and_keeps_the_key(
    tmp_path: Path, answer: dict[str, object] | bytes
) -> None:
    first: list[dict[str, str]] = []
    with pytest.raises(InputError):
        joined(tmp_path / "g", answer, sent=first)
    key = (tmp_path / "g" / "gateway.key").read_bytes()
    assert not (tmp_path / "g" / "identity.json").exists()
    joined(tmp_path / "g", ANSWER)
    assert (tmp_path / "g" / "gateway.key").read_bytes() == key


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(InputError, match="no server answers"):
        poster(None)(f"http://127.0.0.1:{free_port()}/api/gateways/claim", b"{}")
