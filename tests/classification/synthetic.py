"""A small seeded world: striped pits on dark ground, speckled workings, and plain ground."""

import numpy as np

from highwall.classification.dataset import CHIP_PX, ChipSet, LabelledScene
from highwall.classification.options import TrainOptions
from highwall.core.taxonomy import ARTISANAL_MINE, CHIP_CLASSES, INDUSTRIAL_MINE, NONE
from tests.classification.networks import SMALL_NETWORK

SMALL_RUN = TrainOptions(
    n_steps=6,
    n_cycles=1,
    n_artisanal_chips=4,
    n_negative_chips=4,
    n_industrial_chips=2,
    n_scene_chips=2,
    checkpoint_every=3,
    n_threads=1,
    network=SMALL_NETWORK,
)
NUMBER = {name: number for number, name in enumerate(CHIP_CLASSES)}


def ground(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Dark green ground with a little noise: (3, y, x) levels."""
    colour = np.array([50.0, 70.0, 80.0])[:, None, None]
    return colour + random.normal(0.0, 4.0, (3, *shape))


def scene(name: str, *, side: int = 96, seed: int = 0) -> LabelledScene:
    """Ground with one bright striped square in it."""
    random = np.random.default_rng([seed, *name.encode()])
    pixels = ground(random, (side, side))
    coverage = np.zeros((side, side), dtype=np.float32)
    y, x = random.integers(8, side // 2, 2)
    pit = (slice(y, y + side // 3), slice(x, x + side // 3))
    coverage[pit] = 1.0
    pixels[(slice(None), *pit)] += 60.0 + 40.0 * (np.arange(side // 3) % 8 < 4)
    return LabelledScene(name, name, np.clip(pixels, 0, 255).astype(np.uint8), coverage)


def chips(n: int, *, seed: int = 0) -> ChipSet:
    """Half with red workings somewhere, half without; four families."""
    random = np.random.default_rng(seed)
    pixels = np.stack([ground(random, (CHIP_PX, CHIP_PX)) for _ in range(n)])
    is_artisanal = np.arange(n) % 2 == 0
    for number in np.flatnonzero(is_artisanal):
        y, x = random.integers(4, 24, 2)
        pixels[number, 0, y : y + 20, x : x + 20] += 140.0
    family = np.where(is_artisanal, "a_positives", "a_negatives")
    family[n // 2 :] = np.char.replace(family[n // 2 :], "a_", "b_")
    label = np.where(is_artisanal, NUMBER[ARTISANAL_MINE], NUMBER[NONE]).astype(np.intp)
    levels = np.clip(pixels, 0, 255).astype(np.uint8)
    return ChipSet(np.moveaxis(levels, 1, 3), label, family, family)


def with_industrial(found: ChipSet, n: int) -> ChipSet:
    """Call the last ``n`` chips industrial mines."""
    label = found.label.copy()
    label[len(found) - n :] = NUMBER[INDUSTRIAL_MINE]
    return ChipSet(found.pixels, label, found.family, found.group)
