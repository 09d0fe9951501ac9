"""Training data as values: a `Sample` is a scene or chip with what was drawn on it, a `SampleSet` a sequence of them.

A sample reads its pixels when asked, whole or a window of them, so a set of thousands takes no memory. Where several
people drew the same scene, it is one sample with several masks; `SampleSet.each_annotator` makes one a mask.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.core.grid import GeoBox, Window
from highwall.segmentation.labels import Mask

Image = NDArray[np.float32]
ReadImage = Callable[[Window | None], Image]
ReadMask = Callable[[Window | None], Mask]
Value = TypeVar("Value", bound=np.generic)

TRAINING, VALIDATION, TEST = "training", "validation", "test"
SPLITS: Final = (TRAINING, VALIDATION, TEST)
"""What the samples of a site serve for."""
MATERIALS: Final = ("CL", "MO", "RR")
"""Raw material of a mine: coal and lignite, metallic ores, rock raw materials (MineCam, section 2.2)."""
MINE_TYPES: Final = ("MT", "OC", "OP")
"""How it is mined: mountain-top, opencast, open-pit."""
ONLY_ANNOTATOR: Final = "1"
"""Name of the annotator where nobody is named."""


@dataclass(frozen=True)
class Sample:
    """A scene, or a chip of one, and what was drawn on it."""

    name: str
    site: str
    group: str
    """Sites that lie near each other share a group, which stays on one side of every split."""
    bands: tuple[str, ...]
    """Names in the order of the image's channels, as in ``core.bands.BANDS``."""
    grid: GeoBox
    read_image: ReadImage
    """Gives (band, y, x) float32 of a window, or of all: reflectance [1] and backscatter [dB], NaN is missing."""
    read_masks: Mapping[str, ReadMask]
    """By annotator: gives the mask (y, x) uint16 of a window, or of all."""
    date: dt.date | None = None
    split: str | None = None
    """One of `SPLITS`."""
    material: str | None = None
    """One of `MATERIALS`."""
    mine_type: str | None = None
    """One of `MINE_TYPES`."""
    level: str = "unknown"
    """Processing level of the optical bands: L1C, L2A or unknown."""
    scene: str | None = None
    """Name of the scene that it is a chip of; none where it is a whole scene."""
    is_simulated: bool = False

    @property
    def annotators(self) -> tuple[str, ...]:
        """Who drew it, in the order of their names."""
        return tuple(sorted(self.read_masks))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.grid.shape.y), int(self.grid.shape.x)

    def image(self, window: Window | None = None) -> Image:
        """Read the channels: (band, y, x) float32, NaN is missing."""
        return self.read_image(window)

    def mask(self, window: Window | None = None, *, annotator: str | None = None) -> Mask:
        """Read what was drawn: (y, x) uint16, by the first annotator unless another is named.

        Raises
        ------
        InputError
            No such annotator.
        """
        who = self.annotators[0] if annotator is None else annotator
        if who not in self.read_masks:
            raise InputError(f"{self.name} was not drawn by {who!r}; its annotators are {', '.join(self.annotators)}.")
        return self.read_masks[who](window)

    def masks(self, window: Window | None = None) -> dict[str, Mask]:
        """Read what each annotator drew, by name."""
        return {who: self.read_masks[who](window) for who in self.annotators}


@dataclass(frozen=True)
class InMemory(Generic[Value]):
    """Reads windows of an array (…, y, x) that is already here: for tests, and for callers with their own readers."""

    array: NDArray[Value]

    def __call__(self, window: Window | None = None) -> NDArray[Value]:
        """Give a window of it, or all."""
        return self.array if window is None else self.array[..., window.rows, window.cols]


def sample_of_arrays(
    name: str,
    image: Image,
    *,
    masks: Mapping[str, Mask] | Mask,
    grid: GeoBox,
    bands: tuple[str, ...],
    site: str | None = None,
    group: str | None = None,
) -> Sample:
    """Make a sample of arrays; ``dataclasses.replace`` sets its other facts.

    Parameters
    ----------
    image : (band, y, x) float32
    masks : (y, x) uint16
        One, or one by annotator.
    site, group
        The name and the site, unless given.

    Raises
    ------
    InputError
        Shapes do not fit together.
    """
    drawn = {ONLY_ANNOTATOR: masks} if isinstance(masks, np.ndarray) else dict(masks)
    shape = (len(bands), *grid.shape)
    if image.shape != shape or any(mask.shape != shape[1:] for mask in drawn.values()):
        found = ", ".join(str(mask.shape) for mask in drawn.values())
        raise InputError(f"sample {name!r}: image {image.shape} and masks {found} do not fit bands and grid {shape}.")
    readers = {who: InMemory(mask) for who, mask in drawn.items()}
    return Sample(name, site or name, group or site or name, bands, grid, InMemory(image), readers)


class SampleSet(Sequence[Sample]):
    """Samples in a fixed order."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = tuple(samples)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> "SampleSet": ...
    def __getitem__(self, index: int | slice) -> "Sample | SampleSet":
        """Give one sample, or a run of them as a set."""
        return SampleSet(self._samples[index]) if isinstance(index, slice) else self._samples[index]

    def __len__(self) -> int:
        return len(self._samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self._samples)

    def __repr__(self) -> str:
        return f"SampleSet({len(self)} samples of {len(self.sites)} sites in {len(self.groups)} groups)"

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups, each once, in the order of the samples."""
        return tuple(dict.fromkeys(sample.group for sample in self))

    @property
    def sites(self) -> tuple[str, ...]:
        """Sites, likewise."""
        return tuple(dict.fromkeys(sample.site for sample in self))

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands that all samples have, in the order of the first.

        Raises
        ------
        InputError
            There is no sample, or they share no band.
        """
        if not self._samples:
            raise InputError("a set without samples has no bands; read or choose others.")
        shared = [band for band in self[0].bands if all(band in sample.bands for sample in self)]
        if not shared:
            raise InputError("the samples share no band; choose those of one sensor.")
        return tuple(shared)

    def where(
        self, *, split: str | None = None, material: str | None = None, mine_type: str | None = None,
        is_simulated: bool | None = None,
    ) -> "SampleSet":  # fmt: skip
        """Keep the samples that agree with all that is given."""
        wanted = {"split": split, "material": material, "mine_type": mine_type, "is_simulated": is_simulated}
        asked = {name: value for name, value in wanted.items() if value is not None}
        return SampleSet(s for s in self if all(getattr(s, name) == value for name, value in asked.items()))

    def of_groups(self, groups: Iterable[str]) -> "SampleSet":
        """Keep the samples of these groups."""
        wanted = set(groups)
        return SampleSet(sample for sample in self if sample.group in wanted)

    def without_groups(self, groups: Iterable[str]) -> "SampleSet":
        """Keep the samples of all other groups."""
        unwanted = set(groups)
        return SampleSet(sample for sample in self if sample.group not in unwanted)

    def each_annotator(self) -> "SampleSet":
        """Make one sample of every annotator's mask, named ``NAME-ANNOTATOR`` where there are several."""
        return SampleSet(one for sample in self for one in _by_annotator(sample))


def _by_annotator(sample: Sample) -> Iterator[Sample]:
    if len(sample.annotators) == 1:
        yield sample
        return
    for who in sample.annotators:
        yield dataclasses.replace(sample, name=f"{sample.name}-{who}", read_masks={who: sample.read_masks[who]})
