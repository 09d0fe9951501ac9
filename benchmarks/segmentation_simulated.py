"""A network of ours that saw simulated sites alone, to begin from: does simulation help on real scenes?

The sites are seen as the scenes of mine-classes are: the visible bands at the top of the atmosphere (L1C), without
clouds and snow. Recipe, classes and encoder are those of the real training; one network serves all folds, since no
simulated site is judged.
"""

import hashlib
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any, Final

from highwall.imagery.options import VariedSceneOptions
from highwall.segmentation.checkpoints import LAST
from highwall.segmentation.learner import Progress
from highwall.segmentation.options import TrainOptions
from highwall.workflows.datasets.simulated_sites import SimulatedSitesOptions, simulated_samples
from highwall.workflows.training.segmentation import options_of

SITES: Final = SimulatedSitesOptions(
    n_sites=144, first_seed=100_000, first_year=2021, last_year=2021, shares=(1.0, 0.0, 0.0),
    scenes=VariedSceneOptions(level="L1C", cloudy_share=0.0, snowy_share=0.0),
)  # fmt: skip
"""One date a site, all for training."""
CHANGES: Final[dict[str, Any]] = {"name": "simulated-mines", "n_epochs": 8, "sampling": {"draws_per_sample": 4.0}}
"""Against the recipe: about as many windows as a training on real scenes sees."""
_BEGINNING, _FACTS = "simulated.ckpt", "simulated.json"


def simulated_identity(recipe: str) -> str:
    """Digest of all that decides the weights."""
    options = _options(recipe).model_dump(mode="json", exclude={"run"}, exclude_defaults=True)
    told = json.dumps([options, SITES.model_dump(mode="json")])
    return hashlib.sha256(told.encode()).hexdigest()[:8]


def simulated_beginning(recipe: str, *, work: Path, progress: Progress) -> Path:
    """Checkpoint of the network, trained if it is not there yet."""
    from highwall.segmentation.train import train_network

    folder = work / f"simulated-{simulated_identity(recipe)}"
    path = folder / _BEGINNING
    if path.exists():
        return path
    options, start = _options(recipe), time.process_time()
    samples = simulated_samples(SITES, bands=options.network.bands)
    made = time.process_time()
    train_network(samples, options=options, out=folder, progress=progress)
    seconds = {"cpu_seconds_to_simulate": round(made - start), "cpu_seconds": round(time.process_time() - made)}
    (folder / _FACTS).write_text(json.dumps({"n_sites": SITES.n_sites, **seconds}), encoding="utf-8")
    part = shutil.copyfile(folder / LAST, path.with_suffix(".part"))
    os.replace(part, path)
    return path


def simulated_facts(recipe: str, *, work: Path) -> dict[str, Any]:
    """How many sites the network saw, and what it cost [s of CPU]."""
    text = (work / f"simulated-{simulated_identity(recipe)}" / _FACTS).read_text(encoding="utf-8")
    facts: dict[str, Any] = json.loads(text)
    return facts


def _options(recipe: str) -> TrainOptions:
    return options_of(recipe, CHANGES)
