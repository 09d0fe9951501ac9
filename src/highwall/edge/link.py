"""The way between a gateway and its server: the bus, what comes over it, and what is due to be said."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from highwall.core.errors import InputError
from highwall.edge.heartbeat import Heartbeat, last_word
from highwall.edge.inbox import Inbox
from highwall.edge.options import DestinationOptions, GatewayConfig
from highwall.edge.outbox import Outbox
from highwall.edge.renewal import Renewal
from highwall.edge.sending import Sender
from highwall.telemetry.messages import (
    CertificateAnswer,
    Message,
    Resend,
    Status,
    Watermark,
    encoded,
    renewal_topic,
    status_topic,
)
from highwall.twin.bus import Acknowledge, MessageBus

_LOG: Final = logging.getLogger(__name__)
_LOOK_US: Final = 60_000_000
"""Between two looks at the certificate."""
OpenBus = Callable[[DestinationOptions | None, Message], MessageBus]
"""Broker (None: the one of the claim) and will → a bus to the server."""


@dataclass(frozen=True)
class Ends:
    """Who speaks, and with what."""

    site: str
    gateway: str
    outbox: Outbox
    open_bus: OpenBus
    renewal: Renewal | None
    """Looks after the certificate; None: the bus needs none."""


class Link:
    """Speaks with the server; from one thread alone."""

    def __init__(self, ends: Ends, config: GatewayConfig, *, wake: Callable[[], None], now_us: int) -> None:
        self._ends = ends
        self._config = config
        self._sender = Sender(ends.outbox, options=config.send, now_us=now_us)
        self._heartbeat = Heartbeat(ends.outbox, now_us=now_us)
        self._inbox = Inbox(site=ends.site, gateway=ends.gateway, wake=wake)
        self._was_connected = False
        self._looked_us: int | None = None
        self._bus = self._opened(now_us)

    def heard(self) -> list[tuple[str, Message, Acknowledge]]:
        """Give what the server said since the last call, and what it is."""
        return self._inbox.take()

    def change(self, config: GatewayConfig, now_us: int) -> None:
        """Go on by another configuration, at another broker where it names one."""
        was, self._config = self._config, config
        self._sender.options = config.send
        if config.destination != was.destination:
            self._reopen(now_us)
        self._heartbeat.hasten()

    def confirm(self, watermark: Watermark, now_us: int) -> None:
        """Take in what the server has durably."""
        self._sender.confirm(watermark, now_us)

    def ask(self, resend: Resend) -> None:
        """Take in that the server misses numbers."""
        self._sender.ask(resend)

    def take_certificate(self, answer: CertificateAnswer, now_us: int) -> None:
        """Take a renewed certificate, and connect anew with it.

        Raises
        ------
        InputError
            It cannot be used.
        OutputError
            It cannot be kept.
        """
        if self._ends.renewal is not None and self._ends.renewal.take(answer):
            self._reopen(now_us)

    def speak(self, now_us: int, *, config_hash: str) -> None:
        """Send what is due.

        Raises
        ------
        OutputError
            The disk does not answer.
        """
        is_connected = self._bus.is_connected
        if is_connected and not self._was_connected:
            self._heartbeat.hasten()
        self._was_connected = is_connected
        self._look_after_certificate(now_us)
        if not is_connected:
            return
        if self._heartbeat.is_due(now_us, every_s=self._config.limits.heartbeat_s):
            self._ends.outbox.settle()
            self._say(self._heartbeat.word(now_us, config_hash=config_hash))
        for pack in self._sender.due(now_us):
            self._bus.publish(pack.message(self._ends.site, self._ends.gateway))

    def close(self, now_us: int) -> None:
        """Take leave."""
        if self._bus.is_connected:
            self._say(last_word(now_us, boot_epoch=self._ends.outbox.boot_epoch))
        self._bus.close()

    def _look_after_certificate(self, now_us: int) -> None:
        """Ask for a new certificate in time, or tell its end; without a connection the bus keeps the question."""
        renewal = self._ends.renewal
        is_early = self._looked_us is not None and 0 <= now_us - self._looked_us < _LOOK_US
        if renewal is None or is_early:
            return
        self._looked_us = now_us
        try:
            request = renewal.request(now_us)
        except InputError as error:
            _LOG.error("%s", error)
            return
        if request is not None:
            self._bus.publish(Message(renewal_topic(self._ends.site, self._ends.gateway), encoded(request)))

    def _reopen(self, now_us: int) -> None:
        self._bus.close()
        self._bus = self._opened(now_us)
        self._was_connected = False

    def _opened(self, now_us: int) -> MessageBus:
        word = last_word(now_us, boot_epoch=self._ends.outbox.boot_epoch)
        bus = self._ends.open_bus(self._config.destination, self._retained(word))
        self._inbox.subscribe(bus)
        return bus

    def _say(self, word: Status) -> None:
        self._bus.publish(self._retained(word))

    def _retained(self, word: Status) -> Message:
        return Message(status_topic(self._ends.site, self._ends.gateway), msgspec.json.encode(word), retain=True)
