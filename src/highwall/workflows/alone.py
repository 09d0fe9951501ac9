"""One at a time: threads and processes that read a file, change it and write it back."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from highwall.core.errors import OutputError


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Wait until nobody else is about to change a file; who waits is kept apart by a file beside it, gone at the end.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    beside = path.with_name(f".{path.name}.lock")
    lock = FileLock(beside)
    try:
        lock.acquire()
    except OSError as error:
        raise OutputError(f"{path} cannot be changed: {error}; choose a folder that can be written.") from error
    try:
        yield
    finally:
        with suppress(OSError):  # where an open file cannot be removed it stays
            beside.unlink()  # whoever waits for it notices, and begins anew
        lock.release()
