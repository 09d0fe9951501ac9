"""Which scale: local variance over a ladder of scales, and where it stops growing (ESP2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from highwall.patches.multiresolution import begin, check_scales, rule_of
from highwall.patches.options import ScaleOptions
from highwall.patches.segmentation import deviations


@dataclass(frozen=True)
class ScaleEstimate:
    """Local variance along a ladder of scales, and the scales at which it says that objects are whole."""

    curve: pd.DataFrame
    """By ``scale``: ``n_objects``; ``local_variance``, the mean over objects and bands of the standard deviation in an
    object [the image's unit]; ``rate_of_change`` from the scale before [%], NaN at the first and after one of 0."""
    candidates: pd.DataFrame
    """By ``scale``: ``kind``, *decrease* (local variance is no higher at the next scale) or *peak* (its rate of change
    stands out above those beside it), and ``rate_of_change``. Several, or none: the curve is not monotone."""


def estimate_scale(
    image: xr.DataArray,
    *,
    options: ScaleOptions | None = None,
    shape: float = 0.2,
    compactness: float = 0.5,
    weights: Sequence[float] | None = None,
    valid: xr.DataArray | NDArray[np.bool_] | None = None,
) -> ScaleEstimate:
    """Estimate the scale from one nested ladder of segmentations.

    For the arguments see :func:`highwall.patches.multiresolution.segment`.

    Raises
    ------
    InputError
        As ``segment``.

    Source: Drăguţ et al. 2010 (local variance, rate of change), 2014 (the first scale before a decrease).
    """
    options = options or ScaleOptions()
    scales = options.ladder()
    check_scales(scales)
    rule = rule_of(image, shape=shape, compactness=compactness, weights=weights)
    state, _ = begin(image, rule=rule, valid=valid, scale=scales[0])
    rows = []
    for scale in scales:
        state.fit(scale**2)
        rows.append((len(state), float(deviations(state.regions).mean()) if len(state) else float("nan")))
    curve = pd.DataFrame(rows, columns=["n_objects", "local_variance"], index=pd.Index(scales, name="scale"))
    rate = 100.0 * curve["local_variance"].pct_change(fill_method=None)
    curve["rate_of_change"] = rate.where(np.isfinite(rate))
    return ScaleEstimate(curve, candidates_of(curve))


def candidates_of(curve: pd.DataFrame) -> pd.DataFrame:
    """Scales of a curve at which objects may be whole, rising."""
    rate = curve["rate_of_change"].to_numpy()
    before, here, after = rate[:-2], rate[1:-1], rate[2:]
    is_decrease, is_peak = np.zeros(len(rate), np.bool_), np.zeros(len(rate), np.bool_)
    is_decrease[:-1] = rate[1:] <= 0.0
    is_peak[1:-1] = (here > before) & (here > after)
    kind: NDArray[Any] = np.where(is_decrease, "decrease", "peak")
    found = is_decrease | is_peak
    return curve.loc[found, ["rate_of_change"]].assign(kind=kind[found])[["kind", "rate_of_change"]]
