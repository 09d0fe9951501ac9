"""Commands are carried out once, and each leaves a result and an audit."""

import json
import threading
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from highwall.core.errors import InputError, OutputError
from highwall.edge.execution import Audit, Executor
from highwall.telemetry.messages import Command, Event
from tests.edge.gateways import Clock


class Device:
    """Counts what it was told to do."""

    def __init__(self) -> None:
        self.n = 0
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def work(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self.may_go_on.wait(5)
        self.n += 1
        return {"n": self.n}

    def fail(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        raise RuntimeError("the device burns")

    def refuse(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        raise InputError("not like this.")

    def full(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        raise OutputError("no room.")


def executor(folder: Path, device: Device) -> Executor:
    verbs = {"work": device.work, "fail": device.fail, "refuse": device.refuse, "full": device.full}
    return Executor(verbs, audit=Audit(folder / "audit.jsonl"), clock=Clock())


def told(running: Executor) -> dict[str, dict[str, Any]]:
    running.wait()
    events = running.results()
    for event in events:
        running.told(event)
    return {event.subject: event.data for event in events}


def test_a_command_is_carried_out_once_even_over_a_restart(tmp_path: Path) -> None:
    device = Device()
    running = executor(tmp_path, device)
    for _ in range(3):
        running.submit(Command("c-1", "work"))
    assert told(running) == {"c-1": {"verb": "work", "outcome": "done", "n": 1}}
    running.close()
    again = executor(tmp_path, device)
    again.submit(Command("c-1", "work"))
    assert told(again) == {}
    again.close()
    assert device.n == 1


@pytest.mark.parametrize(("verb", "outcome"), [("fail", "failed"), ("refuse", "refused"), ("full", "failed")])
def test_what_goes_wrong_is_told_and_the_next_command_is_carried_out(tmp_path: Path, verb: str, outcome: str) -> None:
    running = executor(tmp_path, Device())
    running.submit(Command("c-1", verb))
    running.submit(Command("c-2", "work"))
    found = told(running)
    assert found["c-1"]["outcome"] == outcome
    assert found["c-1"]["reason"]
    assert found["c-2"]["outcome"] == "done"
    running.close()


def test_an_interrupted_command_is_told_and_not_repeated(tmp_path: Path) -> None:
    line = {"at_us": 1, "command_id": "c-1", "state": "begun", "verb": "work", "arguments": {}}
    (tmp_path / "audit.jsonl").write_text(json.dumps(line) + "\n" + '{"at_us": 2, "comm')  # a power cut
    device = Device()
    running = executor(tmp_path, device)
    assert told(running) == {"c-1": {"verb": "work", "outcome": "interrupted"}}
    running.close()
    assert device.n == 0
    lines = [json.loads(text) for text in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [(one["command_id"], one["state"]) for one in lines] == [("c-1", "begun"), ("c-1", "done")]
    again = executor(tmp_path, device)
    assert told(again) == {}
    again.close()


def test_too_many_commands_are_refused_not_forgotten(tmp_path: Path) -> None:
    device = Device()
    device.may_go_on.clear()
    running = executor(tmp_path, device)
    for number in range(25):
        running.submit(Command(f"c-{number}", "work"))
    device.may_go_on.set()
    found = told(running)
    assert len(found) == 25
    outcomes = [data["outcome"] for data in found.values()]
    assert outcomes.count("done") >= 20
    assert set(outcomes) == {"done", "refused"}
    running.close()


class Disk:
    """An audit file on a disk that is full after so many bytes."""

    def __init__(self, file: FileIO, *, room: int) -> None:
        self._file = file
        self.room = room

    def write(self, text: bytes) -> int:
        taken = self._file.write(text[: self.room])
        self.room -= taken
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_what_a_full_disk_does_not_take_of_the_audit_is_noted_later_and_no_line_is_half_written(
    tmp_path: Path,
) -> None:
    running = executor(tmp_path, Device())
    for number in range(3):
        running.submit(Command(f"c-{number}", "work"))
    running.wait()
    audit = running._audit
    disk = Disk(audit._file, room=30)
    audit._file = disk  # type: ignore[assignment]
    assert set(told(running)) == {"c-0", "c-1", "c-2"}  # each result reaches the outbox
    with pytest.raises(OutputError, match="free some disk space"):
        running.submit(Command("c-3", "work"))
    assert (tmp_path / "audit.jsonl").read_text().count("\n") == 3
    disk.room = 10_000
    running.submit(Command("c-3", "work"))
    assert set(told(running)) == {"c-3"}
    running.close()
    again = Audit(tmp_path / "audit.jsonl")
    assert (again.known, again.interrupted) == ({"c-0", "c-1", "c-2", "c-3"}, [])
    again.close()


def test_what_comes_round_again_and_again_leaves_no_audit_and_lets_commands_through(tmp_path: Path) -> None:
    device = Device()
    device.may_go_on.clear()
    running = executor(tmp_path, device)
    for number in range(50):
        running.go_round(Command(f"watch-{number}", "work"))
    running.submit(Command("c-1", "work"))
    device.may_go_on.set()
    found = told(running)
    assert found.pop("c-1")["outcome"] == "done"
    assert 1 <= len(found) <= 2  # the one under way, and the one that comes next
    assert running._audit.known == {"c-1"}
    assert "watch" not in (tmp_path / "audit.jsonl").read_text()
    running.close()


def test_the_audit_is_for_its_owner_alone(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit.jsonl")
    audit.close()
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o077 == 0


def test_an_event_tells_the_result(tmp_path: Path) -> None:
    running = executor(tmp_path, Device())
    running.submit(Command("c-1", "work"))
    running.wait()
    (event,) = running.results()
    assert isinstance(event, Event)
    assert (event.kind, event.subject) == ("command_result", "c-1")
    running.close()
