"""Networks of one budget on the same places: each judges only scenes of places from which it did not learn."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import SHARED
from highwall.core.taxonomy import SUBSETS
from highwall.learning.groups import assign_folds
from highwall.segmentation.dataset import TRAINING, Sample, SampleSet
from highwall.segmentation.map_options import SegmentOptions
from highwall.segmentation.options import TrainOptions
from highwall.segmentation.predict import probability_map
from highwall.workflows.datasets.reading import read_folder
from highwall.workflows.training.segmentation import options_of
from segmentation_quiet import with_quiet_ground
from segmentation_simulated import simulated_beginning, simulated_identity

N_FOLDS = 3
ALL_PLACES = -1
"""Number of the fold that holds nothing out."""
WINDOW_PX = 448
"""px, a whole scene of mine-classes: what the shipped network sees at once."""
RECIPE = "mines"
_FACTS = ("cpu", "passes")

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Entry:
    """One network, or several that know a subset each."""

    name: str
    changes: tuple[Mapping[str, Any], ...] = ({},)
    """What each network has against the recipe."""
    folds: tuple[int, ...] = tuple(range(N_FOLDS))
    """Folds in which it is judged, the first ones."""
    with_quiet: bool = False
    """It also learns from ground without mines."""
    simulated_first: bool = False
    """It begins from a network that learned from simulated sites alone."""

    @property
    def options(self) -> tuple[TrainOptions, ...]:
        """Options of each network."""
        recipe = options_of(RECIPE, {}).model_dump()
        return tuple(TrainOptions.model_validate(_changed(recipe, changes)) for changes in self.changes)

    @property
    def identity(self) -> str:
        """Digest of all that decides its weights."""
        options = [each.model_dump(mode="json", exclude={"run"}, exclude_defaults=True) for each in self.options]
        told = json.dumps([
            *options,
            *(["quiet"] if self.with_quiet else []),
            *([simulated_identity(RECIPE)] if self.simulated_first else []),
        ])  # fmt: skip
        return hashlib.sha256(told.encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Answers:
    """What an entry said of the scenes that a fold held out."""

    probability: Mapping[str, FloatArray]
    """By scene: (class, y, x), classes in the order of their subsets."""
    seconds: float
    """CPU time of its training [s]."""
    passes: int = 0
    """Passes that the weights had behind them."""


def read_scenes(data: Path = SHARED / "data") -> SampleSet:
    """Read the scenes of mine-classes; those that overlap are one group."""
    return read_folder(data / "tailings-ponds" / "images", data / "mine-classes", level="L1C").samples


def folds_of(samples: Sequence[Sample], *, n_folds: int = N_FOLDS) -> dict[str, int]:
    """Fold of each scene, by name; a place lies in one."""
    weights = dict.fromkeys((sample.group for sample in samples), 0.0)
    for sample in samples:
        weights[sample.group] += 1.0
    fold_of = assign_folds(weights, n_folds=n_folds)
    return {sample.name: fold_of[sample.group] for sample in samples}


def answers_of(entry: Entry, samples: SampleSet, *, fold: int, work: Path) -> Answers:
    """Train on all other places and judge those of the fold; what is done already is read from ``work``."""
    path = work / f"{entry.name}-{entry.identity}-{fold}.npz"
    if not path.exists():
        part = path.with_suffix(".part.npz")
        facts, said = _trained_and_asked(entry, samples, fold=fold, work=path.with_suffix(""))
        np.savez_compressed(part, **facts, **said)
        part.replace(path)
    with np.load(path) as stored:
        said = {name: stored[name].astype(np.float32) for name in stored.files if name not in _FACTS}
        return Answers(said, float(stored["cpu"]), int(stored["passes"]))


def _trained_and_asked(
    entry: Entry, samples: SampleSet, *, fold: int, work: Path
) -> tuple[dict[str, float], dict[str, NDArray[np.float16]]]:
    from highwall.segmentation.torch_segmenter import TorchSegmenter
    from highwall.segmentation.train import train_network

    fold_of = folds_of(samples)
    known = [each for each in samples if fold_of[each.name] != fold]
    held_out = [each for each in samples if fold_of[each.name] == fold]
    parts: dict[str, list[FloatArray]] = {each.name: [] for each in held_out}
    changes = _beginning(entry, work=work.parent)
    start = time.process_time()
    segmenters, passes = [], 0
    for number, options in enumerate(entry.options):
        learned, options = to_learn(entry, known, options)
        options = options.model_copy(update=changes)
        trained = train_network(learned, options=options, out=work / str(number), progress=say)
        segmenters.append(TorchSegmenter(trained.network.eval(), trained.metadata))
        passes += trained.epoch
    seconds = time.process_time() - start
    for sample in held_out:
        for segmenter in segmenters:
            parts[sample.name].append(asked(sample, segmenter))
    facts = {"cpu": seconds, "passes": passes}
    return facts, {name: np.concatenate(said).astype(np.float16) for name, said in parts.items()}


def to_learn(entry: Entry, known: Sequence[Sample], options: TrainOptions) -> tuple[SampleSet, TrainOptions]:
    """What an entry learns from, and with which options."""
    mines = SampleSet(replace(each, split=TRAINING) for each in known)
    return with_quiet_ground(mines, options) if entry.with_quiet else (mines, options)


def _beginning(entry: Entry, *, work: Path) -> dict[str, str]:
    """Option by which an entry begins from simulated sites, if it does."""
    if not entry.simulated_first:
        return {}
    return {"begin_from": str(simulated_beginning(RECIPE, work=work, progress=say))}


def asked(sample: Sample, segmenter: Any) -> FloatArray:
    """Probability of each class at every pixel of a scene."""
    channels = [sample.bands.index(band) for band in segmenter.metadata.bands]
    return probability_map(sample.image()[channels], segmenter, SegmentOptions(window_px=WINDOW_PX))


def parts_of(probability: FloatArray, subsets: Sequence[int]) -> Iterator[FloatArray]:
    """Split the classes by subset and put the background in front: (1 + class, …) each."""
    start = 0
    for subset in subsets:
        classes = probability[start : start + len(SUBSETS[subset])]
        start += len(SUBSETS[subset])
        yield np.concatenate([np.clip(1.0 - classes.sum(axis=0, keepdims=True), 0.0, 1.0), classes])


def _changed(options: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {**options, **{k: {**options[k], **v} if isinstance(v, dict) else v for k, v in changes.items()}}


def say(number: int, found: Mapping[str, float]) -> None:
    print(f"  pass {number}: loss {found['loss']:.3f}", flush=True)
