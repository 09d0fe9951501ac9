"""Which pairs of a network to use: thresholds first, then what it takes to hold the network together.

A pair is valid or discarded for a named reason. Thresholds may isolate an epoch or split the network; then the shortest
of the pairs that they dropped come back. What the user leaves out stays out.
"""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.epochs import as_dates
from highwall.core.errors import InputError, NetworkError, SetAside
from highwall.insar.network import Network
from highwall.insar.options import NetworkOptions

_EXCLUDED = "left out by the user"


class NetworkStatistics(NamedTuple):
    """Numbers by which a network is quoted."""

    n_pairs: int
    n_images: int
    """Epochs that have a pair."""
    mean_connections: float
    """Pairs of an image: 2 · pairs / images [1]."""
    btemp_days: tuple[float, float, float]
    """Least, mean and greatest temporal baseline [day]."""
    bperp_m: tuple[float, float, float] | None
    """The same of absolute perpendicular baselines [m]; None when none is known."""


@dataclass(frozen=True)
class Selection:
    """Pairs of a network, valid or discarded."""

    network: Network
    """All pairs."""
    reasons: tuple[str, ...]
    """(pair,): why each was discarded; empty for a valid pair."""
    returned: NDArray[np.bool_]
    """(pair,): valid pairs beyond a threshold, kept to hold the network together."""
    super_master: int
    """Number of the reference epoch."""

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(pair,) bool: pairs to use."""
        return np.array([not reason for reason in self.reasons], dtype=bool)

    @property
    def valid_epochs(self) -> NDArray[np.bool_]:
        """(epoch,) bool: epochs of valid pairs; the others are discarded acquisitions."""
        return np.isin(np.arange(self.network.n_epochs), self.network.pairs[self.valid])

    def set_aside(self) -> list[SetAside]:
        """Discarded pairs and why."""
        dates = self.network.epochs[self.network.pairs]
        return [SetAside(f"{a}/{b}", reason) for (a, b), reason in zip(dates, self.reasons, strict=True) if reason]

    def statistics(self) -> NetworkStatistics:
        """Numbers of the valid pairs."""
        btemp, bperp = baselines_of(self.network)
        known = np.abs(bperp[self.valid & np.isfinite(bperp)])
        n_pairs, n_images = int(self.valid.sum()), int(self.valid_epochs.sum())
        return NetworkStatistics(
            n_pairs,
            n_images,
            2.0 * n_pairs / n_images,
            _range(btemp[self.valid]),
            _range(known) if known.size else None,
        )


def select_pairs(
    network: Network,
    *,
    options: NetworkOptions | None = None,
    coherence: NDArray[np.floating] | None = None,
) -> Selection:
    """Sort the pairs of a network into valid and discarded ones.

    Parameters
    ----------
    coherence : (pair,) [1]
        Mean coherence of each pair, for its threshold and to bring back the best pairs; NaN unknown.

    Raises
    ------
    InputError
        A date that is left out or made the reference is none of the network's; ``coherence`` has another length.
    NetworkError
        No pair is left.
    """
    options = options or NetworkOptions()
    if coherence is not None and len(coherence) != network.n_pairs:
        raise InputError(f"coherence has {len(coherence)} values for {network.n_pairs} pairs; give one a pair.")
    reasons = _reasons(network, options, coherence)
    returned = np.zeros(network.n_pairs, dtype=bool)
    order = _best_first(network, coherence)
    for bring_back in (_for_degree, _to_join):
        for pair in bring_back(network, reasons, order, options):
            reasons[pair], returned[pair] = "", True
    if all(reasons):
        raise NetworkError(f"all {network.n_pairs} pairs are discarded, the first: {reasons[0]}; widen the thresholds.")
    return Selection(network, tuple(reasons), returned, super_master_of(network, reasons, options))


def candidate_pairs(
    epochs: list[dt.date], *, bperp: NDArray[np.floating] | None = None, options: NetworkOptions | None = None
) -> Network:
    """Pairs to form from a stack of images: all within the thresholds, and those that hold the network together.

    Parameters
    ----------
    bperp : (epoch,) [m]
        Perpendicular baseline of each image to a common one; NaN or None unknown.

    Raises
    ------
    NetworkError
        There are fewer than two dates.
    InputError
        A date comes twice, one that is left out or made the reference is none of them, the reference has no pair left,
        or ``bperp`` has another length.
    """
    selection = select_pairs(_all_pairs(epochs, bperp), options=options)
    if not selection.valid_epochs[selection.super_master]:
        date = as_dates(selection.network.epochs)[selection.super_master]
        raise InputError(f"super_master {date} has no pair left; name another date, or leave fewer pairs out.")
    return _only_valid(selection)


def baselines_of(network: Network) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Temporal [day, positive] and perpendicular [m, NaN unknown] baseline of each pair: (pair,), (pair,)."""
    days = (network.epochs - network.epochs[0]).astype(np.float64)
    btemp = np.abs(days[network.pairs[:, 1]] - days[network.pairs[:, 0]])
    bperp = np.full(network.n_pairs, np.nan) if network.bperp is None else network.bperp
    return btemp, bperp


def super_master_of(network: Network, reasons: list[str], options: NetworkOptions) -> int:
    """Number of the epoch whose total baseline to the other used epochs is least, unless the user names one.

    Time and perpendicular baseline are each divided by their range over the epochs and added; unknown perpendicular
    baselines count as 0.
    """
    if options.super_master is not None:
        return _number_of(network, options.super_master)
    used = np.unique(network.pairs[[not reason for reason in reasons]])
    places = [network.years[used]]
    bperp = network.epoch_bperp()
    if bperp is not None:
        places.append(np.nan_to_num(bperp[used]))
    total = sum(np.abs(place[:, None] - place).sum(axis=1) / max(float(np.ptp(place)), 1e-9) for place in places)
    return int(used[np.argmin(total)])


def _reasons(network: Network, options: NetworkOptions, coherence: NDArray[np.floating] | None) -> list[str]:
    """Why each pair is discarded by the user or a threshold; empty otherwise."""
    btemp, bperp = baselines_of(network)
    excluded = _excluded(network, options)
    rank = _rank_of_later(network, excluded=excluded)
    reasons = []
    for pair in range(network.n_pairs):
        if excluded[pair]:
            reasons.append(_EXCLUDED)
        elif options.max_btemp_days is not None and btemp[pair] > options.max_btemp_days:
            reasons.append(f"temporal baseline {btemp[pair]:.0f} days > {options.max_btemp_days:g}")
        elif options.max_bperp_m is not None and abs(bperp[pair]) > options.max_bperp_m:
            reasons.append(f"perpendicular baseline {abs(bperp[pair]):.0f} m > {options.max_bperp_m:g}")
        elif np.isnan(bperp[pair]) and not options.keep_unknown_bperp:
            reasons.append("perpendicular baseline unknown")
        elif options.n_nearest is not None and rank[pair] >= options.n_nearest:
            reasons.append(f"not among the {options.n_nearest} nearest later epochs")
        elif coherence is not None and coherence[pair] < options.min_mean_coherence:
            reasons.append(f"mean coherence {coherence[pair]:.2f} < {options.min_mean_coherence:g}")
        else:
            reasons.append("")
    return reasons


def _excluded(network: Network, options: NetworkOptions) -> NDArray[np.bool_]:
    """Pairs that the user leaves out: (pair,)."""
    dates = [_number_of(network, date) for date in options.exclude_dates]
    pairs = {frozenset(_number_of(network, date) for date in pair) for pair in options.exclude_pairs}
    by_pair = np.array([frozenset(map(int, pair)) in pairs for pair in network.pairs], dtype=bool)
    return by_pair | np.isin(network.pairs, dates).any(axis=1)


def _number_of(network: Network, date: dt.date) -> int:
    known = as_dates(network.epochs)
    if date not in known:
        raise InputError(f"{date} is no epoch of the network, which runs from {known[0]} to {known[-1]}; correct it.")
    return known.index(date)


def _rank_of_later(network: Network, *, excluded: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many pairs of the same earlier epoch end sooner, of those that the user leaves in: (pair,)."""
    earlier, later = network.pairs.min(axis=1), network.pairs.max(axis=1)
    order = np.lexsort((later, excluded, earlier))
    starts = np.searchsorted(earlier[order], earlier[order])
    rank = np.empty(network.n_pairs, np.int64)
    rank[order] = np.arange(network.n_pairs) - starts
    return rank


def _best_first(network: Network, coherence: NDArray[np.floating] | None) -> NDArray[np.int64]:
    """Numbers of the pairs, short before long; where coherence is known, coherent before incoherent.

    Length is time and perpendicular baseline, each divided by its median over the pairs, added.
    """
    btemp, bperp = baselines_of(network)
    span = np.abs(np.nan_to_num(bperp))
    length = btemp / np.median(btemp) + span / max(float(np.median(span)), 1e-9) * (span > 0)
    if coherence is None:
        return np.argsort(length, kind="stable")
    return np.lexsort((length, -np.nan_to_num(coherence)))


def _for_degree(network: Network, reasons: list[str], order: NDArray[np.int64], options: NetworkOptions) -> list[int]:
    """Dropped pairs that give every epoch its least number of pairs, best first."""
    degree = np.zeros(network.n_epochs, np.int64)
    np.add.at(degree, network.pairs[[not reason for reason in reasons]].ravel(), 1)
    found = []
    for pair in order:
        short = (degree[network.pairs[pair]] < options.min_degree).any()
        if short and reasons[pair] not in ("", _EXCLUDED):
            found.append(int(pair))
            degree[network.pairs[pair]] += 1
    return found


def _to_join(network: Network, reasons: list[str], order: NDArray[np.int64], options: NetworkOptions) -> list[int]:
    """Dropped pairs that join the pieces of the network, best first (Kruskal's tree over the pieces)."""
    if not options.keep_connected:
        return []
    piece = network.components(usable=np.array([not reason for reason in reasons], dtype=bool))
    found = []
    for pair in order:
        one, other = piece[network.pairs[pair]]
        if one != other and reasons[pair] != _EXCLUDED:
            piece[piece == other] = one
            found.append(int(pair))
    return found


def _all_pairs(epochs: list[dt.date], bperp: NDArray[np.floating] | None) -> Network:
    """Network of every two dates."""
    if len(epochs) < 2:
        raise NetworkError(f"{len(epochs)} date(s) make no pair; give at least two.")
    if len(set(epochs)) < len(epochs):
        raise InputError("a date comes twice among the epochs; give each once.")
    if bperp is not None and len(bperp) != len(epochs):
        raise InputError(f"bperp has {len(bperp)} values for {len(epochs)} epochs; give one an epoch, NaN unknown.")
    order = np.argsort(np.array(epochs, "datetime64[D]"))
    pairs = np.stack(np.triu_indices(len(epochs), k=1), axis=1)
    place = np.full(len(epochs), np.nan) if bperp is None else np.asarray(bperp, np.float64)[order]
    return Network(np.array(epochs, "datetime64[D]")[order], pairs, place[pairs[:, 1]] - place[pairs[:, 0]])


def _only_valid(selection: Selection) -> Network:
    network, valid = selection.network, selection.valid
    bperp = None if network.bperp is None else network.bperp[valid]
    return Network(network.epochs, network.pairs[valid], bperp)


def _range(values: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values.min()), float(values.mean()), float(values.max())
