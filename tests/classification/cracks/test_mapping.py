import subprocess
import sys

import numpy as np
import pytest

from highwall.classification.cracks.mapping import CrackModel, _to_pixels, chip_probability, crack_probability
from highwall.classification.cracks.options import MapOptions
from highwall.classification.extract import SHIPPED_MODEL, cells_to_pixels
from highwall.core.errors import InputError, ModelError
from highwall.learning.metrics import roc_auc

from .made import cracked


def test_a_crack_never_seen_is_found(crack_model):
    unseen = cracked("unseen", side=128)
    found = crack_probability(unseen.levels, crack_model)
    assert found.shape == (128, 128)
    assert found.dtype == np.float32
    assert roc_auc(unseen.is_crack.ravel(), found.ravel()) > 0.95


@pytest.mark.parametrize("shape", [(1, 1), (5, 90), (33, 47), (100, 64)])
def test_any_extent_gets_a_probability_everywhere(crack_model, shape):
    found = crack_probability(np.full((3, *shape), 120, np.uint8), crack_model)
    assert found.shape == shape
    assert ((found >= 0) & (found <= 1)).all()


def test_no_data_has_no_probability_and_leaves_the_rest_alone(crack_model):
    """Half of it black without data: the rest is as in a photograph where the black is not seen at all."""
    levels = cracked("a", side=128).levels
    has_data = np.ones((128, 128), bool)
    has_data[:, :40] = False
    black = np.where(has_data, levels, np.uint8(0))
    found = crack_probability(black, crack_model, has_data=has_data)
    np.testing.assert_array_equal(np.isnan(found), ~has_data)
    np.testing.assert_array_equal(found, crack_probability(levels, crack_model, has_data=has_data))
    assert np.isnan(crack_probability(black, crack_model, has_data=~has_data & has_data)).all()


def test_rows_brought_to_pixels_in_parts_are_those_of_the_whole():
    cells = np.random.default_rng(0).random((1, 600, 9), dtype=np.float32)
    np.testing.assert_allclose(_to_pixels(cells, cell=2), cells_to_pixels(cells, cell=2)[0], atol=1e-5)


def test_how_many_windows_at_once_does_not_matter(crack_model):
    levels = cracked("a").levels
    one = crack_probability(levels, crack_model, MapOptions(n_windows_at_once=1))
    np.testing.assert_allclose(one, crack_probability(levels, crack_model, MapOptions(n_windows_at_once=7)), atol=1e-6)


def test_chips_are_scored_row_by_row(crack_model):
    levels = cracked("a", side=96).levels
    found = chip_probability(levels, crack_model, side=32)
    assert found.shape == (9,)
    np.testing.assert_allclose(found[5], chip_probability(levels[:, 32:64, 64:96], crack_model, side=32)[0], atol=1e-6)
    assert chip_probability(levels[:, :10], crack_model, side=32).shape == (0,)


@pytest.mark.parametrize("levels", [np.zeros((2, 9, 9), np.uint8), np.zeros((3, 9, 9)), np.zeros((3, 0, 9), np.uint8)])
def test_what_is_no_photograph_is_refused(crack_model, levels):
    with pytest.raises(InputError, match="red, green and blue"):
        crack_probability(levels, crack_model)


def test_a_mine_network_is_refused():
    with pytest.raises(ModelError, match="crack"):
        CrackModel.open(SHIPPED_MODEL)


def test_mapping_and_measuring_load_no_torch():
    code = (
        "import sys, highwall.classification.cracks.mapping, highwall.classification.cracks.geometry;"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
