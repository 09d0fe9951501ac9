"""The search for good options on a small problem: 200 trials of examples/minecam/tune-smoke.yaml.

    python benchmarks/segmentation_tune.py [--trials N] [--out FOLDER]

The study lives in FOLDER: stopped, the same command goes on. Results: benchmarks/results/details/tune.json. All of it
is simulated; it shows that a search of this length works and what it costs, not which options suit real mines.
"""

import argparse
import csv
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from highwall.workflows.training.tune import tune

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent / "examples" / "minecam" / "tune-smoke.yaml"
RESULT = HERE / "results" / "details" / "tune.json"


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--trials", type=int, default=200)
    given.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "highwall-tune")
    asked = given.parse_args()
    found = tune(CONFIG, asked.out, n_trials=asked.trials, say=lambda line: print(line, flush=True))
    RESULT.write_text(json.dumps(summary(found, asked.out), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{RESULT}: {found['counts']}")


def summary(found: dict[str, Any], out: Path) -> dict[str, Any]:
    """What is kept: the choice, its scores, what mattered, and the course of the search."""
    with (out / "trials.csv").open(encoding="utf-8", newline="") as rows:
        trials = list(csv.DictReader(rows))
    times = sorted(float(row["seconds"]) for row in trials if row["seconds"] and row["state"] != "fail")
    return {
        "problem": "simulated sites, total mining area, bands R+N: examples/minecam/tune-smoke.yaml",
        "is_simulated": True,
        **found,
        "median_trial_s": times[len(times) // 2] if times else None,
        "trials_s": round(sum(times), 1),
        "n_cpus": os.cpu_count(),
        "course": [[int(row["trial"]), row["state"], float(row["validation_iou"] or "nan")] for row in trials
                   if row["validation_iou"]],
    }  # fmt: skip


if __name__ == "__main__":
    main()
