"""Scene → class probability: windows are read, asked and blended one after another, in bounded memory.

Windows lie on one lattice over the whole scene and each is asked once, or twice where two panels meet. The map leaves
in strips: rows that no later window touches. A strip depends on the windows that touch it and on nothing else, so that
a scene done in parts, or stopped and resumed, equals the scene done at once, value for value.
"""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.bands import OPTICAL
from highwall.core.errors import ModelError
from highwall.learning.windows import Blender, Window, window_starts
from highwall.segmentation.map_options import SegmentOptions
from highwall.segmentation.metadata import SegmentationMetadata
from highwall.segmentation.segmenter import Segmenter

FloatArray = NDArray[np.float32]
Reader = Callable[[int, int, int, int], FloatArray]
"""Gives (band, y, x) of rows ``y0:y1`` and columns ``x0:x1``, bands as the network reads them. NaN is missing."""

_READ_PX: Final = 2048
"""Columns that are read at once, about; it bounds memory and keeps blocks of files from being read again and again."""
_HIGHEST_REFLECTANCE: Final = 5.0
"""Clouds and glint stay below 2; above this, values are digital numbers."""


class MapStrip(NamedTuple):
    """A finished part of the map."""

    window: Window
    probability: FloatArray
    """(class, y, x) [1]; NaN where a band is missing."""


@dataclass(frozen=True)
class Lattice:
    """Windows over a scene."""

    shape: tuple[int, int]
    """Rows and columns of the scene."""
    size: int
    """Side of a window [px]."""
    overlap: int
    """Overlap of neighbours [px]."""

    @classmethod
    def over(cls, shape: tuple[int, int], *, metadata: SegmentationMetadata, options: SegmentOptions) -> "Lattice":
        """Lay windows over a scene.

        Raises
        ------
        ModelError
            The side of a window is no multiple of the network's stride, or not larger than the overlap.
        """
        size = options.window_px or metadata.window_px
        overlap = size // 4 if options.overlap_px is None else options.overlap_px
        if size % metadata.stride:
            raise ModelError(
                f"windows of {size} px do not suit model {metadata.name!r}, which reads multiples of "
                f"{metadata.stride}; take {-(-size // metadata.stride) * metadata.stride}."
            )
        if overlap >= size:
            raise ModelError(f"an overlap of {overlap} px does not fit windows of {size} px; make it smaller.")
        return cls(shape, size, overlap)

    @property
    def row_starts(self) -> list[int]:
        """First row of each row of windows."""
        return window_starts(self.shape[0], size=self.size, overlap=self.overlap)

    def row(self, y: int, *, touching: Window) -> list[Window]:
        """Windows of the row that begins at ``y``, as far as they share a column with ``touching``."""
        height, width = self.shape
        starts = window_starts(width, size=self.size, overlap=self.overlap)
        windows = [Window(y, min(y + self.size, height), x, min(x + self.size, width)) for x in starts]
        return [window for window in windows if window.x0 < touching.x1 and touching.x0 < window.x1]


def strips_of(shape: tuple[int, int], *, options: SegmentOptions) -> list[Window]:
    """Strips that tile a scene: panel by panel from the left, each from the top."""
    height, width = shape
    n_panels = max(-(-width // options.panel_px), 1)
    edges = [width * number // n_panels for number in range(n_panels + 1)]
    return [
        Window(y, min(y + options.strip_px, height), x0, x1)
        for x0, x1 in pairwise(edges)
        for y in range(0, height, options.strip_px)
    ]


def probability_map(image: FloatArray, segmenter: Segmenter, options: SegmentOptions | None = None) -> FloatArray:
    """Probability of each class at every pixel of a scene that fits in memory.

    Parameters
    ----------
    image : (band, y, x) float32
        Bands as in ``segmenter.metadata.bands``, in their units. NaN is missing.

    Returns
    -------
    (class, y, x) float32
        Classes as in ``segmenter.metadata.classes``; NaN where a band is missing.

    Raises
    ------
    ModelError
        Wrong bands, digital numbers instead of reflectance, or windows that do not suit the network.
    """
    if image.ndim != 3:
        raise ModelError(f"the image has shape {image.shape}; the network reads (band, y, x).")
    shape = (image.shape[1], image.shape[2])
    whole = np.full((len(segmenter.metadata.classes), *shape), np.nan, dtype=np.float32)
    for strip in stream_strips(lambda y0, y1, x0, x1: image[:, y0:y1, x0:x1], shape, segmenter, options=options):
        whole[:, *strip.window.slices] = strip.probability
    return whole


def stream_strips(
    read: Reader,
    shape: tuple[int, int],
    segmenter: Segmenter,
    *,
    options: SegmentOptions | None = None,
    finished: Container[Window] = (),
) -> Iterator[MapStrip]:
    """Map a scene of any size strip by strip.

    Parameters
    ----------
    read
        Called with at most a window's rows and ``_READ_PX`` or a window's columns.
    shape
        (y, x) of the scene [px].
    finished
        Strips of :func:`strips_of` that are known already: windows that touch no other are not asked.

    Yields
    ------
    MapStrip
        In the order of :func:`strips_of`.

    Raises
    ------
    ModelError
        Wrong bands, digital numbers instead of reflectance, windows that do not suit the network, or a network that
        answers with NaN.
    """
    options = options or SegmentOptions()
    work = _Work(read, Lattice.over(shape, metadata=segmenter.metadata, options=options), segmenter, options)
    panels: dict[int, list[Window]] = {}
    for strip in strips_of(shape, options=options):
        panels.setdefault(strip.x0, []).append(strip)
    for strips in panels.values():
        yield from _panel([strip for strip in strips if strip not in finished], work)


class _Work(NamedTuple):
    """What turns a scene into strips."""

    read: Reader
    lattice: Lattice
    segmenter: Segmenter
    options: SegmentOptions


class _Answer(NamedTuple):
    """What a network said of a window."""

    window: Window
    probability: FloatArray
    """(class, y, x)."""
    has_data: NDArray[np.bool_]
    """(y, x): every band is there."""


class _Strip:
    """A strip in work."""

    def __init__(self, window: Window, work: _Work) -> None:
        n_classes, options = len(work.segmenter.metadata.classes), work.options
        self.window = window
        self._blender = Blender(window, n_layers=n_classes, overlap=work.lattice.overlap, blending=options.blending)
        self._has_data = np.zeros(window.shape, dtype=bool)

    def add(self, answer: _Answer) -> None:
        """Take the part of an answer that lies in the strip."""
        if not answer.window.touches(self.window):
            return
        self._blender.add(answer.window, answer.probability)
        shared = _common(answer.window, self.window)
        source, target = (shared.relative_to(each).slices for each in (answer.window, self.window))
        self._has_data[target] |= answer.has_data[source]

    def result(self) -> MapStrip:
        """Blend."""
        blended = self._blender.result()
        blended[:, ~self._has_data] = np.nan
        return MapStrip(self.window, blended)


def _panel(strips: Sequence[Window], work: _Work) -> Iterator[MapStrip]:
    """Strips of one panel, each as soon as no later window touches it."""
    starts = work.lattice.row_starts
    waiting = list(strips)
    working: list[_Strip] = []
    for y, next_y in zip(starts, [*starts[1:], work.lattice.shape[0]], strict=True):
        while waiting and waiting[0].y0 < y + work.lattice.size:
            working.append(_Strip(waiting.pop(0), work))
        touched = [strip for strip in working if strip.window.y1 > y]
        if touched:
            for answer in _answers(work.lattice.row(y, touching=touched[0].window), work):
                for strip in touched:
                    strip.add(answer)
        while working and working[0].window.y1 <= next_y:
            yield working.pop(0).result()


def _answers(windows: Sequence[Window], work: _Work) -> Iterator[_Answer]:
    """Ask of a row of windows; those without a pixel that has every band are left out."""
    n_together = max(_READ_PX // (work.lattice.size - work.lattice.overlap), 1)
    for i in range(0, len(windows), n_together):
        yield from _ask(windows[i : i + n_together], work)


def _ask(windows: Sequence[Window], work: _Work) -> Iterator[_Answer]:
    """Read some neighbouring windows at once, and ask of them batch by batch."""
    origin = Window(windows[0].y0, windows[0].y1, windows[0].x0, windows[-1].x1)
    image = _checked(work.read(*origin), work.segmenter.metadata)
    has_data = np.asarray(~np.isnan(image).any(axis=0))
    places = {window: window.relative_to(origin).slices for window in windows}
    with_data = [window for window in windows if has_data[places[window]].any()]
    for i in range(0, len(with_data), work.options.batch):
        some = with_data[i : i + work.options.batch]
        found = _probability(np.stack([image[:, *places[window]] for window in some]), work.segmenter)
        for window, probability in zip(some, found, strict=True):
            yield _Answer(window, probability, has_data[places[window]])


def _probability(images: FloatArray, segmenter: Segmenter) -> FloatArray:
    """Ask of images of any size: they are mirrored at their lower and right edge up to the stride, and cut again."""
    stride = segmenter.metadata.stride
    height, width = images.shape[2:]
    beyond = ((0, 0), (0, 0), (0, -height % stride), (0, -width % stride))
    padded = np.pad(images, beyond, mode="symmetric") if height % stride or width % stride else images
    found = segmenter.probability(padded)[:, :, :height, :width]
    if not np.isfinite(found).all():
        raise ModelError(
            f"model {segmenter.metadata.name!r} answers with values that are no numbers; if its weights are of half "
            "precision, take the file of float32."
        )
    return found


def _checked(image: FloatArray, metadata: SegmentationMetadata) -> FloatArray:
    """Give an image as float32, NaN where it is not finite.

    Raises
    ------
    ModelError
        Another number of bands, or an optical one that holds no reflectance.
    """
    if image.ndim != 3 or image.shape[0] != len(metadata.bands):
        raise ModelError(
            f"the image has shape {image.shape}; model {metadata.name!r} reads (band, y, x) of "
            f"{', '.join(metadata.bands)}."
        )
    finite = np.where(np.isfinite(image), image, np.float32(np.nan)).astype(np.float32)
    optical = [number for number, name in enumerate(metadata.bands) if name in OPTICAL]
    highest = np.fmax.reduce(finite[optical], axis=None, initial=0.0)
    if highest > _HIGHEST_REFLECTANCE:
        raise ModelError(
            f"values reach {highest:g}, above {_HIGHEST_REFLECTANCE:g}; these are digital numbers, not reflectance: "
            "apply scale and offset first."
        )
    return finite


def _common(one: Window, other: Window) -> Window:
    """Cells that two windows share."""
    return Window(max(one.y0, other.y0), min(one.y1, other.y1), max(one.x0, other.x0), min(one.x1, other.x1))
