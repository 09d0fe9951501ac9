"""Where the radar cannot tell, and where what it tells may mislead: one class and one layer of bits."""

from typing import Final

import numpy as np
import xarray as xr

from highwall.core.products import LAYERS
from highwall.insar.options import DecorrelationOptions, QualityOptions

FLAGS: Final[dict[str, int]] = {
    "no_data": 1,
    "split_network": 2,
    "few_pairs": 4,
    "low_coherence": 8,
    "open_triplets": 16,
    "repaired": 32,
    "low_temporal_coherence": 64,
    "high_residual": 128,
    "uncertain_velocity": 256,
    "reference": 512,
}
"""Bits of the quality layer; 0 is nothing to say. ``repaired`` and ``reference`` are facts, not complaints."""

MEANINGS: Final[dict[str, str]] = {
    "no_data": "no pair has a phase",
    "split_network": "its pairs fall into pieces, joined by the least velocity between them",
    "few_pairs": "fewer pairs than asked for",
    "low_coherence": "mean coherence below the bound",
    "open_triplets": "triplets are still off by a multiple of 2π",
    "repaired": "phases were moved by a multiple of 2π",
    "low_temporal_coherence": "the series does not fit its interferograms",
    "high_residual": "root mean square residual above the bound",
    "uncertain_velocity": "standard error of the velocity unknown or above the bound",
    "reference": "averaged to the reference: its motion is near zero by choice",
}
"""What each flag says of a pixel."""


def decorrelated(
    result: xr.Dataset,
    *,
    n_pairs: int,
    coherence: xr.DataArray | None = None,
    options: DecorrelationOptions | None = None,
) -> xr.DataArray:
    """Tell where the ground has changed too much for the phase to be believed.

    True where a pixel of the footprint has no pair, too few pairs, a split network or too low a mean coherence. The
    footprint is where any pair has a phase or a coherence; outside nothing is known, and the answer is False.

    Parameters
    ----------
    result
        ``n_valid_pairs`` and ``n_components`` of :func:`~highwall.insar.inversion.invert`; any block of the scene.
    n_pairs
        Pairs of the stack that have a phase at the reference; no pixel can have more.
    coherence : (y, x) [1]
        Mean coherence of each pixel (:func:`~highwall.insar.stack.mean_coherence`), if the stack has coherence.

    Returns
    -------
    decorrelated : (y, x) bool
    """
    lost = _losses(result, n_pairs=n_pairs, coherence=coherence, options=options or DecorrelationOptions())
    in_footprint = result["n_valid_pairs"] > 0
    if coherence is not None:
        in_footprint = in_footprint | coherence.notnull()
    any_loss = lost.pop("no_data")
    for where in lost.values():
        any_loss = any_loss | where
    return _named(any_loss & in_footprint, "decorrelated")


def judge_motion(
    result: xr.Dataset,
    *,
    n_pairs: int,
    coherence: xr.DataArray | None = None,
    share_open: xr.DataArray | None = None,
    n_repaired: xr.DataArray | None = None,
    is_reference: xr.DataArray | None = None,
    decorrelation: DecorrelationOptions | None = None,
    options: QualityOptions | None = None,
) -> xr.DataArray:
    """Flag every pixel: why its motion may mislead.

    Parameters
    ----------
    result
        What :func:`~highwall.insar.inversion.invert` made; any block of the scene. The error that is judged is its
        ``velocity_std``.
    n_pairs, coherence
        As for :func:`decorrelated`.
    share_open : (y, x) [1]; n_repaired : (y, x)
        What :func:`~highwall.insar.mending.repair.repair` left and moved.
    is_reference : (y, x) bool
        Pixels of the reference.

    Returns
    -------
    insar_quality : (y, x) uint16, bits of :data:`FLAGS`
        A pixel without data has that bit and, where it applies, ``low_coherence``; no others.
    """
    options = options or QualityOptions()
    found = _losses(result, n_pairs=n_pairs, coherence=coherence, options=decorrelation or DecorrelationOptions())
    found |= {
        "low_temporal_coherence": result["temporal_coherence"] < options.min_temporal_coherence,
        "high_residual": result["residual_rms"] > options.max_residual_rad,
        "uncertain_velocity": ~(result["velocity_std"] <= options.max_velocity_std) & ~found["no_data"],
    }
    if share_open is not None:
        found["open_triplets"] = share_open > options.max_share_open
    if n_repaired is not None:
        found["repaired"] = n_repaired > 0
    if is_reference is not None:
        found["reference"] = is_reference
    flags = xr.zeros_like(result["n_valid_pairs"], dtype=np.uint16)
    for name, where in found.items():
        flags = flags + where.astype(np.uint16) * np.uint16(FLAGS[name])
    layer = _named(flags, "insar_quality")
    layer.attrs["flags"] = ", ".join(f"{bit} {name}" for name, bit in FLAGS.items())
    return layer


def _losses(
    result: xr.Dataset, *, n_pairs: int, coherence: xr.DataArray | None, options: DecorrelationOptions
) -> dict[str, xr.DataArray]:
    """Flags any of which makes a pixel of the footprint decorrelated."""
    n_valid = result["n_valid_pairs"]
    losses = {
        "no_data": n_valid == 0,
        "split_network": result["n_components"] > 1,
        "few_pairs": (n_valid < options.min_valid_share * n_pairs) & (n_valid > 0),
    }
    if coherence is not None:
        losses["low_coherence"] = coherence < options.min_mean_coherence
    return losses


def _named(array: xr.DataArray, name: str) -> xr.DataArray:
    layer = array.rename(name)
    layer.attrs = dict(LAYERS[name].attrs())
    return layer
