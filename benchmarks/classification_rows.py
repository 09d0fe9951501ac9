"""What was measured as rows of the house: ours beside one rival."""

from collections.abc import Mapping

import numpy as np

from classification_contest import SCORES, Entry, judge
from classification_recipe import OURS
from harness import Row
from highwall.classification.baselines import BASELINES
from highwall.learning.bootstrap import Interval
from highwall.learning.metrics import Confusion, average_precision

COSTS = {
    "n_parameters": ("parameters", "M", 1e-6),
    "n_macs": ("multiply-accumulates of a chip", "M", 1e-6),
    "n_bytes": ("ONNX file, fp32", "MB", 1e-6),
    "one_s": ("a chip alone, one thread", "CPU ms", 1e3),
    "many_s": ("64 chips at once, one thread", "CPU ms", 1e3),
    "training_s": ("training on 1000 chips, one thread", "CPU s", 1.0),
}
"""Case, unit and scale of each cost."""
COUNTED = ("precision", "recall", "overall_accuracy", "f1", "kappa")
"""The paper's scores, all at the threshold 0.5."""


def cost_rows(costs: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """Ours beside each rival, cost by cost; those that are not measured yet are left out."""
    return [
        Row(case, unit, scale * costs[OURS][key], BASELINES[name].title, scale * found[key], BASELINES[name].source)
        for key, (case, unit, scale) in COSTS.items()
        for name, found in costs.items()
        if name != OURS and key in found
    ]


def score_rows(entries: Mapping[str, Entry], *, n_resamples: int) -> list[Row]:
    """Ours, then ours beside each rival, score by score; the note begins with the interval over families."""
    if OURS not in entries:
        return []
    standings = judge(entries, n_resamples=n_resamples)
    n_seeds = len(entries[OURS].score)
    rows = []
    for case in SCORES:
        ours = standings[OURS, case]
        rows.append(Row(case, "1", ours.found.value, note=f"{bounds(ours.found)}; {_seeds(ours.spread, n_seeds)}"))
        for name in (name for name in entries if name != OURS):
            found = standings[name, case]
            note = f"{bounds(found.found)}; less ours {bounds(found.less_ours)}; {_seeds(found.spread, n_seeds)}"
            rows.append(Row(case, "1", ours.found.value, BASELINES[name].title, found.found.value, note))
    return rows


def optimiser_rows(entries: Mapping[tuple[str, str], Entry]) -> list[Row]:
    """Ours beside each rival with the same optimiser; only optimisers with which all have learnt."""
    rivals = sorted({name for _, name in entries if name != OURS})
    rows = []
    for optimiser in dict.fromkeys(key for key, _ in entries):
        found = {name: _counted(entry) for (key, name), entry in entries.items() if key == optimiser}
        if len(found) == len(rivals) + 1:
            rows += [
                Row(f"{optimiser}: {case}", "1", found[OURS][case], BASELINES[rival].title, found[rival][case])
                for case in found[OURS]
                for rival in rivals
            ]
    return rows


def slice_rows(found: Mapping[int, Mapping[str, Interval]]) -> list[Row]:
    """Ours alone, size by size; the note is the interval over places."""
    return [
        Row(f"{side} px: {case.replace('_', ' ')}", "1", score.value, note=bounds(score))
        for side, scores in found.items()
        for case, score in scores.items()
    ]


def bounds(interval: Interval) -> str:
    """The interval for people."""
    return f"[{interval.low:.2f}, {interval.high:.2f}]"


def _counted(entry: Entry) -> dict[str, float | None]:
    """Each score; None where it is undefined, as precision without any alarm."""
    everything = np.arange(len(entry.truth))

    def score(name: str) -> float:
        return entry.mean(lambda truth, found: float(getattr(Confusion.of(truth, found >= 0.5), name)), everything)

    counted = {name.replace("_", " "): score(name) for name in COUNTED}
    counted["average precision"] = entry.mean(average_precision, everything)
    return {case: None if np.isnan(value) else value for case, value in counted.items()}


def _seeds(spread: float, n: int) -> str:
    return f"sd {spread:.3f} over {n} seeds" if n > 1 else "one seed"
