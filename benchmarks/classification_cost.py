"""What a network costs: values, multiply-accumulates, bytes, time to answer and to learn; all networks in turn."""

import statistics
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from classification_recipe import OURS, build, take_step
from highwall.classification.dataset import CHIP_PX
from highwall.classification.options import NetworkOptions
from highwall.learning.onnx import OnnxModel

_OPSET = 17
_TURN_S = 0.03
"""Least length of a turn [s], so that the cache is a network's own again after the others' turns."""
_LONG_S = 0.5
"""CPU time of a call to which the state of the cache makes no difference [s]."""
_LESSON = 32
"""Chips of a training step."""


def write_all(names: Iterable[str], folder: Path, *, options: NetworkOptions) -> dict[str, Path]:
    """Files of the networks, untrained; ours is written anew, rivals' that are there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.onnx" for name in names}
    for name, path in files.items():
        if name == OURS or not path.exists():
            part = path.with_suffix(".part")
            write_onnx(build(name, options=options).eval(), part)
            part.replace(path)
    return files


def weigh(files: Mapping[str, Path], *, options: NetworkOptions) -> dict[str, dict[str, float]]:
    """Values, multiply-accumulates of a chip and bytes of each network."""
    found = {}
    for name, path in files.items():
        network = build(name, options=options)
        n_parameters = sum(p.numel() for p in network.parameters())
        found[name] = {"n_parameters": n_parameters, "n_macs": macs(network), "n_bytes": path.stat().st_size}
    return found


def time_answers(files: Mapping[str, Path], *, n: int, rounds: int) -> dict[str, float]:
    """Median CPU time of each network's answer to ``n`` chips [s], by ONNX Runtime on one thread."""
    levels = np.random.default_rng(0).integers(0, 256, (n, 3, CHIP_PX, CHIP_PX)).astype(np.float32)
    models = {name: OnnxModel.open(path, threads=1) for name, path in files.items()}
    return _in_turn({name: partial(model.run, levels) for name, model in models.items()}, rounds=rounds)


def time_lessons(names: Iterable[str], *, options: NetworkOptions, rounds: int) -> dict[str, float]:
    """Median CPU time of each network's training on 1000 chips [s]: forth, back, update, on one thread."""
    torch.set_num_threads(1)
    times = _in_turn({name: _lesson(build(name, options=options)) for name in names}, rounds=rounds)
    return {name: 1000 / _LESSON * seconds for name, seconds in times.items()}


def macs(network: nn.Module) -> float:
    """Multiply-accumulates for one chip, as torch's profiler counts (two operations each)."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network.eval()(torch.zeros(1, 3, CHIP_PX, CHIP_PX))
    return counter.get_total_flops() / 2


def write_onnx(network: nn.Module, path: Path) -> None:
    """Any batch; the same exporter for all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of traced checks and of its successor
        torch.onnx.export(
            network,
            (torch.zeros(2, 3, CHIP_PX, CHIP_PX),),
            str(path),
            input_names=["levels"],
            dynamic_axes={"levels": {0: "batch"}},
            opset_version=_OPSET,
            dynamo=False,
        )


def _lesson(network: nn.Module) -> Callable[[], object]:
    """One step of plain gradient descent: forth, back, update."""
    levels = torch.rand(_LESSON, 3, CHIP_PX, CHIP_PX) * 255.0
    label = torch.arange(_LESSON) % 2
    network.train().to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3)
    return lambda: take_step(network, optimiser, levels, label)


def _in_turn(runs: dict[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Median over all rounds of each turn's median CPU time [s]."""
    turns: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            turns[name].append(_turn(run))
    return {name: statistics.median(times) for name, times in turns.items()}


def _turn(run: Callable[[], object]) -> float:
    """CPU time of a call in one turn [s]: the median after a first, which fills the cache; one call if it is long."""
    times = [_seconds(run)]
    if times[0] > _LONG_S:
        return times[0]
    while sum(times[1:]) < _TURN_S or len(times) < 3:
        times.append(_seconds(run))
    return statistics.median(times[1:])


def _seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start
