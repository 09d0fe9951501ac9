import logging
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from highwall.core.errors import InputError
from highwall.learning.onnx import OnnxModel, agreement
from highwall.learning.onnx_files import count_weights, quantise, set_properties

WEIGHTS = np.random.default_rng(0).normal(0.0, 0.2, (8, 3, 3, 3)).astype(np.float32)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """One convolution of 8 kernels, and the mean of each map."""
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w"], ["maps"], pads=[1, 1, 1, 1]),
            helper.make_node("ReduceMean", ["maps"], ["y"], axes=[2, 3], keepdims=0),
        ],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 8])],
        [numpy_helper.from_array(WEIGHTS, "w")],
    )
    path = tmp_path / "small.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def sample(n: int, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 1.0, (n, 3, 8, 8)).astype(np.float32)


def test_facts_are_replaced(model):
    set_properties(model, {"name": "one"})
    set_properties(model, {"version": "2"})
    assert dict(OnnxModel.open(model).properties) == {"version": "2"}


def test_weights_are_counted(model):
    assert count_weights(model) == WEIGHTS.size


def test_int8_says_nearly_the_same(model, tmp_path):
    target = tmp_path / "int8.onnx"
    quantise(model, target, batches=[sample(32)], properties={"precision": "int8"})
    unseen = sample(16, seed=1)
    expected, found = (OnnxModel.open(path).run(unseen)[0] for path in (model, target))
    # 255 steps span the maps' range of about 8, and 64 cells average their rounding
    assert 0.0 < agreement(expected, found).largest < 8.0 / 255.0
    assert dict(OnnxModel.open(target).properties) == {"precision": "int8"}


def test_int8_weights_have_a_scale_for_each_kernel(model, tmp_path):
    quantise(model, tmp_path / "int8.onnx", batches=[sample(8)], properties={})
    stored = {w.name: numpy_helper.to_array(w) for w in onnx.load(str(tmp_path / "int8.onnx")).graph.initializer}
    (weights,) = (w for w in stored.values() if w.dtype == np.int8 and w.ndim == 4)
    (scale,) = (s for name, s in stored.items() if name.startswith("w") and s.dtype == np.float32)
    assert scale.shape == (8,)
    restored = weights * scale[:, None, None, None]
    assert np.abs(restored - WEIGHTS).max() <= 0.5 * scale.max() + 1e-7


def test_without_a_sample_there_is_no_scale(model, tmp_path):
    with pytest.raises(InputError, match="chips like those"):
        quantise(model, tmp_path / "int8.onnx", batches=[], properties={})


def test_logging_is_left_as_it_was(model, tmp_path):
    quantise(model, tmp_path / "int8.onnx", batches=[sample(4)], properties={})
    assert logging.root.manager.disable == logging.NOTSET
