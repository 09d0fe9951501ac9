"""Small scenes with squares of three classes that a network can learn, and options that train in a second."""

from dataclasses import replace
from typing import Any

import numpy as np

from highwall.core.taxonomy import BLANK
from highwall.segmentation.dataset import Sample, SampleSet, sample_of_arrays
from highwall.segmentation.labels import BITS
from highwall.segmentation.options import TrainOptions
from tests.segmentation.drawings import RGB, grid_of

TINY: dict[str, Any] = {
    "network": {"architecture": "linknet", "encoder": "tu-mobilenetv3_small_050", "subsets": (1, 2)},
    "sampling": {"chip_px": 32, "draws_per_sample": 2.0, "labelled_share": 0.5},
    "validation_px": 64,
    "n_epochs": 3,
    "batch": 4,
}


def tiny_options(**changes: Any) -> TrainOptions:
    """Options of the smallest network; a section given replaces its keys."""
    content = {**TINY}
    for key, value in changes.items():
        content[key] = {**content.get(key, {}), **value} if isinstance(value, dict) else value
    return TrainOptions.model_validate(content)


def scene(name: str, *, split: str | None = "training", shape: tuple[int, int] = (64, 96), **facts: Any) -> Sample:
    """Noise with a red square that is an excavation, a green one that is a dumping ground, and some blank ground."""
    random = np.random.default_rng(sum(map(ord, name)))
    mask = np.zeros(shape, dtype=np.uint16)
    image = random.normal(0.1, 0.02, (3, *shape)).astype(np.float32)
    for band, cover in enumerate(("excavation", "dumping_ground")):
        top, left = random.integers(2, 30), random.integers(2, 18) + 46 * band
        mask[top : top + 20, left : left + 24] |= BITS[cover]
        image[band, top : top + 20, left : left + 24] += 0.15
    mask[-4:] |= BITS[BLANK]
    made = sample_of_arrays(name, image, masks=mask, grid=grid_of(*shape), bands=RGB)
    return replace(made, split=split, **facts)


def scenes(n: int = 3, *, n_validation: int = 1) -> SampleSet:
    """Some scenes for training and some for validation."""
    learned = [scene(f"learned-{number}") for number in range(n)]
    return SampleSet(learned + [scene(f"judged-{number}", split="validation") for number in range(n_validation)])
