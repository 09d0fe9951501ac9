"""Small photographs of one dark crooked line on grey, and a run that learns them in seconds."""

import numpy as np

from highwall.classification.cracks.options import CRACK_NETWORK, CrackTrainOptions
from highwall.classification.cracks.photograph import CrackPhotograph

SMALL_NETWORK = CRACK_NETWORK.model_copy(
    update={"chip_px": 32, "stem_width": 8, "growth": 4, "neck_width": 8, "n_layers": 4, "n_scales": 2}
)
SMALL_RUN = CrackTrainOptions(n_steps=6, n_chips=4, checkpoint_every=3, network=SMALL_NETWORK)


def cracked(name, *, place=None, side=96, shade=150.0):
    """One photograph."""
    random = np.random.default_rng([*name.encode()])
    levels = shade + random.normal(0.0, 4.0, (3, side, side))
    row = side // 2 + np.cumsum(random.integers(-1, 2, side))
    is_crack = np.zeros((side, side), bool)
    for width in (0, 1):
        is_crack[np.clip(row + width, 0, side - 1), np.arange(side)] = True
    levels[:, is_crack] -= 90.0 * shade / 150.0
    levels = np.clip(levels, 0, 255).astype(np.uint8)
    return CrackPhotograph(name, place or name, levels, is_crack, np.zeros_like(is_crack))
