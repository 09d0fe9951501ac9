"""The gateway itself: listens, concludes, keeps, sends; step by step, with the clock and the bus given to it."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from highwall.core.errors import HighwallError, InputError, OutputError
from highwall.edge.calibration import Calibration
from highwall.edge.concluding import Conclusions, OpenCracks
from highwall.edge.configuration import Changed, Configuration
from highwall.edge.execution import RESTART, Audit, Executor, Verb
from highwall.edge.inbox import CERTIFICATE, COMMAND, CONFIG, RESEND, WATERMARK
from highwall.edge.link import Ends, Link, OpenBus
from highwall.edge.options import GatewayConfig, ReaderOptions, WatchOptions
from highwall.edge.outbox import Outbox
from highwall.edge.radio import Radio, is_scanning
from highwall.edge.readers import Heard, Reader
from highwall.edge.renewal import Renewal
from highwall.telemetry.messages import (
    STAND_DOWN,
    CertificateAnswer,
    Command,
    Event,
    Message,
    Priority,
    Range,
    Resend,
    Sighted,
    SignedConfig,
    Watermark,
    decoded,
)

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
    open_bus: OpenBus
    open_reader: Callable[[ReaderOptions], Reader]
    judge: Callable[[WatchOptions, Callable[[Event], object]], dict[str, int]]
    """Judges the images that are new, and hands each result to be kept."""
    open_cracks: OpenCracks
    clock: Callable[[], int]
    """Microseconds since 1970 UTC."""
    renewal: Renewal | None = None
    """Looks after the certificate; None: the bus needs none."""


class Agent:
    """A gateway that runs; :meth:`step` from one thread alone."""

    def __init__(self, means: Means) -> None:
        """Begin: a trial of a configuration that was going on begins anew, or ends."""
        now_us = means.clock()
        self._means = means
        self._wake = threading.Event()
        self.wants_restart = False
        self._config: GatewayConfig = means.configuration.current
        self._trial: Range | None = None
        self._refused: set[str] = set()
        self._conclusions = Conclusions(
            means.outbox, self._config, open_cracks=means.open_cracks, now_us=now_us
        )  # fmt: skip
        self._scan_until_us = 0
        self._watched_us = now_us
        ends = Ends(means.site, means.gateway, means.outbox, means.open_bus, means.renewal)
        self._link = Link(ends, self._config, wake=self._wake.set, now_us=now_us)
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
        for what, message, acknowledge in self._link.heard():
            if self._answer(what, message, now_us):
                acknowledge()
        for event in self._executor.results():
            if self._put(event, now_us) is not None:
                self._executor.told(event)
        self._watch_trial(now_us)
        self._link.speak(now_us, config_hash=self._means.configuration.sha256)

    def close(self) -> None:
        """Leave in good order: the outbox keeps what the server has not confirmed."""
        now_us = self._means.clock()
        self._executor.close()
        self._conclusions.finish(now_us)
        self._link.close(now_us)
        for reader in self._readers:
            reader.close()
        self._means.radio.close()

    def _keep(self, said: Sighted, heard: list[Heard], now_us: int) -> None:
        readings = self._means.calibration.apply([*said.readings, *(one for each in heard for one in each.readings)])
        events = [(Priority.ALARM, event) for event in said.events]
        events += [pair for each in heard for pair in each.events]
        self._conclusions.take(readings, events, now_us)
        if self._conclusions.is_durable:
            for acknowledge in (one for each in heard for one in each.owed):
                acknowledge()

    def _put(self, event: Event, now_us: int) -> Range | None:
        return self._conclusions.put(Priority.ALARM, [event], now_us)

    def _look_at_images(self, now_us: int) -> None:
        watch = self._config.watch
        if watch is not None and not 0 <= now_us - self._watched_us < watch.every_s * _S:
            self._watched_us = now_us
            self._executor.go_round(Command(f"watch-{now_us}", "infer"))

    def _answer(self, what: str, message: Message, now_us: int) -> bool:
        """Act on a word of the server, and say whether it was dealt with; one that cannot be used is told."""
        try:
            self._act(what, message, now_us)
        except InputError as error:
            _LOG.error("%s of the server refused: %s", what, error)
            event = Event(UNUSABLE, now_us, what, {"reason": str(error)})
            self._put(event, now_us)
        except OutputError as error:
            _LOG.error("%s of the server must come again: %s", what, error)
            return False
        return True

    def _act(self, what: str, message: Message, now_us: int) -> None:
        if what == WATERMARK:
            self._link.confirm(decoded(message.payload, Watermark), now_us)
        elif what == RESEND:
            self._link.ask(decoded(message.payload, Resend))
        elif what == COMMAND:
            self._executor.submit(decoded(message.payload, Command))
        elif what == CONFIG:
            self._offer(decoded(message.payload, SignedConfig), now_us)
        elif what == CERTIFICATE:
            self._link.take_certificate(decoded(message.payload, CertificateAnswer), now_us)

    def _offer(self, signed: SignedConfig, now_us: int) -> None:
        """Try a configuration; one that was refused comes again with every connection, and is told once."""
        if signed.content in self._refused:
            return
        try:
            changed = self._means.configuration.offer(signed, now_us, check=self._check)
        except InputError as error:
            self._refused.add(signed.content)
            self._put(self._means.configuration.refusal(signed, error, now_us), now_us)
            return
        self._change(changed, now_us)

    def _change(self, changed: Changed | None, now_us: int) -> None:
        """Work by another configuration from now on, and report it; the report is what the server must confirm."""
        if changed is None:
            return
        was, self._config = self._config, changed.config
        self._conclusions.change(self._config, now_us)
        self._means.outbox.resize(max(_outbox_bytes(self._config), self._means.outbox.n_bytes))
        self._link.change(self._config, now_us)
        if self._config.readers != was.readers:
            for reader in self._readers:
                reader.close()
            self._readers = [self._means.open_reader(reader) for reader in self._config.readers]
        self._trial = self._put(changed.event, now_us)

    def _check(self, config: GatewayConfig) -> None:
        if _outbox_bytes(config) < self._means.outbox.n_bytes:
            raise InputError("limits.outbox_mib is less than the outbox holds; nothing is given up for it.")
        if config.cracks is not None:
            try:
                self._means.open_cracks(config.cracks)
            except HighwallError as error:
                raise InputError(f"cracks.weights cannot be used: {error}") from error

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
        thing, upto = arguments.get("thing"), arguments.get("upto")
        if not isinstance(thing, str) or not isinstance(upto, int | float | None):
            raise InputError("stand_down takes a thing, the tag of the person who was looked after, and upto.")
        upto = None if upto is None else int(upto)
        self._conclusions.stand_down(thing, self._means.clock(), upto=upto)
        return {"thing": thing}


def _outbox_bytes(config: GatewayConfig) -> int:
    return config.limits.outbox_mib * 2**20
