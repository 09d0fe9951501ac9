"""What the displacement holds besides the motion of the ground, taken off it and kept beside it, layer by layer.

Order: delay of the air after GACOS, solid-earth tide, ramp and stratified delay together, height error. Every layer has
the displacement's sign, is zero at the first epoch and, on average, at the reference (unless still ground as a whole is
made the reference, option ``level``), and is subtracted: what is left and all layers add up to what came in.
:func:`fit_corrections` looks at a sample of the scene once; :func:`correct` then works on any block of it.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.core.products import LAYERS
from highwall.insar.corrections.atmosphere import DelayModel, fit_delay
from highwall.insar.corrections.height_error import HeightErrorModel, fit_height_error, known_baselines
from highwall.insar.corrections.tides import TideModel, fit_tide, require_pass_time
from highwall.insar.corrections.trends import SceneTrends, fit_trends, require_height
from highwall.insar.network import Network
from highwall.insar.options import CorrectionOptions, VelocityOptions

Correction = DelayModel | TideModel | SceneTrends | HeightErrorModel
_PREFIX = "correction_"


@dataclass(frozen=True)
class Corrections:
    """Everything that :func:`correct` must know of the scene."""

    parts: tuple[Correction, ...] = ()
    """In the order in which they are taken off."""


def check_given(
    stack: xr.Dataset, network: Network, *, options: CorrectionOptions, ztd: xr.DataArray | None = None
) -> None:
    """Make sure, before anything is inverted, that what the corrections need was given.

    Raises
    ------
    InputError
        A correction misses what it needs; the message names it.
    """
    if options.gacos:
        _given(ztd)
    if options.tide:
        require_pass_time(options.pass_time_utc)
    if options.stratified:
        require_height(stack)
    if options.dem_error:
        known_baselines(network)


def fit_corrections(
    sample: xr.Dataset,
    network: Network,
    *,
    options: CorrectionOptions,
    motion: VelocityOptions | None = None,
    reference: xr.Dataset | None = None,
    moving: xr.DataArray | None = None,
    ztd: xr.DataArray | None = None,
) -> Corrections:
    """Fit what is asked for, and nothing else, on a sample of the scene.

    Parameters
    ----------
    sample : displacement (epoch, y, x) [m]; temporal_coherence, velocity, height (y, x) if there are, in memory
        Result of the inversion at, say, every tenth pixel, with its x, y and CRS, attributes and ``los_enu``.
    motion
        Terms that the height error is fitted beside; those of the velocity.
    reference
        The same layers at the reference: a block whose displacement is NaN outside it. Without it, layers are zero on
        the average of the sample.
    moving : (y, x) bool
        Sample pixels to leave out of scene-wide fits, such as mines and their surroundings.
    ztd : (epoch, latitude, longitude) [m]
        Zenith total delay of every epoch, for ``gacos``.

    Raises
    ------
    InputError
        A correction misses what it needs; the message names it.
    """
    stable = stable_pixels(sample, options=options, moving=moving)
    anchor = sample if reference is None else reference
    parts: list[Correction] = []
    if options.gacos:
        parts.append(fit_delay(_given(ztd), sample=sample, anchor=anchor))
    if options.tide:
        parts.append(fit_tide(sample, pass_time_utc=options.pass_time_utc, anchor=anchor))
    if options.stratified or options.level or options.ramp != "none":
        corrected = correct(sample, Corrections(tuple(parts)))
        parts.append(fit_trends(corrected, options=options, anchor=anchor, stable=stable))
    if options.dem_error:
        terms = motion or VelocityOptions()
        parts.append(fit_height_error(sample, network, motion=terms, slant_range_m=options.slant_range_m))
    return Corrections(tuple(parts))


def correct(block: xr.Dataset, corrections: Corrections) -> xr.Dataset:
    """Take the corrections off a block's displacement and keep them beside it.

    Parameters
    ----------
    block : displacement (epoch, y, x) [m], and what the corrections were fitted with, in memory
        Any part of the scene; results do not depend on how it was cut.

    Returns
    -------
    The block with displacement less all layers; ``correction_*`` (epoch, y, x) float32 [m]; ``dem_error`` (y, x) [m].
    Its ``velocity`` becomes ``velocity_uncorrected``; that of the corrected series is left to
    :func:`~highwall.insar.velocity.fit_motion`.
    """
    if not corrections.parts:
        return block
    rest = block["displacement"].values.astype(np.float64)
    layers: dict[str, xr.DataArray] = {}
    for part in corrections.parts:
        found = part.layers(block, rest)
        layers |= {name: _named(values, name, block) for name, values in found.items()}
        taken = [values for name, values in found.items() if name.startswith(_PREFIX)]
        rest = reduce(np.subtract, taken, rest)
    corrected = block.assign({"displacement": _named(rest, "displacement", block), **layers})
    if "velocity" not in block:
        return corrected
    before = _named(block["velocity"].values, "velocity_uncorrected", block)
    return corrected.drop_vars("velocity").assign(velocity_uncorrected=before)


def stable_pixels(
    sample: xr.Dataset, *, options: CorrectionOptions, moving: xr.DataArray | None = None
) -> NDArray[np.bool_]:
    """Pixels (y, x) on which scene-wide trends may be fitted: coherent, with a value, not said to move."""
    stable = np.isfinite(sample["displacement"].values).any(axis=0)
    if "temporal_coherence" in sample:
        stable &= sample["temporal_coherence"].values >= options.min_temporal_coherence
    if options.max_velocity_m_year is not None and "velocity" in sample:
        stable &= np.abs(sample["velocity"].values) <= options.max_velocity_m_year
    return np.asarray(stable if moving is None else stable & ~moving.values.astype(bool))


def _given(ztd: xr.DataArray | None) -> xr.DataArray:
    if ztd is None:
        raise InputError(
            "the GACOS correction needs maps of zenith delay; give their folder with --gacos, or as insar.gacos of "
            "SITE.yaml, or leave it out."
        )
    return ztd


def _named(values: NDArray[np.floating], name: str, block: xr.Dataset) -> xr.DataArray:
    """Array of a row of the table on the block's grid; a layer of one value for all pixels is spread over them."""
    row = LAYERS[name]
    shape = tuple(block.sizes[dim] for dim in row.dims)
    data = np.broadcast_to(values, shape).astype(row.dtype)
    coords = {key: value for key, value in block.coords.items() if set(value.dims) <= set(row.dims)}
    return xr.DataArray(data, dims=row.dims, coords=coords, name=name, attrs=row.attrs())
