"""Into the outbox, whatever the disk does: what it does not take waits in memory, and what is lost there is told."""

import logging
from collections import deque
from collections.abc import Mapping
from typing import Final

from highwall.core.errors import InputError, OutputError
from highwall.edge.outbox import Outbox
from highwall.edge.pieces import Items
from highwall.telemetry.messages import Event, Priority, Range

LOST: Final = "lost_before_outbox"
"""Kind of the event that tells how many items a full disk cost."""
DROPPING: Final = "outbox_full"
"""Kind of the event that tells that the outbox began to give items up."""
REFUSED: Final = "item_refused"
_MOST_WAITING: Final = 20_000
"""Items that wait in memory for the disk."""
_QUIET_US: Final = 600_000_000
"""Time between two words about a full outbox."""
_LOG: Final = logging.getLogger(__name__)


class Store:
    """The way into an outbox; not safe for threads."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._waiting: deque[tuple[Priority, Items]] = deque()
        self._memory: dict[str, bytes] = {}
        self._n_lost = 0
        self._told_us: int | None = None
        self.n_dropped = 0
        """What a full outbox gave up since the start."""

    @property
    def is_durable(self) -> bool:
        """Whether everything that was put, and that is to be remembered, is on the disk."""
        return not self._waiting and not self._memory

    def remember(self, memory: Mapping[str, bytes]) -> None:
        """Have something remembered, by name: together with what is put next, or by :meth:`settle`."""
        self._memory.update(memory)

    def settle(self) -> None:
        """Write down what is to be remembered and has gone along with nothing."""
        if self._memory and not self._waiting:
            try:
                self._outbox.remember(self._memory)
            except OutputError as error:
                _LOG.error("%s", error)
                return
            self._memory = {}

    def put(self, priority: Priority, items: Items, now_us: int) -> Range | None:
        """Keep items; gives their numbers, or None while the disk takes nothing."""
        if items:
            self._waiting.append((priority, items))
        return self.flush(now_us)

    def flush(self, now_us: int) -> Range | None:
        """Try again what waits, and give the numbers of the last that was kept."""
        numbers = None
        while self._waiting:
            priority, items = self._waiting[0]
            memory = self._memory if len(self._waiting) == 1 else {}
            try:
                stored = self._outbox.put(priority, items, memory=memory)
            except OutputError as error:
                self._hold(error)
                return None
            except InputError as error:
                self._waiting[0] = (Priority.ALARM, [Event(REFUSED, now_us, "outbox", {"reason": str(error)})])
                _LOG.error("an item was refused: %s", error)
                continue
            self._waiting.popleft()
            self._memory = {} if memory else self._memory
            numbers = stored.numbers
            self._tell_dropped(stored.n_dropped, now_us)
            self._tell_lost(now_us)
        return numbers

    def _hold(self, error: OutputError) -> None:
        """Keep what waits, up to a bound: telemetry and bulk go first, alarms last."""
        _LOG.error("%s", error)
        while sum(len(items) for _, items in self._waiting) > _MOST_WAITING:
            victim = next((one for one in self._waiting if one[0] is not Priority.ALARM), self._waiting[0])
            self._waiting.remove(victim)
            self._n_lost += len(victim[1])

    def _tell_lost(self, now_us: int) -> None:
        if self._n_lost:
            event = Event(LOST, now_us, "outbox", {"n": self._n_lost})
            self._waiting.append((Priority.ALARM, [event]))
            self._n_lost = 0

    def _tell_dropped(self, n: int, now_us: int) -> None:
        """Say that the outbox gives items up: at once, and then now and again."""
        self.n_dropped += n
        if n and (self._told_us is None or not 0 <= now_us - self._told_us <= _QUIET_US):
            self._told_us = now_us
            self._waiting.append((Priority.ALARM, [Event(DROPPING, now_us, "outbox", {"n_dropped": self.n_dropped})]))
