import numpy as np
import pytest
import torch

from highwall.classification.cracks.options import CrackTrainOptions
from highwall.classification.cracks.photograph import CrackPhotograph
from highwall.classification.cracks.sampling import ChipBatch, CrackSampler, random_view
from highwall.core.errors import InputError

from .made import SMALL_RUN, cracked


def test_a_batch_has_levels_and_labels_of_chips():
    batch = CrackSampler([cracked("1"), cracked("2")], options=SMALL_RUN).draw()
    assert batch.levels.shape == (4, 3, 32, 32)
    assert batch.is_crack.shape == (4, 1, 32, 32)
    assert set(batch.is_crack.unique().tolist()) == {0.0, 1.0}
    assert 0 <= batch.levels.min() <= batch.levels.max() <= 255


def test_labels_move_with_their_pixels():
    """Unlit and without noise, cracks of the picture stay where the label is: dark."""
    options = SMALL_RUN.model_copy(update={"gain": 0.0, "noise": 0.0})
    photograph = cracked("1")
    levels = torch.from_numpy(photograph.levels).float()[None, :, :64, :64].repeat(8, 1, 1, 1)
    labels = torch.from_numpy(photograph.is_crack).float()[None, None, :64, :64].repeat(8, 1, 1, 1)
    seen = random_view(ChipBatch(levels, labels), options=options, random=torch.Generator().manual_seed(0))
    on, off = seen.is_crack[:, 0] > 0, seen.is_crack[:, 0] == 0
    for chip, here, there in zip(seen.levels.mean(dim=1), on, off, strict=True):
        assert chip[here].mean() < chip[there].mean() - 40


def test_the_state_brings_back_the_same_batches():
    sampler = CrackSampler([cracked("1")], options=SMALL_RUN)
    state = sampler.state()
    first = sampler.draw()
    sampler.restore(state)
    torch.testing.assert_close(sampler.draw().levels, first.levels)


def test_every_place_counts_the_same():
    many = [cracked(str(number), place="a") for number in range(9)] + [cracked("x", place="b", shade=20.0)]
    options = SMALL_RUN.model_copy(update={"n_chips": 60, "gain": 0.0})
    dark = CrackSampler(many, options=options).draw().levels.mean(dim=(1, 2, 3)) < 60
    assert 15 < dark.sum() < 45  # of 60; by photographs it would be 6


@pytest.mark.parametrize(("value", "message"), [(False, "no crack"), (True, "nothing but cracks")])
def test_one_class_is_refused(value, message):
    photograph = cracked("1")
    only = CrackPhotograph(
        "1", "1", photograph.levels, np.full_like(photograph.is_crack, value), photograph.is_planking
    )
    with pytest.raises(InputError, match=message):
        CrackSampler([only], options=SMALL_RUN)


def test_a_photograph_smaller_than_a_chip_is_refused():
    with pytest.raises(InputError, match="less than a chip"):
        CrackSampler([cracked("1", side=16)], options=SMALL_RUN)


def test_a_network_for_other_classes_is_refused():
    with pytest.raises(ValueError, match="2 classes"):
        CrackTrainOptions(network=SMALL_RUN.network.model_copy(update={"n_classes": 3}))
