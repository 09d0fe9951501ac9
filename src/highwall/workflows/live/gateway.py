"""A gateway on its machine: joins a site, runs, tells how it stands: ``highwall gateway``.

Everything that it keeps lies in one folder: key and certificates, identity, configuration, outbox, audit, calibration.
"""

import datetime as dt
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from highwall.core.errors import InputError
from highwall.edge.agent import Agent, Means
from highwall.edge.calibration import Calibration
from highwall.edge.configuration import Configuration
from highwall.edge.crack_watch import CrackWatch
from highwall.edge.execution import Audit
from highwall.edge.link import OpenBus
from highwall.edge.options import CrackOptions, DestinationOptions, ReaderOptions, WatchOptions
from highwall.edge.outbox import open_outbox
from highwall.edge.outbox_opening import peek
from highwall.edge.radio import Radio, SilentRadio, SimulatedRadio
from highwall.edge.readers import Reader
from highwall.edge.registration import IDENTITY_FILE, Identity, Post, claim, mqtt_options, poster, read_identity
from highwall.edge.renewal import Renewal, has_run_out, valid_until
from highwall.telemetry.messages import Event, Message
from highwall.twin.bus import MessageBus
from highwall.twin.mqtt import MqttBus, MqttOptions

RADIOS: Final = ("none", "ble", "simulated")
OUTBOX_FILE: Final = "outbox.sqlite"
CONFIGURATION_FILE: Final = "configuration.json"
AUDIT_FILE: Final = "audit.jsonl"
CALIBRATION_FILE: Final = "calibration.json"
IMAGES_FILE: Final = "images.jsonl"
_SIMULATED_TAGS: Final = 10
_SIMULATED_HZ: Final = 10


def join(folder: Path, *, server: str, code: str, authority: Path | None = None, post: Post | None = None) -> Identity:
    """Join a site with a one-time code; a gateway may do so again in its folder when its certificate opens no broker.

    Raises
    ------
    InputError
        The server refuses, or the folder belongs to a gateway already.
    OutputError
        The folder cannot be written.
    """
    again = (folder / IDENTITY_FILE).exists() and not _has_certificate(folder)
    return claim(folder, server=server, code=code, post=post or poster(authority), again=again)


def run(
    folder: Path,
    *,
    radio: str | Radio = "none",
    stop: threading.Event | None = None,
    say: Callable[[str], None] = print,
    open_bus: OpenBus | None = None,
) -> bool:
    """Run a gateway until it is told to stop, or to start again: then True.

    Parameters
    ----------
    radio
        One of ``RADIOS``, or a radio of one's own.

    Raises
    ------
    MissingInputError
        The folder belongs to no gateway.
    InputError
        What it holds cannot be read, or the radio is not there.
    OutputError
        The disk does not take what must be kept, or another process runs this gateway.
    """
    identity = read_identity(folder)
    stop = stop or threading.Event()
    with _means(folder, identity, radio=radio, open_bus=open_bus) as means, _on_signals(stop):
        agent = Agent(means)
        say(f"gateway {identity.gateway} of site {identity.site} works; outbox {means.outbox.boot_epoch}")
        try:
            agent.run(stop)
        finally:
            agent.close()
        return agent.wants_restart


def standing(folder: Path) -> dict[str, Any]:
    """Tell how a gateway stands, from its folder alone: it may run or not.

    Raises
    ------
    MissingInputError
        The folder belongs to no gateway, or it never ran.
    """
    identity = read_identity(folder)
    outbox = peek(folder / OUTBOX_FILE)
    configuration = _configuration(folder, identity)
    destination = configuration.current.destination or identity.destination
    return {
        "gateway": identity.gateway, "site": identity.site, "boot_epoch": outbox.boot_epoch,
        "waiting": {str(priority): n for priority, n in outbox.waiting.items()}, "outbox_bytes": outbox.n_bytes,
        "configuration_version": configuration.current.version, "configuration_sha256": configuration.sha256,
        "is_on_trial": configuration.is_on_trial, "destination": destination.model_dump(),
        **_certificate_standing(folder),
    }  # fmt: skip


def _certificate_standing(folder: Path) -> dict[str, Any]:
    """Tell until when the certificate is good; none of one that cannot be read."""
    try:
        until = valid_until(folder).isoformat()
    except InputError as error:
        return {"certificate_until": None, "certificate": str(error)}
    return {"certificate_until": until, "certificate_has_run_out": has_run_out(folder, now_us())}


def _has_certificate(folder: Path) -> bool:
    """Whether there is a certificate that can be read and has not run out."""
    try:
        return not has_run_out(folder, now_us())
    except InputError:
        return False


def start_again() -> None:
    """Replace this process by a fresh one of the same command."""
    os.execv(sys.executable, sys.orig_argv)


def now_us() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


@contextmanager
def _means(folder: Path, identity: Identity, *, radio: str | Radio, open_bus: OpenBus | None) -> Iterator[Means]:
    """Open what a gateway works with, and close it."""
    configuration = _configuration(folder, identity)
    with ExitStack() as closing:
        outbox = open_outbox(folder / OUTBOX_FILE, now_us=now_us(), max_mib=configuration.current.limits.outbox_mib)
        closing.callback(outbox.close)

        def over_mqtt(destination: DestinationOptions | None, will: Message) -> MessageBus:
            return MqttBus(mqtt_options(folder, identity, destination), will=will)

        yield Means(
            site=identity.site, gateway=identity.gateway, outbox=outbox, configuration=configuration,
            audit=Audit(folder / AUDIT_FILE), calibration=Calibration(folder / CALIBRATION_FILE),
            radio=_radio(radio, identity.gateway) if isinstance(radio, str) else radio, open_bus=open_bus or over_mqtt,
            open_reader=lambda options: _reader(options, identity.gateway),
            judge=lambda options, keep: _judge(folder, options, keep), open_cracks=_crack_watch, clock=now_us,
            renewal=None if open_bus else Renewal(folder, gateway=identity.gateway),
        )  # fmt: skip


def _configuration(folder: Path, identity: Identity) -> Configuration:
    return Configuration.open(folder / CONFIGURATION_FILE, initial=identity.first_config(), signer=identity.signing_key)


def _radio(kind: str, gateway: str) -> Radio:
    if kind == "simulated":
        return SimulatedRadio(gateway, n_tags=_SIMULATED_TAGS, rate_hz=_SIMULATED_HZ, seed=0, start_us=now_us())
    if kind == "ble":
        return _bluetooth(gateway)
    return SilentRadio()


def _bluetooth(gateway: str) -> Radio:
    try:
        from highwall.edge.ble import BleRadio
    except ImportError as error:
        raise InputError("the radio needs bleak; install it with pip install 'highwall[ble]'.") from error
    return BleRadio(gateway, clock=now_us)


def _reader(options: ReaderOptions, gateway: str) -> Reader:
    """Read a broker beside the gateway, under a session of its own for each set of topics."""
    name = f"{gateway}-{options.kind}-{options.port}"
    return Reader(options, MqttBus(MqttOptions(host=options.host, port=options.port, client_id=name)))


def _judge(folder: Path, options: WatchOptions, keep: Callable[[Event], object]) -> dict[str, int]:
    """Judge images; the network's library is loaded only here, when it is first needed."""
    from highwall.edge.watching import judge_new

    judged = judge_new(options, keep, journal=folder / IMAGES_FILE, clock=lambda: dt.datetime.now(dt.UTC))
    return judged._asdict()


def _crack_watch(options: CrackOptions) -> CrackWatch:
    """Open the classifier of windows, whose library is loaded only where one is wanted."""
    from highwall.classification.crack_windows.classifier import CrackWindowClassifier

    return CrackWatch(CrackWindowClassifier.open(Path(options.weights)), options.places)


@contextmanager
def _on_signals(stop: threading.Event) -> Iterator[None]:
    """Stop in good order when the system asks for it; threads other than the main one leave signals alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
