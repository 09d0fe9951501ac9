"""A PostgreSQL of one's own: a server on loopback in a temporary folder, gone when the block ends."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
ROLE = "postgres"


def program(name: str) -> str | None:
    """Path of a program of PostgreSQL, or None where there is none."""
    return shutil.which(name) or next((str(folder / name) for folder in BINARIES if (folder / name).exists()), None)


class Server:
    """A server that can be killed, and started again on what it left."""

    def __init__(self, folder: str, *, is_durable: bool) -> None:
        """Make its files, and start it; without durability it is quicker, and fit for tests alone."""
        self._folder = folder
        self._user = ROLE if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        if self._user:
            shutil.chown(folder, self._user)
        _run(
            [program("initdb"), "-D", f"{folder}/data", "-U", ROLE, "-A", "trust", "-E", "UTF8"], user=self._user,
            at=folder,
        )  # fmt: skip
        port = _free_port()
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder}
        if not is_durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        self._options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.address = URL.create("postgresql+psycopg", ROLE, host="127.0.0.1", port=port, database=ROLE)
        self.start()

    def start(self) -> None:
        """Start it; it mends what a kill left."""
        self._process = subprocess.Popen(
            [program("postgres"), "-D", f"{self._folder}/data", *self._options],
            user=self._user, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it as a crash does: SIGKILL its first process, or SIGQUIT, which is PostgreSQL's immediate stop."""
        self._process.send_signal(number)
        self._process.wait(30)

    def tend(self) -> None:
        """Start it again if it ended; while processes of its earlier life are still there it ends once more."""
        if self._process.poll() is not None:
            self.start()

    def stop(self) -> None:
        """End it in order."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)


@contextmanager
def killable(*, is_durable: bool = False) -> Iterator[Server]:
    """Start a server, and stop it when the block ends."""
    with tempfile.TemporaryDirectory(prefix="highwall-pg-") as folder:
        started = Server(folder, is_durable=is_durable)
        try:
            _wait_for(started.address)
            yield started
        finally:
            started.stop()


@contextmanager
def server(*, is_durable: bool = False) -> Iterator[URL]:
    """Start a server and give its address; see :class:`Server`."""
    with killable(is_durable=is_durable) as started:
        yield started.address


@contextmanager
def database(address: URL, name: str, *, template: str = "template1") -> Iterator[URL]:
    """Make a database on a server, empty or like another, and drop it when the block ends."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    try:
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        yield address.set(database=name)
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    finally:
        engine.dispose()


def _run(command: list[str | None], *, user: str | None, at: str) -> None:
    subprocess.run(command, user=user, cwd=at, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(address: URL) -> None:
    engine = create_engine(address)
    try:
        for _ in range(600):
            try:
                with engine.connect():
                    return
            except OperationalError:
                time.sleep(0.05)
        raise TimeoutError(f"no PostgreSQL answers at {address}")
    finally:
        engine.dispose()
