"""A gateway's word about itself: what waits, for how long the outbox suffices, by which configuration it works."""

import math
from typing import Final

from highwall import __version__
from highwall.edge.outbox import Outbox
from highwall.telemetry.messages import Status

_S: Final = 1_000_000
_DAY_S: Final = 86_400.0
_MEMORY_S: Final = 3600.0
"""Over which the rate of what comes is smoothed [s]."""


class Pace:
    """How fast the outbox is filled: the mean since the start, later over about an hour."""

    def __init__(self, *, n_bytes: int, now_us: int) -> None:
        self._n_bytes = n_bytes
        self._at_us = self._began_us = now_us
        self._per_s: float | None = None

    def at(self, n_bytes: int, now_us: int) -> float | None:
        """Give the rate [byte s⁻¹] after so many bytes were put altogether; None: not known yet."""
        seconds = (now_us - self._at_us) / _S
        if seconds < 0.0:  # the clock was set back: the pace of before holds from here on
            self._began_us += now_us - self._at_us
            self._n_bytes, self._at_us = n_bytes, now_us
        if seconds > 0.0:
            rate = (n_bytes - self._n_bytes) / seconds
            weight = max(seconds * _S / (now_us - self._began_us), 1.0 - math.exp(-seconds / _MEMORY_S))
            known = self._per_s or 0.0
            self._per_s = known + weight * (rate - known)
            self._n_bytes, self._at_us = n_bytes, now_us
        return self._per_s


class Heartbeat:
    """When the next word is due, and what it says."""

    def __init__(self, outbox: Outbox, *, now_us: int) -> None:
        self._outbox = outbox
        self._pace = Pace(n_bytes=outbox.n_bytes_put, now_us=now_us)
        self._said_us: int | None = None

    def is_due(self, now_us: int, *, every_s: float) -> bool:
        """Whether it is time again; a clock that was set back says nothing, and the word is due."""
        return self._said_us is None or not 0 <= now_us - self._said_us < every_s * _S

    def hasten(self) -> None:
        """Make the next word due at once, as after a new connection."""
        self._said_us = None

    def word(self, now_us: int, *, config_hash: str) -> Status:
        """Say it."""
        self._said_us = now_us
        per_s = self._pace.at(self._outbox.n_bytes_put, now_us)
        free = self._outbox.max_bytes - self._outbox.n_bytes
        days = round(free / per_s / _DAY_S, 2) if per_s else None
        return Status(
            online=True, status_us=now_us, boot_epoch=self._outbox.boot_epoch, waiting=self._outbox.waiting(),
            buffer_days=days, config_hash=config_hash, version=__version__,
        )  # fmt: skip


def last_word(now_us: int, *, boot_epoch: str = "") -> Status:
    """Give what the broker says in the gateway's name when it vanishes, and what it says itself when it leaves."""
    return Status(online=False, status_us=now_us, boot_epoch=boot_epoch, version=__version__)
