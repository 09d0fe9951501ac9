"""What the server says to a gateway, taken in on the bus's thread and worked off on the agent's."""

import queue
from collections.abc import Callable
from typing import Final

from highwall.telemetry.messages import Message, down_topic
from highwall.twin.bus import Acknowledge, MessageBus

WATERMARK: Final = "watermark"
RESEND: Final = "resend"
COMMAND: Final = "command"
CONFIG: Final = "config"
CERTIFICATE: Final = "certificate"
_ALL: Final = (WATERMARK, RESEND, COMMAND, CONFIG, CERTIFICATE)


class Inbox:
    """Messages that wait, with what they are."""

    def __init__(self, *, site: str, gateway: str, wake: Callable[[], None]) -> None:
        self._topics = {down_topic(site, gateway, what): what for what in _ALL}
        self._wake = wake
        self._arrived: queue.SimpleQueue[tuple[Message, Acknowledge]] = queue.SimpleQueue()

    def subscribe(self, bus: MessageBus) -> None:
        """Listen on a bus."""
        for topic in self._topics:
            bus.subscribe(topic, self._take)

    def take(self) -> list[tuple[str, Message, Acknowledge]]:
        """Give what arrived since the last call, and what it is."""
        arrived = [self._arrived.get() for _ in range(self._arrived.qsize())]
        return [(self._topics[message.topic], message, acknowledge) for message, acknowledge in arrived]

    def _take(self, message: Message, acknowledge: Acknowledge) -> None:
        self._arrived.put((message, acknowledge))
        self._wake()
