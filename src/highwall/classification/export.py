"""Torch to ONNX: one file that any machine with ONNX Runtime can run, with its facts inside."""

import pickle
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from highwall.classification.metadata import ModelMetadata
from highwall.classification.network import ChipNetwork
from highwall.classification.options import NetworkOptions
from highwall.classification.radiometry import L1C_RGB, Radiometry
from highwall.core.constants import SENTINEL2_PIXEL_M
from highwall.core.errors import MissingInputError, ModelError
from highwall.core.taxonomy import CHIP_CLASSES
from highwall.learning.onnx import OnnxModel, largest_difference
from highwall.learning.onnx_export import export_checked

_UNREADABLE = (
    AttributeError, EOFError, IndexError, KeyError, TypeError, ValueError, RuntimeError, pickle.UnpicklingError,
)  # fmt: skip
"""What reading something else as a checkpoint raises."""


def metadata_of(
    network: ChipNetwork,
    *,
    name: str,
    version: str,
    training_data: str,
    classes: tuple[str, ...] = CHIP_CLASSES,
    radiometry: Radiometry = L1C_RGB,
    pixel_m: float = SENTINEL2_PIXEL_M,
    threshold: float = 0.5,
    begun_from: str = "",
) -> ModelMetadata:
    """Facts of a network trained by this room.

    Raises
    ------
    ModelError
        The network has another number of classes or bands than is said.
    """
    options = network.options
    if (len(classes), len(radiometry.bands)) != (options.n_classes, options.n_bands):
        raise ModelError(
            f"the network reads {options.n_bands} bands and tells {options.n_classes} classes apart; "
            f"{', '.join(radiometry.bands)} and {', '.join(classes)} were named: name its own."
        )
    cell_temperature, temperature = (round(float(t), 6) for t in network.temperature)
    return ModelMetadata(
        name=name,
        version=version,
        bands=radiometry.bands,
        level=radiometry.level,
        radiometry=radiometry.name,
        classes=classes,
        cell_px=options.cell_px,
        chip_px=options.chip_px,
        pixel_m=pixel_m,
        training_data=training_data,
        temperature=temperature,
        cell_temperature=cell_temperature,
        threshold=threshold,
        begun_from=begun_from,
    )


def load_checkpoint(path: Path) -> ChipNetwork:
    """Rebuild the averaged network of a training run from its checkpoint; code that hides in one is not run.

    Raises
    ------
    MissingInputError
        There is no such file.
    ModelError
        It is no checkpoint of a chip network.
    """
    if not path.is_file():
        raise MissingInputError(f"no checkpoint at {path}; give the .ckpt file of a training run.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        network = ChipNetwork(NetworkOptions.model_validate(state["network_options"]))
        averaged = {
            key.removeprefix("module."): value for key, value in state["averaged"].items() if key != "n_averaged"
        }
        network.load_state_dict(averaged)
    except _UNREADABLE as error:
        raise ModelError(
            f"{path} is no checkpoint of a chip network, or one of another version; give the .ckpt file of a training "
            "run, or train it anew."
        ) from error
    return network.eval()


def export_network(network: ChipNetwork, path: Path, *, metadata: ModelMetadata) -> float:
    """Write a network as ONNX, with any batch size and extent, and check that it says the same.

    Batch normalisation is folded into the convolutions before it.

    Returns
    -------
    float
        Largest difference of probability between torch and ONNX Runtime, on extents it was not exported with.

    Raises
    ------
    ModelError
        The facts are of another network, or the exported one says something else or nothing finite.
    OutputError
        The file could not be written.
    """
    _check_facts(network, metadata)
    side = network.options.chip_px
    return export_checked(
        network.eval(),
        path,
        example=torch.zeros(1, network.options.n_bands, side, side),
        inputs={"levels": {0: "batch", 2: "height", 3: "width"}},
        outputs={"cells": {0: "batch", 2: "rows", 3: "columns"}, "chip": {0: "batch"}},
        properties=metadata.to_properties(),
        parity=lambda file: parity(network, file),
    )


def parity(network: ChipNetwork, path: Path) -> float:
    """Largest difference between a network and its export over chips and wide windows of random colours."""
    exported = OnnxModel.open(path, threads=1)
    random = np.random.default_rng(0)
    chip, cell = network.options.chip_px, network.options.cell_px
    found = []
    for n, height, width in ((3, chip, chip), (1, 2 * chip, 2 * chip + 3 * cell)):
        brightest = random.uniform(0.0, 255.0, (n, network.options.n_bands, 1, 1))
        levels = (brightest * random.random((n, 1, height, width))).astype(np.float32)
        with torch.no_grad():
            expected = network(torch.from_numpy(levels))
        found.append(largest_difference(tuple(e.numpy() for e in expected), exported.run(levels)))
    return float(np.max(found))


def _check_facts(network: ChipNetwork, metadata: ModelMetadata) -> None:
    """Refuse facts that would make a reader misread what the network says."""
    options, (of_cells, of_chips) = network.options, network.temperature.tolist()
    holds = {
        "bands": options.n_bands, "classes": options.n_classes, "cell_px": options.cell_px, "chip_px": options.chip_px,
        "cell_temperature": of_cells, "temperature": of_chips,
    }  # fmt: skip
    told = asdict(metadata) | {"bands": len(metadata.bands), "classes": len(metadata.classes)}
    wrong = [
        f"{key} {told[key]:g} for {value:g}"
        for key, value in holds.items()
        if not np.isclose(told[key], value, rtol=1e-4)
    ]
    if wrong:
        raise ModelError(
            f"the facts of {metadata.name!r} are of another network ({', '.join(wrong)}); give those of this one."
        )
