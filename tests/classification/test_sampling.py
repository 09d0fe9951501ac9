import numpy as np
import pytest
import torch

from highwall.classification.dataset import ChipSet
from highwall.classification.sampling import Batch, Sampler
from highwall.core.errors import InputError
from highwall.core.taxonomy import INDUSTRIAL_MINE
from tests.classification.synthetic import NUMBER, SMALL_RUN, chips, scene, with_industrial


def sampler(found: ChipSet | None = None, **changes: object) -> Sampler:
    found = with_industrial(chips(16), 3) if found is None else found
    return Sampler([scene("a"), scene("b")], found, options=SMALL_RUN.model_copy(update=changes))


def tensors(batch: Batch) -> list[torch.Tensor]:
    return [*batch.scene_chips, batch.chips, batch.label]


def test_a_batch_holds_what_was_asked_for():
    batch = sampler().draw()
    assert batch.scene_chips.levels.shape == (2, 3, 48, 48)
    assert batch.scene_chips.coverage.shape == (2, 1, 48, 48)
    assert batch.chips.shape == (10, 3, 48, 48)
    assert batch.label.bincount().tolist() == [4, 4, 2]


def test_without_industrial_chips_the_others_still_come():
    assert INDUSTRIAL_MINE not in {name for name in NUMBER if NUMBER[name] in sampler(chips(16)).draw().label.tolist()}


def test_the_same_seed_draws_the_same_batches():
    one, other = sampler(), sampler()
    for _ in range(2):
        pairs = zip(tensors(one.draw()), tensors(other.draw()), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)


def test_a_restored_state_goes_on_where_it_was():
    one, other = sampler(), sampler()
    one.draw()
    other.restore(one.state())
    assert all(torch.equal(a, b) for a, b in zip(tensors(one.draw()), tensors(other.draw()), strict=True))


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_a_family_is_drawn_with_a_power_of_its_size(power):
    many = chips(40)
    lopsided = many.where(~((many.family == "b_negatives") & (np.arange(40) < 36)))  # 10 of a, 2 of b
    found = sampler(lopsided, family_power=power)
    drawn = found._chip_numbers(np.flatnonzero(~lopsided.is_artisanal), 4000)
    share = np.mean(lopsided.family[drawn] == "b_negatives")
    sizes = np.array([np.sum(lopsided.family == f) for f in ("b_negatives", "a_negatives")]) ** power
    assert share == pytest.approx(sizes[0] / sizes.sum(), abs=0.032)  # four standard errors of 4000 draws


@pytest.mark.parametrize("kind", [True, False])
def test_chips_of_one_kind_only_are_refused(kind):
    found = chips(16)
    with pytest.raises(InputError, match="add mosaics of the other kind"):
        sampler(found.where(found.is_artisanal == kind))


def test_no_scene_or_a_small_one_is_refused():
    with pytest.raises(InputError, match="needs scenes"):
        Sampler([], chips(16), options=SMALL_RUN)
    with pytest.raises(InputError, match="narrower than a chip of 48 px"):
        Sampler([scene("tiny", side=40)], chips(16), options=SMALL_RUN)
