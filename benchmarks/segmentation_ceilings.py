"""Measure what two annotators of mine-classes agree on, class by class: the ceiling that scores are held against.

Writes ``src/highwall/segmentation/ceilings.json``, which ``highwall evaluate segmentation`` prints beside its scores
where its own labels were drawn once.

    python benchmarks/segmentation_ceilings.py [DATA]
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

from highwall.core.taxonomy import CLASS_NAMES, MINING_AREA
from highwall.io.aside import write_text
from highwall.segmentation.ceilings import SHIPPED, Ceilings
from highwall.segmentation.dataset import Sample
from highwall.segmentation.evaluation import Evaluation, Judged
from highwall.segmentation.evaluation_options import EvaluationOptions
from highwall.workflows.datasets.reading import read_folder
from highwall.workflows.judging.scenes import judge_annotators

CLASSES = (*CLASS_NAMES, MINING_AREA)


def main() -> None:
    data = Path(sys.argv[1] if sys.argv[1:] else os.environ.get("HIGHWALL_DATA", "../shared/data"))
    found = Evaluation(tuple(drawn_twice(data)), CLASSES)
    n_sites = len({scene.site for scene in found.scenes})
    ceilings = Ceilings.of(found)
    source = f"mine-classes, {len(found.scenes)} scenes of {n_sites} sites drawn by two people"
    write_text(json.dumps({"source": source, "per_class": ceilings.rows}, indent=1) + "\n", SHIPPED)
    for name, row in ceilings.rows.items():
        print(f"{name:26} {row['iou']}")


def drawn_twice(data: Path) -> list[Judged]:
    """Scenes of mine-classes that two people drew, each held against the other."""
    samples = read_folder(data / "tailings-ponds" / "images", data / "mine-classes").samples
    judged = (between(sample) for sample in samples if len(sample.annotators) > 1)
    return [each for each in judged if each is not None]


def between(sample: Sample) -> Judged | None:
    valid = ~np.isnan(sample.image()).any(axis=0)
    return judge_annotators(sample, sample.masks(), valid=valid, classes=CLASSES, options=EvaluationOptions())


if __name__ == "__main__":
    main()
