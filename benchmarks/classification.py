"""The chip network beside others: what each costs, what each learns from one budget, optimisers, sizes of slices.

Networks of more than 5 M values or 200 M multiply-accumulates a chip are only weighed and timed. Every finished piece
of training is kept in --work, so a run goes on where it stopped; a change of the network or of the budget makes pieces
of its own.

python benchmarks/classification.py [cost] [scores] [optimisers] [slices] [options]     all four by default
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import torch

from classification_contest import Cells, enter, identity
from classification_cost import macs, time_answers, time_lessons, weigh, write_all
from classification_data import Data, made, real
from classification_recipe import OURS, Recipe, build
from classification_rows import cost_rows, optimiser_rows, score_rows, slice_rows
from classification_slices import SIDES_PX, slice_scores
from classification_tables import write_page
from harness import RESULTS, Row, report
from highwall.classification.baselines import BASELINES
from highwall.classification.options import NetworkOptions, TrainOptions

PARTS = ("cost", "scores", "optimisers", "slices")
LARGEST_SCORED = 5_000_000
"""Values; heavier networks are only weighed and timed."""
MOST_MACS = 2e8
"""Multiply-accumulates a chip; what needs more would take hours of one core."""
MANY = 64
"""Chips of a large batch."""
RIVALS_OF_OPTIMISERS = ("rnn", "unet")
OPTIMISERS = ("sgd", "adam", "rmsprop")
WORK = Path(__file__).resolve().parents[1] / "build" / "classification"
SMOKE_NETWORKS = ("plain_cnn", "rnn", "unet", "starnet_s050")


class Contest:
    """What one call of the benchmark works with."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        smoke = chosen.smoke
        self.names = chosen.networks.split(",") if chosen.networks else list(SMOKE_NETWORKS if smoke else BASELINES)
        self.options = _network_options(chosen.network)
        self.recipe = Recipe(n_steps=2, n_samples=8) if smoke else Recipe(n_steps=chosen.steps)
        self.n_seeds, self.rounds, self.n_resamples = chosen.seeds, 1 if smoke else 10, 10 if smoke else 500
        self.sides = (3, 48) if smoke else SIDES_PX
        self.cells = Cells(chosen.work / "cells", time.monotonic() + 60.0 * chosen.minutes)
        self.results = chosen.work if smoke else RESULTS
        self.read = made if smoke else real

    @cached_property
    def data(self) -> Data:
        """Chips and scenes; weighing needs none."""
        return self.read()

    def cost(self) -> list[Row]:
        """Weight and time of all networks; the answers to one chip, to 64, and the lessons, are a run each."""
        names = [OURS, *self.names]
        facts = {"networks": names, "rounds": self.rounds, **identity(self.options)}
        files = write_all(names, self.cells.folder.parent / "onnx", options=self.options)
        few = max(1, self.rounds // 5)
        makers = {
            "weights": lambda: weigh(files, options=self.options),
            "one_s": lambda: time_answers(files, n=1, rounds=self.rounds),
            "many_s": lambda: time_answers(files, n=MANY, rounds=few),
            "training_s": lambda: time_lessons(names, options=self.options, rounds=few),
        }
        found = {key: self.cells.get(key, partial(_named, key, make), **facts) for key, make in makers.items()}
        done = {key: piece[key] for key, piece in found.items() if piece is not None}
        if "weights" not in done:
            return []
        weights = done.pop("weights")
        return cost_rows({name: weights[name] | {key: each[name] for key, each in done.items()} for name in names})

    def scores(self) -> list[Row]:
        """Scores of the light networks, each with the same budget."""
        recipes = [replace(self.recipe, seed=seed) for seed in range(self.n_seeds)]
        entries = {
            name: enter(name, self.data.chips, cells=self.cells, recipes=recipes, options=self.options)
            for name in (*self.names, OURS)
            if is_light(name, options=self.options)
        }
        return score_rows({k: v for k, v in entries.items() if v is not None}, n_resamples=self.n_resamples)

    def optimisers(self) -> list[Row]:
        """Ours, an RNN and a U-Net with three optimisers (the paper's table 4), each with half of the budget."""
        entries = {}
        for optimiser in OPTIMISERS:
            recipe = replace(self.recipe, n_steps=max(1, self.recipe.n_steps // 2), optimiser=optimiser)
            for name in (OURS, *RIVALS_OF_OPTIMISERS):
                entry = enter(name, self.data.chips, cells=self.cells, recipes=[recipe], options=self.options)
                if entry is not None:
                    entries[optimiser, name] = entry
        return optimiser_rows(entries)

    def slices(self) -> list[Row]:
        """Ours on slices of growing size (the paper's table 3), each with half of the budget."""
        recipe = replace(self.recipe, n_steps=max(1, self.recipe.n_steps // 2))
        rules = {"cells": self.cells, "recipe": recipe, "n_resamples": self.n_resamples}
        found = {side: slice_scores(self.data.scenes, side=side, **rules) for side in self.sides}
        return slice_rows({side: scores for side, scores in found.items() if scores is not None})


TITLES = {
    "cost": ("classification", "What chip networks cost"),
    "scores": ("classification_scores", "What chip networks learn from one budget"),
    "optimisers": ("classification_optimisers", "Three networks, three optimisers"),
    "slices": ("classification_slices", "Slices of growing size"),
}


def _named(key: str, make: Callable[[], object]) -> dict[str, object]:
    return {key: make()}


def is_light(name: str, *, options: NetworkOptions) -> bool:
    """Tell whether a network is small enough to be trained here; the large ones are counted without being made."""
    with torch.device("meta"):
        n_parameters = sum(p.numel() for p in build(name, options=options).parameters())
    return n_parameters <= LARGEST_SCORED and macs(build(name, options=options)) <= MOST_MACS


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = _parser().parse_args(arguments)
    contest = Contest(chosen)
    for part in chosen.parts or PARTS:
        room, title = TITLES[part]
        rows = getattr(contest, part)()
        if part != "cost" and chosen.steps != Recipe().n_steps:
            room, title = f"{room}_{chosen.steps}", f"{title}, {chosen.steps} steps"
        if rows:
            report(room, rows, title=title, folder=contest.results)
    if not chosen.smoke:
        write_page(RESULTS)


def _network_options(path: Path | None) -> NetworkOptions:
    if path is None:
        return TrainOptions().network
    return NetworkOptions.model_validate(json.loads(path.read_text(encoding="utf-8")))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--networks", help="rivals, with commas between; all of the registry by default")
    parser.add_argument("--network", type=Path, help="JSON of NetworkOptions; those of TrainOptions by default")
    parser.add_argument("--steps", type=int, default=Recipe().n_steps, help="training steps of 32 chips")
    parser.add_argument("--seeds", type=int, default=1, help="runs of every network")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no piece after so long")
    parser.add_argument("--work", type=Path, default=WORK, help="folder of the finished pieces")
    parser.add_argument("--smoke", action="store_true", help="made data, tiny budget; results go to --work")
    return parser


if __name__ == "__main__":
    main()
