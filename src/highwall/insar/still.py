"""Where the ground is still: the automatic choice of the reference.

A reference that sinks makes the rest of the scene rise. So the choice looks for ground that stands still, not only for
a bright pixel. Still ground is common to many pixels, which then agree with each other to within the noise, while
moving ground spreads over many rates: the *still rate* is where the coherent pixels of a scene lie densest, the
shortest interval of rates that holds ``STILL_SHARE`` of them. (The scene's median would fail where most of it moves.)

Three steps, so that a scene may be streamed: :func:`still_history` on a sample gives the phase of still ground in every
pair; :func:`survey` maps on any block how far each pixel departs from it; :func:`choose_place` picks a small window of
coherent pixels that close, away from what the user wants to measure, and says why.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, uniform_filter

from highwall.core.errors import InputError, NetworkError
from highwall.insar.mending.closure import closure, sample, space_coords, typical_phase
from highwall.insar.network import Network
from highwall.insar.options import AutomaticReference
from highwall.insar.stack import check_stack, mean_coherence, metres_per_radian

STILL_SHARE = 0.1
"""Share of the coherent pixels that is taken as still [1]. Over Mexico City, most of which sinks, shares of 0.05, 0.1,
0.2, 0.3 leave 5, 5.5, 8 and 10 % of the pixels rising by more than 5 mm year⁻¹ (the median would leave half). On eight
simulated mines 0.1 is off by 0.7 mm year⁻¹ (root mean square; 2.7 under three times the turbulence), the pixel of
highest coherence by 2.0 (6.2)."""

_LEAST_SEEN = 0.2
"""Share of what the whole network sees of a steady rate that a pixel's pairs must see for its rate to be told [1]."""

_RIVAL, _GAP = 0.5, 0.25
"""Share of the still pixels that make a second heap of rates, and share of it that a gap between may hold [1]."""

_TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class ReferencePlace:
    """A rectangle of pixels and why it was taken."""

    rows: slice
    cols: slice
    why: str
    counts: NDArray[np.bool_] | None = None
    """(row, col) of the rectangle: pixels that are averaged; all of them by default."""

    def window(self, stack: xr.Dataset) -> xr.Dataset:
        """Pixels of the rectangle."""
        return stack.isel(y=self.rows, x=self.cols)


@dataclass(frozen=True)
class StillHistory:
    """Phase of still ground in each pair."""

    phase: NDArray[np.float32]
    """(pair,) [rad]; holds the pair's arbitrary constant too."""
    width: float
    """Width of the interval of rates that still pixels share [m year⁻¹]."""
    n_pixels: int
    """Still pixels of the sample."""
    rival: float | None = None
    """Rate, relative to still ground, that at least half as many other pixels share [m year⁻¹]; None without."""


def still_history(
    stack: xr.Dataset, *, avoid: NDArray[np.bool_] | None = None, max_pixels: int | None = None
) -> StillHistory:
    """Median phase of still ground, from a grid of pixels.

    Parameters
    ----------
    stack
        The scene, or a sample of it.
    avoid : (y, x) bool
        Where the ground may move: what is to be measured.

    Raises
    ------
    NetworkError
        Every phase is missing, or outside ``avoid`` there is none.
    """
    check_stack(stack)
    marked = stack if avoid is None else stack.assign(avoid=(("y", "x"), _same_shape(avoid, stack)))
    some = sample(marked) if max_pixels is None else sample(marked, max_pixels=max_pixels)
    maps = survey(some, history=StillHistory(typical_phase(some), np.nan, 0))
    usable = _coherent(maps, some["avoid"].values if avoid is not None else None)
    rates = maps["rate"].values[usable]
    low, high = shortest_interval(rates, share=STILL_SHARE)
    is_still = usable & (maps["rate"].values >= low) & (maps["rate"].values <= high)
    phases = some["unw"].values[:, is_still]
    history = [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in phases]
    rival = _rival_of(rates, low, high)
    return StillHistory(np.array(history, np.float32), float(high - low), int(is_still.sum()), rival)


def survey(block: xr.Dataset, *, history: StillHistory, share_open: xr.DataArray | None = None) -> xr.Dataset:
    """Map how fit each pixel is to be the reference.

    Parameters
    ----------
    block
        All pairs of some pixels, best after repair.
    share_open : (y, x) [1]
        Share of triplets left open, if it is known from a repair; counted here otherwise.

    Returns
    -------
    mean_coherence, share_open : (y, x) float32 [1]
    n_valid_pairs : (y, x) int16
    rate : (y, x) float32 [m year⁻¹]
        Rate relative to still ground: slope of the regression line through the unweighted least-squares series;
        where pairs are missing, of what the others say of it.
    deviation : (y, x) float32 [rad]
        Root mean square over the pairs of the phase less that of still ground.
    """
    slope, share = _slope_of(Network.from_stack(block))
    shape = block["unw"].shape[1:]
    sums = np.zeros((4, *shape))
    for phases, still, *weights in zip(block["unw"].values, history.phase, slope, share, strict=True):
        relative = phases.astype(np.float64) - still
        valid = np.isfinite(relative)
        relative[~valid] = 0.0
        for total, term in zip(sums, (weights[0] * relative, weights[1] * valid, relative**2, valid), strict=True):
            total += term
    moment, seen, square, n_valid = sums
    none = np.full(shape, np.nan)
    rate = metres_per_radian(block) * np.divide(moment, seen, out=none.copy(), where=seen > _LEAST_SEEN * share.sum())
    deviation = np.sqrt(np.divide(square, n_valid, out=none, where=n_valid > 0))
    maps = xr.Dataset(
        {"n_valid_pairs": (("y", "x"), n_valid.astype(np.int16)), "rate": (("y", "x"), rate.astype(np.float32)),
         "deviation": (("y", "x"), deviation.astype(np.float32))}, coords=space_coords(block),
    )  # fmt: skip
    maps["share_open"] = closure(block, offsets=history.phase).share_open if share_open is None else share_open
    return maps.assign(mean_coherence=mean_coherence(block)) if "coh" in block else maps


def choose_place(
    maps: xr.Dataset,
    *,
    history: StillHistory,
    options: AutomaticReference | None = None,
    avoid: NDArray[np.bool_] | None = None,
) -> ReferencePlace:
    """Pick the window whose coherent, closing pixels stay nearest to still ground.

    A pixel counts if it has the most pairs, a coherence above the median, no open triplet (or as few as any) and lies
    ``margin_px`` from what is avoided. Of the windows at least half full of such pixels (or the fullest), the one is
    taken whose |mean rate| / (half the width of the still interval) + mean deviation / (its median) is least.

    Raises
    ------
    NetworkError
        No pixel has a phase outside what is avoided.
    """
    options = options or AutomaticReference()
    distance = _distance_from(avoid, maps)
    fit = _coherent(maps, distance <= options.margin_px)
    opened = np.nan_to_num(maps["share_open"].values)
    fit &= opened <= opened[fit].min()
    row, col = _best_window(maps, fit, history, size=2 * options.radius_px + 1)
    rows, cols = (slice(max(n - options.radius_px, 0), n + options.radius_px + 1) for n in (row, col))
    why = _explain(maps, fit, (rows, cols), float(distance[row, col])) + _doubt(history)
    return ReferencePlace(rows, cols, f"row {row}, column {col}: {why}", fit[rows, cols])


def shortest_interval(values: NDArray[np.floating], *, share: float) -> tuple[float, float]:
    """Ends of the shortest interval that holds a share of the values.

    Source: Rousseeuw & Leroy 1988, the shorth, for other shares than a half.
    """
    ordered = np.sort(values.astype(np.float64))
    reach = min(max(int(np.ceil(share * len(ordered))) - 1, 0), len(ordered) - 1)
    first = int((ordered[reach:] - ordered[: len(ordered) - reach]).argmin())
    return float(ordered[first]), float(ordered[first + reach])


def _rival_of(rates: NDArray[np.floating], low: float, high: float) -> float | None:
    """Rate, relative to the still interval, of a second heap of rates: fullest interval as wide, beyond a gap."""
    ordered, width = np.sort(rates.astype(np.float64)), high - low
    start = int(np.searchsorted(ordered, low))
    counts = np.searchsorted(ordered, ordered + width, side="right") - np.arange(len(ordered))
    gap = np.concatenate([np.minimum.accumulate(counts[start::-1])[:0:-1], np.minimum.accumulate(counts[start:])])
    is_heap = (counts >= _RIVAL * counts[start]) & (gap < _GAP * counts)
    if not is_heap.any():
        return None
    return float(ordered[np.where(is_heap, counts, 0).argmax()] - low)


def _slope_of(network: Network) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights h (pair,) [year⁻¹] with which phases add up to a rate, and the share of a steady rate that each sees.

    h = B (BᵀB)⁺ g for the incidence matrix B and the regression weights g of the dates, so that hᵀφ is the slope of the
    least-squares series of φ, and hᵀΔt is 1.
    """
    incidence = np.zeros((network.n_pairs, network.n_epochs))
    rows = np.arange(network.n_pairs)
    incidence[rows, network.pairs[:, 0]], incidence[rows, network.pairs[:, 1]] = -1.0, 1.0
    centred = network.years - network.years.mean()
    slope = np.linalg.pinv(incidence, rcond=1e-9).T @ (centred / (centred @ centred))
    return slope, slope * (incidence @ network.years)


def _coherent(maps: xr.Dataset, avoided: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Pixels with the most pairs and, of those, a mean coherence of at least the median; none that is avoided."""
    n_valid = maps["n_valid_pairs"].values
    free = np.isfinite(maps["rate"].values) if avoided is None else np.isfinite(maps["rate"].values) & ~avoided
    if not free.any():
        where = "" if avoided is None else " outside the places to avoid; avoid less, or lessen margin_px"
        raise NetworkError(f"no pixel has a phase that could be the reference{where}.")
    found = free & (n_valid == n_valid[free].max())
    if "mean_coherence" not in maps:
        return np.asarray(found)
    coherence = np.nan_to_num(maps["mean_coherence"].values)
    return np.asarray(found & (coherence >= np.median(coherence[found])))


def _best_window(maps: xr.Dataset, fit: NDArray[np.bool_], history: StillHistory, *, size: int) -> tuple[int, int]:
    """Centre of the best window, itself a pixel that is fit."""
    fullness = _box_mean(fit.astype(np.float64), size)
    rate, deviation = (
        _box_mean(np.where(fit, maps[name].values, 0.0).astype(np.float64), size) / np.where(fit, fullness, np.nan)
        for name in ("rate", "deviation")
    )
    typical = float(np.median(maps["deviation"].values[fit]))
    demerit = np.abs(rate) / max(history.width / 2.0, _TINY) + deviation / max(typical, _TINY)
    full = fit & (fullness >= min(0.5, float(fullness[fit].max())))
    row, col = np.unravel_index(int(np.where(full, demerit, np.inf).argmin()), fit.shape)
    return int(row), int(col)


def _box_mean(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Mean over a square of ``size`` pixels; outside the scene counts as 0."""
    return np.asarray(uniform_filter(values, size, mode="constant"))


def _distance_from(avoid: NDArray[np.bool_] | None, maps: xr.Dataset) -> NDArray[np.float64]:
    """Distance of each pixel from what is avoided [px]; infinite when nothing is."""
    shape = maps["rate"].shape
    if avoid is None or not avoid.any():
        return np.full(shape, np.inf)
    return np.asarray(distance_transform_edt(~_same_shape(avoid, maps)))


def _same_shape(avoid: NDArray[np.bool_], data: xr.Dataset) -> NDArray[np.bool_]:
    expected = (data.sizes["y"], data.sizes["x"])
    if avoid.shape != expected:
        raise InputError(f"avoid has shape {avoid.shape}; the stack has {expected}. Draw it on the stack's grid.")
    return avoid.astype(bool)


def _doubt(history: StillHistory) -> str:
    """Say that other ground moves together too, which may be the still one."""
    if history.rival is None:
        return ""
    return (
        f"; but much of the scene moves together at {1e3 * history.rival:+z.1f} mm/year: if that is the still ground, "
        "name the reference yourself"
    )


def _explain(maps: xr.Dataset, fit: NDArray[np.bool_], window: tuple[slice, slice], distance: float) -> str:
    """Say what speaks for a window, and how the scene moves relative to it."""
    chosen = fit[window]
    inside = {str(name): maps[name].values[window][chosen] for name in maps}
    level = float(inside["rate"].mean())
    coherent = f", mean coherence {inside['mean_coherence'].mean():.2f}" if "mean_coherence" in maps else ""
    away = f", {distance:.0f} px from what is avoided" if np.isfinite(distance) else ""
    median = float(np.nanmedian(maps["rate"].values[_coherent(maps, None)])) - level
    return (
        f"mean of {int(chosen.sum())} of {chosen.size} pixels with {int(inside['n_valid_pairs'].max())} pairs"
        f"{coherent}, {100 * np.nan_to_num(inside['share_open']).mean():.1f} % of triplets open{away}; relative to it "
        f"the stillest ground moves by {-1e3 * level:+z.1f}, the median coherent pixel by {1e3 * median:+z.1f} mm/year"
    )
