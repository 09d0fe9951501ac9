"""Torch to ONNX: one file that any machine with ONNX Runtime can run, with its facts inside."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from torch.jit._trace import TracerWarning

from highwall.classification.dataset import CHIP_PX
from highwall.classification.metadata import ModelMetadata
from highwall.classification.network import CELL_PX, ChipNetwork
from highwall.classification.radiometry import L1C_RGB, Radiometry
from highwall.core.constants import SENTINEL2_PIXEL_M
from highwall.core.errors import ModelError, OutputError
from highwall.core.taxonomy import CHIP_CLASSES
from highwall.learning.onnx import OnnxModel, largest_difference

_OPSET = 17
"""First ONNX operator set with LayerNormalization."""

_TOLERANCE = 1e-4
"""Largest difference of probability between torch and ONNX Runtime that passes; float32 sums differ by about 1e-6."""

_OUTPUTS = ("cells", "chip")


def metadata_of(*, name: str, version: str, training_data: str, radiometry: Radiometry = L1C_RGB) -> ModelMetadata:
    """Facts of a network trained by this room."""
    return ModelMetadata(
        name=name,
        version=version,
        bands=radiometry.bands,
        level=radiometry.level,
        radiometry=radiometry.name,
        classes=CHIP_CLASSES,
        cell_px=CELL_PX,
        chip_px=CHIP_PX,
        pixel_m=SENTINEL2_PIXEL_M,
        training_data=training_data,
    )


def export_network(network: ChipNetwork, path: Path, *, metadata: ModelMetadata) -> float:
    """Write a network as ONNX, with any batch size and extent, and check that it says the same.

    Returns
    -------
    float
        Largest difference of probability between torch and ONNX Runtime, on extents it was not exported with.

    Raises
    ------
    ModelError
        The exported network says something else.
    OutputError
        The file could not be written.
    """
    part = path.with_suffix(".part.onnx")
    try:
        _write(network.eval(), part, metadata=metadata)
    except OSError as error:
        raise OutputError(f"cannot write the model to {path}: {error}. Choose a writable folder.") from error
    difference = parity(network, part)
    if difference > _TOLERANCE:
        part.unlink()
        raise ModelError(f"the exported network differs by {difference:.2g} from torch; more than {_TOLERANCE:g}.")
    part.replace(path)
    return difference


def parity(network: ChipNetwork, path: Path) -> float:
    """Largest difference between a network and its export over chips and windows of random levels."""
    exported = OnnxModel.open(path, threads=1)
    random = np.random.default_rng(0)
    worst = 0.0
    for n, height, width in ((3, CHIP_PX, CHIP_PX), (1, 96, 132)):
        levels = random.integers(0, 256, (n, 3, height, width)).astype(np.float32)
        with torch.no_grad():
            expected = network(torch.from_numpy(levels))
        worst = max(worst, largest_difference(tuple(e.numpy() for e in expected), exported.run(levels)))
    return worst


def _write(network: ChipNetwork, path: Path, *, metadata: ModelMetadata) -> None:
    axes = {
        "levels": {0: "batch", 2: "height", 3: "width"},
        "cells": {0: "batch", 2: "rows", 3: "columns"},
        "chip": {0: "batch"},
    }
    with warnings.catch_warnings():
        # The TorchScript exporter needs only `onnx`; torch warns that another one exists, and that it traces checks.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", TracerWarning)
        torch.onnx.export(
            network,
            (torch.zeros(1, 3, CHIP_PX, CHIP_PX),),
            str(path),
            input_names=["levels"],
            output_names=list(_OUTPUTS),
            dynamic_axes=axes,
            opset_version=_OPSET,
            dynamo=False,
        )
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, metadata.to_properties())
    onnx.save(model, str(path))
