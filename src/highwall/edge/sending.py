"""What leaves the outbox when: alarms first, in packs, never more under way than the server keeps up with.

A class is sent from a cursor onward. Only the server's watermark confirms; when it stands still for too long, the
cursor goes back to it, and what was under way is sent again. What the server asks for again goes first.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from highwall.edge.options import SendOptions
from highwall.edge.outbox import GONE, Outbox
from highwall.edge.pieces import Pack
from highwall.telemetry.messages import Dropped, Kind, Priority, Range, Resend, Watermark

_MOST_AT_ONCE: Final = 50
"""Messages of a class that one step hands over, so that an alarm never waits behind more."""
_MOST_DOUBLINGS: Final = 6
_MOST_ASKED: Final = 200
"""Requests of the server that are remembered; it repeats those that are forgotten."""
_S: Final = 1_000_000


@dataclass
class _Flow:
    """Where one class stands."""

    cursor: int
    """Last number that was sent."""
    moved_us: int
    """When the watermark last moved, or something was first under way."""
    waited_us: int | None = None
    """Since when something waits to be sent."""
    n_rewinds: int = 0


class Sender:
    """Chooses what is sent next; not safe for threads."""

    def __init__(self, outbox: Outbox, *, options: SendOptions, now_us: int) -> None:
        self._outbox = outbox
        self.options = options
        self._asked: deque[Resend] = deque(maxlen=_MOST_ASKED)
        self.n_rewinds = 0
        """How often what was not confirmed was sent again."""
        self._begin(now_us)

    def due(self, now_us: int) -> Iterator[Pack]:
        """Give the packs that are to be sent now, the most urgent first."""
        if self._epoch != self._outbox.boot_epoch:
            self._begin(now_us)
        yield from self._asked_for()
        for priority in Priority:
            yield from self._fresh(priority, now_us)

    def confirm(self, watermark: Watermark, now_us: int) -> None:
        """Take the server's watermark in."""
        before = {priority: self._outbox.committed(priority) for priority in Priority}
        self._outbox.trim(watermark)
        for priority, flow in self._flows.items():
            if self._outbox.committed(priority) > before[priority]:
                flow.moved_us, flow.n_rewinds = now_us, 0
                flow.cursor = max(flow.cursor, self._outbox.committed(priority))

    def ask(self, resend: Resend) -> None:
        """Take in that the server misses numbers."""
        if resend not in self._asked:
            self._asked.append(resend)

    def _begin(self, now_us: int) -> None:
        self._epoch = self._outbox.boot_epoch
        self._flows = {priority: _Flow(self._outbox.committed(priority), now_us) for priority in Priority}

    def _asked_for(self) -> Iterator[Pack]:
        for _ in range(min(len(self._asked), _MOST_AT_ONCE)):
            resend = self._asked.popleft()
            pack = self._answer(resend)
            if pack is None:
                continue
            yield pack
            if pack.numbers.last < resend.last:
                self._asked.append(msgspec.structs.replace(resend, first=pack.numbers.last + 1))

    def _answer(self, resend: Resend) -> Pack | None:
        """Give what is to be said from a request's first number on; None: it was never given out."""
        if resend.boot_epoch == self._outbox.boot_epoch:
            return self._outbox.pack(resend.priority, after=resend.first - 1, n_most=self.options.n_most)
        numbers = Range(resend.priority, resend.boot_epoch, resend.first, resend.last)
        return Pack(numbers, Kind.DROPPED, msgspec.json.encode(Dropped(GONE)))

    def _fresh(self, priority: Priority, now_us: int) -> Iterator[Pack]:
        flow = self._flows[priority]
        self._rewind_if_stuck(flow, priority, now_us)
        for _ in range(_MOST_AT_ONCE):
            n_under_way = flow.cursor - self._outbox.committed(priority)
            if n_under_way >= self.options.window or not self._is_ripe(flow, priority, now_us):
                return
            pack = self._outbox.pack(priority, after=flow.cursor, n_most=self.options.n_most)
            if pack is None:
                return
            if n_under_way == 0:
                flow.moved_us = now_us
            flow.cursor, flow.waited_us = pack.numbers.last, None
            yield pack

    def _is_ripe(self, flow: _Flow, priority: Priority, now_us: int) -> bool:
        """Whether enough waits, or it has waited long enough; alarms are always ripe."""
        n_waiting = self._outbox.last(priority) - flow.cursor
        if n_waiting == 0:
            return False
        if priority is Priority.ALARM or n_waiting >= self.options.n_least:
            return True
        flow.waited_us = now_us if flow.waited_us is None else min(flow.waited_us, now_us)
        return now_us - flow.waited_us >= self.options.linger_s * _S

    def _rewind_if_stuck(self, flow: _Flow, priority: Priority, now_us: int) -> None:
        committed = self._outbox.committed(priority)
        flow.moved_us = min(flow.moved_us, now_us)  # the clock may be set back: patience begins anew, and ends
        patience_us = self.options.patience_s * _S * 2 ** min(flow.n_rewinds, _MOST_DOUBLINGS)
        if flow.cursor > committed and now_us - flow.moved_us > patience_us:
            flow.cursor, flow.moved_us = committed, now_us
            flow.n_rewinds += 1
            self.n_rewinds += 1
