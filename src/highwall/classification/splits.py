"""Which chips and scenes a training run sees, and which judge it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.classification.dataset import ChipSet, LabelledScene
from highwall.classification.options import ProtocolOptions
from highwall.learning.groups import assign_folds

_JUDGED_SHARE = 0.2
"""Share of the chips, and of the places, that judge in the 8:2 split of Yu et al. 2023, section 5."""


class Split(NamedTuple):
    """What one training run sees and what it is judged on."""

    stage: str
    scenes: list[LabelledScene]
    chips: ChipSet
    unseen_scenes: list[LabelledScene]
    unseen_chips: ChipSet


def make_splits(scenes: Sequence[LabelledScene], chips: ChipSet, *, protocol: ProtocolOptions) -> list[Split]:
    """Split as the protocol says.

    Grouped: no place and no group of families stands on both sides; positives and negatives are each spread evenly.
    8:2: one split, a fifth of the chips at random. Families then stand on both sides, so its scores flatter: they are
    for comparison with papers that split so.

    Raises
    ------
    InputError
        There are fewer places or groups than folds.
    """
    if protocol.split == "8:2":
        return [_random_split(scenes, chips, seed=protocol.split_seed)]
    fold_of_place = _folds({scene.place: 1.0 for scene in scenes}, protocol)
    fold_of_chip = _folds_of_chips(chips, protocol)
    return [
        Split(
            f"fold-{fold + 1}",
            [scene for scene in scenes if fold_of_place[scene.place] != fold],
            chips.where(fold_of_chip != fold),
            [scene for scene in scenes if fold_of_place[scene.place] == fold],
            chips.where(fold_of_chip == fold),
        )
        for fold in range(protocol.n_folds)
    ]


def _folds_of_chips(chips: ChipSet, protocol: ProtocolOptions) -> NDArray[np.intp]:
    """Fold of each chip. A group's folds count by its artisanal chips if it has any, else by the others."""
    sizes = {str(group): chips.where(chips.group == group) for group in np.unique(chips.group)}
    positive = {group: float(found.is_artisanal.sum()) for group, found in sizes.items() if found.is_artisanal.any()}
    negative = {group: float(len(found)) for group, found in sizes.items() if group not in positive}
    fold_of = _folds(positive, protocol) | _folds(negative, protocol)
    return np.array([fold_of[str(group)] for group in chips.group], dtype=np.intp)


def _folds(weights: Mapping[str, float], protocol: ProtocolOptions) -> dict[str, int]:
    return assign_folds(weights, n_folds=protocol.n_folds, seed=protocol.split_seed)


def _random_split(scenes: Sequence[LabelledScene], chips: ChipSet, *, seed: int) -> Split:
    random = np.random.default_rng(seed)
    judged = random.random(len(chips)) < _JUDGED_SHARE
    places = sorted({scene.place for scene in scenes})
    held = set(random.permutation(places)[: max(1, round(_JUDGED_SHARE * len(places)))].tolist())
    return Split(
        "8-2",
        [scene for scene in scenes if scene.place not in held],
        chips.where(~judged),
        [scene for scene in scenes if scene.place in held],
        chips.where(judged),
    )
