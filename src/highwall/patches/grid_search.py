"""Which shape and compactness, then which scale: by how well objects add up to reference polygons.

The paper (2.2.3, step 1) merges the objects that correspond to a reference patch and takes the parameters with the
smallest average area difference. It says neither when an object corresponds nor how the difference is measured. Here an
object corresponds to the reference that holds more than half of it, and with M_r the union of those of reference r

    area difference = mean over r of |A(M_r) − A(r)| / A(r),

which is 1 for a reference without objects. Areas may agree by chance, so the overlap is tabulated beside it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from rasterio.features import rasterize

from highwall.core.errors import InputError
from highwall.core.grid import grid_of
from highwall.patches.multiresolution import levels, segment
from highwall.patches.options import GridSearchOptions

TENTHS = GridSearchOptions().shapes
"""Values of shape and of compactness that the paper tries."""
CORRESPONDS = 0.5
"""Share of an object that a reference must exceed to own it."""


class Agreement(NamedTuple):
    """How objects add up to references."""

    area_difference: float
    """Mean of |A(M_r) − A(r)| / A(r) [1]."""
    iou: float
    """Mean of A(M_r ∩ r) / A(M_r ∪ r) [1]."""
    n_inside: int
    """Objects that correspond to a reference."""
    n_unmatched: int
    """References without objects."""


@dataclass(frozen=True)
class GridSearch:
    """What the search found, and all it tried."""

    table: pd.DataFrame
    """A row for each ``shape`` and ``compactness`` with the fields of :class:`Agreement` and ``n_objects``."""
    shape: float
    compactness: float
    by_scale: pd.DataFrame
    """The same fields by ``scale`` for the candidates that were given, with the chosen shape and compactness."""
    scale: float | None
    """The scale chosen among them; none where none was given."""


MapTrials = Callable[[Callable[[tuple[float, float]], dict[str, float]], Iterable[tuple[float, float]]], Iterable[Any]]
"""``map``, or that of an executor."""


def grid_search(
    image: xr.DataArray,
    references: xr.DataArray | NDArray[np.integer[Any]],
    *,
    scales: Callable[[float, float], Sequence[float]] | Sequence[float] = (),
    options: GridSearchOptions | None = None,
    weights: Sequence[float] | None = None,
    valid: xr.DataArray | NDArray[np.bool_] | None = None,
    map_trials: MapTrials = map,
) -> GridSearch:
    """Search the criterion's parameters that fit reference patches best.

    Parameters
    ----------
    image, weights, valid
        As for :func:`highwall.patches.multiresolution.segment`.
    references : (y, x) integer
        1…k in the reference patches, 0 elsewhere: see :func:`burn`.
    scales
        Candidates for the scale, rising; or what finds them for a shape and a compactness. The one with the fewest
        objects inside the references is chosen, among those that leave the fewest references without any.
    options
        Shapes, compactnesses, and the scale at which they are compared.
    map_trials
        Does the trials: the builtin ``map``, or one of an executor.

    Returns
    -------
    GridSearch
        Of equal area differences the lower shape, then the lower compactness is chosen.

    Raises
    ------
    InputError
        There is no reference, or they lie on another grid.

    Source: the paper's section 2.2.3, step 1.
    """
    options, known = options or GridSearchOptions(), check_references(references, image)
    trial = partial(_trial, image=image, references=known, scale=options.preset_scale, weights=weights, valid=valid)
    pairs = [*product(options.shapes, options.compactnesses)]
    table = pd.DataFrame(list(map_trials(trial, pairs)))
    best = table.iloc[int(table["area_difference"].argmin())]
    shape, compactness = float(best["shape"]), float(best["compactness"])
    candidates = scales(shape, compactness) if callable(scales) else scales
    by_scale = _by_scale(image, known, candidates, shape=shape, compactness=compactness, weights=weights, valid=valid)
    return GridSearch(table, shape, compactness, by_scale, _chosen(by_scale))


def burn(polygons: gpd.GeoDataFrame, image: xr.DataArray) -> xr.DataArray:
    """Draw reference polygons on the grid of an image: 1…k by row of ``polygons``, later ones above; pixel centres.

    Raises
    ------
    GridError
        The image carries no grid.
    """
    grid = grid_of(image, name="image")
    shapes = zip(polygons.to_crs(str(grid.crs)).geometry, range(1, len(polygons) + 1), strict=True)
    drawn = rasterize(shapes, out_shape=grid.shape, transform=grid.transform, dtype="int32") if len(polygons) else 0
    pattern = image.isel(band=0, drop=True)
    values = np.broadcast_to(drawn, pattern.shape).astype(np.int32)
    return pattern.copy(data=values).drop_attrs(deep=False).rename("reference")


def agreement(labels: NDArray[np.int32], references: NDArray[np.integer[Any]]) -> Agreement:
    """Compare objects with references: (y, x) each, 0 is none."""
    n_objects, n_references = int(labels.max(initial=0)), int(references.max(initial=0))
    counts = np.bincount(
        labels.ravel().astype(np.int64) * (n_references + 1) + references.ravel(),
        minlength=(n_objects + 1) * (n_references + 1),
    ).reshape(n_objects + 1, n_references + 1)
    area, overlap = counts.sum(axis=1)[1:], counts[1:, 1:]
    is_inside = overlap > CORRESPONDS * area[:, None]
    present = counts.sum(axis=0)[1:] > 0
    reference = counts.sum(axis=0)[1:][present]
    merged = (is_inside * area[:, None]).sum(axis=0)[present]
    common = (is_inside * overlap).sum(axis=0)[present]
    return Agreement(
        float(np.mean(np.abs(merged - reference) / reference)),
        float(np.mean(common / (merged + reference - common))),
        int(is_inside.sum()),
        int((merged == 0).sum()),
    )


def check_references(references: xr.DataArray | NDArray[np.integer[Any]], image: xr.DataArray) -> NDArray[Any]:
    """Return the references as an array on the image's grid.

    Raises
    ------
    InputError
        There is none, or their shape is another.
    """
    known = np.asarray(references)
    if known.shape != image.shape[1:] or known.dtype.kind not in "ui":
        raise InputError(f"references are {known.dtype} {known.shape}; give whole numbers on the image's grid.")
    if not (known > 0).any():
        raise InputError("references hold no patch; number them from 1, and leave 0 elsewhere.")
    return known


def _trial(
    parameters: tuple[float, float],
    *,
    image: xr.DataArray,
    references: NDArray[Any],
    scale: float,
    weights: Sequence[float] | None,
    valid: xr.DataArray | NDArray[np.bool_] | None,
) -> dict[str, float]:
    shape, compactness = parameters
    found = segment(image, scale=scale, shape=shape, compactness=compactness, weights=weights, valid=valid)
    fit = agreement(found.labels.values, references)
    return {"shape": shape, "compactness": compactness, **fit._asdict(), "n_objects": len(found)}


def _by_scale(
    image: xr.DataArray, references: NDArray[Any], scales: Sequence[float], **parameters: Any
) -> pd.DataFrame:
    columns = [*Agreement._fields, "n_objects"]
    found = levels(image, scales, **parameters) if len(scales) else []
    rows = [(*agreement(level.labels.values, references), len(level)) for level in found]
    return pd.DataFrame(rows, columns=columns, index=pd.Index(list(scales), name="scale", dtype=float))


def _chosen(by_scale: pd.DataFrame) -> float | None:
    """The scale with the fewest objects inside the references, among those that leave the fewest without any."""
    if by_scale.empty:
        return None
    return float(by_scale.sort_values(["n_unmatched", "n_inside", "area_difference"], kind="stable").index[0])
