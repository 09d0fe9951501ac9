"""What the contest is fought on: the real chips and scenes, or made ones for a short trial of the benchmark itself."""

from typing import NamedTuple

import numpy as np

from harness import SHARED
from highwall.classification.dataset import CHIP_PX, ChipSet, LabelledScene
from highwall.core.taxonomy import ARTISANAL_MINE, CHIP_CLASSES, INDUSTRIAL_MINE, NONE


class Data(NamedTuple):
    """Labelled chips, and scenes of known footprint."""

    chips: ChipSet
    scenes: list[LabelledScene]


def real() -> Data:
    """Read the training data beside the repository; of the chips, artisanal mines and none."""
    from highwall.workflows.training.chip_data import read_chips, read_scenes

    chips = read_chips(SHARED / "data")
    return Data(chips.where(~chips.is_class(INDUSTRIAL_MINE)), read_scenes(SHARED / "data"))


def made(*, n_chips: int = 96, n_scenes: int = 3) -> Data:
    """Noise, reddish where there is a mine; six families and three places."""
    random = np.random.default_rng(0)
    is_artisanal = np.arange(n_chips) % 2 == 0
    pixels = random.integers(40, 120, (n_chips, CHIP_PX, CHIP_PX, 3)).astype(np.uint8)
    pixels[is_artisanal, 12:36, 12:36, 0] += 100
    label = np.where(is_artisanal, CHIP_CLASSES.index(ARTISANAL_MINE), CHIP_CLASSES.index(NONE))
    family = np.array([f"{i // 2 % 3}_{'positives' if mine else 'negatives'}" for i, mine in enumerate(is_artisanal)])
    scenes = []
    for number in range(n_scenes):
        coverage = np.zeros((2 * CHIP_PX, 2 * CHIP_PX), dtype=np.float32)
        coverage[32:64, 32:64] = 1.0
        levels = random.integers(40, 120, (3, *coverage.shape)) + 100 * coverage
        scenes.append(LabelledScene(str(number), str(number), levels.astype(np.uint8), coverage))
    return Data(ChipSet(pixels, label, family, family), scenes)
