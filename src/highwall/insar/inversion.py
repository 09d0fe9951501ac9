"""Displacement, velocity and their quality from a network of unwrapped interferograms (SBAS)."""

from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.errors import SetAside, StackError
from highwall.core.products import LAYERS
from highwall.insar._kernels import MAPS, Noise, scratch_of, solve
from highwall.insar._kernels_lanes import LANES
from highwall.insar.blocks import map_pixels
from highwall.insar.elimination import Elimination, elimination_of
from highwall.insar.network import Network
from highwall.insar.options import InversionOptions
from highwall.insar.reference import ReferencePhase, reference_phase
from highwall.insar.stack import check_stack, metres_per_radian

DEFAULT_LOOKS = 20.0
"""Independent looks of an interferogram that does not tell them [1]: about those of Sentinel-1 at 40 m."""


def invert(
    stack: xr.Dataset, *, options: InversionOptions | None = None, reference: ReferencePhase | None = None
) -> xr.Dataset:
    """Displacement of each epoch, velocity and quality of each pixel from unwrapped interferograms.

    Parameters
    ----------
    stack
        ``unw`` (pair, y, x) [rad], positive away from the satellite, NaN missing; optional ``coh``; ``first`` and
        ``second`` on ``pair``; attribute ``wavelength_m``. In memory or Dask; Dask gives Dask, with equal numbers.
    options
        Reference, weights, norm and bounds.
    reference
        Phase of the reference of the whole scene, when ``stack`` is a block of it; by default it is looked for here.

    Returns
    -------
    displacement : (epoch, y, x) float32 [m], 0 at the first epoch
    velocity, velocity_std : (y, x) float32 [m year⁻¹]
        Slope of the regression line through the displacements, and the standard error that the pairs' residuals
        give it: NaN for unweighted pairs without redundancy.
    temporal_coherence, residual_rms : (y, x) float32 [1], [rad]
    n_valid_pairs, n_components : (y, x) int16
        0 and 0 where a pixel has no pair; ``n_components`` above 1 marks a split network, whose pieces are joined by
        the minimum-norm velocity.

    Where coherence counts, a phase without it is left out; for pairs that have none anywhere,
    :func:`~highwall.insar.mending.coherence.with_coherence` of the whole scene lets the pixel's other pairs stand in.

    The attributes ``reference``, ``network`` and ``weighting`` say what was done, ``pairs_set_aside`` what was not.

    Raises
    ------
    StackError
        The stack is empty or lacks dates or wavelength; the reference lies outside or is of other pairs.
    NetworkError
        No pair has a value at the reference. (A split network is solved, flagged and reported.)

    Source: Berardino et al. 2002, eq. 8-13; Pepe & Lanari 2006, eq. 5; L1: Lauknes et al. 2011, eq. 10-12.
    """
    options = options or InversionOptions()
    check_stack(stack)
    network = Network.from_stack(stack)
    reference = reference or reference_phase(stack, reference=options.reference)
    if len(reference.phase) != network.n_pairs:
        raise StackError(
            f"the reference has {len(reference.phase)} pairs, the stack {network.n_pairs}; take it from the same pairs."
        )
    layers = map_pixels(
        partial(
            _invert_block,
            reference=reference.phase,
            elimination=elimination_of(network.pairs, network.years),
            noise=_noise(stack, options),
            scale=metres_per_radian(stack),
        ),
        *_inputs(stack, options),
        n_layers=network.n_epochs + len(MAPS),
    )
    result = _as_dataset(layers, stack, network)
    return result.assign_attrs(_account(stack, network, reference, options))


def _inputs(stack: xr.Dataset, options: InversionOptions) -> list[xr.DataArray]:
    """Arrays that the kernel reads: coherence only if it is there and asked for."""
    wanted = options.weighting == "coherence" or options.min_coherence > 0.0
    return [stack["unw"], stack["coh"]] if wanted and "coh" in stack else [stack["unw"]]


def _noise(stack: xr.Dataset, options: InversionOptions) -> Noise:
    weigh = options.weighting == "coherence" and "coh" in stack
    reweighings = options.reweighings if options.norm == "L1" else 0
    return Noise(
        weigh,
        np.float32(options.looks or stack.attrs.get("looks", DEFAULT_LOOKS)),
        np.float32(options.min_coherence),
        options.min_pairs,
        reweighings,
    )


def _invert_block(
    unw: NDArray[Any],
    coh: NDArray[Any] | None = None,
    *,
    reference: NDArray[np.float32],
    elimination: Elimination,
    noise: Noise,
    scale: float,
) -> NDArray[np.float32]:
    """Invert a block: (pair, y, x) phases and coherences to (epoch + maps, y, x)."""
    _, height, width = unw.shape
    plan, band, schedule = elimination
    out = np.empty((plan.slope.size + len(MAPS), max(height * width, int(LANES))), np.float32)
    coherence = np.empty((0, 0), np.float32) if coh is None else _flat(coh)
    scratch = scratch_of(plan)  # type: ignore[no-untyped-call]
    solve(_flat(unw), coherence, reference, plan, band, schedule, noise, scale, scratch, out)
    return out[:, : height * width].reshape(-1, height, width)


def _flat(block: NDArray[Any]) -> NDArray[np.float32]:
    """Rows (pair, pixel), at least as many pixels as the kernel solves together."""
    flat = np.ascontiguousarray(block, dtype=np.float32).reshape(block.shape[0], -1)
    lacking = int(LANES) - flat.shape[1]
    return np.pad(flat, ((0, 0), (0, lacking)), constant_values=np.nan) if lacking > 0 else flat


def _as_dataset(layers: Any, stack: xr.Dataset, network: Network) -> xr.Dataset:
    """Name the kernel's rows as rows of the table of products."""
    n = network.n_epochs
    space = {name: stack.coords[name] for name in stack.coords if "pair" not in stack.coords[name].dims}
    epochs = network.epochs.astype("datetime64[ns]")
    values = {"displacement": layers[:n], **{name: layers[n + row] for row, name in enumerate(MAPS)}}
    arrays = {
        name: (LAYERS[name].dims, data.astype(LAYERS[name].dtype, copy=False), LAYERS[name].attrs())
        for name, data in values.items()
    }
    return xr.Dataset(arrays, coords={"epoch": epochs, **space})


def _account(
    stack: xr.Dataset, network: Network, reference: ReferencePhase, options: InversionOptions
) -> dict[str, Any]:
    """What was done and what was left out, as attributes that any file format can hold."""
    weighting: str = options.weighting
    if "coh" not in stack and (weighting == "coherence" or options.min_coherence > 0.0):
        weighting = "none: the stack carries no coherence"
    kept = stack.attrs.keys() & {"wavelength_m", "incidence_deg"}
    return {
        **{name: stack.attrs[name] for name in sorted(kept)},
        "reference": reference.why,
        "network": network.describe(),
        "weighting": weighting,
        "norm": options.norm,
        "pairs_set_aside": [_line(left_out) for left_out in reference.set_aside(stack)],
    }


def _line(left_out: SetAside) -> str:
    return f"{left_out.name}: {left_out.reason}"
