import numpy as np
import pytest

from highwall.classification.extract import SHIPPED_MODEL
from highwall.core.errors import MissingInputError, ModelError
from highwall.learning.onnx import OnnxModel, largest_difference


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingInputError, match=r"absent\.onnx"):
        OnnxModel.open(tmp_path / "absent.onnx")


def test_a_corrupt_file_is_refused(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no network at all")
    with pytest.raises(ModelError, match=r"broken\.onnx"):
        OnnxModel.open(path)


def test_threads_do_not_change_the_answer():
    batch = np.random.default_rng(0).integers(0, 256, (2, 3, 48, 48)).astype(np.float32)
    one, two = (OnnxModel.open(SHIPPED_MODEL, threads=n).run(batch) for n in (1, 2))
    assert largest_difference(one, two) < 1e-5  # sums of float32 in another order


def test_the_largest_difference_is_over_all_outputs():
    a = (np.zeros(3, np.float32), np.zeros((2, 2), np.float32))
    b = (np.zeros(3, np.float32), np.array([[0, 0], [-2, 1]], np.float32))
    assert largest_difference(a, b) == 2.0
