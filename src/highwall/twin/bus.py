"""The bus between gateways and server, as a Protocol; MQTT is one implementation, a queue in memory another."""

import threading
from collections.abc import Callable
from typing import Protocol

from highwall.telemetry.messages import Message

Handler = Callable[[Message, "Acknowledge"], None]
"""Takes a message on a thread of the bus. What it does not acknowledge comes again after a reconnect."""
Acknowledge = Callable[[], None]


class MessageBus(Protocol):
    """At least once, in order from one publisher; a subscriber acknowledges when it has made a message durable."""

    def publish(self, message: Message) -> None:
        """Hand a message to the bus, which keeps it until it is delivered; returns without waiting.

        Raises
        ------
        OutputError
            The bus is closed.
        """

    def subscribe(self, pattern: str, handler: Handler) -> None:
        """Have every message whose topic matches handled; ``+`` is one level, a last ``#`` any number.

        Retained messages come at once.
        """

    @property
    def is_connected(self) -> bool:
        """Whether messages go through at present."""

    def close(self) -> None:
        """Leave; what was not acknowledged is delivered to whoever comes next under the same name."""


def matches(pattern: str, topic: str) -> bool:
    """Whether a topic matches a pattern of MQTT."""
    wanted, given = pattern.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(given) or level not in ("+", given[index]):
            return False
    return len(wanted) == len(given)


class MemoryBus:
    """A bus within one process: handlers run in the publisher's thread, retained messages are kept.

    A message whose handler did not acknowledge it is offered again by :meth:`redeliver`, as a broker does when a
    session comes back.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._handlers: list[tuple[str, Handler]] = []
        self._retained: dict[str, Message] = {}
        self._unanswered: dict[int, tuple[Handler, Message]] = {}
        self._n_sent = 0
        self._linked = True

    @property
    def is_connected(self) -> bool:
        """Whether messages go through; :meth:`cut` and :meth:`restore` change it."""
        return self._linked

    def publish(self, message: Message) -> None:
        """Deliver to every handler whose pattern matches; while the link is cut the message is lost."""
        if not self._linked:
            return
        with self._lock:
            if message.retain:
                self._retained[message.topic] = message
            taken = [handler for pattern, handler in self._handlers if matches(pattern, message.topic)]
        for handler in taken:
            self._offer(handler, message)

    def subscribe(self, pattern: str, handler: Handler) -> None:
        """Have matching messages handled; retained ones come at once."""
        with self._lock:
            self._handlers.append((pattern, handler))
            kept = [message for topic, message in self._retained.items() if matches(pattern, topic)]
        for message in kept:
            self._offer(handler, message)

    def redeliver(self) -> int:
        """Offer again what was not acknowledged, and say how many messages that were."""
        with self._lock:
            waiting, self._unanswered = self._unanswered, {}
        for handler, message in waiting.values():
            self._offer(handler, message)
        return len(waiting)

    def cut(self) -> None:
        """Lose the link: what is published now reaches nobody."""
        self._linked = False

    def restore(self) -> None:
        """Regain the link, and what was not acknowledged before it was cut."""
        self._linked = True
        self.redeliver()

    def close(self) -> None:
        """Forget every handler."""
        with self._lock:
            self._handlers.clear()

    def _offer(self, handler: Handler, message: Message) -> None:
        with self._lock:
            self._n_sent += 1
            number = self._n_sent
            self._unanswered[number] = (handler, message)
        handler(message, lambda: self._answered(number))

    def _answered(self, number: int) -> None:
        with self._lock:
            self._unanswered.pop(number, None)
