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


@contextmanager
def server(*, is_durable: bool = False) -> Iterator[URL]:
    """Start a server and give its address; without durability it is quicker, and fit for tests alone."""
    user = ROLE if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    with tempfile.TemporaryDirectory(prefix="highwall-pg-") as folder:
        if user:
            shutil.chown(folder, user)
        _run([program("initdb"), "-D", f"{folder}/data", "-U", ROLE, "-A", "trust", "-E", "UTF8"], user=user, at=folder)
        port = _free_port()
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder}
        if not is_durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        process = subprocess.Popen(
            [program("postgres"), "-D", f"{folder}/data", *options],
            user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            address = URL.create("postgresql+psycopg", ROLE, host="127.0.0.1", port=port, database=ROLE)
            _wait_for(address)
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


@contextmanager
def database(address: URL, name: str, *, template: str = "template1") -> Iterator[URL]:
    """Make a database on a server, empty or like another, and drop it when the block ends."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
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
