"""Judged scenes as one value, and its scores: per column, over scenes, with intervals over sites.

A scene drawn by several people is held against each; in sums each of them weighs its part, so that the scene counts
once. Intervals resample whole sites, because pixels and scenes of one site resemble each other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from highwall.core.taxonomy import MINING_AREA
from highwall.learning.bootstrap import group_bootstrap_of_many
from highwall.learning.calibration import Reliability
from highwall.learning.metrics import Confusion
from highwall.segmentation.averages import SCORES
from highwall.segmentation.evaluation_options import EvaluationOptions
from highwall.segmentation.tally import DRAWN, NOTHING, Tally, columns_of, confusion_of, join_tallies, row_of

_DIGITS: Final = 4

Row = dict[str, float | None]
"""Scores by name; None is undefined, as JSON knows no NaN."""
Span = list[float | None]
"""Value, low and high of an interval."""


@dataclass(frozen=True)
class Judged:
    """One scene, counted against everyone who drew it."""

    name: str
    site: str
    """Scenes of one site are resampled together."""
    tallies: Mapping[str, Tally]
    """Of each annotator."""
    pixel_m2: float
    missing_share: float = 0.0
    """Share of the scene without data or outside the labels [1]."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """Split, raw material and mine type, where they are known."""

    @cached_property
    def tally(self) -> Tally:
        """Mean over annotators."""
        return join_tallies([each.times(1.0 / len(self.tallies)) for each in self.tallies.values()])

    @property
    def has_mine(self) -> bool:
        """Whether anybody drew mine ground in it."""
        return bool(self.tally.drawn[DRAWN.index(row_of(MINING_AREA))] > 0)


@dataclass(frozen=True)
class Evaluation:
    """What one network said of judged scenes."""

    scenes: tuple[Judged, ...]
    classes: tuple[str, ...]
    """Classes that the network knows."""
    options: EvaluationOptions = field(default_factory=EvaluationOptions)

    @cached_property
    def total(self) -> Tally:
        """Counts of all scenes."""
        return join_tallies([scene.tally for scene in self.scenes])

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of every tally."""
        return columns_of(self.classes)

    @property
    def scored(self) -> tuple[str, ...]:
        """Columns that have a score: every class known, and the footprint where it follows from them."""
        return tuple(column for column in self.columns if column != NOTHING)

    @property
    def parts(self) -> tuple[str, ...]:
        """Classes that averages go over: not the total area, unless it is all that is known."""
        return tuple(name for name in self.classes if name != MINING_AREA) or self.classes

    def of(self, column: str, *, scene: Judged | None = None) -> Confusion:
        """Counts of a column over all scenes, or of one."""
        return confusion_of(self.total if scene is None else scene.tally, column, columns=self.columns)

    def where(self, keep: Callable[[Judged], bool]) -> "Evaluation":
        """Keep some of the scenes."""
        return Evaluation(tuple(scene for scene in self.scenes if keep(scene)), self.classes, self.options)

    def drawn_m2(self, row: str) -> float:
        """Ground drawn as a class, as *blank* or as the footprint [m²]."""
        number = DRAWN.index(row)
        return float(sum(scene.pixel_m2 * scene.tally.drawn[number] for scene in self.scenes))

    def said_m2(self, column: str) -> float:
        """Ground said to be a class or the footprint [m²]."""
        number = self.columns.index(column)
        return float(sum(scene.pixel_m2 * scene.tally.said[number] for scene in self.scenes))

    @property
    def seen_m2(self) -> float:
        """Ground that was counted [m²]."""
        return float(sum(scene.pixel_m2 * scene.tally.n for scene in self.scenes))

    def reliability_of(self, name: str) -> Reliability:
        """Bins of the probability of a class over all scenes."""
        n, probability, cases = self.total.bins[self.classes.index(name)]
        with np.errstate(invalid="ignore"):
            return Reliability(probability / n, cases / n, np.rint(n).astype(np.int64))

    def intervals(self) -> dict[str, dict[str, Span]]:
        """Every score of every column, with its interval."""
        counts = np.array([[self.of(column, scene=scene) for column in self.scored] for scene in self.scenes])
        return column_intervals(
            counts, columns=self.scored, sites=[scene.site for scene in self.scenes], options=self.options
        )


def column_intervals(
    counts: NDArray[np.float64], *, columns: Sequence[str], sites: Sequence[str], options: EvaluationOptions
) -> dict[str, dict[str, Span]]:
    """Scores of columns over all scenes, with intervals over sites.

    Parameters
    ----------
    counts : (scene, column, 4)
        True positive, false positive, false negative, true negative.
    """

    def scores(numbers: NDArray[np.intp]) -> dict[str, float]:
        together = counts[numbers].sum(axis=0).tolist()
        return {
            f"{column} {name}": score(Confusion(*row))
            for column, row in zip(columns, together, strict=True)
            for name, score in SCORES.items()
        }

    found = intervals_over_sites(scores, sites, options=options)
    return {column: {name: found[f"{column} {name}"] for name in SCORES} for column in columns}


def intervals_over_sites(
    scores: Callable[[NDArray[np.intp]], Mapping[str, float]], sites: Sequence[str], *, options: EvaluationOptions
) -> dict[str, Span]:
    """Value, low and high of several scores under resampling of sites; with one site the bounds are None."""
    if len(set(sites)) == 1:
        alone = scores(np.arange(len(sites)))
        return {name: [rounded(value), None, None] for name, value in alone.items()}
    found = group_bootstrap_of_many(scores, sites, n_resamples=options.n_resamples, coverage=options.coverage)
    return {name: [rounded(value) for value in interval] for name, interval in found.items()}


def rounded(value: float) -> float | None:
    """Four digits; None is undefined."""
    return None if np.isnan(value) else round(float(value), _DIGITS)


def rounded_row(row: Mapping[str, float]) -> Row:
    """Four digits of each."""
    return {name: rounded(value) for name, value in row.items()}
