"""The verbs of the command line: what they print, and what they refuse."""

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from highwall.cli.gateways import gateway_app
from highwall.core.errors import InputError, MissingInputError
from highwall.edge.outbox import open_outbox
from highwall.edge.registration import IDENTITY_FILE, Identity
from highwall.twin.keys import new_signing_key, verifying_key
from tests.edge.gateways import NOW


def test_status_prints_how_a_gateway_stands(tmp_path: Path) -> None:
    who = Identity("gw-1", "pit", "mine.example", 8883, verifying_key(new_signing_key()))
    (tmp_path / IDENTITY_FILE).write_bytes(msgspec.json.encode(who))
    open_outbox(tmp_path / "outbox.sqlite", now_us=NOW).close()
    done = CliRunner().invoke(gateway_app, ["status", str(tmp_path)], catch_exceptions=False)
    told = json.loads(done.stdout)
    assert (told["gateway"], told["site"], told["configuration_version"]) == ("gw-1", "pit", 0)
    assert told["waiting"] == {"alarm": 1, "telemetry": 0, "bulk": 0}
    assert told["destination"] == {"host": "mine.example", "port": 8883}


def test_a_folder_of_no_gateway_and_an_unknown_radio_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="claim"):
        CliRunner().invoke(gateway_app, ["status", str(tmp_path)], catch_exceptions=False)
    with pytest.raises(InputError, match="none, ble, simulated"):
        CliRunner().invoke(gateway_app, ["run", str(tmp_path), "--radio", "loud"], catch_exceptions=False)


def test_a_claim_over_plain_http_is_refused_before_the_code_leaves(tmp_path: Path) -> None:
    given = ["claim", str(tmp_path / "g"), "--server", "http://mine.example", "--code", "SECRET"]
    with pytest.raises(InputError, match="in the open"):
        CliRunner().invoke(gateway_app, given, catch_exceptions=False)
    assert not (tmp_path / "g").exists()
