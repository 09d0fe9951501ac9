"""What people drew, as arrays: polygons → mask, a set of bits in every pixel; mask → the target of one subset.

A *mask* is (y, x) uint16: bit *code* − 1 for each of the ten classes, bit 10 for *blank*, 0 for unlabelled background.
Polygons may overlap, so several bits may be set. `OUTSIDE` marks what lies outside the data, or was called *unsure*: it
counts for nothing.

A *target* is (y, x) int64: 0 background, 1… the classes of ``core.taxonomy.CLASS_SETS[subset]`` in their order, and
`NOT_COUNTED`. Where two classes of one subset claim a pixel, the first of ``core.taxonomy.PRECEDENCE`` keeps it. A
class wins over *blank*; *blank* and unlabelled ground are background both, the first for certain: `label_weight` and
the arguments of `target_of` tell them apart.
"""

from collections.abc import Iterable
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize

from highwall.core.checks import nearest_name
from highwall.core.errors import GridError, InputError, VectorError
from highwall.core.grid import GeoBox
from highwall.core.taxonomy import BLANK, CLASS_NAMES, CLASS_SETS, MINE_TYPES, MINING_AREA, MINING_CLASSES, PRECEDENCE

Mask = NDArray[np.uint16]
Target = NDArray[np.int64]

OUTSIDE: Final = 65535
"""Value of a mask's pixels outside the data, or drawn as *unsure*."""
NOT_COUNTED: Final = -1
"""Value of a target's pixels that count neither in a loss nor in a score."""
UNSURE: Final = "unsure"
"""Class of polygons about which annotators could not agree or decide; becomes `OUTSIDE`."""
BITS: Final[dict[str, int]] = {each.name: 1 << (each.code - 1) for each in (*MINING_CLASSES, *MINE_TYPES)} | {
    BLANK: 1 << 10
}
"""Bit of each name in a mask."""
MINING_BITS: Final = sum(bit for name, bit in BITS.items() if name != BLANK)
"""All ten classes and the types of mines: what the footprint of a mine is made of."""
LABEL_NAMES: Final[tuple[str, ...]] = (*CLASS_NAMES, *(each.name for each in MINE_TYPES), BLANK, UNSURE)
"""Every class that a polygon may have."""
BLANK_CODE: Final = 11
"""Value of *blank* in a raster of class codes."""
OUTSIDE_BYTE: Final = 255
"""Value outside the data in rasters of bytes."""


def bits_of(name: str) -> int:
    """Bits of a class in a mask; those of ``mining_area`` are of all ten.

    Raises
    ------
    InputError
        No such class.
    """
    if name == MINING_AREA:
        return MINING_BITS
    if name not in BITS:
        raise InputError(f"no class is called {name!r}{nearest_name(name, BITS)}; classes are {', '.join(BITS)}.")
    return BITS[name]


def has_class(mask: Mask, name: str) -> NDArray[np.bool_]:
    """Tell where a class was drawn: (y, x) bool; False outside the data.

    Raises
    ------
    InputError
        No such class.
    """
    found: NDArray[np.bool_] = ((mask & bits_of(name)) != 0) & is_inside(mask)
    return found


def with_outer_classes(mask: Mask) -> Mask:
    """Add to each class the one that contains it by definition: slopes lie in excavations, tailings in dumps."""
    full = mask.copy()
    for cover in MINING_CLASSES:
        if cover.inside:
            full |= np.where(has_class(mask, cover.name), np.uint16(BITS[cover.inside]), np.uint16(0))
    return full


def is_inside(mask: Mask) -> NDArray[np.bool_]:
    """Tell which pixels of a mask count: (y, x) bool."""
    inside: NDArray[np.bool_] = mask != OUTSIDE
    return inside


def rasterise(polygons: gpd.GeoDataFrame, grid: GeoBox) -> Mask:
    """Burn polygons into a mask: a pixel belongs to the polygons that hold its centre.

    Parameters
    ----------
    polygons
        Column ``class``: a name of ``core.taxonomy.CLASS_NAMES``, ``blank`` or ``unsure``. Any CRS; no row is no label.
    grid
        Any CRS, geographic ones too.

    Returns
    -------
    (y, x) uint16

    Raises
    ------
    VectorError
        There is no column ``class``, a class is unknown, or the polygons carry no CRS.
    GridError
        The grid carries no CRS.
    """
    require_labels(polygons)
    if grid.crs is None:
        raise GridError("the grid on which labels are drawn carries no CRS; give the scene one (gdal_edit.py -a_srs).")
    mask: Mask = np.zeros(grid.shape, dtype=np.uint16)
    if polygons.empty:
        return mask
    placed = polygons.to_crs(str(grid.crs))
    for name, bit in BITS.items():
        mask |= np.where(_burn(placed.geometry[placed["class"] == name], grid), np.uint16(bit), np.uint16(0))
    mask[_burn(placed.geometry[placed["class"] == UNSURE], grid)] = OUTSIDE
    return mask


def require_labels(polygons: gpd.GeoDataFrame) -> None:
    """Refuse polygons that cannot be labels.

    Raises
    ------
    VectorError
        There is no column ``class``, a class is unknown, or the polygons carry no CRS.
    """
    if "class" not in polygons:
        raise VectorError(f"label polygons need a column class; found {', '.join(map(str, polygons.columns))}.")
    if polygons.crs is None:
        raise VectorError("label polygons carry no CRS; save them with one, for example as GeoPackage.")
    for name in polygons["class"].unique():
        if name not in LABEL_NAMES:
            raise VectorError(
                f"label class {name!r} is unknown{nearest_name(str(name), LABEL_NAMES)}; see `highwall labels check`."
            )


def target_of(mask: Mask, subset: int, *, blank_counts: bool = True, background_counts: bool = True) -> Target:
    """Class number of each pixel within one subset.

    Parameters
    ----------
    mask : (y, x) uint16
    subset
        A key of ``core.taxonomy.CLASS_SETS``.
    blank_counts
        Count *blank* as background; else it is left out.
    background_counts
        Count unlabelled ground as background; else it is left out.

    Returns
    -------
    (y, x) int64: 0 background, 1… the subset's classes in their order, −1 not counted

    Raises
    ------
    InputError
        No such subset.
    """
    names = subset_classes(subset)
    found: Target = np.zeros(mask.shape, dtype=np.int64)
    for name in sorted(names, key=_rank, reverse=True):
        found[has_class(mask, name)] = 1 + names.index(name)
    left_out = ~is_inside(mask)
    if not blank_counts:
        left_out |= (found == 0) & has_class(mask, BLANK)
    if not background_counts:
        left_out |= mask == 0
    found[left_out] = NOT_COUNTED
    return found


def label_weight(mask: Mask, *, blank: float = 1.0, background: float = 1.0) -> NDArray[np.float32]:
    """How much each pixel of a mask counts: 1 where a class was drawn, 0 outside the data.

    Parameters
    ----------
    blank
        Weight of *blank* without a class: background for certain [1].
    background
        Weight of unlabelled ground: background, unless an annotator overlooked something [1].

    Returns
    -------
    (y, x) float32
    """
    weight = np.ones(mask.shape, dtype=np.float32)
    weight[mask == BITS[BLANK]] = blank
    weight[mask == 0] = background
    weight[~is_inside(mask)] = 0.0
    return weight


def subset_classes(subset: int) -> tuple[str, ...]:
    """Classes of a subset, in the order of its target.

    Raises
    ------
    InputError
        No such subset.
    """
    if subset not in CLASS_SETS:
        raise InputError(f"there is no subset {subset!r}; subsets are {', '.join(map(str, CLASS_SETS))}.")
    return CLASS_SETS[subset]


def from_codes(codes: NDArray[np.integer]) -> Mask:
    """Mask of a raster of class codes: 0 background, 1…10 classes, 11 blank, 255 or 65535 outside the data.

    Raises
    ------
    InputError
        A value is none of these.
    """
    values = {0: 0, BLANK_CODE: BITS[BLANK], OUTSIDE_BYTE: OUTSIDE, OUTSIDE: OUTSIDE}
    values |= {each.code: BITS[each.name] for each in (*MINING_CLASSES, *MINE_TYPES)}
    found, inverse = np.unique(codes, return_inverse=True)
    unknown = [int(value) for value in found if int(value) not in values]
    if unknown:
        raise InputError(
            f"label codes {', '.join(map(str, unknown[:5]))} are unknown; codes are 0 (background), 1…10 (classes), "
            f"{BLANK_CODE} (blank), 13…16 (types of mines) and 255 (outside)."
        )
    table = np.array([values[int(value)] for value in found], dtype=np.uint16)
    return table[inverse].reshape(codes.shape)


def from_layers(layers: NDArray[np.integer], names: Iterable[str]) -> Mask:
    """Mask of layers (class, y, x) that are 1 where a class lies, one a name; 255 marks what lies outside the data."""
    mask: Mask = np.zeros(layers.shape[1:], dtype=np.uint16)
    for layer, name in zip(layers, names, strict=True):
        mask |= np.where(layer == 1, np.uint16(bits_of(name)), np.uint16(0))
    mask[(layers == OUTSIDE_BYTE).any(axis=0)] = OUTSIDE
    return mask


def _rank(name: str) -> int:
    """Place of a class in the order of precedence; the one class of subset 4 has no rival."""
    return PRECEDENCE.index(name) if name in PRECEDENCE else 0


def _burn(geometries: gpd.GeoSeries, grid: GeoBox) -> NDArray[np.bool_]:
    """Pixels (y, x) whose centre lies in one of the polygons; those without area burn nothing."""
    solid = [each for each in geometries if each is not None and not each.is_empty and shapely.area(each) > 0.0]
    if not solid:
        return np.zeros(grid.shape, dtype=bool)
    burned = rasterize(solid, out_shape=grid.shape, transform=grid.transform, dtype="uint8")
    is_burned: NDArray[np.bool_] = burned.astype(bool)
    return is_burned
