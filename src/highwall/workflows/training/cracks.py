"""Train and judge a crack network: on simulated photographs, or on labelled ones of your own."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall import __version__
from highwall.classification.cracks.card import crack_card
from highwall.classification.cracks.mapping import CrackModel, chip_probability, crack_probability
from highwall.classification.cracks.options import CrackProtocolOptions, CrackTrainOptions, ScoreOptions
from highwall.classification.cracks.photograph import CRACK_CLASSES, CrackPhotograph, places_of
from highwall.classification.cracks.scores import LevelCounts, ScoredPhotograph, chip_truth, report
from highwall.classification.cracks.simulate import simulated_photograph
from highwall.classification.radiometry import CAMERA_RGB
from highwall.core.errors import InputError, MissingInputError, SceneError, SetAside
from highwall.io.aside import write_text
from highwall.io.photographs import PICTURES, read_mask, read_photograph
from highwall.learning.groups import assign_folds

CRACK_LEVEL, PLANKING_LEVEL = 255, 204
"""What a mask's first channel says of cracks, and of planking."""

_FOLDERS = (("images", "masks"), ("img", "lab"), ("images", "labels"))
"""How a folder of photographs ends, and that of their masks beside it."""

_MADE_WITH = ("torch", "onnxruntime", "numpy")
"""Packages whose versions may change the last digits of weights and scores."""

StageProgress = Callable[[str, int, int, float], None]
"""Called after each step with the stage, the step, the number of steps and the loss."""


class Labelled(NamedTuple):
    """What a folder of labelled photographs holds."""

    photographs: list[CrackPhotograph]
    set_aside: list[SetAside]


def train_cracks(
    data: Path | None,
    out: Path,
    *,
    judge: Path | None = None,
    protocol: CrackProtocolOptions | None = None,
    progress: StageProgress | None = None,
) -> Path:
    """Train a crack network and judge it on places it never saw; interrupted, it goes on from its checkpoints.

    Parameters
    ----------
    data
        Folder of labelled photographs, see `read_labelled`; None learns from simulated ones.
    out
        Folder for ``cracks.onnx``, ``cracks.card.json`` and ``cracks.md``.
    judge
        Folder of other labelled photographs, which the result is judged on too.

    Raises
    ------
    MissingInputError
        There are no labelled photographs.
    InputError
        They hold one class only, or come from fewer places than there are folds.
    """
    protocol = protocol or CrackProtocolOptions()
    out.mkdir(parents=True, exist_ok=True)
    run = CrackRun(out, protocol.train, progress)
    card: dict[str, Any] = {
        "options": protocol.model_dump(mode="json"),
        "made": {"command": _command(data, judge), **{name: version(name) for name in _MADE_WITH}},
    }
    if data is None:
        source = f"{protocol.n_simulated} simulated photographs (seeds 0 and up); no real one"
        model = run.fit(_simulated(protocol, unseen=False), "cracks", source=source)
        scored = [score_photograph(one, model, options=protocol.score) for one in _simulated(protocol, unseen=True)]
        card["simulated"] = report(scored, protocol.score)
    else:
        labelled = read_labelled(data)
        card["set_aside"] = [each._asdict() for each in labelled.set_aside]
        if protocol.cross_validate:
            card["cross_validation"] = cross_validation(labelled.photographs, run, protocol=protocol)
        source = f"{len(labelled.photographs)} photographs of {data.name}"
        model = run.fit(labelled.photographs, "cracks", source=source)
    if judge is not None:
        found = _judged(read_labelled(judge), model, options=protocol.score)
        card["judged"] = {"data": judge.name, **found}
    card["model"] = {**model.onnx.properties, "n_bytes": (out / "cracks.onnx").stat().st_size}
    write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", out / "cracks.card.json")
    write_text(crack_card(card), out / "cracks.md")
    return out / "cracks.onnx"


def _command(data: Path | None, judge: Path | None) -> str:
    """What was asked for, folders by their names alone."""
    words = [*([data.name] if data else []), *(["--judge", judge.name] if judge else [])]
    return " ".join(["highwall train cracks", *words, "--out DIR"])


def evaluate_cracks(
    data: Path, out: Path, *, weights: Path | None = None, options: ScoreOptions | None = None
) -> dict[str, Any]:
    """Score a crack network on labelled photographs; ``out`` is the JSON file that takes the scores.

    Raises
    ------
    MissingInputError
        There are no labelled photographs, or no weights.
    ModelError
        The weights are for something else than cracks.
    """
    options = options or ScoreOptions()
    model = CrackModel.open(weights) if weights else CrackModel.open()
    found = {
        "software": f"highwall {__version__}",
        "model": dict(model.onnx.properties),
        **_judged(read_labelled(data), model, options=options),
    }
    write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", out)
    return found


def _judged(labelled: Labelled, model: CrackModel, *, options: ScoreOptions) -> dict[str, Any]:
    scored = [score_photograph(photograph, model, options=options) for photograph in labelled.photographs]
    return {"set_aside": [each._asdict() for each in labelled.set_aside], "scores": report(scored, options)}


def score_photograph(photograph: CrackPhotograph, model: CrackModel, *, options: ScoreOptions) -> ScoredPhotograph:
    """Map a photograph as a user would, and hold the map against its labels."""
    probability = crack_probability(photograph.levels, model)
    counts = LevelCounts.of(
        probability, photograph.is_crack, is_planking=photograph.is_planking, tolerance=options.tolerance_px
    )
    chips = chip_probability(photograph.levels, model, side=options.chip_px)
    return ScoredPhotograph(photograph.name, photograph.place, counts, chip_truth(photograph.is_crack, options), chips)


def read_labelled(data: Path) -> Labelled:
    """Read photographs that have a mask; one that cannot be read, or does not fit its mask, is set aside.

    Photographs lie in folders that end in ``images`` or ``img``, their masks, PNG of the same name, in the folder
    beside that ends in ``masks``, ``labels`` or ``lab``. A mask's first channel is 255 on cracks, 204 on planking, and
    0 elsewhere.

    Raises
    ------
    MissingInputError
        There are none.
    InputError
        None of them can be used.
    """
    pairs = [pair for photographs, masks in _FOLDERS for pair in _pairs(data, photographs, masks)]
    place_of = places_of([image.stem for image, _ in pairs])
    photographs, set_aside = [], []
    for image, mask in sorted(set(pairs)):
        try:
            label = _checked(read_mask(mask), name=mask.name)
            levels = read_photograph(image).levels
            photographs.append(
                CrackPhotograph(image.stem, place_of[image.stem], levels, label == CRACK_LEVEL, label == PLANKING_LEVEL)
            )
        except (SceneError, InputError) as error:
            set_aside.append(SetAside(image.name, str(error)))
    if set_aside and not photographs:
        raise InputError(f"none of {len(set_aside)} labelled photographs can be used; the first: {set_aside[0].reason}")
    if not photographs:
        ends = ", ".join(f"*{a} beside *{b}" for a, b in _FOLDERS)
        raise MissingInputError(f"no labelled photographs in {data}; it must hold folders {ends}.")
    return Labelled(photographs, set_aside)


def _checked(label: NDArray[np.uint8], *, name: str) -> NDArray[np.uint8]:
    """Refuse a mask of other marks: cracks marked by 1 would silently be none."""
    odd = np.setdiff1d(label, (0, PLANKING_LEVEL, CRACK_LEVEL))
    if len(odd):
        raise SceneError(
            f"mask {name} holds {', '.join(map(str, odd[:3]))}{', …' if len(odd) > 3 else ''}; mark cracks with "
            f"{CRACK_LEVEL}, planking with {PLANKING_LEVEL} and all else with 0."
        )
    return label


def _pairs(data: Path, photographs: str, masks: str) -> list[tuple[Path, Path]]:
    return [
        (image, mask)
        for folder in data.glob(f"*{photographs}")
        for image in folder.iterdir()
        if image.suffix.lower() in PICTURES
        and (mask := folder.with_name(folder.name.removesuffix(photographs) + masks) / f"{image.stem}.png").exists()
    ]


def _simulated(protocol: CrackProtocolOptions, *, unseen: bool) -> list[CrackPhotograph]:
    """Simulated photographs to learn from, or others to judge by: their seeds follow."""
    first, n = (protocol.n_simulated, protocol.n_simulated_unseen) if unseen else (0, protocol.n_simulated)
    return [simulated_photograph(seed).photograph for seed in range(first, first + n)]


@dataclass(frozen=True)
class CrackRun:
    """Where and how crack networks are trained."""

    out: Path
    options: CrackTrainOptions
    progress: StageProgress | None

    def fit(self, photographs: Sequence[CrackPhotograph], stage: str, *, source: str) -> CrackModel:
        """Train, export and reopen one network, so that what is judged is what a user runs."""
        from highwall.classification.cracks.train import CrackTrainer
        from highwall.classification.export import export_network, metadata_of

        trainer = CrackTrainer(photographs, options=self.options)
        checkpoint, path = self.out / f"{stage}.ckpt", self.out / f"{stage}.onnx"
        if checkpoint.exists():
            trainer.restore(checkpoint)

        def tell(step: int, loss: float) -> None:
            if self.progress is not None:
                self.progress(stage, step, self.options.n_steps, loss)

        trainer.run(checkpoint=checkpoint, progress=tell)
        network = trainer.result()
        facts = metadata_of(
            network, name="highwall-cracks", version=__version__, training_data=source, classes=CRACK_CLASSES,
            radiometry=CAMERA_RGB, pixel_m=math.nan,
        )  # fmt: skip
        export_network(network, path, metadata=facts)
        return CrackModel.open(path, threads=self.options.n_threads)


def cross_validation(
    photographs: Sequence[CrackPhotograph], run: CrackRun, *, protocol: CrackProtocolOptions
) -> dict[str, object]:
    """Score each photograph by a network that learned from other places."""
    places = [photograph.place for photograph in photographs]
    sizes = {place: float(places.count(place)) for place in places}
    fold_of = assign_folds(sizes, n_folds=protocol.n_folds, seed=protocol.split_seed)
    scored: list[ScoredPhotograph] = []
    for fold in range(protocol.n_folds):
        seen = [photograph for photograph in photographs if fold_of[photograph.place] != fold]
        model = run.fit(seen, f"fold-{fold + 1}", source=f"{len(seen)} photographs of other places")
        unseen = [photograph for photograph in photographs if fold_of[photograph.place] == fold]
        scored += [score_photograph(photograph, model, options=protocol.score) for photograph in unseen]
    return report(scored, protocol.score)
