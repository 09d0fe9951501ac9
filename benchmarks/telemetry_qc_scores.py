"""Faults found at a stated rate of false alarms, the same for every detector.

Normal time is cut into blocks (a day, a minute); a block with any alarm in it is a false one. A detector may choose its
threshold, one for all series, so that at most a stated share of the blocks is false; a fault is found when there is an
alarm in its window. What chance finds is told beside: alarms in the same share of blocks, anywhere. Where a fault ends,
the return to normal is a change as real as the fault: the time that a series says it needs to settle is not scored.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from telemetry_qc_series import Series

_N_THRESHOLDS = 100


class Outcome(NamedTuple):
    """What a detector did with one threshold."""

    n_found: int
    n_faults: int
    n_false: int
    n_blocks: int
    """Normal blocks."""

    @property
    def false_share(self) -> float:
        """Share of normal blocks with a false alarm."""
        return self.n_false / self.n_blocks


def outcome(series: Sequence[Series], alarms: Sequence[np.ndarray], *, block_us: int) -> Outcome:
    """Count faults found and false blocks of some series; alarms are (time,) bool."""
    total = np.zeros(4, int)
    for one, alarm in zip(series, alarms, strict=True):
        scored = np.arange(len(alarm)) >= one.n_learn
        is_normal = scored.copy()
        for first, last in one.windows:
            inside = (one.times_us >= first) & (one.times_us <= last)
            is_normal &= (one.times_us < first) | (one.times_us > last + one.settle_us)
            total[0] += bool((alarm & inside & scored).any())
        blocks = one.times_us // block_us
        total[1] += len(one.windows)
        total[2] += len(np.unique(blocks[is_normal & alarm]))
        total[3] += len(np.unique(blocks[is_normal]))
    return Outcome(*total.tolist())


def at_rate(outcomes: Iterable[Outcome], rate: float) -> Outcome:
    """Best outcome with at most that share of false blocks; of equals the one with fewer. Silence is always allowed."""
    known = list(outcomes)
    silent = known[0]._replace(n_found=0, n_false=0)
    allowed = [found for found in known if found.false_share <= rate]
    return max([*allowed, silent], key=lambda found: (found.n_found, -found.n_false))


def outcomes_of_scores(series: Sequence[Series], scores: Sequence[np.ndarray], *, block_us: int) -> list[Outcome]:
    """Outcomes of a detector that gives scores, over thresholds that some share of the normal readings reaches."""
    normal = np.concatenate([score[one.n_learn :] for one, score in zip(series, scores, strict=True)])
    thresholds = np.unique(np.quantile(normal, 1.0 - np.geomspace(1e-5, 0.3, _N_THRESHOLDS)))
    return [outcome(series, [score >= threshold for score in scores], block_us=block_us) for threshold in thresholds]


def by_chance(series: Sequence[Series], *, block_us: int, rate: float) -> float:
    """Faults that alarms in a share ``rate`` of all blocks would find by chance, on average."""
    blocks = [(last - first) / block_us + 1.0 for one in series for first, last in one.windows]
    return float(sum(1.0 - (1.0 - rate) ** n for n in blocks))
