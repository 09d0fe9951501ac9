"""Training on the centre or on the edge: the same steps on the same chips to the same weights, in another place.

Two computers train on the chips of one edge node each; after each round their weights are averaged at the centre
(McMahan et al. 2017, algorithm 1). In the cloud, images travel first and weights stay in the house; on the edge, images
stay and weights travel. Nothing else differs, so the weights at the end must be equal to the last bit.
"""

import hashlib
import io
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from classification_recipe import build, take_step
from edge_lab import AVERAGER, EDGES, Lab
from edge_prediction import Outcome, Where, the_one
from edge_wire import Channel, Line, accept, connect
from highwall.classification.dataset import CHIP_PX
from highwall.classification.options import NetworkOptions
from highwall.core.taxonomy import ARTISANAL_MINE, CHIP_CLASSES, NONE
from highwall.edge.images import decode
from highwall.learning.windows import Window

_MAX_MIB = 80
_READY = b"+"
_UPLOAD_PORT, _WEIGHTS_PORT = 3, 4


class Course(NamedTuple):
    """What is trained, and for how long."""

    network: str
    """``highwall`` or a name of the baselines."""
    n_rounds: int = 2
    n_steps: int = 15
    """Steps of a round."""
    n_samples: int = 32
    """Chips of a step."""
    seed: int = 0


class Span(NamedTuple):
    """One node's part, by the clock that all processes of a machine share."""

    start: float
    end: float
    n_bytes: int = 0


class Lesson(NamedTuple):
    """One trainer's part."""

    span: Span
    weights_sha256: str


def run_training(lab: Lab, folders: list[Path], course: Course, *, where: Where) -> Outcome:
    """Train on the images of both edge nodes; at the end trainers and centre hold the averaged weights."""
    way = lab.inner_line if where == "cloud" else lab.line
    lines = [way(edge, _WEIGHTS_PORT) for edge in EDGES]
    averaging = lab.submit(AVERAGER, average, lines, course.n_rounds)
    run = _on_the_edge if where == "edge" else _in_the_cloud
    lessons, spans = run(lab, lines, folders, course)
    averaging.result()
    return Outcome(
        max(lesson.span.end for lesson in lessons) - min(span.start for span in spans),
        sum(span.n_bytes for span in spans),
        the_one({lesson.weights_sha256 for lesson in lessons}),
    )


def prepare(lab: Lab, course: Course) -> None:
    """Have every trainer load torch and take a step, so that no run waits for that."""
    started = [lab.submit(f"{place} {edge}", _warm, course) for place in ("edge", "centre") for edge in EDGES]
    for node in started:
        node.result()


def _on_the_edge(lab: Lab, lines: list[Line], folders: list[Path], course: Course) -> tuple[list[Lesson], list[Span]]:
    """What the trainers did, and the parts that began the run and moved bytes: theirs."""
    trainers = [
        lab.submit(f"edge {edge}", train_here, edge, line, folder, course)
        for edge, line, folder in zip(EDGES, lines, folders, strict=True)
    ]
    lessons = [trainer.result() for trainer in trainers]
    return lessons, [lesson.span for lesson in lessons]


def _in_the_cloud(lab: Lab, lines: list[Line], folders: list[Path], course: Course) -> tuple[list[Lesson], list[Span]]:
    """The same; here those that give images began the run and moved bytes."""
    uploads = [lab.line(edge, _UPLOAD_PORT) for edge in EDGES]
    trainers = [
        lab.submit(f"centre {edge}", train_there, edge, line, upload, len(list(folder.iterdir())), course)
        for edge, line, upload, folder in zip(EDGES, lines, uploads, folders, strict=True)
    ]
    givers = [
        lab.submit(f"edge {edge}", give_images, upload, folder)
        for edge, upload, folder in zip(EDGES, uploads, folders, strict=True)
    ]
    spans = [giver.result() for giver in givers]
    return [trainer.result() for trainer in trainers], spans


def train_here(edge: int, averaging: Line, folder: Path, course: Course) -> Lesson:
    """On an edge node: images are at hand."""
    network = fresh_network(course)
    with connect(averaging) as channel:
        channel.receive()  # all are ready
        start, before = time.perf_counter(), channel.n_bytes
        chips = [chips_of(name_and_image(path)) for path in sorted(folder.iterdir())]
        _rounds(network, chips, channel, course=course, edge=edge)
        return Lesson(Span(start, time.perf_counter(), channel.n_bytes - before), _sha256(network))


def train_there(edge: int, averaging: Line, upload: Line, n_images: int, course: Course) -> Lesson:
    """At the centre: images arrive first."""
    network = fresh_network(course)
    with connect(averaging) as channel, accept(upload) as [images]:
        channel.receive()
        images.send(_READY)
        chips = [chips_of(images.receive()) for _ in range(n_images)]
        _rounds(network, chips, channel, course=course, edge=edge)
        end = time.perf_counter()
        return Lesson(Span(end, end), _sha256(network))


def give_images(upload: Line, folder: Path) -> Span:
    """On an edge node: send what it has."""
    with connect(upload) as channel:
        channel.receive()
        start, before = time.perf_counter(), channel.n_bytes
        for path in sorted(folder.iterdir()):
            channel.send(name_and_image(path))
        return Span(start, time.perf_counter(), channel.n_bytes - before)


def average(lines: list[Line], n_rounds: int) -> None:
    """At the centre: wait for both trainers, then average their weights round by round."""
    with accept(lines[0]) as [one], accept(lines[1]) as [other]:
        for channel in (one, other):
            channel.send(_READY)
        for _ in range(n_rounds):
            both = [np.frombuffer(channel.receive(), np.float32) for channel in (one, other)]
            mean = (0.5 * (both[0] + both[1])).tobytes()
            for channel in (one, other):
                channel.send(mean)


def name_and_image(path: Path) -> bytes:
    return path.name.encode() + b"\0" + path.read_bytes()


def chips_of(message: bytes) -> tuple[np.ndarray, bool]:
    """Chips of an image, (N, 3, 48, 48), and whether they show artisanal mines; its name says so."""
    name, _, file = message.partition(b"\0")
    levels = decode(io.BytesIO(file), name=name.decode(), max_mib=_MAX_MIB)
    rows, columns = levels.shape
    image = np.asarray(levels.read(Window(0, rows, 0, columns)))
    chips = image.reshape(len(image), rows // CHIP_PX, CHIP_PX, columns // CHIP_PX, CHIP_PX)
    return chips.transpose(1, 3, 0, 2, 4).reshape(-1, len(image), CHIP_PX, CHIP_PX), b"positives" in name


def fresh_network(course: Course) -> nn.Module:
    """Make the network with the weights that the seed gives, torch being warm."""
    _warm(course)
    torch.manual_seed(course.seed)
    return build(course.network, options=NetworkOptions()).train().to(memory_format=torch.channels_last)


@cache
def _warm(course: Course) -> None:
    """Take one step of another copy on one thread, so that the first one is not timed."""
    torch.set_num_threads(1)
    network = build(course.network, options=NetworkOptions()).train().to(memory_format=torch.channels_last)
    levels = torch.zeros(course.n_samples, 3, CHIP_PX, CHIP_PX)
    take_step(network, torch.optim.AdamW(network.parameters()), levels, torch.zeros(course.n_samples, dtype=torch.long))


def _rounds(
    network: nn.Module, chips: list[tuple[np.ndarray, bool]], channel: Channel, *, course: Course, edge: int
) -> None:
    """Teach and average in turn."""
    pixels = np.concatenate([some for some, _ in chips])
    label = np.concatenate([np.full(len(some), CHIP_CLASSES.index(_NAMES[mine])) for some, mine in chips])
    random = np.random.default_rng([course.seed, edge])
    torch.manual_seed(1000 * course.seed + edge)  # of dropout
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)
    for _ in range(course.n_rounds):
        for _ in range(course.n_steps):
            chosen = random.choice(len(pixels), course.n_samples)
            take_step(network, optimiser, torch.from_numpy(pixels[chosen]).float(), torch.from_numpy(label[chosen]))
        channel.send(vector_of(network).tobytes())
        load_vector(network, np.frombuffer(channel.receive(), np.float32))


_NAMES = {True: ARTISANAL_MINE, False: NONE}


def _values(network: nn.Module) -> list[torch.Tensor]:
    """Everything that the network learns or counts, batch statistics included."""
    return [value for value in network.state_dict().values() if value.is_floating_point()]


def vector_of(network: nn.Module) -> np.ndarray:
    return np.concatenate([value.contiguous().numpy().ravel() for value in _values(network)])


def load_vector(network: nn.Module, vector: np.ndarray) -> None:
    start = 0
    for value in _values(network):
        part = vector[start : start + value.numel()]
        value.copy_(torch.from_numpy(part.copy()).reshape(value.shape))
        start += value.numel()


def _sha256(network: nn.Module) -> str:
    return hashlib.sha256(vector_of(network).tobytes()).hexdigest()
