"""Readers of brokers beside the gateway: native JSON, Sparkplug B edge nodes, uplinks of LoRaWAN network servers.

A message is acknowledged to its broker when what it holds is in the outbox; one that cannot be read is told as an
event, with its beginning, and acknowledged too.
"""

import base64
import logging
import queue
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from highwall.core.errors import InputError
from highwall.edge.options import ReaderOptions
from highwall.telemetry import lorawan, sparkplug, sparkplug_host
from highwall.telemetry.messages import Event, Message, Priority, Reading
from highwall.twin.bus import Acknowledge, MessageBus

UNREADABLE: Final = "unreadable"
"""Kind of the event that tells of a message which could not be read."""
_MOST_AT_ONCE: Final = 200
"""Messages that are read in one go."""
_N_KEPT: Final = 300
"""Bytes of an unreadable message that are kept."""
_COMMANDS: Final = (["NCMD"], ["DCMD"])
"""What hosts say to Sparkplug nodes, ourselves included."""
_LOG: Final = logging.getLogger(__name__)


class Heard(NamedTuple):
    """What a reader heard."""

    readings: list[Reading]
    events: list[tuple[Priority, Event]]
    owed: list[Acknowledge]
    """Called when all of it is durable."""


class Reader:
    """Reads one broker."""

    def __init__(self, options: ReaderOptions, bus: MessageBus) -> None:
        self._options = options
        self._bus = bus
        self._devices = options.known_devices()
        self._nodes: dict[str, sparkplug_host.Node] = {}
        self._arrived: queue.SimpleQueue[tuple[Message, Acknowledge]] = queue.SimpleQueue()
        self.n_unreadable = 0
        for topic in options.topics:
            bus.subscribe(topic, self._take)

    def heard(self, now_us: int) -> Heard:
        """Give what came since the last call."""
        heard = Heard([], [], [])
        for _ in range(min(self._arrived.qsize(), _MOST_AT_ONCE)):
            message, acknowledge = self._arrived.get()
            try:
                _READERS[self._options.kind](self, message, now_us, heard)
            except InputError as error:
                heard.events.append((Priority.BULK, self._unreadable(message, str(error), now_us)))
            heard.owed.append(acknowledge)
        return heard

    def close(self) -> None:
        """Leave the broker; what was not acknowledged comes again."""
        self._bus.close()

    def _take(self, message: Message, acknowledge: Acknowledge) -> None:
        self._arrived.put((message, acknowledge))

    def _native(self, message: Message, now_us: int, heard: Heard) -> None:
        """Readings or events as on the wire between gateway and server: one, or a list."""
        try:
            said = msgspec.json.decode(message.payload, type=list[Reading] | Reading)
            heard.readings.extend(said if isinstance(said, list) else [said])
        except msgspec.ValidationError:
            heard.events.extend((Priority.ALARM, event) for event in _events(message.payload))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f"no JSON: {error}.") from error

    def _sparkplug(self, message: Message, now_us: int, heard: Heard) -> None:
        if message.topic.split("/")[2:3] in _COMMANDS:
            return
        topic = sparkplug.read_topic(message.topic)
        name = f"{topic.group}/{topic.node}"
        told = sparkplug_host.hear(
            self._nodes.get(name, sparkplug_host.Node()), topic, sparkplug.decode(message.payload),
            devices=self._devices, received_us=now_us,
        )  # fmt: skip
        self._nodes[name] = told.node
        heard.readings.extend(told.readings)
        heard.events.extend((Priority.TELEMETRY, event) for event in told.events)
        heard.events.extend((Priority.BULK, self._unreadable(message, why, now_us)) for why in told.problems)
        if told.wants_rebirth:
            self._bus.publish(sparkplug.rebirth_command(topic.group, topic.node, now_ms=now_us // 1000))

    def _lorawan(self, message: Message, now_us: int, heard: Heard) -> None:
        told = lorawan.hear(lorawan.read_uplink(message.payload), self._devices, received_us=now_us)
        heard.readings.extend(told.readings)
        heard.events.append((Priority.BULK, told.event))
        if told.problem:
            heard.events.append((Priority.BULK, self._unreadable(message, told.problem, now_us)))

    def _unreadable(self, message: Message, why: str, now_us: int) -> Event:
        self.n_unreadable += 1
        _LOG.warning("message on %s set aside: %s", message.topic, why)
        start = base64.b64encode(message.payload[:_N_KEPT]).decode()
        return Event(UNREADABLE, now_us, "readers", {"topic": message.topic, "reason": why, "begins": start})


_READERS: Final[dict[str, Callable[[Reader, Message, int, Heard], None]]] = {
    "native": Reader._native, "sparkplug": Reader._sparkplug, "lorawan": Reader._lorawan,
}  # fmt: skip


def _events(payload: bytes) -> list[Event]:
    try:
        said = msgspec.json.decode(payload, type=list[Event] | Event)
    except msgspec.ValidationError as error:
        raise InputError(f"neither readings nor events: {error}.") from error
    return said if isinstance(said, list) else [said]
