"""Training data as values: chips cut from mosaics, scenes with the share of mine in every pixel, and their folds.

Two kinds of label. A scene with polygons knows every pixel. A chip knows only whether it holds an artisanal mine
somewhere. Both are kept whole by origin: a chip by the family of its mosaic, a scene by its place.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.core.taxonomy import BLANK

CHIP_PX = 48
"""px, side of a training chip: 480 m of Sentinel-2."""

_FAMILY = re.compile(r"^(?P<family>.+?)_S2L1C_")
_SUPERSAMPLING = 4
"""Sub-pixels a side when polygons become shares of a pixel."""

Uint8Array = NDArray[np.uint8]


@dataclass(frozen=True)
class ChipSet:
    """Chips whose only label is their own."""

    pixels: Uint8Array
    """(N, 48, 48, 3) levels of B04, B03, B02."""
    is_artisanal: NDArray[np.bool_]
    """(N,) True where an artisanal mine is somewhere in the chip."""
    family: NDArray[np.str_]
    """(N,) family of the mosaic that it was cut from."""

    def where(self, chosen: NDArray[np.bool_]) -> "ChipSet":
        """Keep the chosen chips."""
        return ChipSet(self.pixels[chosen], self.is_artisanal[chosen], self.family[chosen])


@dataclass(frozen=True)
class LabelledScene:
    """A scene whose every pixel is labelled."""

    name: str
    place: str
    """Scenes of one place overlap."""
    pixels: Uint8Array
    """(3, y, x) levels of B04, B03, B02."""
    coverage: NDArray[np.float32]
    """(y, x) share of industrial mine, averaged over annotators."""


def family_of(mosaic: str) -> str:
    """Family of a mosaic: its name up to the sensor, so that cloudier, clearer and dated variants stay together.

    Raises
    ------
    InputError
        The name does not follow the pattern.
    """
    match = _FAMILY.match(mosaic)
    if match is None:
        raise InputError(f"mosaic {mosaic!r} has no '_S2L1C_' in its name, so its family is unknown; rename it.")
    return match["family"]


def is_positive(family: str) -> bool:
    """Tell whether a family's chips hold artisanal mines; the family's name says so.

    Raises
    ------
    InputError
        The name says neither positives nor negatives.
    """
    if re.search(r"positives|MinesPos", family):
        return True
    if "negatives" in family:
        return False
    raise InputError(f"family {family!r} names neither positives nor negatives; its label is unknown.")


def cut_mosaic(mosaic: Uint8Array) -> Uint8Array:
    """Cut a mosaic into its chips, row by row, without the black padding.

    Parameters
    ----------
    mosaic : (y, x, 3) uint8
        Chips side by side, no gaps.

    Returns
    -------
    (N, 48, 48, 3) uint8

    Raises
    ------
    InputError
        It is not RGB, or its sides are no multiple of 48 px.
    """
    shape = mosaic.shape
    if len(shape) != 3 or shape[2] != 3 or shape[0] % CHIP_PX or shape[1] % CHIP_PX or mosaic.dtype != np.uint8:
        raise InputError(
            f"a mosaic is (y, x, 3) uint8 with sides a multiple of {CHIP_PX} px; found {shape} {mosaic.dtype}."
        )
    rows, columns = shape[0] // CHIP_PX, shape[1] // CHIP_PX
    chips = mosaic.reshape(rows, CHIP_PX, columns, CHIP_PX, 3).swapaxes(1, 2).reshape(-1, CHIP_PX, CHIP_PX, 3)
    return chips[chips.any(axis=(1, 2, 3))]


def gather_chips(mosaics: Mapping[str, Uint8Array]) -> ChipSet:
    """Chips of named mosaics, each distinct one once.

    Chips that two families share are kept in the first, so that no chip stands on both sides of a split.

    Raises
    ------
    InputError
        A mosaic is malformed, unnamed or black all over.
    """
    pixels, families = [], []
    for name, mosaic in mosaics.items():
        chips = cut_mosaic(mosaic)
        if not len(chips):
            raise InputError(f"mosaic {name!r} is black all over: damaged or empty; fetch it again or leave it out.")
        pixels.append(chips)
        families += [family_of(name)] * len(chips)
    joined = np.concatenate(pixels)
    labels = np.array([is_positive(family) for family in families])
    first = {chip.tobytes(): i for i, chip in reversed(list(enumerate(joined)))}
    distinct = np.isin(np.arange(len(joined)), list(first.values()))
    return ChipSet(joined, labels, np.array(families)).where(distinct)


def footprint_coverage(features: Sequence[Mapping[str, object]], *, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Share of each pixel inside the mine: the union of all classes but *blank*.

    Parameters
    ----------
    features
        GeoJSON features with ``class`` and ``pixel_xy`` [px, x right, y down] in their properties.
    shape
        (y, x) of the scene.

    Returns
    -------
    (y, x) float32, 0…1
    """
    from rasterio.features import rasterize
    from rasterio.transform import Affine

    fine = (shape[0] * _SUPERSAMPLING, shape[1] * _SUPERSAMPLING)
    properties = [feature["properties"] for feature in features]
    rings = [p["pixel_xy"] for p in properties if isinstance(p, Mapping) and p["class"] != BLANK]
    if not rings:
        return np.zeros(shape, dtype=np.float32)
    shapes = [({"type": "Polygon", "coordinates": [[*ring, ring[0]]]}, 1) for ring in rings]
    inside = rasterize(shapes, out_shape=fine, transform=Affine.scale(1.0 / _SUPERSAMPLING), dtype="uint8")
    return block_mean(inside.astype(np.float32), side=_SUPERSAMPLING)


def block_mean(array: NDArray[np.float32], *, side: int) -> NDArray[np.float32]:
    """Mean of each ``side``×``side`` block of the last two axes."""
    *lead, height, width = array.shape
    blocks = array.reshape(*lead, height // side, side, width // side, side)
    mean: NDArray[np.float32] = blocks.mean(axis=(-3, -1), dtype=np.float32)
    return mean
