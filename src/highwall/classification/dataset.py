"""Training data as values: chips cut from mosaics, scenes with the share of mine in every pixel.

Two kinds of label. A scene with polygons knows every pixel. A chip knows only what it holds somewhere. Both are kept
whole by origin: a chip by the group of its mosaic's family, a scene by its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from highwall.classification.families import LabelRule, read_name
from highwall.classification.label_tables import UNSURE, Cell, LabelTables, content_key
from highwall.core.errors import InputError
from highwall.core.taxonomy import ARTISANAL_MINE, BLANK, CHIP_CLASSES, NONE

CHIP_PX = 48
"""px, side of a training chip: 480 m of Sentinel-2."""

LEAST_MINE_SHARE = 0.25
"""Share of a chip that polygons must cover for it to be called an industrial mine; less, but some, is left out."""

NEVER_NONE = "industrial_negatives"
"""Start of the family whose 'negatives' are mostly industrial mines: of it, only chips sorted by hand are used."""

_SUPERSAMPLING = 4
"""Sub-pixels a side when polygons become shares of a pixel."""

Uint8Array = NDArray[np.uint8]


@dataclass(frozen=True)
class ChipSet:
    """Chips whose only label is their own."""

    pixels: Uint8Array
    """(N, 48, 48, 3) levels of B04, B03, B02."""
    label: NDArray[np.intp]
    """(N,) number in ``CHIP_CLASSES`` of what is somewhere in the chip."""
    family: NDArray[np.str_]
    """(N,) family of the mosaic that it was cut from."""
    group: NDArray[np.str_]
    """(N,) families of one group share their source and stay on one side of every split."""

    def __len__(self) -> int:
        return len(self.pixels)

    def is_class(self, name: str) -> NDArray[np.bool_]:
        """(N,) True for the chips of one class."""
        found: NDArray[np.bool_] = self.label == CHIP_CLASSES.index(name)
        return found

    @property
    def is_artisanal(self) -> NDArray[np.bool_]:
        """(N,) True where an artisanal mine is somewhere in the chip."""
        return self.is_class(ARTISANAL_MINE)

    def where(self, chosen: NDArray[np.bool_]) -> "ChipSet":
        """Keep the chosen chips."""
        return ChipSet(self.pixels[chosen], self.label[chosen], self.family[chosen], self.group[chosen])


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
    chips = mosaic_cells(mosaic).reshape(-1, CHIP_PX, CHIP_PX, 3)
    return chips[chips.any(axis=(1, 2, 3))]


def mosaic_cells(mosaic: Uint8Array) -> Uint8Array:
    """Chips of a mosaic by row and column, padding included; errors as in `cut_mosaic`.

    Returns
    -------
    (row, column, 48, 48, 3) uint8
    """
    shape = mosaic.shape
    if len(shape) != 3 or shape[2] != 3 or shape[0] % CHIP_PX or shape[1] % CHIP_PX or mosaic.dtype != np.uint8:
        raise InputError(
            f"a mosaic is (y, x, 3) uint8 with sides a multiple of {CHIP_PX} px; found {shape} {mosaic.dtype}."
        )
    rows, columns = shape[0] // CHIP_PX, shape[1] // CHIP_PX
    return mosaic.reshape(rows, CHIP_PX, columns, CHIP_PX, 3).swapaxes(1, 2)


def gather_chips(mosaics: Mapping[str, Uint8Array], *, tables: LabelTables | None = None) -> ChipSet:
    """Chips of named mosaics, each distinct one once.

    A chip that two families share is kept in the first, so that none stands on both sides of a split. What a person
    called unsure is left out, and of ``industrial_negatives`` all that nobody looked at.

    Parameters
    ----------
    tables
        What people saw; without, the names of the mosaics decide alone.

    Raises
    ------
    InputError
        A mosaic is malformed, unnamed or black all over, or nothing is left.
    """
    tables = tables or LabelTables()
    pixels: list[Uint8Array] = []
    labels, families, seen = [], [], set[str]()
    for name, mosaic in mosaics.items():
        family = read_name(name).family
        for chip, label in _labelled_chips(name, mosaic, family=family, tables=tables):
            key = content_key(chip)
            label = tables.of_content.get(key, label)
            if key not in seen and label != UNSURE:
                pixels.append(chip)
                labels.append(CHIP_CLASSES.index(label))
                families.append(family)
            seen.add(key)
    if not pixels:
        raise InputError(f"{len(mosaics)} mosaics hold no chip of a known label; give others, or label tables.")
    groups = [tables.group(family) for family in families]
    return ChipSet(np.stack(pixels), np.array(labels, dtype=np.intp), np.array(families), np.array(groups))


def _labelled_chips(name: str, mosaic: Uint8Array, *, family: str, tables: LabelTables) -> list[tuple[Uint8Array, str]]:
    """Chips of one mosaic with what its table, or else its name, calls them."""
    if name in tables.sorted_mosaics or family.startswith(NEVER_NONE):
        cells = mosaic_cells(mosaic)
        places = ((row, column) for row in range(cells.shape[0]) for column in range(cells.shape[1]))
        return [(cells[place], tables.of_cell.get(Cell(name, *place), UNSURE)) for place in places]
    chips = cut_mosaic(mosaic)
    if not len(chips):
        raise InputError(f"mosaic {name!r} is black all over: damaged or empty; fetch it again or leave it out.")
    label = ARTISANAL_MINE if LabelRule().label(family).is_positive else NONE
    return [(chip, label) for chip in chips]


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
