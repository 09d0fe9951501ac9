"""Scores under one budget: every network learns the same folds by the same recipe, and is judged on unseen families."""

import hashlib
import inspect
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from classification_recipe import OURS, Recipe, build, channels_first, draw_chips, predict, train
from highwall.classification import blocks, network
from highwall.classification.dataset import ChipSet
from highwall.classification.options import NetworkOptions
from highwall.core.taxonomy import ARTISANAL_MINE, CHIP_CLASSES
from highwall.learning.bootstrap import Interval, group_bootstrap_of_many
from highwall.learning.groups import assign_folds, hash_rank
from highwall.learning.metrics import average_precision, calibration_error, recall_at_false_alarms, roc_auc

N_FOLDS = 3
SCORES: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "average precision": average_precision,
    "ROC-AUC": roc_auc,
    "recall at 1 % false alarms": partial(recall_at_false_alarms, rate=0.01),
    "recall at 5 % false alarms": partial(recall_at_false_alarms, rate=0.05),
    "calibration error": calibration_error,
}


@dataclass(frozen=True)
class Cells:
    """Finished pieces of work, one small file each, so that a run goes on where it stopped."""

    folder: Path
    deadline: float = float("inf")
    """Monotonic time after which no new piece is begun [s]."""

    def get(self, name: str, make: Callable[[], dict[str, object]], **facts: object) -> dict[str, object] | None:
        """Give a piece, made now unless it is there; None when time is up. ``facts`` are all that it depends on."""
        path = self.folder / f"{name}-{hash_rank(json.dumps(facts, sort_keys=True))[:8]}.json"
        if path.exists():
            return dict(json.loads(path.read_text(encoding="utf-8")))
        if time.monotonic() > self.deadline:
            return None
        piece = {**facts, **make()}
        self.folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(piece) + "\n", encoding="utf-8")
        part.replace(path)
        print(f"{path.name}: done", flush=True)
        return piece


class Standing(NamedTuple):
    """One score of one network."""

    found: Interval
    less_ours: Interval
    """Its score less ours, on the same resamples."""
    spread: float
    """Standard deviation over seeds."""


@dataclass(frozen=True)
class Entry:
    """One network's scores of every chip, after learning from other groups of families; one row a seed."""

    truth: np.ndarray
    group: np.ndarray
    """Families of one source."""
    score: np.ndarray
    """(seed, N)."""

    def mean(self, score: Callable[[np.ndarray, np.ndarray], float], numbers: np.ndarray) -> float:
        """Mean over the seeds of a score of some chips."""
        return float(np.mean([score(self.truth[numbers], row[numbers]) for row in self.score]))

    def spread(self, score: Callable[[np.ndarray, np.ndarray], float]) -> float:
        """Standard deviation over the seeds."""
        return float(np.std([score(self.truth, row) for row in self.score], ddof=1)) if len(self.score) > 1 else 0.0


def identity(options: NetworkOptions) -> dict[str, object]:
    """What ours is: its options and its code; of either changed, it learns anew."""
    code = "".join(inspect.getsource(module) for module in (blocks, network))
    return {"options": options.model_dump(mode="json"), "code": hash_rank(code)[:8]}


def fingerprint(chips: ChipSet) -> str:
    """What the chips are: other labels or groups make another contest."""
    parts = (chips.pixels.tobytes(), chips.label.tobytes(), "|".join(chips.group.tolist()).encode())
    return hashlib.sha256(b"".join(parts)).hexdigest()[:8]


def fold_of_chip(chips: ChipSet) -> np.ndarray:
    """Whole groups of families; those with mines and those without each in equal parts."""
    fold: dict[str, int] = {}
    with_mines = set(chips.group[chips.is_artisanal].tolist())
    names, counts = np.unique(chips.group, return_counts=True)
    weights = dict(zip(names.tolist(), counts.astype(float).tolist(), strict=True))
    for kind in (True, False):
        fold |= assign_folds({name: n for name, n in weights.items() if (name in with_mines) == kind}, n_folds=N_FOLDS)
    return np.array([fold[name] for name in chips.group.tolist()])


def enter(
    name: str, chips: ChipSet, *, cells: Cells, recipes: Sequence[Recipe], options: NetworkOptions
) -> Entry | None:
    """Train a network on every fold with every recipe; None while pieces are missing."""
    folds, same_chips = fold_of_chip(chips), fingerprint(chips)
    score = np.full((len(recipes), len(folds)), np.nan)
    for row, recipe in zip(score, recipes, strict=True):
        for fold in range(N_FOLDS):
            learn = partial(_learn, name, chips, unseen=folds == fold, recipe=recipe, options=options)
            facts = {"network": name, "fold": fold, "chips": same_chips, **asdict(recipe)}
            if name == OURS:
                facts |= identity(options)
            piece = cells.get(f"{name}-{recipe.optimiser}-{recipe.seed}-{fold}", learn, **facts)
            if piece is None:
                return None
            row[folds == fold] = piece["score"]
    return Entry(chips.is_artisanal, chips.group, score)


def judge(entries: Mapping[str, Entry], *, n_resamples: int) -> dict[tuple[str, str], Standing]:
    """Standing of each network in each score; every resample of families is drawn for all networks together."""
    first = next(iter(entries.values()))

    def scores(numbers: np.ndarray) -> dict[str, float]:
        found = {}
        for case, score in SCORES.items():
            values = {name: entry.mean(score, numbers) for name, entry in entries.items()}
            found |= {f"{name}|{case}": value for name, value in values.items()}
            found |= {f"{name}|{case}|less ours": value - values[OURS] for name, value in values.items()}
        return found

    found = group_bootstrap_of_many(scores, first.group, n_resamples=n_resamples)
    return {
        (name, case): Standing(found[f"{name}|{case}"], found[f"{name}|{case}|less ours"], entry.spread(score))
        for name, entry in entries.items()
        for case, score in SCORES.items()
    }


def _learn(
    name: str, chips: ChipSet, *, unseen: np.ndarray, recipe: Recipe, options: NetworkOptions
) -> dict[str, object]:
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    draw = draw_chips(chips.where(~unseen), recipe=recipe)
    learnt, seconds = train(build(name, options=options), draw, recipe=recipe)
    label = CHIP_CLASSES.index(ARTISANAL_MINE)
    found = predict(learnt, channels_first(chips.pixels[unseen]), label=label)
    return {"cpu_s": round(seconds, 1), "score": [float(f"{value:.5g}") for value in found]}
