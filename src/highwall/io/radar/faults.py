"""Files that turn out broken while they are read: set aside once, and told to whoever makes a block of them.

A block of a large stack may be read in another process, or in a run that was stopped long ago; the list of this run
hears nothing of its faults. So whoever makes a block listens, and keeps what was heard beside the block.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from highwall.core.errors import SetAside

_LOG = logging.getLogger(__name__)
_HEARD: ContextVar[dict[str, SetAside] | None] = ContextVar("_HEARD", default=None)


@contextmanager
def listening() -> Iterator[dict[str, SetAside]]:
    """Gather the faults of all that this thread reads, by file."""
    heard: dict[str, SetAside] = {}
    token = _HEARD.set(heard)
    try:
        yield heard
    finally:
        _HEARD.reset(token)


class Faults:
    """Files of a stack that broke while being read: each is set aside once, from any thread of this process."""

    def __init__(self, set_aside: list[SetAside]) -> None:
        self._set_aside = set_aside
        self._named: set[str] = set()

    def report(self, path: Path, error: Exception, *, consequence: str) -> None:
        """Set a file aside, say so in the log and tell who listens."""
        entry = SetAside(str(path), f"{error}; {consequence}; download or convert it again")
        heard = _HEARD.get()
        if heard is not None:
            heard.setdefault(entry.name, entry)
        if entry.name not in self._named:
            self._named.add(entry.name)
            self._set_aside.append(entry)
            _LOG.warning("%s cannot be read in full (%s); %s", path, error, consequence)
