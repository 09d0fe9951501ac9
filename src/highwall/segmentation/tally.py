"""Counts of one scene: what was drawn there against what a network said, class by class.

Classes overlap where their definitions do, so each is counted on its own: a pixel drawn as dump *and* tailings is a
case of both. Three ways of looking at the same pixels are kept: every drawn class with every said one (``both``), each
subset with its background as one exclusive matrix (``subsets``), and pit against dump, which two people confuse most.

*Blank* is a row of its own. It counts as certain background, or not at all; unlabelled ground counts as background.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.core.taxonomy import BLANK, CLASS_NAMES, CLASS_SETS, MINING_AREA, SUBSETS
from highwall.learning.metrics import ClassConfusion, Confusion
from highwall.segmentation.evaluation_options import EvaluationOptions
from highwall.segmentation.labels import BITS, MINING_BITS, NOT_COUNTED, Mask, is_inside, target_of

Counts = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

FOOTPRINT: Final = "footprint"
"""All mine ground: what subset 4 says where it is known, else the union of the classes of subsets 1 to 3."""
UNION: Final = "union_of_classes"
"""The union of the classes of subsets 1 to 3, told apart where a network knows subset 4 too."""
UNLABELLED, NOTHING = "unlabelled", "nothing"
"""Row of ground that nobody drew, column of ground of which nothing was said."""
DRAWN: Final = (*CLASS_NAMES, FOOTPRINT, BLANK, UNLABELLED)
"""Rows: what can be drawn."""
PIT_AND_DUMP: Final = ("neither", "pit", "dump", "pit and dump")
"""States of a pixel in the matrix of excavation against dumping ground."""
_PIXELS_AT_ONCE = 1 << 20
_PIT, _DUMP = "excavation", "dumping_ground"


class Said(NamedTuple):
    """What a network, or a second person, says of a scene."""

    classes: tuple[str, ...]
    """Names of ``core.taxonomy``, ``mining_area`` among them where it is known."""
    label: BoolArray
    """(class, y, x)."""
    probability: NDArray[np.float32] | None = None
    """(class, y, x) [1], where there is one."""


@dataclass(frozen=True)
class Tally:
    """Counts of pixels. Those of many scenes add up."""

    n: Counts
    """() pixels counted."""
    drawn: Counts
    """(row,) pixels drawn as each of ``DRAWN``."""
    said: Counts
    """(column,) pixels said to be each column."""
    both: Counts
    """(row, column) pixels that are both."""
    subsets: Mapping[int, Counts]
    """Of each subset known: (1 + class, 1 + class) with its background first; rows drawn, columns said."""
    pit_and_dump: Counts | None
    """(4, 4) over ``PIT_AND_DUMP``; rows drawn, columns said; None when one of the two is not known."""
    bins: Counts
    """(class, 3, bin) pixels, sum of their probability, cases."""

    def times(self, weight: float) -> "Tally":
        """Count every pixel ``weight`` times."""
        return Tally(
            weight * self.n, weight * self.drawn, weight * self.said, weight * self.both,
            {subset: weight * matrix for subset, matrix in self.subsets.items()},
            None if self.pit_and_dump is None else weight * self.pit_and_dump, weight * self.bins,
        )  # fmt: skip


def columns_of(classes: Sequence[str]) -> tuple[str, ...]:
    """Columns of a tally for a network that knows ``classes``: these, the footprint where it follows, and nothing."""
    parts = all(set(SUBSETS[subset]) <= set(classes) for subset in (1, 2, 3))
    whole = MINING_AREA in classes
    return (*classes, *([FOOTPRINT] if parts or whole else []), *([UNION] if parts and whole else []), NOTHING)


def row_of(column: str) -> str:
    """Row that a column is held against."""
    return FOOTPRINT if column in {MINING_AREA, FOOTPRINT, UNION} else column


def tally_scene(mask: Mask, said: Said, *, valid: BoolArray, options: EvaluationOptions) -> Tally:
    """Count one scene.

    Parameters
    ----------
    mask : (y, x) uint16
        What was drawn, as a bit set.
    said
        What was said of the same pixels.
    valid : (y, x)
        True where the scene has data.

    Raises
    ------
    InputError
        The shapes differ.
    """
    if said.label.shape[1:] != mask.shape or valid.shape != mask.shape:
        raise InputError(
            f"labels have {mask.shape} pixels, the prediction {said.label.shape[1:]}, the scene {valid.shape}; "
            "they must be one grid: resample the labels to the scene first."
        )
    counted = valid & is_inside(mask)
    if options.blank == "ignored":
        counted &= ~drawn_as(mask, BLANK)
    pixels, columns = mask[counted], columns_of(said.classes)
    label = said.label[:, counted]
    probability = None if said.probability is None else said.probability[:, counted]
    drawn, met, both = _pairs(pixels, label, classes=said.classes, columns=columns)
    bins = _bins(pixels, probability, classes=said.classes, n_bins=options.n_bins)
    subsets, pit_and_dump = _exclusive(mask, said, counted), _pit_and_dump(pixels, label, said.classes)
    return Tally(np.array(pixels.size, dtype=np.float64), drawn, met, both, subsets, pit_and_dump, bins)


def join_tallies(tallies: Sequence[Tally]) -> Tally:
    """Add up counts of one network.

    Raises
    ------
    InputError
        There is none.
    """
    if not tallies:
        raise InputError("no scene was counted; give at least one image with labels.")
    pit_and_dump = [tally.pit_and_dump for tally in tallies if tally.pit_and_dump is not None]
    return Tally(
        _sum(tally.n for tally in tallies),
        _sum(tally.drawn for tally in tallies),
        _sum(tally.said for tally in tallies),
        _sum(tally.both for tally in tallies),
        {name: _sum(tally.subsets[name] for tally in tallies) for name in tallies[0].subsets},
        _sum(pit_and_dump) if pit_and_dump else None,
        _sum(tally.bins for tally in tallies),
    )


def confusion_of(tally: Tally, column: str, *, columns: Sequence[str]) -> Confusion:
    """Counts of one class against all else."""
    row, col = DRAWN.index(row_of(column)), columns.index(column)
    hit, cases, alarms = float(tally.both[row, col]), float(tally.drawn[row]), float(tally.said[col])
    return Confusion(hit, alarms - hit, cases - hit, float(tally.n) - alarms - cases + hit)


def drawn_as(mask: Mask, row: str) -> BoolArray:
    """Whether a pixel was drawn as one of ``DRAWN``."""
    if row in CLASS_NAMES:
        return _any_bit(mask, BITS[row])
    is_mine = _any_bit(mask, MINING_BITS)
    if row == FOOTPRINT:
        return is_mine
    is_blank = _any_bit(mask, BITS[BLANK])
    return ~is_mine & (is_blank if row == BLANK else ~is_blank)


def said_as(label: BoolArray, column: str, *, classes: Sequence[str]) -> BoolArray:
    """Whether a pixel, of (class, …), was said to be one of the columns."""
    if column in classes:
        return np.asarray(label[classes.index(column)])
    if column == FOOTPRINT and MINING_AREA in classes:
        return np.asarray(label[classes.index(MINING_AREA)])
    kept = [name != MINING_AREA or column == NOTHING for name in classes]
    union = np.asarray(label[kept].any(axis=0))
    return ~union if column == NOTHING else union


def _any_bit(mask: Mask, bits: int) -> BoolArray:
    return np.asarray((mask & bits) != 0)


def _pairs(
    pixels: Mask, label: BoolArray, *, classes: tuple[str, ...], columns: tuple[str, ...]
) -> tuple[Counts, Counts, Counts]:
    """Count rows, columns and their meetings, a million pixels at a time: float32 sums of ones are exact that far."""
    drawn, said = np.zeros(len(DRAWN)), np.zeros(len(columns))
    both = np.zeros((len(DRAWN), len(columns)))
    for start in range(0, pixels.size, _PIXELS_AT_ONCE):
        part = slice(start, start + _PIXELS_AT_ONCE)
        rows = np.stack([drawn_as(pixels[part], row) for row in DRAWN]).astype(np.float32)
        cols = np.stack([said_as(label[:, part], name, classes=classes) for name in columns]).astype(np.float32)
        drawn += rows.sum(axis=1)
        said += cols.sum(axis=1)
        both += rows @ cols.T
    return drawn, said, both


def _exclusive(mask: Mask, said: Said, counted: BoolArray) -> dict[int, Counts]:
    """Matrix of each subset of which every class is known, background first."""
    found = {}
    for subset, names in CLASS_SETS.items():
        if set(names) <= set(said.classes):
            truth = target_of(mask, subset)
            is_class = said.label[[said.classes.index(name) for name in names]]
            number = np.where(is_class.any(axis=0), is_class.argmax(axis=0) + 1, 0)
            known = counted & (truth != NOT_COUNTED)
            matrix = ClassConfusion.of(truth[known], number[known], n_classes=1 + len(names))
            found[subset] = matrix.counts.astype(np.float64)
    return found


def _pit_and_dump(pixels: Mask, label: BoolArray, classes: tuple[str, ...]) -> Counts | None:
    if not {_PIT, _DUMP} <= set(classes):
        return None
    drawn = drawn_as(pixels, _PIT) + 2 * drawn_as(pixels, _DUMP)
    said = label[classes.index(_PIT)] + 2 * label[classes.index(_DUMP)]
    return ClassConfusion.of(drawn, said, n_classes=len(PIT_AND_DUMP)).counts.astype(np.float64)


def _bins(pixels: Mask, probability: NDArray[np.float32] | None, *, classes: tuple[str, ...], n_bins: int) -> Counts:
    """Pixels, their probability and cases in bins of equal width; 1 itself falls in the last."""
    bins = np.zeros((len(classes), 3, n_bins))
    if probability is None:
        return bins
    for number, name in enumerate(classes):
        p = probability[number].astype(np.float64)
        place = np.clip((p * n_bins).astype(np.int64), 0, n_bins - 1)
        for row, weights in enumerate((None, p, drawn_as(pixels, row_of(name)).astype(np.float64))):
            bins[number, row] = np.bincount(place, weights=weights, minlength=n_bins)
    return bins


def _sum(counts: Iterable[Counts]) -> Counts:
    return np.asarray(np.sum(list(counts), axis=0), dtype=np.float64)
