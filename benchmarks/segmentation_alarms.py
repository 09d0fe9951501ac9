"""How much of ground without mines an entry takes for a mine, by its network of one fold."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from highwall.segmentation.dataset import SampleSet
from highwall.segmentation.decision import decide
from highwall.segmentation.torch_segmenter import TorchSegmenter
from highwall.segmentation.train import train_network
from segmentation_folds import Entry, asked, folds_of, say, to_learn
from segmentation_quiet import quiet_ground
from segmentation_scores import Settled, cooled, facts_of

FOLD = 1


def quiet_alarms(entry: Entry, samples: SampleSet, *, settled: Settled, work: Path) -> Mapping[str, float]:
    """Share of the pixels that any class claims: of chips laid side by side, and of a flood plain [1]."""
    fold_of = folds_of(samples)
    known = [each for each in samples if fold_of[each.name] != FOLD]
    learned, options = to_learn(entry, known, entry.options[0])
    out = work / f"{entry.name}-{entry.identity}-{FOLD}" / "0"
    trained = train_network(learned, options=options, out=out, progress=say)
    segmenter, metadata = TorchSegmenter(trained.network.eval(), trained.metadata), facts_of(settled)
    shares: dict[str, list[float]] = {}
    for sample in quiet_ground()[1]:
        said = decide(cooled(asked(sample, segmenter), settled.temperature), metadata).any(axis=0)
        known_px = ~np.isnan(sample.image()).any(axis=0)
        what = sample.group if sample.group == "spain" else "chips"
        shares.setdefault(what, []).append(float(said[known_px].mean()))
    return {what: float(np.mean(found)) for what, found in shares.items()}
