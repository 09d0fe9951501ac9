"""The gateway itself: listens, concludes, keeps, sends; step by step, with the clock and the bus given to it."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from highwall.core.errors import InputError, OutputError
from highwall.edge.autonomy import Autonomy
from highwall.edge.calibration import Calibration
from highwall.edge.configuration import Changed, Configuration
from highwall.edge.execution import RESTART, Audit, Executor, Verb
from highwall.edge.heartbeat import Heartbeat, last_word
from highwall.edge.inbox import COMMAND, CONFIG, RESEND, WATERMARK, Inbox
from highwall.edge.options import DestinationOptions, GatewayConfig, ReaderOptions, WatchOptions
from highwall.edge.outbox import Outbox
from highwall.edge.radio import Radio, is_scanning
from highwall.edge.readers import Heard, Reader
from highwall.edge.sending import Sender
from highwall.edge.storing import Store
from highwall.telemetry.messages import (
    STAND_DOWN,
    Command,
    Event,
    Message,
    Priority,
    Range,
    Reading,
    Resend,
    Sighted,
    SignedConfig,
    Watermark,
    decoded,
    encoded,
    status_topic,
)
from highwall.twin.bus import MessageBus

TICK_S: Final = 0.25
"""How often the gateway listens and concludes [s]."""
UNUSABLE: Final = "word_refused"
"""Kind of the event that tells of a word of the server which could not be used."""
_S: Final = 1_000_000
_LONGEST_SCAN_S: Final = 3600.0
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Means:
    """What an agent works with; whoever starts it opens these and closes them after it."""

    site: str
    gateway: str
    outbox: Outbox
    configuration: Configuration
    audit: Audit
    calibration: Calibration
    radio: Radio
    open_bus: Callable[[DestinationOptions | None, Message], MessageBus]
    """Broker (None: the one of the claim) and will → a bus to the server."""
    open_reader: Callable[[ReaderOptions], Reader]
    judge: Callable[[WatchOptions, Callable[[Event], object]], dict[str, int]]
    """Judges the images that are new, and hands each result to be kept."""
    clock: Callable[[], int]
    """Microseconds since 1970 UTC."""


class Agent:
    """A gateway that runs; :meth:`step` from one thread alone."""

    def __init__(self, means: Means) -> None:
        """Begin: a trial of a configuration that was going on begins anew, or ends."""
        now_us = means.clock()
        self._means = means
        self._wake = threading.Event()
        self._lock = threading.RLock()
        self.wants_restart = False
        self._config: GatewayConfig = means.configuration.current
        self._trial: Range | None = None
        self._refused: set[str] = set()
        self._autonomy = Autonomy(self._config.autonomy)
        self._store = Store(means.outbox)
        self._sender = Sender(means.outbox, options=self._config.send, now_us=now_us)
        self._heartbeat = Heartbeat(means.outbox, now_us=now_us)
        self._scan_until_us = 0
        self._watched_us = now_us
        self._was_connected = False
        self._inbox = Inbox(site=means.site, gateway=means.gateway, wake=self._wake.set)
        self._bus = self._opened_bus()
        self._readers = [means.open_reader(reader) for reader in self._config.readers]
        self._executor = Executor(self._verbs(), audit=means.audit, clock=means.clock)
        self._change(means.configuration.started(now_us), now_us)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop, or until a command asks for a restart."""
        heard_us = 0
        while not stop.is_set() and not self.wants_restart:
            now_us = self._means.clock()
            try:
                if not 0 <= now_us - heard_us < TICK_S * _S:
                    heard_us = now_us
                    self.listen(now_us)
                self.speak(now_us)
            except OutputError as error:  # a full disk: what was to be written is tried again
                _LOG.error("%s", error)
            self._wake.wait(TICK_S)
            self._wake.clear()

    def step(self) -> None:
        """Listen and speak once."""
        now_us = self._means.clock()
        self.listen(now_us)
        self.speak(now_us)

    def listen(self, now_us: int) -> None:
        """Take in what tags and brokers say, conclude, and keep it."""
        self._means.radio.listen(is_on=is_scanning(self._config.scan, now_us, forced_until_us=self._scan_until_us))
        heard = [reader.heard(now_us) for reader in self._readers]
        self._keep(self._means.radio.heard(now_us), heard, now_us)
        self._look_at_images(now_us)

    def speak(self, now_us: int) -> None:
        """Take in what the server says, and send what is due."""
        for what, message, acknowledge in self._inbox.take():
            if self._answer(what, message, now_us):
                acknowledge()
        for event in self._executor.results():
            if self._put(Priority.ALARM, [event], now_us) is not None:
                self._executor.told(event)
        self._watch_trial(now_us)
        if self._bus.is_connected:
            self._send(now_us)
        self._was_connected = self._bus.is_connected

    def close(self) -> None:
        """Leave in good order: the outbox keeps what the server has not confirmed."""
        now_us = self._means.clock()
        self._executor.close()
        with self._lock:
            left = self._autonomy.change(self._config.autonomy)
        self._put(Priority.TELEMETRY, left, now_us)
        if self._bus.is_connected:
            self._say(last_word(now_us, boot_epoch=self._means.outbox.boot_epoch))
        self._bus.close()
        for reader in self._readers:
            reader.close()
        self._means.radio.close()

    def _keep(self, said: Sighted, heard: list[Heard], now_us: int) -> None:
        readings = self._means.calibration.apply([*said.readings, *(one for each in heard for one in each.readings)])
        events = [(Priority.ALARM, event) for event in said.events]
        events += [pair for each in heard for pair in each.events]
        with self._lock:
            concluded = self._autonomy.take(readings, now_us)
            answers = self._autonomy.pressed([event for _, event in events])
        for priority in Priority:
            found = [event for given, event in events if given is priority]
            more = answers if priority is Priority.ALARM else []
            self._put(priority, [*concluded.events.get(priority, []), *found, *more], now_us)
        self._put(Priority.TELEMETRY, concluded.readings, now_us)
        if self._store.is_durable:
            for acknowledge in (one for each in heard for one in each.owed):
                acknowledge()

    def _put(self, priority: Priority, items: list[Reading] | list[Event], now_us: int) -> Range | None:
        return self._store.put(priority, items, now_us)

    def _look_at_images(self, now_us: int) -> None:
        watch = self._config.watch
        if watch is not None and now_us - self._watched_us >= watch.every_s * _S:
            self._watched_us = now_us
            self._executor.submit(Command(f"watch-{now_us}", "infer"))

    def _answer(self, what: str, message: Message, now_us: int) -> bool:
        """Act on a word of the server, and say whether it was dealt with; one that cannot be used is told."""
        try:
            self._act(what, message, now_us)
        except InputError as error:
            _LOG.error("%s of the server refused: %s", what, error)
            event = Event(UNUSABLE, now_us, what, {"reason": str(error)})
            self._put(Priority.ALARM, [event], now_us)
        except OutputError as error:
            _LOG.error("%s of the server must come again: %s", what, error)
            return False
        return True

    def _act(self, what: str, message: Message, now_us: int) -> None:
        if what == WATERMARK:
            self._sender.confirm(decoded(message.payload, Watermark), now_us)
        elif what == RESEND:
            self._sender.ask(decoded(message.payload, Resend))
        elif what == COMMAND:
            self._executor.submit(decoded(message.payload, Command))
        elif what == CONFIG:
            self._offer(decoded(message.payload, SignedConfig), now_us)

    def _offer(self, signed: SignedConfig, now_us: int) -> None:
        """Try a configuration; one that was refused comes again with every connection, and is told once."""
        if signed.content in self._refused:
            return
        try:
            changed = self._means.configuration.offer(signed, now_us, check=self._check)
        except InputError as error:
            self._refused.add(signed.content)
            self._put(Priority.ALARM, [self._means.configuration.refusal(signed, error, now_us)], now_us)
            return
        self._change(changed, now_us)

    def _change(self, changed: Changed | None, now_us: int) -> None:
        """Work by another configuration from now on, and report it; the report is what the server must confirm."""
        if changed is None:
            return
        was, self._config = self._config, changed.config
        with self._lock:
            left = self._autonomy.change(self._config.autonomy)
        self._put(Priority.TELEMETRY, left, now_us)
        self._sender.options = self._config.send
        self._means.outbox.resize(max(_outbox_bytes(self._config), self._means.outbox.n_bytes))
        if self._config.destination != was.destination:
            self._bus.close()
            self._bus = self._opened_bus()
        if self._config.readers != was.readers:
            for reader in self._readers:
                reader.close()
            self._readers = [self._means.open_reader(reader) for reader in self._config.readers]
        self._heartbeat.hasten()
        self._trial = self._put(Priority.ALARM, [changed.event], now_us)

    def _check(self, config: GatewayConfig) -> None:
        if _outbox_bytes(config) < self._means.outbox.n_bytes:
            raise InputError("limits.outbox_mib is less than the outbox holds; nothing is given up for it.")

    def _watch_trial(self, now_us: int) -> None:
        """Keep a configuration whose report is durable at the server; take back one that waits for that too long."""
        if not self._means.configuration.is_on_trial:
            return
        outbox = self._means.outbox
        is_same = self._trial is not None and self._trial.boot_epoch == outbox.boot_epoch
        if self._trial is not None and is_same and outbox.committed(Priority.ALARM) >= self._trial.last:
            self._means.configuration.confirm()
            return
        back = self._means.configuration.advance(now_us)
        if back is not None:
            self._refused.clear()
            self._change(back, now_us)

    def _send(self, now_us: int) -> None:
        if not self._was_connected:
            self._heartbeat.hasten()
        if self._heartbeat.is_due(now_us, every_s=self._config.limits.heartbeat_s):
            self._means.outbox.settle()
            self._say(self._heartbeat.word(now_us, config_hash=self._means.configuration.sha256))
        for pack in self._sender.due(now_us):
            self._bus.publish(pack.message(self._means.site, self._means.gateway))

    def _say(self, word: Any) -> None:
        topic = status_topic(self._means.site, self._means.gateway)
        self._bus.publish(Message(topic, encoded(word), retain=True))

    def _opened_bus(self) -> MessageBus:
        word = last_word(self._means.clock(), boot_epoch=self._means.outbox.boot_epoch)
        will = Message(status_topic(self._means.site, self._means.gateway), encoded(word), retain=True)
        bus = self._means.open_bus(self._config.destination, will)
        self._inbox.subscribe(bus)
        return bus

    def _verbs(self) -> dict[str, Verb]:
        return {
            "scan": self._scan, RESTART: self._restart, "calibrate": self._means.calibration.calibrate,
            "infer": self._infer, STAND_DOWN: self._stand_down,
        }  # fmt: skip

    def _scan(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        seconds = arguments.get("seconds", self._config.scan.window_s)
        if not isinstance(seconds, int | float) or not 0 < seconds <= _LONGEST_SCAN_S:
            raise InputError(f"scan takes seconds, more than 0 and at most {_LONGEST_SCAN_S:g}.")
        self._scan_until_us = self._means.clock() + round(seconds * _S)
        return {"until_us": self._scan_until_us}

    def _restart(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self.wants_restart = True
        self._wake.set()
        return {}

    def _infer(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        watch = self._config.watch
        if watch is None:
            raise InputError("the configuration names no folder of images; set watch first.")
        judged = self._means.judge(watch, lambda event: self._means.outbox.put(Priority.BULK, [event]))
        return {**judged}

    def _stand_down(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        thing, upto = arguments.get("thing"), arguments.get("upto_us")
        if not isinstance(thing, str) or not isinstance(upto, int | float | None):
            raise InputError("stand_down takes a thing, the tag of the person who was looked after, and upto_us.")
        upto_us = None if upto is None else int(upto)
        with self._lock:
            events = self._autonomy.stand_down(thing, self._means.clock(), upto_us=upto_us)
        self._means.outbox.put(Priority.ALARM, events)
        return {"thing": thing}


def _outbox_bytes(config: GatewayConfig) -> int:
    return config.limits.outbox_mib * 2**20
