import numpy as np
import pytest

from highwall.io.block_files import BlockFiles


def test_a_block_is_made_once_and_read_ever_after(tmp_path):
    files, made = BlockFiles(tmp_path), []

    def make():
        made.append(1)
        return {"map": np.arange(6, dtype=np.uint8).reshape(2, 3)}

    first, second = files.get("a", make), BlockFiles(tmp_path).get("a", make)
    assert len(made) == 1
    np.testing.assert_array_equal(first["map"], second["map"])
    assert second["map"].dtype == np.uint8


def test_a_block_that_failed_leaves_nothing(tmp_path):
    def fail():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        BlockFiles(tmp_path).get("a", fail)
    assert list(tmp_path.iterdir()) == []
