"""Multiresolution segmentation: merge neighbours while the loss of homogeneity stays below the scale's square."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core import grid as _grid  # noqa: F401  registers the .odc accessor
from highwall.core.checks import check_dims
from highwall.core.errors import InputError
from highwall.patches._kernels import Rule
from highwall.patches._kernels_grid import relabel
from highwall.patches.region_graph import Frame, RegionGraph, from_image
from highwall.patches.segmentation import Segmentation, neighbours_of, table_of

LARGEST = 2**30
"""Pixels of the largest image done at once: its edges, two a pixel, are counted in 32 bits."""


def segment(
    image: xr.DataArray,
    *,
    scale: float,
    shape: float = 0.2,
    compactness: float = 0.5,
    weights: Sequence[float] | None = None,
    valid: xr.DataArray | NDArray[np.bool_] | None = None,
) -> Segmentation:
    """Segment an image into objects by Baatz & Schäpe's criterion and local mutual best fitting.

    Parameters
    ----------
    image : (band, y, x) integer or float
        The scale counts in its unit: see :func:`highwall.patches.radiometry.normalise`. Pixels that are not finite, or
        the image's nodata value, in any band belong to no object.
    scale
        Pairs merge while this costs less than its square.
    shape, compactness : [1]
        Weight of shape against colour, below 1; of compactness against smoothness within shape, 0 to 1.
    weights : (band,), optional
        Weight of each band as it stands, by default 1 each; twice the weights are a smaller scale.
    valid : (y, x) bool, optional
        False where a pixel belongs to no object.

    Returns
    -------
    Segmentation
        Objects are 4-connected; no two neighbours are left that are each other's best and cost less than ``scale``².
        A pure function of the arguments.

    Raises
    ------
    InputError
        The image is not (band, y, x) of numbers, or a parameter is out of its bounds.

    Source: Baatz & Schäpe 2000.
    """
    return levels(image, [scale], shape=shape, compactness=compactness, weights=weights, valid=valid)[0]


def levels(
    image: xr.DataArray,
    scales: Sequence[float],
    *,
    shape: float = 0.2,
    compactness: float = 0.5,
    weights: Sequence[float] | None = None,
    valid: xr.DataArray | NDArray[np.bool_] | None = None,
) -> list[Segmentation]:
    """Segment an image at rising scales in one pass: each level's objects are unions of the level's before.

    For the arguments see :func:`segment`. A level differs from what its scale alone would give: what merged at a lower
    scale stays merged.

    Raises
    ------
    InputError
        As :func:`segment`, or the scales do not rise.
    """
    check_scales(scales)
    rule = rule_of(image, shape=shape, compactness=compactness, weights=weights)
    state, labels = begin(image, rule=rule, valid=valid, scale=scales[0])
    found = []
    for scale in scales:
        state.fit(float(scale) ** 2)
        relabel(labels, state.take_numbers())
        found.append(as_segmentation(state, labels, image=image, scale=scale))
    return found


def begin(
    image: xr.DataArray, *, rule: Rule, scale: float, valid: xr.DataArray | NDArray[np.bool_] | None = None
) -> tuple[RegionGraph, NDArray[np.int32]]:
    """Do the first iteration at ``scale``; the graph, and labels (y, x) from 0, -1 where not valid.

    Raises
    ------
    InputError
        The image has too many pixels.
    """
    if image[0].size > LARGEST:
        raise InputError(f"image has {image[0].size} pixels, more than {LARGEST} at once; segment it in tiles.")
    values = np.ascontiguousarray(image.values)
    is_valid, whole = usable(image, values, valid), Frame.whole(*values.shape[1:])
    return from_image(values, is_valid, rule=rule, threshold=float(scale) ** 2, frame=whole)


def rule_of(image: xr.DataArray, *, shape: float, compactness: float, weights: Sequence[float] | None) -> Rule:
    """Check the image and the criterion's parameters.

    Raises
    ------
    InputError
        The image is not (band, y, x) of numbers, or a parameter is out of its bounds.
    """
    check_dims(image, ("band", "y", "x"), name="image")
    if image.dtype.kind not in "uif" or not image.size:
        raise InputError(f"image holds {image.size} values of {image.dtype}; give integers or floats, at least one.")
    if not 0.0 <= shape < 1.0 or not 0.0 <= compactness <= 1.0:
        raise InputError(f"shape {shape:g}, compactness {compactness:g}; choose 0 ≤ shape < 1, 0 ≤ compactness ≤ 1.")
    of_bands = np.ones(image.sizes["band"]) if weights is None else np.asarray(weights, dtype=float)
    if of_bands.shape != (image.sizes["band"],) or not (of_bands >= 0).all() or not of_bands.any():
        raise InputError(
            f"weights are {weights} for {image.sizes['band']} bands; give one each, none below 0, not all 0."
        )
    return Rule(of_bands, float(shape), float(compactness))


def check_scales(scales: Sequence[float]) -> None:
    """Refuse scales that do not rise.

    Raises
    ------
    InputError
        There is none, or they do not rise from above 0.
    """
    if not len(scales) or not (np.diff([0.0, *scales]) > 0).all():
        raise InputError(f"scales are {list(scales)}; give at least one, rising from above 0.")


def usable(
    image: xr.DataArray, values: NDArray[Any], valid: xr.DataArray | NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """Pixels that may belong to an object: (y, x), finite and no nodata in any band, and valid.

    Raises
    ------
    InputError
        ``valid`` has another shape.
    """
    found = np.isfinite(values).all(axis=0) if values.dtype.kind == "f" else np.ones(values.shape[1:], np.bool_)
    nodata = image.odc.nodata
    if nodata is not None and np.isfinite(nodata):
        found &= (values != nodata).all(axis=0)
    if valid is None:
        return found
    if np.shape(valid) != found.shape:
        raise InputError(f"valid is {np.shape(valid)} for an image of {found.shape}; give it on the image's grid.")
    return found & np.asarray(valid, dtype=np.bool_)


def as_segmentation(
    state: RegionGraph, labels: NDArray[np.int32], *, image: xr.DataArray, scale: float
) -> Segmentation:
    """Turn today's regions into a value of their own; ``labels`` from 0, -1 where not valid."""
    weights, shape, compactness = state.rule
    facts = {"scale": float(scale), "shape": shape, "compactness": compactness, "weights": weights.tolist()}
    facts |= {name: image.attrs[name] for name in ("normalisation",) if name in image.attrs}
    on_grid = {name: axis for name, axis in image.coords.items() if "band" not in axis.dims and name != "band"}
    return Segmentation(
        xr.DataArray(labels + np.int32(1), dims=("y", "x"), coords=on_grid, name="object", attrs=facts),
        table_of(state.regions, bands_of(image)),
        neighbours_of(state.edges, len(state)),
    )


def bands_of(image: xr.DataArray) -> list[Hashable]:
    """Names of the bands, or their numbers where they have none."""
    return list(image["band"].values.tolist())
