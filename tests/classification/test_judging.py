import numpy as np
import pytest

from highwall.classification.extract import ChipModel
from highwall.classification.judging import chip_scores
from highwall.core.errors import ModelError


@pytest.fixture(scope="module")
def model() -> ChipModel:
    return ChipModel.open(threads=1)


@pytest.fixture(scope="module")
def chips() -> np.ndarray:
    """Coloured squares of 6 px."""
    squares = np.random.default_rng(0).integers(20, 236, (7, 8, 8, 3)).astype(np.uint8)
    return squares.repeat(6, axis=1).repeat(6, axis=2)


def test_batches_do_not_change_scores(model, chips):
    np.testing.assert_allclose(chip_scores(chips, model, n_at_once=3), chip_scores(chips, model), atol=1e-5)
    assert chip_scores(chips[:0], model).shape == (0, 3)
    with pytest.raises(ModelError, match="multiples of 4"):
        chip_scores(chips[:, :47], model)


@pytest.mark.parametrize("turn", [lambda c: np.rot90(c, axes=(1, 2)), lambda c: c[:, ::-1], lambda c: c.swapaxes(1, 2)])
def test_in_all_views_it_does_not_matter_how_a_chip_is_laid(model, chips, turn):
    laid = np.ascontiguousarray(turn(chips))
    np.testing.assert_allclose(chip_scores(laid, model, n_views=8), chip_scores(chips, model, n_views=8), rtol=1e-3)
    assert not np.allclose(chip_scores(laid, model), chip_scores(chips, model), rtol=0.01)


def test_the_mean_of_views_is_that_of_logits(model, chips):
    """Two views: p ∝ √(p₁ p₂)."""
    one, other = chip_scores(chips, model), chip_scores(np.ascontiguousarray(chips[:, ::-1, ::-1]), model)
    expected = np.sqrt(one * other)
    found = chip_scores(chips, model, n_views=2)
    np.testing.assert_allclose(found, expected / expected.sum(axis=1, keepdims=True), atol=1e-5)
