"""Messages over TCP between the nodes of the edge benchmark, with a count of what was moved."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

_HEADER = struct.Struct(">I")
"""Length of a message in front of it [byte]."""
_SLICE = 16_384
"""Bytes that a paced sender hands over at once."""
_PATIENCE_S = 120.0
"""How long a node waits for another; on a busy machine torch alone can take half a minute to load [s]."""


class Line(NamedTuple):
    """Where a message goes, and how fast."""

    host: str
    port: int
    pace_mbit: float | None = None
    """Rate that the sender keeps to by itself, where the kernel does not limit the link [Mbit/s]."""


class Channel:
    """One end of a connection."""

    def __init__(self, link: socket.socket, *, pace_mbit: float | None) -> None:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._link = link
        self._bytes_per_s = None if pace_mbit is None else 1e6 * pace_mbit / 8
        self._due = 0.0
        self.n_bytes = 0
        """Sent and received so far, headers of messages included, those of TCP not."""

    def send(self, message: bytes) -> None:
        """Send a message whole."""
        whole = memoryview(_HEADER.pack(len(message)) + message)
        for start in range(0, len(whole), len(whole) if self._bytes_per_s is None else _SLICE):
            part = whole[start:] if self._bytes_per_s is None else whole[start : start + _SLICE]
            self._wait_turn(len(part))
            self._link.sendall(part)
        self.n_bytes += len(whole)

    def receive(self) -> bytes:
        """Wait for a message."""
        (length,) = _HEADER.unpack(self._receive_exactly(_HEADER.size))
        self.n_bytes += _HEADER.size + length
        return self._receive_exactly(length)

    def _wait_turn(self, n_bytes: int) -> None:
        """Token bucket without a reserve: a slice leaves when the one before would have arrived."""
        if self._bytes_per_s is None:
            return
        self._due = max(self._due, time.perf_counter()) + n_bytes / self._bytes_per_s
        time.sleep(max(self._due - time.perf_counter(), 0.0))

    def _receive_exactly(self, length: int) -> bytes:
        parts = bytearray(length)
        view = memoryview(parts)
        while view:
            n = self._link.recv_into(view)
            if not n:
                raise ConnectionError("the other node closed the connection in the middle of a message")
            view = view[n:]
        return bytes(parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()


def connect(line: Line) -> Channel:
    """Connect to a node that is listening, or soon will be."""
    give_up = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return Channel(socket.create_connection((line.host, line.port)), pace_mbit=line.pace_mbit)
        except ConnectionRefusedError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.01)


@contextmanager
def accept(line: Line, n: int = 1) -> Iterator[list[Channel]]:
    """Wait for ``n`` connections to a port of this node."""
    with socket.create_server(("", line.port)) as server:
        server.settimeout(_PATIENCE_S)
        channels = []
        for _ in range(n):
            link = server.accept()[0]
            link.settimeout(None)
            channels.append(Channel(link, pace_mbit=line.pace_mbit))
    try:
        yield channels
    finally:
        for channel in channels:
            channel.__exit__()
