"""Prediction on the centre or on the edge: what the two ends of a link do, on the product's own inference."""

import hashlib
import io
import json
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Literal, NamedTuple

import numpy as np

from edge_lab import EDGES, Lab
from edge_wire import Channel, Line, accept, connect
from highwall.edge.images import decode
from highwall.edge.inference import EdgeModel, infer
from highwall.edge.options import InferOptions

Where = Literal["cloud", "edge"]
OPTIONS = InferOptions(threshold=1e-6)
"""Every chip is a find, so that results are as long as they can be."""
_DONE = b"+"
_MAX_MIB = 80
_PORT, _TRIAL_PORT = 1, 2


class Lane(NamedTuple):
    """One edge node's part of a run."""

    seconds: float
    n_bytes: int


class Outcome(NamedTuple):
    """One run."""

    seconds: float
    """From the first start to the last end of both edge nodes."""
    n_bytes: int
    """Moved over both links, both ways."""
    result_sha256: str
    """Of what was found or learned: it must not depend on the place."""


def run_prediction(lab: Lab, folders: list[Path], network: Path, *, where: Where, in_turn: bool) -> Outcome:
    """Both edge nodes have images to be judged; at the end the centre knows what is on each of them.

    The two share neither computer nor link, so they run one after the other, lest they compete for the cores of the
    machine that plays them all; the slower one counts.

    Parameters
    ----------
    in_turn
        An image is taken when the centre knows the result of the one before. Otherwise they are streamed: sending,
        receiving and judging overlap.
    """
    lanes, results = [], []
    for edge, folder in zip(EDGES, folders, strict=True):
        line = lab.line(edge, _PORT)
        centre = lab.submit(f"centre {edge}", centre_side, line, network, where, len(list(folder.iterdir())))
        lanes.append(lab.submit(f"edge {edge}", edge_side, line, network, where, folder, in_turn).result())
        results += centre.result()
    result = hashlib.sha256(b"".join(results)).hexdigest()
    return Outcome(max(lane.seconds for lane in lanes), sum(lane.n_bytes for lane in lanes), result)


def the_one(results: set[str]) -> str:
    """Return the result that all runs share; there must be no second one."""
    if len(results) != 1:
        raise RuntimeError(f"{len(results)} different results; the place of the work must not matter")
    return results.pop()


def edge_side(line: Line, network: Path, where: Where, folder: Path, in_turn: bool) -> Lane:
    images = [path.read_bytes() for path in sorted(folder.iterdir())]
    model = warm_model(network)
    with connect(line) as channel:
        channel.receive()  # the centre is ready
        start, before = time.perf_counter(), channel.n_bytes
        for image in images:
            channel.send(image if where == "cloud" else judged(image, model))
            if in_turn:
                channel.receive()
        if not in_turn:
            for _ in images:
                channel.receive()
        return Lane(time.perf_counter() - start, channel.n_bytes - before)


def centre_side(line: Line, network: Path, where: Where, n_images: int) -> list[bytes]:
    model = warm_model(network)
    results = []
    with accept(line) as [channel]:
        channel.send(_DONE)
        for message in arriving(channel, n_images):
            results.append(judged(message, model) if where == "cloud" else message)
            channel.send(_DONE)
    return results


def judged(image: bytes, model: EdgeModel) -> bytes:
    """Result of an image, as JSON."""
    levels = decode(io.BytesIO(image), name="image.png", max_mib=_MAX_MIB)
    return json.dumps(infer(levels, model, options=OPTIONS).as_json()).encode()


def arriving(channel: Channel, n: int) -> Iterator[bytes]:
    """Messages as they come; the next ones are received while one is worked on."""
    queue: SimpleQueue[bytes] = SimpleQueue()
    reader = Thread(target=lambda: [queue.put(channel.receive()) for _ in range(n)], daemon=True)
    reader.start()
    for _ in range(n):
        yield queue.get()
    reader.join()


@cache
def warm_model(network: Path) -> EdgeModel:
    """Open a network and let it answer once, so that its first answer is not timed."""
    model = EdgeModel.open(network, threads=1)
    size, n_bands = model.metadata.chip_px, len(model.metadata.bands)
    for n_chips in (OPTIONS.n_chips_at_once, 1):
        model.onnx.run(np.zeros((n_chips, n_bands, size, size), np.float32))
    return model


def goodput_mbit(lab: Lab, *, n_bytes: int) -> float:
    """Rate at which a link of the lab really carries a message [Mbit/s]."""
    line = lab.line(EDGES[0], _TRIAL_PORT)
    lab.submit(f"centre {EDGES[0]}", _take, line)
    return 8e-6 * n_bytes / lab.submit(f"edge {EDGES[0]}", _give, line, n_bytes).result()


def _give(line: Line, n_bytes: int) -> float:
    with connect(line) as channel:
        start = time.perf_counter()
        channel.send(bytes(n_bytes))
        channel.receive()
        return time.perf_counter() - start


def _take(line: Line) -> None:
    with accept(line) as [channel]:
        channel.receive()
        channel.send(_DONE)
