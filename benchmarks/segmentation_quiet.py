"""Ground without mines, to learn from and to be judged on: what a network that saw mines alone takes for one.

Chips of mine-chips that show none are laid side by side, 8 × 8, by file family; families that are judged are never
learned from. A scene of a Spanish flood plain stands for land that looks otherwise. Values above a reflectance of 0.3
are cut off in the chips.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from harness import SHARED
from highwall.classification.dataset import CHIP_PX, ChipSet
from highwall.core.grid import GeoBox
from highwall.core.taxonomy import NONE
from highwall.segmentation.dataset import TRAINING, Sample, SampleSet, sample_of_arrays
from highwall.segmentation.options import TrainOptions
from highwall.workflows.training.chip_data import read_chips

BANDS = ("B04", "B03", "B02")
LARGEST_IN_CHIPS = 0.3
"""Reflectance at which 8-bit chips are full [1]."""
SIDE = 8
"""Chips in a row and in a column of a sample."""
JUDGED_EVERY = 4
"""Of the families in the order of their names, each fourth is judged."""
LEARNED, JUDGED = 2, 3
"""Samples of a family, at most."""
MORE_DRAWS = 1.12
"""Windows of an epoch against those without quiet ground, so that mines are seen about as often as before."""
_SEED = 0
_SOMEWHERE = Affine(10, 0, 500_000, 0, -10, 7_000_000)


def quiet_ground(data: Path = SHARED / "data") -> tuple[list[Sample], list[Sample]]:
    """Samples without mines: to learn from, and to be judged on."""
    chips = read_chips(data)
    quiet = chips.where(chips.is_class(NONE))
    families = sorted({str(name) for name in quiet.family})
    judged = families[::JUDGED_EVERY]
    random = np.random.default_rng(_SEED)
    learned = [name for name in families if name not in judged]
    samples = [list(_samples(quiet, names, n, random)) for names, n in ((learned, LEARNED), (judged, JUDGED))]
    return samples[0], [*samples[1], _flood_plain(data)]


def with_quiet_ground(known: SampleSet, options: TrainOptions) -> tuple[SampleSet, TrainOptions]:
    """Add samples without mines, and let as many windows more be drawn."""
    quiet, _ = quiet_ground()
    draws = MORE_DRAWS * options.sampling.draws_per_sample * len(known) / (len(known) + len(quiet))
    sampling = options.sampling.model_copy(update={"draws_per_sample": draws})
    return SampleSet([*known, *quiet]), options.model_copy(update={"sampling": sampling})


def _samples(chips: ChipSet, families: Sequence[str], most: int, random: np.random.Generator) -> Iterator[Sample]:
    for family in families:
        numbers = np.flatnonzero(np.asarray(chips.family).astype(str) == family)
        random.shuffle(numbers)
        for number in range(min(most, len(numbers) // SIDE**2)):
            chosen = numbers[number * SIDE**2 : (number + 1) * SIDE**2]
            yield _sample(
                f"{family}-{number}", _side_by_side(np.asarray(chips.pixels)[chosen]), group=f"quiet {family}"
            )


def _side_by_side(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Chips (chip, y, x, band) of 8 bits → reflectance (band, y, x); black is missing."""
    rows = pixels.reshape(SIDE, SIDE, CHIP_PX, CHIP_PX, len(BANDS)).transpose(4, 0, 2, 1, 3)
    image = rows.reshape(len(BANDS), SIDE * CHIP_PX, SIDE * CHIP_PX).astype(np.float32) / 255 * LARGEST_IN_CHIPS
    return np.where((image == 0).all(axis=0), np.float32(np.nan), image)


def _flood_plain(data: Path) -> Sample:
    path = next((data / "sentinel" / "sen1floods11_sample").rglob("*S2*.tif"))
    with rasterio.open(path) as scene:
        values = scene.read([4, 3, 2]).astype(np.float32) / 1e4
    return _sample("a Spanish flood plain", values, group="spain")


def _sample(name: str, image: NDArray[np.float32], *, group: str) -> Sample:
    shape = image.shape[1:]
    made = sample_of_arrays(
        name, image, masks=np.zeros(shape, np.uint16), grid=GeoBox(shape, _SOMEWHERE, "EPSG:32723"), bands=BANDS,
        group=group,
    )  # fmt: skip
    return replace(made, split=TRAINING, level="L1C")
