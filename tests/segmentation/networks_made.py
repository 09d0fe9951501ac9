"""Land-cover networks without training: each class is as probable as a band says. Written to ONNX by hand."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from highwall.segmentation.metadata import SegmentationMetadata


def facts(**changes) -> SegmentationMetadata:
    given = {"name": "made", "version": "0", "subsets": (2,), "bands": ("B04", "B03"), "window_px": 64}
    return SegmentationMetadata(**(given | changes))


def write_network(
    path: Path, metadata: SegmentationMetadata, *, seen: dict[str, str], gain: float = 1.0, half: bool = False
) -> Path:
    """Write a network whose class ``name`` has the probability clip(gain · band ``seen[name]``, 0, 1); others none.

    NaN counts as 0, as a trained network counts it as the band's mean.
    """
    kind, dtype = (TensorProto.FLOAT16, np.float16) if half else (TensorProto.FLOAT, np.float32)
    weights = np.zeros((len(metadata.classes), len(metadata.bands), 1, 1), dtype)
    for name, band in seen.items():
        weights[metadata.classes.index(name), metadata.bands.index(band)] = gain
    constants = {"weights": weights, "zero": np.zeros((), dtype), "one": np.ones((), dtype)}
    nodes = [
        helper.make_node("IsNaN", ["images"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "images"], ["filled"]),
        helper.make_node("Conv", ["filled", "weights"], ["raw"]),
        helper.make_node("Clip", ["raw", "zero", "one"], ["probability"]),
    ]
    graph = helper.make_graph(
        nodes, "made", [helper.make_tensor_value_info("images", kind, ["n", len(metadata.bands), "y", "x"])],
        [helper.make_tensor_value_info("probability", kind, ["n", len(metadata.classes), "y", "x"])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, metadata.to_properties())
    onnx.save(model, str(path))
    return path
