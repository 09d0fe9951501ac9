"""A network small enough to be worked out by hand, and images to run it on."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from PIL import Image

from highwall.classification.metadata import ModelMetadata
from highwall.edge.inference import EdgeModel

CHIP_PX = 8
CLASSES = ("none", "dark_crack", "bright_crack")
CENTRE, STEEPNESS = 128.0, 0.1
"""Level of the first band at which nothing stands out, and how fast logits move away from it."""


def chip_probability(chips: np.ndarray) -> np.ndarray:
    """Oracle: softmax of (0, −s·(m − c) − 1, s·(m − c) − 1), m the chip's mean of the first band."""
    away = STEEPNESS * (chips[:, 0].mean(axis=(1, 2)) - CENTRE)
    logits = np.stack([np.zeros_like(away), -away - 1.0, away - 1.0], axis=1)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def write_network(path: Path, *, n_bands: int = 3, n_outputs: int = 3, **said: Any) -> Path:
    """Write that network as ONNX, with two outputs as every chip network has; ``said`` are facts that differ.

    ``n_outputs`` can be made to lie.
    """
    weight = np.zeros((n_outputs, n_bands, 1, 1), np.float32)
    bias = np.zeros(n_outputs, np.float32)
    weight[1:3, 0, 0, 0] = -STEEPNESS, STEEPNESS
    bias[1:3] = STEEPNESS * CENTRE - 1.0, -STEEPNESS * CENTRE - 1.0
    node, info = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [
            node("GlobalAveragePool", ["levels"], ["mean"]),
            node("Conv", ["mean", "weight", "bias"], ["logits"]),
            node("Softmax", ["logits"], ["cells"], axis=1),
            node("Flatten", ["cells"], ["chip"]),
        ],
        "tiny",
        [info("levels", onnx.TensorProto.FLOAT, ["n", n_bands, "y", "x"])],
        [info("cells", onnx.TensorProto.FLOAT, None), info("chip", onnx.TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(weight, "weight"), onnx.numpy_helper.from_array(bias, "bias")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=10)
    onnx.helper.set_model_props(model, facts(n_bands, **said).to_properties())
    onnx.save(model, str(path))
    return path


def facts(n_bands: int, **said: Any) -> ModelMetadata:
    """What the tiny network says about itself."""
    facts = ModelMetadata(
        name="tiny",
        version="1",
        bands=tuple(f"band_{i}" for i in range(n_bands)),
        level="none",
        radiometry="uint8-camera",
        classes=CLASSES,
        cell_px=CHIP_PX,
        chip_px=CHIP_PX,
        pixel_m=0.01,
        training_data="worked out by hand",
    )
    return replace(facts, **said)


def open_network(folder: Path, **kind: Any) -> EdgeModel:
    """Write the network into a folder and open it."""
    return EdgeModel.open(write_network(folder / "tiny.onnx", **kind))


def picture(levels: np.ndarray, kind: str = "PNG") -> io.BytesIO:
    """Encode (y, x, 3) levels as a picture in memory."""
    file = io.BytesIO()
    Image.fromarray(levels).save(file, kind)
    file.seek(0)
    return file
