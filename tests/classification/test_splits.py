import numpy as np
import pytest

from highwall.classification.dataset import ChipSet
from highwall.classification.options import ProtocolOptions
from highwall.classification.splits import make_splits
from highwall.core.errors import InputError
from tests.classification.synthetic import chips, scene


def grouped(n: int) -> ChipSet:
    """Six families; two of the negative ones are one group."""
    found = chips(n)
    kind = np.where(found.is_artisanal, "positives", "negatives")
    family = np.array([f"{i // 2 % 3}_{kind[i]}" for i in range(n)])
    group = np.where(np.isin(family, ["0_negatives", "1_negatives"]), "negatives of one source", family)
    return ChipSet(found.pixels, found.label, family, group)


def test_folds_share_no_place_and_no_group_and_judge_every_chip_once():
    found = grouped(36)
    scenes = [scene(name) for name in "abcdef"]
    seen = []
    for split in make_splits(scenes, found, protocol=ProtocolOptions(n_folds=2)):
        assert not {s.place for s in split.scenes} & {s.place for s in split.unseen_scenes}
        assert not set(split.chips.group) & set(split.unseen_chips.group)
        assert len(set(split.unseen_chips.is_artisanal)) == 2  # each fold judges both kinds
        seen += [chip.tobytes() for chip in split.unseen_chips.pixels]
    assert sorted(seen) == sorted(chip.tobytes() for chip in found.pixels)


def test_the_flattering_split_judges_a_fifth():
    found = grouped(400)
    (split,) = make_splits([scene(name) for name in "abcde"], found, protocol=ProtocolOptions(split="8:2"))
    assert len(split.unseen_chips) / 400 == pytest.approx(0.2, abs=0.08)  # four standard errors
    assert len(split.chips) + len(split.unseen_chips) == 400
    assert len(split.unseen_scenes) == 1


def test_more_folds_than_groups_are_refused():
    with pytest.raises(InputError, match="cannot fill 3 folds"):
        make_splits([scene(name) for name in "abcd"], grouped(36), protocol=ProtocolOptions(n_folds=3))
