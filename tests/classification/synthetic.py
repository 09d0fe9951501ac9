"""A small seeded world: striped pits on dark ground, speckled workings, and plain ground."""

import numpy as np

from highwall.classification.dataset import CHIP_PX, ChipSet, LabelledScene
from highwall.classification.options import NetworkOptions, TrainOptions

SMALL_NETWORK = NetworkOptions(stem_width=8, growth=4, hidden_width=8, dilations=(1, 2), context_cells=3, dropout=0.0)
SMALL_RUN = TrainOptions(
    n_steps=6,
    chips_a_side=2,
    n_scene_windows=2,
    n_scene_chips=2,
    n_positive_chips=2,
    n_negative_chips=4,
    checkpoint_every=3,
    n_threads=1,
    network=SMALL_NETWORK,
)


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
    levels = np.clip(pixels, 0, 255).astype(np.uint8)
    return ChipSet(np.moveaxis(levels, 1, 3), is_artisanal, family)
