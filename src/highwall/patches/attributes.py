"""What is said of each patch: class, certainty, size."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from highwall.core.taxonomy import NONE

COLUMNS = ("label", "mine_class", "probability_mean", "probability_max", "area_m2", "perimeter_m", "geometry")


def mine_probability(probability: xr.DataArray) -> xr.DataArray:
    """Probability of any mine: (y, x), the sum over all classes but *none*."""
    return probability.sel(band=[name for name in probability["band"].values if name != NONE]).sum("band", skipna=False)


def describe(
    labels: NDArray[np.int32], outlines: dict[int, Any], *, probability: NDArray[Any], classes: list[str]
) -> pd.DataFrame:
    """Tabulate patches: one row a label with the columns :data:`COLUMNS`.

    Parameters
    ----------
    labels : (y, x)
    outlines
        Polygon of each label in metres.
    probability : (class, y, x) [1]
        NaN is left out; every label has a pixel with a probability.
    classes
        Names of the classes; the most probable mine class of a patch, on average, names it.
    """
    numbers = sorted(outlines)
    mines = [name for name in classes if name != NONE]
    layers = np.stack([probability[classes.index(name)] for name in mines])
    known = np.where(np.isnan(layers).any(axis=0), 0, labels)
    means = np.array([ndimage.mean(layer, known, numbers) for layer in layers]).reshape(len(mines), len(numbers))
    peaks = ndimage.maximum(layers.sum(axis=0), known, numbers)
    polygons = [outlines[number] for number in numbers]
    return pd.DataFrame(
        {
            "label": numbers,
            "mine_class": [mines[best] for best in means.argmax(axis=0)] if numbers else [],
            "probability_mean": means.sum(axis=0),
            "probability_max": np.asarray(peaks, dtype=float).reshape(len(numbers)),
            "area_m2": [polygon.area for polygon in polygons],
            "perimeter_m": [polygon.length for polygon in polygons],
            "geometry": polygons,
        },
        columns=list(COLUMNS),
    )
