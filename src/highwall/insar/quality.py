"""Where the radar cannot tell: lost coherence, broken networks, phases unwrapped wrongly."""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.products import LAYERS
from highwall.insar.blocks import map_pixels
from highwall.insar.network import Network
from highwall.insar.options import DecorrelationOptions
from highwall.insar.stack import check_stack, mean_coherence


class Closure(NamedTuple):
    """How many triplets of interferograms do not close."""

    n_triplets: int
    """Triplets of pairs (a, b), (b, c), (a, c) in the network."""
    n_checked: int
    """Pixel-triplets whose three phases are there."""
    share_open: float
    """Share of those that are off by a multiple of 2π; NaN when none could be checked."""
    share_open_map: xr.DataArray
    """(y, x) float32 [1]: the same for each pixel."""


def decorrelated(result: xr.Dataset, stack: xr.Dataset, *, options: DecorrelationOptions | None = None) -> xr.DataArray:
    """Tell where the ground has changed too much for the phase to be believed.

    True where a pixel of the footprint has no pair, too few pairs, a split network or too low a mean coherence. The
    footprint is where any pair has a phase or a coherence; outside nothing is known, and the answer is False.

    Parameters
    ----------
    result
        What :func:`~highwall.insar.inversion.invert` made of ``stack``.

    Returns
    -------
    decorrelated : (y, x) bool
    """
    options = options or DecorrelationOptions()
    n_valid = result["n_valid_pairs"]
    lost = (n_valid < options.min_valid_share * stack.sizes["pair"]) | (n_valid == 0) | (result["n_components"] > 1)
    in_footprint = stack["unw"].notnull().any("pair")
    if "coh" in stack:
        coherence = mean_coherence(stack)
        lost = lost | (coherence < options.min_mean_coherence)
        in_footprint = in_footprint | coherence.notnull()
    found = (lost & in_footprint).rename("decorrelated")
    found.attrs = dict(LAYERS["decorrelated"].attrs())
    return found


def closure(stack: xr.Dataset) -> Closure:
    """Count the triplets whose phases do not close: φ(a,b) + φ(b,c) − φ(a,c) off by a multiple of 2π.

    Parameters
    ----------
    stack
        Referenced (``reference.subtract_reference``): the arbitrary constants of pairs would count as errors.

    Raises
    ------
    StackError
        The stack is empty or lacks dates or wavelength.

    Source: Yunjun et al. 2019, eq. 8 (number of triplets with non-zero integer ambiguity).
    """
    check_stack(stack)
    triplets = triplets_of(Network.from_stack(stack))
    counts = map_pixels(_count_open, stack["unw"], n_layers=2, triplets=triplets)
    space = {name: stack.coords[name] for name in stack.coords if "pair" not in stack.coords[name].dims}
    both = xr.DataArray(counts, dims=("count", "y", "x"), coords=space).compute()
    n_open, n_checked = (int(both.isel(count=number).sum(dtype=np.float64)) for number in (0, 1))
    checked = both.isel(count=1)
    share_map = (both.isel(count=0) / checked.where(checked > 0)).rename("share_open")
    share = n_open / n_checked if n_checked else float("nan")
    return Closure(len(triplets), n_checked, share, share_map)


def triplets_of(network: Network) -> NDArray[np.int64]:
    """Rows of the stack that form triangles: (triplet, 3), pairs (a, b), (b, c), (a, c) with a before b before c.

    Pairs that run backwards in time are left out; of pairs with the same dates the last is taken.
    """
    row_of = {(int(a), int(b)): row for row, (a, b) in enumerate(network.pairs) if a < b}
    found = [
        (row_of[a, b], row_of[b, c], row_of[a, c])
        for a, b in row_of
        for c in range(b + 1, network.n_epochs)
        if (b, c) in row_of and (a, c) in row_of
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 3)


def _count_open(unw: NDArray[Any], *, triplets: NDArray[np.int64]) -> NDArray[np.float32]:
    """Triplets that do not close and triplets that could be checked: (2, y, x)."""
    counts = np.zeros((2, *unw.shape[1:]), np.float32)
    for ab, bc, ac in triplets:
        cycles = np.rint((unw[ab] + unw[bc] - unw[ac]) / np.float32(2.0 * np.pi))
        checked = np.isfinite(cycles)
        counts[0] += checked & (cycles != 0.0)
        counts[1] += checked
    return counts
