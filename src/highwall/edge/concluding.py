"""From what is heard to what is kept: conclusions, and the memory that they need, in the outbox together."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from highwall.core.errors import HighwallError
from highwall.edge.autonomy import Autonomy
from highwall.edge.crack_rounds import FAILED, CrackRounds
from highwall.edge.crack_watch import CrackWatch
from highwall.edge.options import CrackOptions, GatewayConfig
from highwall.edge.outbox import Outbox
from highwall.edge.pieces import Items
from highwall.edge.storing import Store
from highwall.telemetry.messages import Event, Priority, Range, Reading

_CRACKS: Final = "cracks"
_LOG: Final = logging.getLogger(__name__)

OpenCracks = Callable[[CrackOptions], CrackWatch]
"""Opens the watch over ground beside sensors.  Raises HighwallError."""


class Conclusions:
    """Concludes and keeps; goes on where an earlier process was killed; safe for threads."""

    def __init__(self, outbox: Outbox, config: GatewayConfig, *, open_cracks: OpenCracks, now_us: int) -> None:
        self._lock = threading.RLock()
        self._outbox = outbox
        self._store = Store(outbox)
        self._open_cracks = open_cracks
        self._config = config
        self._autonomy = Autonomy(config.autonomy)
        self._autonomy.recall(outbox.memory())
        self._cracks = self._opened_cracks(now_us)

    @property
    def is_durable(self) -> bool:
        """Whether everything that was put is on the disk."""
        return self._store.is_durable

    def take(self, readings: list[Reading], events: list[tuple[Priority, Event]], now_us: int) -> None:
        """Conclude from what was heard, and keep it all."""
        with self._lock:
            concluded = self._autonomy.take(readings, now_us)
            answers = self._autonomy.pressed([event for _, event in events], now_us)
            self._remember()
            for priority in Priority:
                if priority is Priority.TELEMETRY:
                    self._store.remember(self._autonomy.moved())
                found = [event for given, event in events if given is priority]
                more = answers if priority is Priority.ALARM else []
                self.put(priority, [*concluded.events.get(priority, []), *found, *more], now_us)
            self._put_gathered(concluded.readings, now_us)
            self._judge_ground(readings, now_us)
            self._store.settle()

    def put(self, priority: Priority, items: Items, now_us: int) -> Range | None:
        """Keep items; gives their numbers, or None while the disk takes nothing."""
        with self._lock:
            return self._store.put(priority, items, now_us)

    def stand_down(self, thing: str, now_us: int, *, upto: int | None) -> None:
        """End a person's being down, as :meth:`Autonomy.stand_down`, and keep that.

        Raises
        ------
        InputError
            There is nothing to end, or it is later than people knew.
        """
        with self._lock:
            events = self._autonomy.stand_down(thing, now_us, upto=upto)
            self._remember()
            self.put(Priority.ALARM, events, now_us)

    def change(self, config: GatewayConfig, now_us: int) -> None:
        """Go on by another configuration."""
        with self._lock:
            was, self._config = self._config, config
            left = self._autonomy.change(config.autonomy)
            self._remember()
            self._put_gathered(left, now_us)
            if config.cracks != was.cracks:
                self._cracks = self._opened_cracks(now_us)
            self._store.settle()

    def finish(self, now_us: int) -> None:
        """Keep what was going on, as at the end of the process."""
        self.change(self._config, now_us)

    def _remember(self) -> None:
        """Have it kept with what follows from it, so that a kill takes both or neither."""
        self._store.remember(self._autonomy.memory())

    def _put_gathered(self, readings: list[Reading], now_us: int) -> None:
        """Keep means with the memory of what is gathered, so that nothing counts in two of them, or in none."""
        self._store.remember(self._autonomy.gathered())
        self.put(Priority.TELEMETRY, readings, now_us)

    def _judge_ground(self, readings: list[Reading], now_us: int) -> None:
        if self._cracks is None:
            return
        told = self._cracks.go(readings, now_us)
        if told.memory is not None:
            self._store.remember({_CRACKS: told.memory})
        self.put(Priority.TELEMETRY, told.readings, now_us)

    def _opened_cracks(self, now_us: int) -> CrackRounds | None:
        """Open the watch over the ground; where that fails it is told, and everything else goes on."""
        options = self._config.cracks
        if options is None:
            return None
        try:
            watch = self._open_cracks(options)
        except HighwallError as error:
            _LOG.error("%s", error)
            self.put(Priority.ALARM, [Event(FAILED, now_us, "cracks", {"reason": str(error)})], now_us)
            return None
        return CrackRounds(watch, memory=self._outbox.memory().get(_CRACKS), now_us=now_us)
