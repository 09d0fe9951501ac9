"""The bus over MQTT 5, with paho: a persistent session, and an acknowledgement only when a handler gives it.

A broker uses packet numbers again for other messages as soon as a connection is lost. An acknowledgement therefore
counts only in the connection, the *generation*, in which its message came; a later one is thrown away, and the message
comes again. A message for which no handler has subscribed yet waits, unacknowledged, until one does.

A broker cuts the connection at a message that is larger than it takes, and would at every attempt to send it again, so
that nothing after it got through: such a message is not sent. What is published before the first connection waits for
the broker to say how much that is.
"""

import logging
import struct
import threading
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions
from pydantic import BaseModel, ConfigDict, Field

from highwall.core.errors import ConfigError, OutputError
from highwall.telemetry.messages import Message
from highwall.twin.bus import Handler, matches
from highwall.twin.owed import Owed

_QOS: Final = 1
_FLUSH_S: Final = 2.0
"""How long leaving waits for what was published last [s]."""
_SHARED: Final = "$share/"
_MOST_BYTES: Final = 2**28
"""Largest packet of MQTT, which a broker takes that names no limit of its own [byte]."""
_MOST_WAITING: Final = 65_535
"""Messages that paho keeps at once."""
_HEAD_BYTES: Final = 9
"""Of a packet beside topic, properties and payload: type, length, length of the topic, number [byte]."""
_LOG: Final = logging.getLogger(__name__)


class MqttOptions(BaseModel):
    """How a broker is reached."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", min_length=1, description="name or address of the broker")
    port: int = Field(8883, ge=1, le=65_535, description="port of the broker")
    client_id: str = Field(min_length=1, max_length=120, description="name of the session, which outlives connections")
    authority: Path | None = Field(None, description="certificates that may vouch for the broker, PEM; none: no TLS")
    certificate: Path | None = Field(None, description="our certificate, PEM")
    key: Path | None = Field(None, description="its key, PEM")
    keep_alive_s: int = Field(20, ge=5, le=3600, description="silence after which a connection counts as lost [s]")
    session_days: int = Field(14, ge=1, le=365, description="how long the broker keeps the session of one away [day]")
    max_reconnect_s: int = Field(30, ge=1, le=3600, description="longest pause between two attempts to connect [s]")
    max_unacknowledged: int = Field(
        2000, ge=1, le=65_535, description="messages that the broker sends us before an acknowledgement [1]"
    )
    max_under_way: int = Field(
        20, ge=1, le=65_535, description="messages that we send before an acknowledgement; 20 suit any Mosquitto [1]"
    )


class _Arrived(NamedTuple):
    """A message that waits for a handler."""

    message: Message
    packet: int
    generation: int


class _Packet(NamedTuple):
    """A message as it travels."""

    message: Message
    properties: Properties
    n_bytes: int
    """Its size, or a little more."""


class MqttBus:
    """A :class:`highwall.twin.bus.MessageBus` on a broker; connects by itself, again and again, until it is closed."""

    def __init__(self, options: MqttOptions, *, will: Message | None = None) -> None:
        """Begin to connect.

        Parameters
        ----------
        will
            What the broker publishes when we vanish without leaving.

        Raises
        ------
        ConfigError
            The certificates cannot be read.
        """
        self._lock = threading.RLock()
        self._handlers: list[tuple[str, Handler]] = []
        self._patterns: dict[str, None] = {}
        self._waiting: list[_Arrived] = []
        self._early: list[_Packet] | None = []
        """What was published before the first connection; None: there has been one."""
        self._most_bytes = _MOST_BYTES
        self._generation = 0
        self._is_live = False
        self._is_closed = False
        self._n_under_way = 0
        self._all_arrived = threading.Condition()
        self._refused = ""
        self._unanswered: set[int] = set()
        """Subscriptions that the broker has not answered yet."""
        self._name = f"{options.client_id} at {options.host}:{options.port}"
        self._client = _client(options, will=will)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self._client.connect_async(
            options.host, options.port, options.keep_alive_s, clean_start=False, properties=_session(options)
        )
        self._client.loop_start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_connected(self) -> bool:
        """Whether messages go through at present."""
        return self._is_live

    @property
    def is_listening(self) -> bool:
        """Whether the broker knows everything that was subscribed, so that nothing published from now on is missed."""
        with self._lock:
            return self._is_live and not self._unanswered

    @property
    def refused(self) -> str:
        """Why the broker turned us away last; empty: it did not."""
        return self._refused

    def publish(self, message: Message) -> None:
        """Hand over a message, which is kept in memory until the broker has acknowledged it.

        One that is larger than the broker takes is left out, and told in the log.

        Raises
        ------
        OutputError
            The bus is closed, the message cannot be sent, or more wait for the first connection than paho keeps.
        """
        if self._is_closed:
            raise OutputError(f"the bus of {self._name} is closed; open another.")
        packet = _packet(message)
        with self._lock:
            if self._early is not None:
                if len(self._early) >= _MOST_WAITING:
                    raise OutputError(f"{len(self._early)} messages of {self._name} wait for its first connection.")
                self._count(1)
                self._early.append(packet)
                return
        self._count(1)
        self._send(packet)

    def _send(self, packet: _Packet) -> None:
        """Hand a message, which counts as under way, to paho."""
        message, properties, n_bytes = packet
        if n_bytes > self._most_bytes:
            _LOG.error(
                "%s takes %d bytes and the broker of %s takes %d; it is left out, give the broker a larger limit",
                message.topic, n_bytes, self._name, self._most_bytes,
            )  # fmt: skip
            self._count(-1)
            return
        try:
            sent = self._client.publish(message.topic, message.payload, _QOS, message.retain, properties)
        except ValueError as error:  # such as a wildcard in its topic
            self._count(-1)
            raise OutputError(f"{message.topic} cannot be published by {self._name}: {error}.") from error
        if sent.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
            self._count(-1)
            raise OutputError(f"{message.topic} cannot be published by {self._name}: {sent.rc.name}.")

    def subscribe(self, pattern: str, handler: Handler) -> None:
        """Have matching messages handled on the bus's thread; ``$share/GROUP/PATTERN`` shares them out in a group."""
        with self._lock:
            self._handlers.append((_filter_of(pattern), handler))
            self._patterns[pattern] = None
            early, self._waiting = self._waiting, []
            if self._is_live:
                self._ask_for(pattern)
        for arrived in early:
            self._hand_on(arrived)

    def close(self) -> None:
        """Leave; what was not acknowledged is delivered to whoever comes next under the same name."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._is_live or self._early:
            with self._all_arrived:
                self._all_arrived.wait_for(lambda: self._n_under_way == 0, _FLUSH_S)
        self._client.disconnect()
        self._client.loop_stop()
        self._let_go()

    def _let_go(self) -> None:
        """Hold on to us no longer, so that paho's sockets close when we are dropped, not when garbage is looked for."""
        client = self._client
        client.on_connect = client.on_disconnect = client.on_message = client.on_publish = client.on_subscribe = None

    def _on_connect(
        self, client: paho.Client, data: Any, flags: paho.ConnectFlags, reason: ReasonCode, properties: Any
    ) -> None:
        if reason.is_failure:
            self._refused = str(reason)
            _LOG.warning("broker turned %s away: %s", self._name, reason)
            return
        with self._lock:
            self._generation += 1
            self._is_live = True
            self._refused = ""
            self._most_bytes = getattr(properties, "MaximumPacketSize", _MOST_BYTES)
            self._waiting.clear()
            self._unanswered.clear()
            for pattern in self._patterns:
                self._ask_for(pattern)
            self._send_early()

    def _send_early(self) -> None:
        """Send what waited for the first connection; an error would end paho's thread."""
        early, self._early = self._early or (), None
        for packet in early:
            try:
                self._send(packet)
            except OutputError as error:
                _LOG.error("%s", error)

    def _ask_for(self, pattern: str) -> None:
        """Subscribe at the broker; its answer waits for our lock."""
        _, packet = self._client.subscribe(pattern, options=SubscribeOptions(qos=_QOS))
        if packet is not None:
            self._unanswered.add(packet)

    def _on_subscribe(
        self, client: paho.Client, data: Any, packet: int, reasons: list[ReasonCode], properties: Any
    ) -> None:
        with self._lock:
            self._unanswered.discard(packet)

    def _on_disconnect(
        self, client: paho.Client, data: Any, flags: paho.DisconnectFlags, reason: ReasonCode, properties: Any
    ) -> None:
        with self._lock:
            self._generation += 1
            self._is_live = False
        if not self._is_closed:
            _LOG.info("%s lost its connection: %s", self._name, reason)

    def _on_publish(self, client: paho.Client, data: Any, packet: int, reason: ReasonCode, properties: Any) -> None:
        self._count(-1)
        if reason.is_failure:
            _LOG.warning("broker did not take a message of %s: %s", self._name, reason)

    def _count(self, change: int) -> None:
        """Count what is under way; never while paho is called, whose own locks are held when it calls us."""
        with self._all_arrived:
            self._n_under_way += change
            self._all_arrived.notify_all()

    def _on_message(self, client: paho.Client, data: Any, given: paho.MQTTMessage) -> None:
        properties = dict(getattr(given.properties, "UserProperty", ()))
        message = Message(given.topic, bytes(given.payload), properties, given.retain)
        self._hand_on(_Arrived(message, given.mid if given.qos else 0, self._generation))

    def _hand_on(self, arrived: _Arrived) -> None:
        """Give a message to its handlers; it is acknowledged when all of them have."""
        with self._lock:
            handlers = [handler for pattern, handler in self._handlers if matches(pattern, arrived.message.topic)]
            if not handlers:
                self._waiting.append(arrived)
                return
        owed = Owed(len(handlers), lambda: self._acknowledge(arrived))
        for handler in handlers:
            try:
                handler(arrived.message, owed.once())
            except Exception:  # a handler that fails leaves its message unacknowledged, and the bus in order
                _LOG.exception("a handler failed on %s", arrived.message.topic)

    def _acknowledge(self, arrived: _Arrived) -> None:
        with self._lock:
            if arrived.packet and self._is_live and arrived.generation == self._generation:
                self._client.ack(arrived.packet, _QOS)


def _client(options: MqttOptions, *, will: Message | None) -> paho.Client:
    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id=options.client_id, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
    )
    client.reconnect_delay_set(1, options.max_reconnect_s)
    client.max_inflight_messages_set(options.max_under_way)
    if will is not None:
        client.will_set(will.topic, will.payload, _QOS, will.retain)
    if options.authority is not None:
        _use_tls(client, options)
    return client


def _use_tls(client: paho.Client, options: MqttOptions) -> None:
    try:
        client.tls_set(str(options.authority), _text(options.certificate), _text(options.key))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"certificates {options.authority}, {options.certificate}, {options.key} cannot be used: {error}."
        ) from error


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _session(options: MqttOptions) -> Properties:
    properties = _properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = options.session_days * 86_400
    properties.ReceiveMaximum = options.max_unacknowledged
    return properties


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]


def _packet(message: Message) -> _Packet:
    """Packet of a message.

    Raises
    ------
    OutputError
        MQTT cannot carry its properties.
    """
    properties = _properties(PacketTypes.PUBLISH)
    if message.properties:
        properties.UserProperty = list(message.properties.items())
    try:
        told: bytes = properties.pack()  # type: ignore[no-untyped-call]
    except struct.error as error:
        raise OutputError(f"the properties of {message.topic} cannot be published: {error}.") from error
    return _Packet(message, properties, _HEAD_BYTES + len(message.topic.encode()) + len(told) + len(message.payload))


def _filter_of(pattern: str) -> str:
    """What a subscription matches, without the group that shares it."""
    return pattern.split("/", 2)[2] if pattern.startswith(_SHARED) else pattern
