"""What the world remembers is JSON: it is read again, whatever an earlier version wrote."""

import logging

import msgspec
import pytest

from highwall.twin.sightings import WatchKey
from highwall.twin.watch import Input, LevelMemory, Subject, WatchMemory
from highwall.twin.windows import MOST_SPEED_UP
from highwall.twin.world_memory import take_apart
from tests.twin.plans import T0

_KEY = WatchKey("growth", Subject("sensor", "s-1"))
_NAME = f"c:{_KEY.criterion}|{_KEY.subject}"


def _watch(value: float) -> WatchMemory:
    inputs = ({"s-1/crack_width": Input(1, 1, value, T0, T0, T0, False)},)
    return WatchMemory("f", T0, inputs, (LevelMemory(True, None, None, T0),), level=2)


def test_an_infinite_speed_up_that_was_written_as_null_is_read() -> None:
    written = msgspec.json.encode(_watch(float("inf")))
    assert b"[1,1,null," in written
    assert take_apart({_NAME: written}).watches == {_KEY: _watch(MOST_SPEED_UP)}


def test_a_piece_that_cannot_be_read_is_told_and_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    found = take_apart({_NAME: msgspec.json.encode(_watch(1.0)), "w:s-1|60||0": b'{"width_us":null}'})
    assert found.watches == {_KEY: _watch(1.0)}
    assert found.windows == {}
    assert [(record.levelno, "w:s-1|60||0" in record.message) for record in caplog.records] == [(logging.ERROR, True)]
