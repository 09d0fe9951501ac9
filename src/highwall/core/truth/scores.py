"""How far what was found lies from what is: for runs on the simulated site."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class FindingScore(NamedTuple):
    """Findings against those that the truth supports."""

    n_found: int
    """Planted findings that were found: same kind, overlapping ground."""
    n_missed: int
    n_invented: int
    """Findings that the truth does not support."""


class VelocityScore(NamedTuple):
    """Velocities against the true ones."""

    rmse: float
    """[m year⁻¹]."""
    share_within: float
    """Share of pixels whose error is at most twice their stated one; 0.95 if those are normal and right."""


def iou(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Intersection over union of two footprints on one grid; 1 when both are empty."""
    union = int((found | truth).sum())
    return int((found & truth).sum()) / union if union else 1.0


def velocity_score(velocity: NDArray[Any], std: NDArray[Any], truth: NDArray[Any]) -> VelocityScore:
    """Score velocities [m year⁻¹] of the pixels that have one and its error; the reference pixel has none."""
    error = velocity - truth
    known = np.isfinite(error) & np.isfinite(std) & (std > 0.0)
    if not known.any():
        return VelocityScore(float("nan"), float("nan"))
    within = np.abs(error[known]) <= 2.0 * std[known]
    return VelocityScore(float(np.sqrt(np.mean(error[known] ** 2))), float(within.mean()))


def finding_score(found: Sequence[tuple[str, Any]], planted: Sequence[tuple[str, Any]]) -> FindingScore:
    """Match findings with planted ones, both as (kind, shapely polygon) in one CRS."""
    hits = [[_match(one, other) for other in planted] for one in found]
    n_found = sum(any(row[number] for row in hits) for number in range(len(planted)))
    n_invented = sum(not any(row) for row in hits)
    return FindingScore(n_found, len(planted) - n_found, n_invented)


def _match(one: tuple[str, Any], other: tuple[str, Any]) -> bool:
    return one[0] == other[0] and bool(one[1].intersects(other[1]))
