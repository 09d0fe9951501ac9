"""Cracks in photographs and in windows of sensors, each beside what needs no network.

Photographs are real (uav75) where the row says so, else simulated; windows of sensors are simulated. Real photographs
are only measured on.

python benchmarks/cracks.py [images] [sizes] [windows]     all by default
python benchmarks/cracks.py learned                        trains on the real photographs of seven places, for minutes
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from skimage.filters import sato

from harness import RESULTS, SHARED, Row, cpu_seconds, report
from highwall.classification.crack_windows.boosting import fit_boosting
from highwall.classification.crack_windows.convolution import fit_convolution
from highwall.classification.crack_windows.scores import ScoredWindows, cross_validated, rule_scores
from highwall.classification.crack_windows.scores import report as window_report
from highwall.classification.crack_windows.simulate import simulated_windows
from highwall.classification.cracks.geometry import find_cracks
from highwall.classification.cracks.mapping import CrackModel, crack_probability
from highwall.classification.cracks.options import CrackTrainOptions, OutlineOptions, ScoreOptions
from highwall.classification.cracks.photograph import CrackPhotograph
from highwall.classification.cracks.scores import LevelCounts, ScoredPhotograph, chip_truth
from highwall.classification.cracks.scores import report as photograph_report
from highwall.classification.cracks.simulate import SimulatedPhotograph, simulated_photograph
from highwall.workflows.training.cracks import CrackRun, read_labelled, score_photograph

SCRATCH = Path(__file__).resolve().parents[1] / "build"
"""Takes the result of a run of some parts."""
RIDGES = "ridge filter (Sato et al. 1998)"
RULE = "largest step of the opening"
SIGMAS_PX = (1.0, 1.5, 2.0)
RIDGE_LEVELS = 8.0
"""Levels of ridge strength that make a probability of 1 − 1/e; ranks do not depend on it."""
DARKEST_PX = 32
"""Pixels of a chip whose mean strength scores it."""
LEARNED_STEPS = 500
FIRST_UNSEEN_SEED, N_UNSEEN = 400, 60
"""Simulated photographs that the shipped network did not learn from."""


def ridge_probability(levels: np.ndarray) -> np.ndarray:
    """Strength of dark ridges, as a probability: (3, y, x) -> (y, x)."""
    strength = sato(levels.mean(axis=0), sigmas=SIGMAS_PX, black_ridges=True)
    return (1.0 - np.exp(-strength / RIDGE_LEVELS)).astype(np.float32)


def ridge_scored(photograph: CrackPhotograph, options: ScoreOptions) -> ScoredPhotograph:
    """Score a photograph by the ridge filter."""
    found = ridge_probability(photograph.levels)
    side = options.chip_px
    rows, columns = (extent // side for extent in found.shape)
    chips = found[: rows * side, : columns * side].reshape(rows, side, columns, side).swapaxes(1, 2)
    darkest = np.sort(chips.reshape(rows * columns, -1), axis=1)[:, -DARKEST_PX:].mean(axis=1)
    counts = LevelCounts.of(
        found, photograph.is_crack, is_planking=photograph.is_planking, tolerance=options.tolerance_px
    )
    truth = chip_truth(photograph.is_crack, options)
    return ScoredPhotograph(photograph.name, photograph.place, counts, truth, darkest)


def image_rows() -> list[Row]:
    """Scores on uav75 of the shipped network, which never saw a real photograph, and of the ridge filter."""
    options, model = ScoreOptions(), CrackModel.open()
    photographs = read_labelled(SHARED / "data" / "cracks" / "uav75").photographs
    ours = photograph_report([score_photograph(each, model, options=options) for each in photographs], options)
    ridges = photograph_report([ridge_scored(each, options) for each in photographs], options)
    scores = {
        "average precision": "average_precision",
        "average precision, 2 px tolerance": "tolerant_average_precision",
        "ROC-AUC of 64 px chips": "chip_roc_auc",
    }
    rows = [
        Row(f"uav75: {name}", "1", ours[key][0], RIDGES, ridges[key][0], _interval(ours[key]))
        for name, key in scores.items()
    ]
    best, theirs = ours["best_tolerant_f1"], ridges["best_tolerant_f1"]
    rows.append(Row("uav75: best F1, 2 px tolerance", "1", best, RIDGES, theirs, "each at its own best threshold"))
    f1 = ours["tolerant_f1"]
    rows.append(Row("uav75: F1 at 0.5, 2 px tolerance", "1", f1[0], note=_interval(f1)))
    planking = ours["planking_called_crack"]
    rows.append(Row("uav75: planking called crack at 0.5", "1", planking[0], note=_interval(planking)))
    levels = photographs[0].levels
    seconds = [cpu_seconds(lambda: crack_probability(levels, model)), cpu_seconds(lambda: ridge_probability(levels))]
    return [*rows, Row("512×512 px photograph to map, one core", "s", seconds[0], RIDGES, seconds[1])]


def learned_rows() -> list[Row]:
    """Scores on the largest place of a network that learned from the real photographs of the others, and of ours."""
    options = ScoreOptions()
    photographs = read_labelled(SHARED / "data" / "cracks" / "uav75").photographs
    places = [photograph.place for photograph in photographs]
    largest = max(set(places), key=places.count)
    elsewhere = [photograph for photograph in photographs if photograph.place != largest]
    there = [photograph for photograph in photographs if photograph.place == largest]
    with tempfile.TemporaryDirectory() as folder:
        run = CrackRun(Path(folder), CrackTrainOptions(n_steps=LEARNED_STEPS), None)
        learned = run.fit(elsewhere, "learned", source=f"{len(elsewhere)} photographs")
        found, ours = (
            photograph_report([score_photograph(each, model, options=options) for each in there], options)
            for model in (learned, CrackModel.open())
        )
    note = f"learned from {len(elsewhere)} photographs in {LEARNED_STEPS} steps, judged on {len(there)} of {largest}"
    keys = ("tolerant_average_precision", "chip_roc_auc", "planking_called_crack")
    rows = [Row(f"uav75: {key.replace('_', ' ')}", "1", found[key][0], "shipped", ours[key][0], note) for key in keys]
    best = "best_tolerant_f1"
    return [*rows, Row(f"uav75: {best.replace('_', ' ')}", "1", found[best], "shipped", ours[best], note)]


def size_rows() -> list[Row]:
    """Length and width of cracks that the shipped network finds in simulated photographs, against those drawn."""
    model = CrackModel.open()
    drawn = [
        simulated_photograph(seed, crack_share=1.0) for seed in range(FIRST_UNSEEN_SEED, FIRST_UNSEEN_SEED + N_UNSEEN)
    ]
    truth = np.array([size_drawn(each) for each in drawn])
    with_photograph, from_map = (
        np.array([size_found(each, model, with_levels=with_levels) for each in drawn]) for with_levels in (True, False)
    )
    seen = np.isfinite(with_photograph[:, 1])
    core, wide = (np.abs(found[seen, 1] - truth[seen, 1]).mean() for found in (with_photograph, from_map))
    correlation = float(np.corrcoef(truth[:, 0], with_photograph[:, 0])[0, 1])
    return [
        Row("simulated: length found over length drawn", "1", with_photograph[:, 0].sum() / truth[:, 0].sum()),
        Row("simulated: correlation of length by photograph", "1", correlation),
        Row("simulated: error of mean width", "px", float(core), "width of the map", float(wide), "mean absolute"),
    ]  # fmt: skip


def size_drawn(one: SimulatedPhotograph) -> tuple[float, float]:
    """Length and mean width of the strokes inside the picture [px]."""
    side = one.photograph.is_crack.shape[0]
    inside = [((stroke.points >= 0) & (stroke.points < side)).all(axis=1) for stroke in one.strokes]
    width = np.concatenate([stroke.width[here] for stroke, here in zip(one.strokes, inside, strict=True)])
    return one.length_px, float(width.mean())


def size_found(one: SimulatedPhotograph, model: CrackModel, *, with_levels: bool) -> tuple[float, float]:
    """Length and mean width of the cracks found [px]; the width is NaN where there is none."""
    levels = one.photograph.levels
    cracks = find_cracks(crack_probability(levels, model), OutlineOptions(), levels=levels if with_levels else None)
    length = sum(crack.length_px for crack in cracks)
    weighted = sum(crack.length_px * crack.mean_width_px for crack in cracks)
    return length, weighted / length if length else float("nan")


def window_rows() -> list[Row]:
    """Both classifiers of simulated sensor windows, cross-validated by site, beside each other and a rule."""
    windows = simulated_windows()
    found, seconds = {}, {}
    for kind, fit in (("boosting", fit_boosting), ("1-D network", fit_convolution)):
        start = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            scored = cross_validated(windows, fit, folder=Path(folder))
        found[kind], seconds[kind] = window_report(scored), time.process_time() - start
    rule = window_report(ScoredWindows(windows, np.tanh(rule_scores(windows) / 10.0)))
    ours, rival = found["boosting"], found["1-D network"]
    keys = (
        "average_precision", "opening_average_precision", "roc_auc", "recall_at_1_percent_false_alarms",
        "recall_at_5_percent_false_alarms", "precision", "recall", "f1", "overall_accuracy", "kappa",
        "calibration_error",
    )  # fmt: skip
    rows = [
        Row(f"simulated windows: {key.replace('_', ' ')}, boosting", "1", ours[key][0], "1-D network", rival[key][0],
            f"{_interval(ours[key])}; network {_interval(rival[key])}")
        for key in keys
    ]  # fmt: skip
    for kind, scores in found.items():
        for key in ("average_precision", "roc_auc"):
            case = f"simulated windows: {key.replace('_', ' ')}, {kind}"
            rows.append(Row(case, "1", scores[key][0], RULE, rule[key][0], f"rule {_interval(rule[key])}"))
    note = f"five folds of {len(windows.site)} windows with features and scoring"
    spent = seconds["1-D network"]
    return [*rows, Row("training of boosting", "s", seconds["boosting"], "1-D network", spent, note)]


def _interval(found: Sequence[float | None]) -> str:
    _, low, high = found
    return f"[{low}, {high}]"


PARTS = {"images": image_rows, "sizes": size_rows, "windows": window_rows}
ALONE = {"learned": learned_rows}
"""Parts that run only when they are asked for."""


def main() -> None:
    """Run the parts that are asked for; only a run of all is kept as the room's result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, *ALONE, []], help="by default all")
    chosen = parser.parse_args().parts or list(PARTS)
    rows = [row for part in chosen for row in {**PARTS, **ALONE}[part]()]
    folder = RESULTS if set(chosen) == set(PARTS) else SCRATCH
    report("cracks", rows, title="Cracks in photographs and in windows of sensors", folder=folder)


if __name__ == "__main__":
    sys.exit(main())
