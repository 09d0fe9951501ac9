"""The network of a stack: epochs over time and perpendicular baseline, and the pairs between them."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from highwall.report.style import BAD, GOOD, INK, LABEL, MASTER, MUTED, canvas, head, legend_below, png
from highwall.report.time_axis import date_axis, day_numbers

_MOST_NUMBERED = 45
"""Epochs that still have room for their number."""
_MOST_DARK = 150
"""Pairs that are drawn in full colour; more of them would hide one another."""
_ARC_POINTS = 25
_DASHES = (0, (4, 2))


class Baselines(NamedTuple):
    """Network of pairs over time and perpendicular baseline."""

    dates: Sequence[dt.date]
    bperp: NDArray[Any] | None
    """(epoch,) [m], relative to any one epoch; NaN or None when unknown."""
    pairs: NDArray[Any]
    """(pair, 2) indices of epochs."""
    is_valid: NDArray[Any] | None = None
    """(pair,) bool, whether the pair was used; None when all were."""
    reference_epoch: int | None = None
    """Index of the super-master, to which images were coregistered; None when there is none."""

    @property
    def used(self) -> NDArray[np.bool_]:
        """Whether each pair was used: (pair,)."""
        return np.ones(len(self.pairs), bool) if self.is_valid is None else np.asarray(self.is_valid, dtype=bool)

    @property
    def has_pair(self) -> NDArray[np.bool_]:
        """Whether each epoch is in a pair that was used: (epoch,)."""
        return np.bincount(_ends(self)[self.used].ravel(), minlength=len(self.dates)) > 0


def baseline_plot(network: Baselines) -> bytes:
    """Plot epochs and pairs over time and perpendicular baseline; arcs, as high as a pair is long, where none is known.

    Pairs and epochs that were left out are drawn apart; the super-master has baseline 0 and a mark of its own.
    """
    figure = canvas(7.2, 3.9)
    draw_baselines(figure.subplots(), network)
    return png(figure)


def draw_baselines(axes: Axes, network: Baselines) -> None:
    """Draw :func:`baseline_plot` into axes."""
    spots = np.column_stack([day_numbers(network.dates), _heights(network)])
    _pairs(axes, spots, network)
    _epochs(axes, spots, network)
    if len(spots) <= _MOST_NUMBERED:
        _numbers(axes, spots, network.reference_epoch)
    label = "perpendicular baseline [m]" if _knows_any(network) else "days between a pair (baselines unknown)"
    axes.set_ylabel(label, fontsize=LABEL, color=MUTED)
    head(axes, describe(network))
    date_axis(axes)
    axes.margins(x=0.04, y=0.12)
    if not _knows_any(network):
        top = max((line[:, 1].max() for line in _lines(spots, network)), default=0.0)
        axes.set_ylim(-0.08 * max(top, 1.0), 1.12 * max(top, 1.0))
    legend_below(axes, _handles(network), columns=4)


def describe(network: Baselines) -> str:
    """Count images, pairs and connections; name the longest baselines of the pairs that were used."""
    ends = _ends(network)[network.used]
    n_images = int(network.has_pair.sum())
    text = f"{_count(len(network.dates), 'image')}, {_count(len(network.pairs), 'pair')}"
    if len(ends) < len(network.pairs) or n_images < len(network.dates):
        text += f", of which {n_images} and {len(ends)} used"
    if not len(ends):
        return text
    days = np.abs(np.diff(day_numbers(network.dates)[ends], axis=1)).max()
    text += f"; {2 * len(ends) / n_images:.2f} connections an image\nlongest {_count(round(days), 'day')}"
    if not _knows_all(network, ends):
        return text
    return f"{text}, longest baseline {np.abs(np.diff(_heights(network)[ends], axis=1)).max():.0f} m"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _ends(network: Baselines) -> NDArray[np.int64]:
    return np.asarray(network.pairs, dtype=np.int64).reshape(-1, 2)


def _knows_any(network: Baselines) -> bool:
    return network.bperp is not None and bool(np.isfinite(network.bperp).any())


def _knows_all(network: Baselines, ends: NDArray[np.int64]) -> bool:
    return network.bperp is not None and bool(np.isfinite(np.asarray(network.bperp)[ends]).all())


def _is_unknown(network: Baselines) -> NDArray[np.bool_]:
    """Whether an epoch is drawn at the foot of a plot of baselines because its own is unknown: (epoch,)."""
    if network.bperp is None or not _knows_any(network):
        return np.zeros(len(network.dates), bool)
    return np.isnan(np.asarray(network.bperp, dtype=np.float64))


def _heights(network: Baselines) -> NDArray[np.float64]:
    """Baseline of each epoch [m], counted from the super-master if there is one; 0 if none is known."""
    if network.bperp is None or not _knows_any(network):
        return np.zeros(len(network.dates))
    metres = np.array(network.bperp, dtype=np.float64)
    origin = 0.0 if network.reference_epoch is None else metres[network.reference_epoch]
    metres -= origin if np.isfinite(origin) else 0.0
    low, high = np.nanmin(metres), np.nanmax(metres)
    return np.where(np.isnan(metres), low - 0.25 * max(high - low, 1.0), metres)


def _pairs(axes: Axes, spots: NDArray[np.float64], network: Baselines) -> None:
    lines, used = _lines(spots, network), network.used
    faint = 0.75 if len(lines) <= _MOST_DARK else 0.45
    axes.add_collection(LineCollection(list(lines[used]), colors=GOOD, linewidths=0.7, alpha=faint, zorder=1))
    axes.add_collection(LineCollection(list(lines[~used]), colors=BAD, linewidths=1.0, linestyles=_DASHES, zorder=2))


def _lines(spots: NDArray[np.float64], network: Baselines) -> NDArray[np.float64]:
    """Way of each pair on paper, straight or, without baselines, an arc: (pair, point, 2)."""
    ends = spots[_ends(network)]  # (pair, 2, 2)
    if _knows_any(network):
        return ends
    way = np.linspace(0.0, 1.0, _ARC_POINTS)
    days = ends[:, :1, 0] + np.diff(ends[..., 0]) * way
    return np.stack([days, np.abs(np.diff(ends[..., 0])) * 4.0 * way * (1.0 - way)], axis=-1)


def _epochs(axes: Axes, spots: NDArray[np.float64], network: Baselines) -> None:
    tied, unknown = network.has_pair, _is_unknown(network)
    axes.plot(*spots[tied & ~unknown].T, "o", ms=5, mfc=GOOD, mec="white", mew=0.7, zorder=3)
    axes.plot(*spots[tied & unknown].T, "o", ms=5, mfc="white", mec=GOOD, mew=1.2, zorder=3)
    axes.plot(*spots[~tied].T, "X", ms=6.5, mfc=BAD, mec="white", mew=0.6, zorder=4)
    if network.reference_epoch is not None:
        axes.plot(*spots[network.reference_epoch], "*", ms=14, mfc=MASTER, mec=INK, mew=0.9, zorder=5)


def _numbers(axes: Axes, spots: NDArray[np.float64], reference_epoch: int | None) -> None:
    """Order of the acquisitions, over their marks."""
    for epoch, spot in enumerate(spots):
        label = axes.annotate(
            str(epoch + 1),
            spot,
            (0, 9 if epoch == reference_epoch else 6),
            textcoords="offset points",
            ha="center",
            fontsize=6,
            color=INK,
            zorder=6,
        )
        label.set_path_effects([withStroke(linewidth=1.6, foreground="white")])


def _handles(network: Baselines) -> list[object]:
    """Legend of what the plot holds."""
    tied, used, unknown = network.has_pair, network.used, _is_unknown(network)
    entries = (
        (used.any(), Line2D([], [], color=GOOD, lw=1.2, label="pair")),
        (not used.all(), Line2D([], [], color=BAD, lw=1.2, ls=_DASHES, label="pair left out")),
        (tied.any(), Line2D([], [], marker="o", ls="", ms=5, mfc=GOOD, mec="white", label="image")),
        (not tied.all(), Line2D([], [], marker="X", ls="", ms=6, mfc=BAD, mec="white", label="image left out")),
        (
            network.reference_epoch is not None,
            Line2D([], [], marker="*", ls="", ms=11, mfc=MASTER, mec=INK, label="super-master"),
        ),
        (
            (unknown & tied).any(),
            Line2D([], [], marker="o", ls="", ms=5, mfc="white", mec=GOOD, label="baseline unknown, at the foot"),
        ),
    )
    return [handle for is_there, handle in entries if is_there]
