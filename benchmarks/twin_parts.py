"""The members of the twin's trials, each a process that can be killed: gateways, servers, a broker, a link, a disk."""

import errno
import os
import queue
import random
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from highwall.core.errors import HighwallError, OutputError
from highwall.edge.options import SendOptions
from highwall.edge.outbox import Outbox, open_outbox
from highwall.edge.sending import Sender
from highwall.telemetry.messages import Message, Priority, Reading, Resend, Watermark, decoded, down_topic
from highwall.twin.bus import Acknowledge, Handler, MessageBus
from highwall.twin.mqtt import MqttBus, MqttOptions

SITE: Final = "pit"
N_TAGS: Final = 50
N_AT_ONCE: Final = 20
_PROPERTIES: Final = (
    ("strain", 0.0, 1e-3),
    ("battery", 3.5, 0.2),
    ("temperature", 290.0, 5.0),
    ("crack_width", 0.001, 1e-4),
    ("vibration", 0.0, 1e-3),
)
"""What the tags measure: property, usual value, how far it hops; SI units."""
_BROKER: Final = """\
user root
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 1
max_inflight_messages 2000
max_queued_messages 0
set_tcp_nodelay true
listener {port} 127.0.0.1
"""


class Source(NamedTuple):
    """What a gateway reads: everything follows from the number alone, so that a killed one goes on where it was."""

    gateway: str
    n: int
    """Readings in the class telemetry; of class alarm there are a hundredth."""
    rate: float
    """Readings in a second."""
    from_us: int

    def total(self, priority: Priority) -> int:
        """Last number of a class."""
        return {Priority.TELEMETRY: self.n, Priority.ALARM: self.n // 100}.get(priority, 0)

    @staticmethod
    def first(priority: Priority) -> int:
        """First number that is a reading: the first alarm says that the outbox was made."""
        return 2 if priority is Priority.ALARM else 1

    def due(self, priority: Priority, now_us: int) -> int:
        """Last number of a class that there is by then."""
        share = 1.0 if priority is Priority.TELEMETRY else 0.01
        return max(0, min(self.total(priority), int((now_us - self.from_us) / 1e6 * self.rate * share)))

    def reading(self, priority: Priority, number: int) -> Reading:
        """Reading of a number, of one of the gateway's tags."""
        share = 1.0 if priority is Priority.TELEMETRY else 0.01
        at_us = self.from_us + int(number / (self.rate * share) * 1e6)
        return Reading(self.datastream(priority, number), at_us, self.value(number))

    def datastream(self, priority: Priority, number: int) -> str:
        """Datastream of a number."""
        tag = number % N_TAGS
        return f"{self.tag(priority, tag)}/{_PROPERTIES[tag % len(_PROPERTIES)][0]}"

    def tag(self, priority: Priority, index: int) -> str:
        """Name of a tag."""
        return f"{self.gateway}-{priority.value}-{index}"

    @staticmethod
    def value(number: int) -> float:
        """Result of a number: it hops about what its property usually has."""
        _, middle, spread = _PROPERTIES[number % N_TAGS % len(_PROPERTIES)]
        return middle + spread * (number * 2_654_435_761 % 1000) / 1000


class Shaken:
    """A bus whose messages come late, twice and in another order now and then."""

    def __init__(self, bus: MessageBus, *, seed: int) -> None:
        self._bus = bus
        self._chance = random.Random(seed)
        self._lock = threading.Lock()

    @property
    def is_connected(self) -> bool:
        """Whether messages go through at present."""
        return self._bus.is_connected

    def publish(self, message: Message) -> None:
        """Hand a message to the bus below."""
        self._bus.publish(message)

    def subscribe(self, pattern: str, handler: Handler) -> None:
        """Have matching messages handled, some late, some twice."""
        held: list[tuple[Message, Acknowledge]] = []

        def shake(message: Message, acknowledge: Acknowledge) -> None:
            with self._lock:
                held.append((message, acknowledge))
                if self._chance.random() < 0.3 and len(held) < 8:
                    threading.Timer(0.1, release).start()
                    return
                self._chance.shuffle(held)
            release()

        def release() -> None:
            with self._lock:
                ready, held[:] = list(held), []
            for message, acknowledge in ready:
                if self._chance.random() < 0.03:
                    handler(message, lambda: None)
                handler(message, acknowledge)

        self._bus.subscribe(pattern, shake)

    def close(self) -> None:
        """Leave."""
        self._bus.close()


def gateway(folder: Path, source: Source, port: int) -> None:
    """Read, keep, send; ends only when it is killed, or the disk does not let it begin."""
    outbox = open_outbox(folder / f"{source.gateway}.outbox", now_us=now_us(), max_mib=64)
    options = SendOptions(linger_s=0.2, patience_s=3.0)
    sender = Sender(outbox, options=options, now_us=now_us())
    heard: queue.SimpleQueue[Message] = queue.SimpleQueue()
    with connected(source.gateway, port) as bus:
        for what in ("watermark", "resend"):
            bus.subscribe(down_topic(SITE, source.gateway, what), _into(heard))
        while True:
            _listen(heard, sender)
            _read(outbox, source)
            if bus.is_connected:
                _send(bus, sender, source.gateway)
            time.sleep(0.01)


@contextmanager
def connected(name: str, port: int) -> Iterator[MqttBus]:
    """Open a bus on the broker of the trial."""
    options = MqttOptions(port=port, client_id=name, keep_alive_s=5, max_reconnect_s=1)
    with MqttBus(options) as bus:
        yield bus


def _into(heard: "queue.SimpleQueue[Message]") -> Handler:
    def take(message: Message, acknowledge: Acknowledge) -> None:
        heard.put(message)
        acknowledge()

    return take


def _listen(heard: "queue.SimpleQueue[Message]", sender: Sender) -> None:
    while not heard.empty():
        message = heard.get()
        try:
            if message.topic.endswith("watermark"):
                sender.confirm(decoded(message.payload, Watermark), now_us())
            else:
                sender.ask(decoded(message.payload, Resend))
        except OutputError:  # the disk is full: the server says it again
            return


def _read(outbox: Outbox, source: Source) -> None:
    for priority in (Priority.ALARM, Priority.TELEMETRY):
        try:
            for _ in range(20):
                first = outbox.last(priority) + 1
                last = min(source.due(priority, now_us()), first + N_AT_ONCE - 1)
                if last < first:
                    break
                outbox.put(priority, [source.reading(priority, number) for number in range(first, last + 1)])
        except OutputError:  # the disk is full: nothing of these was kept, they are put again
            return


def _send(bus: MqttBus, sender: Sender, name: str) -> None:
    try:
        for pack in sender.due(now_us()):
            bus.publish(pack.message(SITE, name))
    except OutputError:
        return


class Member:
    """A process of the trial, which is started again whenever it ends."""

    def __init__(self, context: Any, work: Callable[..., None], *given: object) -> None:
        self._context, self._work, self._given = context, work, given
        self._process: Any = None
        self._started = 0.0
        self.start()

    def start(self) -> None:
        """Start it."""
        self._started = time.monotonic()
        self._process = self._context.Process(target=_quietly, args=(self._work, *self._given), daemon=True)
        self._process.start()

    def kill(self) -> None:
        """Kill -9."""
        self._process.kill()
        self._process.join()

    def tend(self) -> None:
        """Start it again if it ended, at most once in half a second."""
        if not self._process.is_alive() and time.monotonic() - self._started > 0.5:
            self._process.join()
            self.start()

    @property
    def pid(self) -> int:
        """Its number at present."""
        return int(self._process.pid)


def _quietly(work: Callable[..., None], *given: object) -> None:
    """A member that cannot go on says why in one line and ends, as a service does."""
    try:
        work(*given)
    except HighwallError as error:
        print(f"{work.__name__} ends: {error}", flush=True)


class Broker:
    """A Mosquitto on loopback that can be killed and started again at the same place."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._file = folder / "mosquitto.conf"
        self._file.write_text(_BROKER.format(folder=folder, port=self.port))
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens; a disk that is full may hold it up."""
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen([program, "-c", str(self._file)], stdout=quiet, stderr=quiet)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill -9."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def tend(self) -> None:
        """Start it again if it ended."""
        if self._process is None or self._process.poll() is not None:
            self.start()


class Link:
    """A line to the broker that can be cut: connections break, and none is let through until it is mended."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection."""
        self._is_cut = True
        with self._lock:
            for end in self._open:
                _shut(end)

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def _accept(self) -> None:
        while True:
            near, _ = self._listener.accept()
            if self._is_cut:
                near.close()
                continue
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._target), 1.0)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        with self._lock:
            self._open |= {near, far}
        try:
            _pump(near, far)
        finally:
            with self._lock:
                self._open -= {near, far}
            near.close()
            far.close()


def _pump(near: socket.socket, far: socket.socket) -> None:
    with selectors.DefaultSelector() as ready:
        ready.register(near, selectors.EVENT_READ, far)
        ready.register(far, selectors.EVENT_READ, near)
        try:
            while True:
                for key, _ in ready.select():
                    piece = key.fileobj.recv(65_536)  # type: ignore[union-attr]
                    if not piece:
                        return
                    key.data.sendall(piece)
        except OSError:
            return


def _shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            raise


class Disk:
    """A folder on a small disk of its own, in memory, that can be filled to the last byte where mounting is allowed."""

    def __init__(self, *, size_mib: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="highwall-trial-"))
        command = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(self.folder)]
        self.can_fill = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0

    def fill(self) -> None:
        """Leave no byte free."""
        if self.can_fill:
            with (self.folder / "ballast").open("wb") as file:
                free = shutil.disk_usage(self.folder).free
                while free > 0:
                    try:
                        os.posix_fallocate(file.fileno(), file.tell(), free)
                        file.seek(free, os.SEEK_CUR)
                    except OSError:
                        free //= 2

    def free(self) -> None:
        """Give the room back."""
        (self.folder / "ballast").unlink(missing_ok=True)

    def remove(self) -> None:
        """Take the disk away."""
        if self.can_fill:
            subprocess.run(["umount", "-l", str(self.folder)], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    """Give a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def now_us() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000
