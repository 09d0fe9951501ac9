"""A configuration is kept when the server confirms it, and only then."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import ConfigError, InputError
from highwall.edge.configuration import Configuration
from highwall.edge.options import AutonomyOptions, GatewayConfig, LimitOptions, ReaderOptions
from highwall.telemetry.messages import SignedConfig
from highwall.twin.keys import new_signing_key, sign_config, verifying_key
from tests.edge.gateways import NOW, S, first_config

KEY = new_signing_key()


def opened(folder: Path) -> Configuration:
    return Configuration.open(folder / "configuration.json", initial=first_config(), signer=verifying_key(KEY))


def signed(version: int, trial_s: float = 60.0) -> SignedConfig:
    config = first_config().model_copy(update={"version": version, "limits": LimitOptions(trial_s=trial_s)})
    return sign_config(config.model_dump_json(), KEY)


def test_a_trial_that_is_confirmed_is_kept_over_a_restart(tmp_path: Path) -> None:
    first = opened(tmp_path)
    changed = first.offer(signed(3), NOW)
    assert changed is not None
    assert changed.event.data["sha256"] == first.sha256
    first.confirm()
    again = opened(tmp_path)
    assert (again.current.version, again.is_on_trial) == (3, False)


def test_a_trial_that_is_not_confirmed_is_taken_back_and_its_version_spent(tmp_path: Path) -> None:
    configuration = opened(tmp_path)
    before = configuration.sha256
    configuration.offer(signed(3), NOW)
    assert configuration.advance(NOW + 59 * S) is None
    back = configuration.advance(NOW + 60 * S)
    assert back is not None
    assert (back.event.data["outcome"], back.event.data["version"], back.event.data["in_force"]) == (
        "rolled_back",
        3,
        0,
    )
    assert configuration.sha256 == before
    with pytest.raises(InputError, match="not newer than 3"):
        configuration.offer(signed(3), NOW)
    assert configuration.offer(signed(4), NOW) is not None


def test_a_configuration_that_brings_the_process_down_is_taken_back(tmp_path: Path) -> None:
    opened(tmp_path).offer(signed(1), NOW)
    outcomes = []
    for _ in range(4):
        changed = opened(tmp_path).started(NOW)
        outcomes.append(None if changed is None else changed.event.data["outcome"])
    assert outcomes == ["applied", "applied", "rolled_back", None]
    assert opened(tmp_path).current.version == 0


def test_a_start_gives_the_trial_its_whole_time_again(tmp_path: Path) -> None:
    opened(tmp_path).offer(signed(1), NOW)
    again = opened(tmp_path)
    again.started(NOW + 500 * S)
    assert again.advance(NOW + 520 * S) is None
    assert again.advance(NOW + 560 * S) is not None


def test_a_clock_that_is_set_back_gives_the_trial_its_whole_time_again(tmp_path: Path) -> None:
    configuration = opened(tmp_path)
    configuration.offer(signed(1), NOW)
    back_us = NOW - 7200 * S
    assert configuration.advance(back_us) is None
    assert configuration.advance(back_us + 59 * S) is None
    assert configuration.advance(back_us + 60 * S) is not None


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "configuration.json").write_text("{")
    with pytest.raises(ConfigError, match="delete it"):
        opened(tmp_path)


@given(content=st.text(max_size=60))
def test_signed_nonsense_is_refused(content: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    configuration = opened(tmp_path_factory.mktemp("nonsense"))
    signed = sign_config(content, KEY)
    with pytest.raises(InputError) as refused:
        configuration.offer(signed, NOW)
    assert configuration.refusal(signed, refused.value, NOW).data["in_force"] == 0
    assert configuration.current.version == 0


@pytest.mark.parametrize(
    "part",
    [
        {"scan": {"window_s": 20, "every_s": 10}},
        {"gateway": "GW 1"},
        {"autonomy": {"mean_over_s": {"acceleration": 0}}},
        {"readers": [{"kind": "lorawan", "topics": ["a"], "devices": {"x": {"surprise": 1}}}]},
        {"readers": [{"kind": "telepathy", "topics": ["a"]}]},
        {"watch": {"folder": "x", "camera": "file:///etc/passwd"}},
    ],
)
def test_what_a_gateway_cannot_work_by_is_refused(part: dict[str, object]) -> None:
    given = {"gateway": "gw-1", "version": 1, "destination": {"host": "h"}}
    with pytest.raises(ValueError, match="validation error"):
        GatewayConfig.model_validate(given | part)


def test_criteria_that_need_the_server_are_refused() -> None:
    level = {"level": 1, "owner": "manager", "within_s": 60, "when": {"silent": "word", "for_s": 60}}
    criterion = {"id": "quiet", "title": "Quiet", "source": "test", "about": {"kind": "sensor"}, "levels": [level]}
    with pytest.raises(ValueError, match="values and sizes of sensors alone"):
        AutonomyOptions.model_validate({"criteria": [criterion]})


def test_devices_of_a_reader_are_read() -> None:
    fields = [{"path": "t", "observed": "temperature", "offset": 273.15}]
    reader = ReaderOptions(kind="lorawan", topics=("a",), devices={"00" * 8: {"thing": "s-1", "fields": fields}})
    assert reader.known_devices()["00" * 8].fields[0].offset == 273.15
