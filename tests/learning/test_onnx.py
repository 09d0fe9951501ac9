import numpy as np
import pytest

from highwall.classification.extract import SHIPPED_MODEL
from highwall.core.errors import MissingInputError, ModelError
from highwall.learning.onnx import OnnxModel, agreement, largest_difference


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


@pytest.mark.parametrize("where", [0, 1])
def test_a_difference_that_is_missing_is_not_small(where):
    a = (np.zeros(3, np.float32), np.zeros(3, np.float32))
    b = tuple(np.full(3, np.nan if i == where else 0.0, np.float32) for i in range(2))
    assert np.isnan(largest_difference(a, b))


def test_agreement_counts_classes_and_differences():
    a = np.array([[0.9, 0.1], [0.4, 0.6]], np.float32)
    b = np.array([[0.8, 0.2], [0.6, 0.4]], np.float32)
    found = agreement(a, b)
    assert found.largest == pytest.approx(0.2)
    assert found.mean == pytest.approx(0.15)
    assert found.same_class == 0.5


def test_agreement_is_counted_by_cell_too():
    a = np.zeros((1, 2, 1, 2), np.float32)
    a[0, 0] = 1.0
    b = a.copy()
    b[0, :, 0, 1] = (0.25, 0.75)
    found = agreement(a, b)
    assert (found.largest, found.mean, found.same_class) == (0.75, 0.375, 0.5)
