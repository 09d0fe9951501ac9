"""Commands: each is carried out once, on a thread of its own, and leaves a result and two lines of audit.

The audit file is written before a command begins and after its result was put into the outbox. A command that it shows
as begun and not done was interrupted, and is reported so; one that is known comes to nothing when it comes again. What
the gateway does by itself, round after round, goes through the same thread and is no command: it leaves no audit.
"""

import contextlib
import errno
import logging
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from io import FileIO
from pathlib import Path
from typing import Any, Final

import msgspec

from highwall.core.errors import HighwallError, InputError, OutputError
from highwall.telemetry.messages import Command, Event

EVENT: Final = "command_result"
RESTART: Final = "restart"
_MOST_WAITING: Final = 20
_LOG: Final = logging.getLogger(__name__)

Verb = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Carries a command out by its arguments, and says what came of it."""


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the audit file."""

    at_us: int
    command_id: str
    state: str
    """``begun`` or ``done``."""
    verb: str = ""
    arguments: dict[str, Any] = {}
    result: dict[str, Any] = {}


class Audit:
    """What a gateway was told to do, and what came of it; a file that only grows."""

    def __init__(self, path: Path) -> None:
        """Open the file; a last line that was cut off is taken away.

        Raises
        ------
        OutputError
            It cannot be opened.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: FileIO = open(path, "a+b", buffering=0, opener=_private)  # noqa: SIM115
        except OSError as error:
            raise OutputError(f"the audit file {path} cannot be opened: {error}.") from error
        self.known, self.interrupted = self._read()

    def write(self, line: Line) -> None:
        """Add a line, durably and as a whole.

        Raises
        ------
        OutputError
            The disk does not take it; nothing of it is kept.
        """
        text, end = msgspec.json.encode(line) + b"\n", os.fstat(self._file.fileno()).st_size
        try:
            if self._file.write(text) != len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(end)
            raise OutputError(f"the audit file cannot be written: {error}; free some disk space.") from error
        self.known.add(line.command_id)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self) -> tuple[set[str], list[Line]]:
        """Commands that are known, and those that were begun and not done."""
        self._file.seek(0)
        whole, _, rest = self._file.readall().rpartition(b"\n")
        if rest:
            self._file.truncate(len(whole) + 1 if whole else 0)
        begun: dict[str, Line] = {}
        known = set()
        for text in whole.splitlines():
            try:
                line = msgspec.json.decode(text, type=Line)
            except msgspec.DecodeError as error:
                _LOG.error("a line of the audit file cannot be read: %s", error)
                continue
            known.add(line.command_id)
            if line.state == "begun":
                begun[line.command_id] = line
            else:
                begun.pop(line.command_id, None)
        return known, list(begun.values())


class Executor:
    """Carries commands out one after another."""

    def __init__(self, verbs: Mapping[str, Verb], *, audit: Audit, clock: Callable[[], int]) -> None:
        self._verbs = verbs
        self._audit = audit
        self._clock = clock
        self._waiting: queue.Queue[Command | None] = queue.Queue(_MOST_WAITING)
        self._results: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._owed: deque[Line] = deque()
        """Lines of audit that the disk has not taken yet."""
        for line in audit.interrupted:
            outcome = "restarted" if line.verb == RESTART else "interrupted"
            self._results.put(_result(line.command_id, line.verb, {"outcome": outcome}, clock()))
        self._thread = threading.Thread(target=self._run, name="highwall-commands", daemon=True)
        self._thread.start()

    def submit(self, command: Command) -> None:
        """Take a command; one that is known already comes to nothing."""
        if command.command_id in self._audit.known:
            return
        line = Line(self._clock(), command.command_id, "begun", command.verb, dict(command.arguments))
        self._audit.write(line)
        try:
            self._waiting.put_nowait(command)
        except queue.Full:
            self._refuse(command, f"{_MOST_WAITING} commands wait already; give it again later.")

    def go_round(self, round_: Command) -> None:
        """Do what comes round again and again, unless something else waits: it comes round again."""
        if self._waiting.empty():
            self._waiting.put_nowait(round_)

    def results(self) -> list[Event]:
        """Give what came of commands since the last call; :meth:`told` when it is durable."""
        return [self._results.get() for _ in range(self._results.qsize())]

    def told(self, event: Event) -> None:
        """Note that a result is in the outbox; what the disk does not take is noted with the next one."""
        if event.subject in self._audit.known:
            self._owed.append(Line(self._clock(), event.subject, "done", result=event.data))
        self._settle()

    def wait(self) -> None:
        """Wait until every command that was submitted has been carried out."""
        self._waiting.join()

    def close(self) -> None:
        """Let the command that is going on end, and begin no other."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._waiting.get_nowait()
                self._waiting.task_done()
        self._waiting.put(None)
        self._thread.join()
        self._settle()
        self._audit.close()

    def _settle(self) -> None:
        try:
            while self._owed:
                self._audit.write(self._owed[0])
                self._owed.popleft()
        except OutputError as error:
            _LOG.error("%s", error)

    def _run(self) -> None:
        while (command := self._waiting.get()) is not None:
            result = self._carried_out(command)
            if result is not None:
                self._results.put(_result(command.command_id, command.verb, result, self._clock()))
            self._waiting.task_done()

    def _carried_out(self, command: Command) -> dict[str, Any] | None:
        """Carry a command out; a restart has its result when the process is back."""
        verb = self._verbs.get(command.verb)
        if verb is None:
            return {"outcome": "refused", "reason": f"no verb {command.verb!r}; use {', '.join(sorted(self._verbs))}."}
        try:
            result = verb(command.arguments)
        except HighwallError as error:
            return {"outcome": "refused" if isinstance(error, InputError) else "failed", "reason": str(error)}
        except Exception as error:  # whatever a device or a decoder raises: the gateway goes on, and says so
            _LOG.exception("command %s failed", command.command_id)
            return {"outcome": "failed", "reason": f"{type(error).__name__}: {error}"}
        return None if command.verb == RESTART else {"outcome": "done", **result}

    def _refuse(self, command: Command, reason: str) -> None:
        result = {"outcome": "refused", "reason": reason}
        self._results.put(_result(command.command_id, command.verb, result, self._clock()))


def _result(command_id: str, verb: str, result: dict[str, Any], now_us: int) -> Event:
    return Event(EVENT, now_us, command_id, {"verb": verb, **result})


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
