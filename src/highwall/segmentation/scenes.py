"""The pixels that training and validation read: windows of samples in the network's bands, padded where they reach out.

A scene is kept in memory when it is first read, as far as the allowance goes; one beyond it is read window by window.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.grid import Window
from highwall.segmentation.dataset import Image, Sample
from highwall.segmentation.labels import OUTSIDE, Mask
from highwall.segmentation.normalisation import channels_of

_BYTES_PER_MB = 1_000_000


class Place(NamedTuple):
    """A square window of a sample, as one annotator drew it; it may reach beyond the sample."""

    sample: int
    """Number of the sample."""
    annotator: str
    top: int
    left: int
    side: int
    """px"""


class Chip(NamedTuple):
    """Pixels and what was drawn on them."""

    image: Image
    """(band, y, x) NaN is missing."""
    mask: Mask
    """(y, x)"""


class Scenes:
    """Windows of samples.

    Raises
    ------
    SceneError
        A sample lacks a band.
    """

    def __init__(self, samples: Sequence[Sample], *, bands: tuple[str, ...], cache_mb: int) -> None:
        self.samples = samples
        self._channels = [channels_of(sample, bands) for sample in samples]
        self._left = cache_mb * _BYTES_PER_MB
        self._images: dict[int, Image] = {}
        self._masks: dict[tuple[int, str], Mask] = {}

    def chip(self, place: Place) -> Chip:
        """Read a window; what lies beyond the sample is missing and does not count."""
        height, width = self.samples[place.sample].shape
        rows = slice(max(place.top, 0), min(place.top + place.side, height))
        cols = slice(max(place.left, 0), min(place.left + place.side, width))
        window = Window(rows, cols)
        around = (
            (rows.start - place.top, place.top + place.side - rows.stop),
            (cols.start - place.left, place.left + place.side - cols.stop),
        )
        image = self._image(place.sample, window)
        mask = self._mask(place.sample, place.annotator, window)
        return Chip(
            np.pad(image, ((0, 0), *around), constant_values=np.nan), np.pad(mask, around, constant_values=OUTSIDE)
        )

    def mask(self, number: int, annotator: str) -> Mask:
        """What an annotator drew on a whole sample."""
        height, width = self.samples[number].shape
        return self._mask(number, annotator, Window(slice(0, height), slice(0, width)))

    def _image(self, number: int, window: Window) -> Image:
        if number not in self._images:
            n_bytes = 4 * len(self._channels[number]) * int(np.prod(self.samples[number].shape))
            if not self._afford(n_bytes):
                return self.samples[number].image(window)[self._channels[number]]
            self._images[number] = np.ascontiguousarray(self.samples[number].image()[self._channels[number]])
        return self._images[number][:, window.rows, window.cols]

    def _mask(self, number: int, annotator: str, window: Window) -> Mask:
        key = (number, annotator)
        if key not in self._masks:
            if not self._afford(2 * int(np.prod(self.samples[number].shape))):
                return self.samples[number].mask(window, annotator=annotator)
            self._masks[key] = self.samples[number].mask(annotator=annotator)
        return self._masks[key][window.rows, window.cols]

    def _afford(self, n_bytes: int) -> bool:
        """Take memory from the allowance, if there is enough left."""
        if n_bytes > self._left:
            return False
        self._left -= n_bytes
        return True


def is_known(chip: Chip) -> NDArray[np.bool_]:
    """Tell where at least one band has a value: (y, x)."""
    return np.asarray(np.isfinite(chip.image).any(axis=0))
