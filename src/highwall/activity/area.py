"""Areas that one can defend: what a map says of land, corrected by what is truly there at points drawn at random.

Counting the pixels of a class takes every error of the map for land: where little is mine, a few false alarms among
much other ground outweigh it. Points drawn at random within strata, whose truth a person has told, give the area of
each class without that bias, and how sure it is. The strata are usually the classes of the map, but need not be: two
dates of a map may share one sample, drawn on their change.
"""

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from highwall.core.checks import nearest_name
from highwall.core.errors import InputError

FEWEST_POINTS: Final = 2
"""Points of a stratum without which its spread is unknown [1]."""
_COLUMNS: Final = ("stratum", "mapped", "reference")

Floats = NDArray[np.float64]


class Estimate(NamedTuple):
    """A quantity estimated from a sample."""

    value: float
    std: float
    """Standard error; NaN where the quantity is undefined."""

    def interval(self, *, coverage: float = 0.95) -> tuple[float, float]:
        """Bounds of the normal interval that holds the quantity with probability ``coverage``."""
        reach = float(ndtri(0.5 + coverage / 2)) * self.std
        return self.value - reach, self.value + reach


class AreaEstimates(NamedTuple):
    """What a stratified sample says of a map and of the land."""

    classes: pd.DataFrame
    """A row a class, in the order of the names: ``n_mapped``, ``n_reference`` (points), ``mapped_m2`` (what the map
    says), ``area_m2``, ``area_std_m2`` (what is there), ``users``, ``users_std``, ``producers``, ``producers_std``."""
    overall: Estimate
    """Share of the land that the map names rightly."""
    proportions: pd.DataFrame
    """(mapped, reference) estimated share of the land in each cell of the error matrix."""


def estimate_areas(sample: pd.DataFrame, stratum_m2: Mapping[str, float]) -> AreaEstimates:
    """Estimate the area of each class, and how well the map does.

    Every quantity is a mean over strata, Ŷ = Σ W_h ȳ_h with variance Σ W_h² s_h² / n_h, or the ratio of two such means,
    whose variance is that of y − R̂ x over X̂. Where the strata are the map's classes this is Olofsson's estimator.

    Parameters
    ----------
    sample
        A row a point: ``stratum`` it was drawn from, class ``mapped`` there, class in truth (``reference``).
    stratum_m2
        Area of every stratum of the land [m²].

    Raises
    ------
    InputError
        A column is missing, a point has no class, its stratum is unknown or has no area, or a stratum has fewer than
        two points.

    Source: Olofsson et al. 2014, eqs. 4–11; Stehman 2014, eqs. 2–3 and 25–28.
    """
    _check(sample, stratum_m2)
    strata = _Strata.of(sample["stratum"].to_numpy(), stratum_m2)
    mapped, reference = sample["mapped"].to_numpy(dtype=str), sample["reference"].to_numpy(dtype=str)
    names = sorted({*mapped.tolist(), *reference.tolist()})
    rows = {name: _row(mapped == name, reference == name, strata) for name in names}
    shares = [[strata.mean((mapped == one) & (reference == other)).value for other in names] for one in names]
    proportions = pd.DataFrame(shares, index=pd.Index(names, name="mapped"), columns=pd.Index(names, name="reference"))
    return AreaEstimates(pd.DataFrame.from_dict(rows, orient="index"), strata.mean(mapped == reference), proportions)


class _Strata(NamedTuple):
    """Where the points lie, and how much of the land each stratum is."""

    number: NDArray[np.intp]
    """(point,) number of its stratum."""
    weight: Floats
    """(stratum,) share of the land, W_h."""
    n: NDArray[np.intp]
    """(stratum,) points."""
    total_m2: float

    @classmethod
    def of(cls, stratum: NDArray[np.object_], stratum_m2: Mapping[str, float]) -> "_Strata":
        names = list(stratum_m2)
        area = np.array([stratum_m2[name] for name in names], dtype=np.float64)
        number = pd.Index(names).get_indexer(pd.Index(stratum)).astype(np.intp)
        return cls(number, area / area.sum(), np.bincount(number, minlength=len(names)), float(area.sum()))

    def mean(self, values: NDArray[np.generic]) -> Estimate:
        """Mean over the land of a value known at the points."""
        y = values.astype(np.float64)
        return Estimate(float(self.weight @ self._means(y)), self._std(y))

    def ratio(self, part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> Estimate:
        """Share of ``whole`` land that is ``part`` too; NaN where no point is whole."""
        y, x = part.astype(np.float64), whole.astype(np.float64)
        amount = float(self.weight @ self._means(x))
        if amount == 0.0:
            return Estimate(float("nan"), float("nan"))
        found = float(self.weight @ self._means(y)) / amount
        return Estimate(found, self._std(y - found * x) / amount)

    def _means(self, y: Floats) -> Floats:
        means: Floats = np.bincount(self.number, weights=y, minlength=self.n.size) / self.n
        return means

    def _std(self, y: Floats) -> float:
        away = y - self._means(y)[self.number]
        variance = np.bincount(self.number, weights=away**2, minlength=self.n.size) / (self.n - 1)
        return float(np.sqrt(np.sum(self.weight**2 * variance / self.n)))


def _row(is_mapped: NDArray[np.bool_], is_there: NDArray[np.bool_], strata: _Strata) -> dict[str, float]:
    both = is_mapped & is_there
    share = strata.mean(is_there)
    users, producers = strata.ratio(both, is_mapped), strata.ratio(both, is_there)
    return {
        "n_mapped": int(is_mapped.sum()), "n_reference": int(is_there.sum()),
        "mapped_m2": strata.mean(is_mapped).value * strata.total_m2,
        "area_m2": share.value * strata.total_m2, "area_std_m2": share.std * strata.total_m2,
        "users": users.value, "users_std": users.std, "producers": producers.value, "producers_std": producers.std,
    }  # fmt: skip


def _check(sample: pd.DataFrame, stratum_m2: Mapping[str, float]) -> None:
    if missing := [name for name in _COLUMNS if name not in sample]:
        raise InputError(
            f"the sample has the columns {', '.join(map(str, sample))}; it lacks {', '.join(missing)}"
            f"{nearest_name(missing[0], map(str, sample))}."
        )
    if sample[list(_COLUMNS)].isna().to_numpy().any():
        row = int(sample[list(_COLUMNS)].isna().any(axis=1).to_numpy().argmax())
        raise InputError(f"point {row + 1} of the sample has no stratum or class; fill it in, or take the point out.")
    if not stratum_m2 or not all(0.0 < area < math.inf for area in stratum_m2.values()):
        raise InputError(f"the strata have the areas {dict(stratum_m2)} m²; each needs a finite one above 0.")
    counts = sample["stratum"].value_counts()
    if unknown := [str(name) for name in counts.index if name not in stratum_m2]:
        raise InputError(f"no area is given for the stratum {unknown[0]}{nearest_name(unknown[0], stratum_m2)}.")
    scarce = {name: int(counts.get(name, 0)) for name in stratum_m2 if counts.get(name, 0) < FEWEST_POINTS}
    if scarce:
        named = ", ".join(f"{name} ({count})" for name, count in scarce.items())
        raise InputError(f"too few points in {named}: a stratum needs {FEWEST_POINTS} or more. Draw and judge more.")
