"""Pictures of how good a score is: does a probability mean what it says, and precision over recall."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from highwall.learning.calibration import Reliability
from highwall.learning.metrics import PrecisionRecall
from highwall.report.style import BAD, GOOD, GRID, LABEL, MUTED, SMALL, canvas, head, png

_MARGIN = 0.02


def reliability_plot(found: Reliability, *, title: str) -> bytes:
    """Draw the share of cases over the probability, the diagonal, and how many samples each bin holds.

    A point under the diagonal is overconfident: fewer cases than were promised.
    """
    figure = canvas(4.4, 5.0)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    known = found.n > 0
    above.plot([0, 1], [0, 1], color=MUTED, lw=1, ls="--", label="means what it says")
    above.plot(
        found.mean_probability[known], found.share_of_cases[known], "o-", color=GOOD, lw=1.4, ms=4, label="found"
    )
    above.set_ylabel("share that is so", fontsize=LABEL, color=MUTED)
    above.legend(fontsize=SMALL, frameon=False, loc="upper left")
    head(above, f"{title}\ncalibration error {found.error:.3f}")
    n_bins = len(found.n)
    centres = [(number + 0.5) / n_bins for number in range(n_bins)]
    below.bar(centres, found.n, width=0.9 / n_bins, color=GRID, edgecolor=MUTED, linewidth=0.5)
    below.set_yscale("symlog", linthresh=1)
    below.set_ylabel("chips", fontsize=LABEL, color=MUTED)
    below.set_xlabel("probability", fontsize=LABEL, color=MUTED)
    _unit_square(above)
    below.tick_params(labelsize=SMALL, colors=MUTED)
    return png(figure)


def precision_recall_plot(
    curve: PrecisionRecall, *, prevalence: float, thresholds: Sequence[float], title: str
) -> bytes:
    """Draw precision over recall, what chance would give, and where given thresholds lie.

    Parameters
    ----------
    prevalence
        Share of cases among the samples [1].
    """
    figure = canvas(4.4, 4.2)
    axes = figure.subplots()
    axes.plot(curve.recall, curve.precision, color=GOOD, lw=1.6, drawstyle="steps-pre", label="found")
    axes.axhline(prevalence, color=MUTED, lw=1, ls="--", label=f"by chance, {100 * prevalence:.1f} %")
    for threshold in thresholds:
        reached = int((curve.threshold >= threshold).sum())
        if reached:
            point = curve.recall[reached - 1], curve.precision[reached - 1]
            axes.plot(*point, "o", color=BAD, ms=4)
            axes.annotate(f"{threshold:g}", point, (4, 4), textcoords="offset points", fontsize=SMALL, color=BAD)
    axes.set_xlabel("recall", fontsize=LABEL, color=MUTED)
    axes.set_ylabel("precision", fontsize=LABEL, color=MUTED)
    axes.legend(fontsize=SMALL, frameon=False, loc="lower left")
    head(axes, title)
    _unit_square(axes)
    return png(figure)


def _unit_square(axes: Axes) -> None:
    axes.set_xlim(-_MARGIN, 1 + _MARGIN)
    axes.set_ylim(-_MARGIN, 1 + _MARGIN)
    axes.grid(color=GRID, lw=0.6)
    axes.set_axisbelow(True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    axes.tick_params(labelsize=SMALL, colors=MUTED)
