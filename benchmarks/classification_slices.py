"""The paper's table 3, asked of one question: is the middle pixel mine, told from a slice of 3 to 48 px around it?

Slices of every size have the same middles: pixels of scenes whose mines are drawn, as many inside as outside. Scenes
are held out by place.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from classification_contest import N_FOLDS, Cells, identity
from classification_recipe import Draw, Recipe, predict, train, view
from highwall.classification.dataset import LabelledScene
from highwall.classification.network import ChipNetwork
from highwall.classification.options import NetworkOptions
from highwall.core.taxonomy import CHIP_CLASSES, INDUSTRIAL_MINE, NONE
from highwall.learning.bootstrap import Interval, group_bootstrap_of_many
from highwall.learning.groups import assign_folds
from highwall.learning.metrics import Confusion, average_precision

SIDES_PX = (3, 6, 9, 18, 36, 48)
"""The paper's five, and the chip's own."""
COUNTED = ("precision", "recall", "overall_accuracy", "f1", "kappa")
_MARGIN_PX = 24
_N_MIDDLES = 60
"""Middles of a kind in a scene on which a network is judged."""


@dataclass(frozen=True)
class Middles:
    """Pixels of scenes."""

    scene: np.ndarray
    y: np.ndarray
    x: np.ndarray
    is_mine: np.ndarray


def middles(scenes: Sequence[LabelledScene], *, n: int, random: np.random.Generator) -> Middles:
    """``n`` pixels of each kind in every scene that has them, a chip's half side away from the edge."""
    rows = []
    for number, scene in enumerate(scenes):
        inner = scene.coverage[_MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX] >= 0.5
        for kind in (True, False):
            there = np.flatnonzero(inner.ravel() == kind)
            if there.size:
                y, x = np.unravel_index(random.choice(there, n), inner.shape)
                rows.append(np.stack([np.full(n, number), y + _MARGIN_PX, x + _MARGIN_PX, np.full(n, kind)]))
    scene, y, x, is_mine = np.concatenate(rows, axis=1)
    return Middles(scene, y, x, is_mine.astype(bool))


def cut(scenes: Sequence[LabelledScene], at: Middles, *, side: int) -> np.ndarray:
    """Slices around middles: (N, 3, side, side) uint8; of an even side the middle is the first pixel past half."""
    half = side // 2
    return np.stack(
        [
            scenes[number].pixels[:, y - half : y - half + side, x - half : x - half + side]
            for number, y, x in zip(at.scene, at.y, at.x, strict=True)
        ]
    )


def slice_scores(
    scenes: Sequence[LabelledScene], *, side: int, cells: Cells, recipe: Recipe, n_resamples: int
) -> dict[str, Interval] | None:
    """Scores with intervals over places; None while pieces are missing."""
    places = {scene.place: 1.0 for scene in scenes}
    fold_of = assign_folds(places, n_folds=N_FOLDS)
    truth, score, place = [], [], []
    for fold in range(N_FOLDS):
        known = [scene for scene in scenes if fold_of[scene.place] != fold]
        unseen = [scene for scene in scenes if fold_of[scene.place] == fold]
        judged = middles(unseen, n=_N_MIDDLES, random=np.random.default_rng(fold))
        learn = partial(_learn, known, cut(unseen, judged, side=side), recipe=recipe)
        facts = {"side_px": side, "fold": fold, **asdict(recipe), **identity(NetworkOptions.for_chips(side))}
        piece = cells.get(f"slice-{side}-{fold}", learn, **facts)
        if piece is None:
            return None
        score.append(piece["score"])
        truth.append(judged.is_mine)
        place += [unseen[number].place for number in judged.scene]
    return _judge(np.concatenate(truth), np.concatenate(score), place, n_resamples=n_resamples)


def _judge(truth: np.ndarray, score: np.ndarray, place: Sequence[str], *, n_resamples: int) -> dict[str, Interval]:
    def scores(numbers: np.ndarray) -> dict[str, float]:
        counts = Confusion.of(truth[numbers], score[numbers] >= 0.5)
        counted = {name: float(getattr(counts, name)) for name in COUNTED}
        return {**counted, "average precision": average_precision(truth[numbers], score[numbers])}

    return group_bootstrap_of_many(scores, place, n_resamples=n_resamples)


def _learn(scenes: Sequence[LabelledScene], judged: np.ndarray, *, recipe: Recipe) -> dict[str, object]:
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    side = judged.shape[-1]
    draw = _draw_slices(scenes, side=side, recipe=recipe)
    network, seconds = train(ChipNetwork(NetworkOptions.for_chips(side)), draw, recipe=recipe)
    found = predict(network, judged, label=CHIP_CLASSES.index(INDUSTRIAL_MINE))
    return {"cpu_s": round(seconds, 1), "score": [float(f"{value:.5g}") for value in found]}


def _draw_slices(scenes: Sequence[LabelledScene], *, side: int, recipe: Recipe) -> Draw:
    """Half mine, half not, spread evenly over scenes."""
    random = np.random.default_rng(recipe.seed)
    torch_random = torch.Generator().manual_seed(recipe.seed)
    pool = middles(scenes, n=20 * _N_MIDDLES, random=random)
    sides = [np.flatnonzero(pool.is_mine == kind) for kind in (True, False)]
    label = torch.tensor([CHIP_CLASSES.index(name) for name in (INDUSTRIAL_MINE, NONE)])
    half = recipe.n_samples // 2

    def draw() -> tuple[Tensor, Tensor]:
        chosen = np.concatenate([random.choice(numbers, half) for numbers in sides])
        at = Middles(pool.scene[chosen], pool.y[chosen], pool.x[chosen], pool.is_mine[chosen])
        return view(cut(scenes, at, side=side), torch_random), label.repeat_interleave(half)

    return draw
