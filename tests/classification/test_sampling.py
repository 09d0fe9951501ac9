import numpy as np
import pytest
import torch
from pydantic import ValidationError

from highwall.classification.options import TrainOptions
from highwall.classification.sampling import Sampler, join_chips, part_chips
from tests.classification.synthetic import SMALL_RUN, chips, scene


def sampler(**changes: object) -> Sampler:
    return Sampler([scene("a"), scene("b")], chips(16), options=SMALL_RUN.model_copy(update=changes))


def test_a_batch_holds_what_was_asked_for():
    batch = sampler().draw()
    assert batch.windows.shape == (2, 3, 96, 96)
    assert batch.window_coverage.shape == (2, 1, 96, 96)
    assert batch.chips.shape == (8, 3, 48, 48)
    assert batch.chip_coverage.shape == (2, 1, 48, 48)
    assert batch.is_artisanal.tolist() == [True, True, False, False, False, False]


def test_the_same_seed_draws_the_same_batches():
    one, other = sampler(), sampler()
    for _ in range(2):
        assert all(torch.equal(a, b) for a, b in zip(one.draw(), other.draw(), strict=True))


def test_a_restored_state_goes_on_where_it_was():
    one, other = sampler(), sampler()
    one.draw()
    other.restore(one.state())
    assert all(torch.equal(a, b) for a, b in zip(one.draw(), other.draw(), strict=True))


def test_no_family_and_no_place_rules():
    many = chips(40)
    lopsided = many.where(~((many.family == "b_negatives") & (np.arange(40) < 36)))  # 10 of a, 2 of b
    found = Sampler([scene("a")], lopsided, options=SMALL_RUN.model_copy(update={"n_negative_chips": 4000}))
    drawn = found._chip_numbers(np.flatnonzero(~lopsided.is_artisanal), 4000)
    share = np.mean(lopsided.family[drawn] == "b_negatives")
    sizes = np.sqrt([np.sum(lopsided.family == f) for f in ("b_negatives", "a_negatives")])
    assert share == pytest.approx(sizes[0] / sizes.sum(), abs=0.03)  # four standard errors of 4000 draws


def test_chips_are_joined_and_parted_again():
    found = torch.arange(8 * 3 * 2 * 2).reshape(8, 3, 2, 2)
    joined = join_chips(found, side=2)
    assert joined.shape == (2, 3, 4, 4)
    assert torch.equal(joined[0, :, :2, 2:], found[1])
    assert torch.equal(joined[0, :, 2:, :2], found[2])
    assert torch.equal(part_chips(joined, side=2), found)


def test_chips_that_do_not_fill_windows_are_refused():
    with pytest.raises(ValidationError, match="do not fill windows of 9"):
        TrainOptions(n_positive_chips=13)
