"""One centre and two edge nodes, each its own process in its own network, joined by links of a chosen rate.

As root on Linux the networks are namespaces; each edge has a virtual cable to the centre, both ends of which a token
bucket (``tc tbf``) keeps to the rate. Elsewhere the nodes share the loopback and every sender keeps to the rate by
itself (`edge_wire.Channel`); results then say so. Neither adds a delay of its own, as a real radio link does.
"""

import ctypes
import multiprocessing
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from edge_wire import Line

EDGES = (1, 2)
CENTRE, AVERAGER = "centre", "averager"

_CLONE_NEWNET = 0x40000000
"""Flag of setns(2): a network namespace."""
_PORT = 47_000
_LEAST_BURST, _BURST_S = 10_000, 0.004
"""Bucket of a link: at least some packets [byte], and what passes between two ticks of a kernel clock of 250 Hz [s]."""
_QUEUE_MS = 400


class Lab(NamedTuple):
    """Nodes that run functions, and the links between them."""

    nodes: dict[str, ProcessPoolExecutor]
    namespaces: str | None
    """How the names of this lab's namespaces begin; None on the loopback."""
    pace: list[float]
    """Rate of the links now [Mbit/s]."""

    @property
    def kind(self) -> str:
        """How the links are limited, for people."""
        if self.namespaces is None:
            return "loopback, senders keep to the rate (no network namespaces here)"
        return "network namespaces, virtual cables, tc tbf"

    def submit(self, node: str, work: Callable[..., Any], *given: object) -> "Future[Any]":
        """Start a function on a node: ``edge 1``, ``centre 2``, ``averager``."""
        return self.nodes[node].submit(work, *given)

    def limit(self, mbit: float) -> None:
        """Set the rate of all links [Mbit/s]."""
        self.pace[:] = [mbit]
        if self.namespaces is None:
            return
        burst = max(_LEAST_BURST, round(1e6 * mbit / 8 * _BURST_S))
        bucket = f"tbf rate {mbit:g}mbit burst {burst} latency {_QUEUE_MS}ms"
        for edge in EDGES:
            for place, device in ((CENTRE, f"to-edge{edge}"), (f"edge{edge}", "to-centre")):
                _run(f"ip netns exec {self.namespaces}{place} tc qdisc replace dev {device} root {bucket}")

    def line(self, edge: int, port: int) -> Line:
        """Way from an edge node to a port of the centre."""
        if self.namespaces is None:
            return Line("127.0.0.1", _PORT + 10 * edge + port, self.pace[0])
        return Line(f"10.77.{edge}.1", _PORT + 10 * edge + port)

    def inner_line(self, edge: int, port: int) -> Line:
        """Way from the centre's computer for an edge node to a port of the centre."""
        return Line("127.0.0.1", _PORT + 10 * edge + port)


@contextmanager
def open_lab(*, loopback: bool = False) -> Iterator[Lab]:
    """Build the networks if this process may, start the nodes, and take all of it down at the end."""
    prefix = None if loopback or not _can_build() else f"hw{os.getpid()}-"
    with ExitStack() as stack:
        if prefix is not None:
            stack.enter_context(_namespaces(prefix))
        spawn = multiprocessing.get_context("spawn")
        nodes = {}
        for name, place in _PLACES.items():
            initargs = () if prefix is None else (f"{prefix}{place}",)
            pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=_enter if initargs else None, initargs=initargs)
            nodes[name] = stack.enter_context(pool)
        yield Lab(nodes, prefix, [])


_PLACES = {
    AVERAGER: CENTRE,
    **{f"centre {edge}": CENTRE for edge in EDGES},
    **{f"edge {edge}": f"edge{edge}" for edge in EDGES},
}
"""Node → network in which it stands; the centre has a computer for each edge node, and one that averages."""


@contextmanager
def _namespaces(prefix: str) -> Iterator[None]:
    places = (CENTRE, *(f"edge{edge}" for edge in EDGES))
    try:
        for place in places:
            _run(f"ip netns add {prefix}{place}")
            _run(f"ip -n {prefix}{place} link set lo up")
        for edge in EDGES:
            _lay_cable(prefix, edge)
        yield
    finally:
        for place in places:
            subprocess.run(["ip", "netns", "del", f"{prefix}{place}"], capture_output=True, check=False)


def _lay_cable(prefix: str, edge: int) -> None:
    centre, far = f"{prefix}{CENTRE}", f"{prefix}edge{edge}"
    _run(f"ip -n {centre} link add to-edge{edge} type veth peer name to-centre netns {far}")
    for place, device, host in ((centre, f"to-edge{edge}", 1), (far, "to-centre", 2)):
        _run(f"ip -n {place} address add 10.77.{edge}.{host}/24 dev {device}")
        _run(f"ip -n {place} link set {device} up")


def _can_build() -> bool:
    """Tell whether this process may make namespaces and limit links."""
    if os.geteuid() != 0 or not (shutil.which("ip") and shutil.which("tc")):
        return False
    probe = f"hw{os.getpid()}-probe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False).returncode == 0
    limits = ["ip", "netns", "exec", probe, "tc", "qdisc", "add", "dev", "lo", "root"]
    bucket = ["tbf", "rate", "1mbit", "burst", "10000", "latency", "50ms"]
    limited = made and subprocess.run([*limits, *bucket], capture_output=True, check=False).returncode == 0
    subprocess.run(["ip", "netns", "del", probe], capture_output=True, check=False)
    return limited


def _enter(namespace: str) -> None:
    """Move this process into a network namespace (os.setns came with Python 3.12)."""
    with (Path("/run/netns") / namespace).open() as place:
        if ctypes.CDLL(None, use_errno=True).setns(place.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")


def _run(command: str) -> None:
    subprocess.run(command.split(), capture_output=True, check=True)
