"""The file of results: a line an image, written once, never twice, whatever interrupts it."""

import datetime as dt
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple

from highwall.core.errors import HighwallError, InputError, OutputError
from highwall.edge.inference import Evidence, Verdict


class Key(NamedTuple):
    """What makes two records of the same thing: this image, with this content, by this network."""

    image: str
    image_sha256: str
    model_sha256: str


class Journal:
    """Results in a file of JSON lines that is open for more."""

    def __init__(self, file: FileIO, path: Path, *, done: set[Key]) -> None:
        self._file = file
        self._path = path
        self._done = done

    def has(self, key: Key) -> bool:
        """Tell whether a record of this image, with this content and by this network, stands in the file."""
        return key in self._done

    def add(self, evidence: Evidence, verdict: Verdict) -> None:
        """Write what a network said of an image."""
        self._write(evidence, verdict.as_json())

    def set_aside(self, evidence: Evidence, reason: str) -> None:
        """Write why an image was left out."""
        self._write(evidence, {"set_aside": reason})

    def _write(self, evidence: Evidence, said: dict[str, Any]) -> None:
        time = evidence.time.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        line = json.dumps({**evidence._asdict(), "time": time, **said}, ensure_ascii=False).encode() + b"\n"
        with _writing(self._path):
            if self._file.write(line) < len(line):
                raise OutputError(f"could not write all of a line to {self._path}; free some disk space.")
        if evidence.image_sha256 is not None:
            self._done.add(Key(evidence.image, evidence.image_sha256, evidence.model_sha256))


@contextmanager
def open_journal(path: Path) -> Iterator[Journal]:
    """Open a file of results to go on with it; a last line that was cut off is taken away.

    A line is handed over as soon as it is known and forced to the disk at the end only, to spare flash memory: what a
    power cut takes is done again.

    Raises
    ------
    InputError
        The file holds something else.
    OutputError
        It cannot be written, or another run is writing to it.
    """
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab", buffering=0)
    with file:
        _lock(file, path)
        yield Journal(file, path, done=_read_done(path))
        with _writing(path):
            os.fsync(file.fileno())


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except HighwallError:
        raise
    except OSError as error:
        raise OutputError(f"could not write {path}: {error}. Free some disk space or choose another file.") from error


def _lock(file: FileIO, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(f"another run is writing to {path}; wait for it, or choose another file.") from error


def _read_done(path: Path) -> set[Key]:
    """Keys of the records in a file; what follows its last line end is cut off."""
    done, end = set(), 0
    with path.open("r+b") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                break
            key = _key_of(line, place=f"line {number} of {path}")
            if key is not None:
                done.add(key)
            end += len(line)
        file.truncate(end)
    return done


def _key_of(line: bytes, *, place: str) -> Key | None:
    """Key of a record; None for an image that could not be read."""
    try:
        record = json.loads(line)
        key = Key(record["image"], record["image_sha256"], record["model_sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{place} is no result of highwall edge infer; choose another file.") from error
    return None if key.image_sha256 is None else key
