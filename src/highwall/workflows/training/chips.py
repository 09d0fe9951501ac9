"""Train the chip network on real chips and scenes, judge it on places it never saw, and write the shipped model."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import ValidationError

from highwall import __version__
from highwall.classification.card import card_text, training_summary
from highwall.classification.dataset import LabelledScene
from highwall.classification.evaluation import (
    ScoredChips,
    ScoredScene,
    best_threshold,
    calibrated,
    chip_report,
    chips_of_scene,
    class_report,
    fold_reports,
    footprint_report,
    join_scored,
    pooled_iou,
    score_chips,
    score_scene,
)
from highwall.classification.extract import ChipModel
from highwall.classification.options import NetworkOptions, ProtocolOptions, TrainOptions
from highwall.classification.splits import Split, make_splits
from highwall.core.errors import ConfigError
from highwall.io.aside import write_text
from highwall.learning.groups import hold_out
from highwall.workflows.training.chip_data import read_chips, read_scenes

StageProgress = Callable[[str, int, int, float], None]
"""Called after each step with the stage, the step, the number of steps and the loss."""

NAME = "highwall-chips"


class _Setting(NamedTuple):
    """What all runs of one training share."""

    out: Path
    options: TrainOptions
    protocol: ProtocolOptions
    progress: StageProgress | None
    features: Path | None
    """File of weights from which the second reader begins."""


class _Judged(NamedTuple):
    """What networks said of what they had not seen."""

    chips: ScoredChips
    one_view: ScoredChips
    """The same chips, seen only as they are."""
    scene_chips: ScoredChips
    scenes: list[ScoredScene]

    def of_folds(self, splits: Sequence[Split]) -> "_Judged":
        """What the first ``splits`` alone judged; chips of scenes stay."""
        n_scenes = sum(len(split.unseen_scenes) for split in splits)
        chips, one_view = (found.where(found.fold < len(splits)) for found in (self.chips, self.one_view))
        return self._replace(chips=chips, one_view=one_view, scenes=self.scenes[:n_scenes])


class _Calibration(NamedTuple):
    """What the cross-validation adds to the final network."""

    temperature: float = 1.0
    threshold: float = 0.5


def options_of(*, train: Mapping[str, Any], protocol: Mapping[str, Any]) -> tuple[TrainOptions, ProtocolOptions]:
    """Options from what was given; None stands for the default.

    Raises
    ------
    ConfigError
        A value is out of bounds.
    """
    given = [{name: value for name, value in part.items() if value is not None} for part in (train, protocol)]
    try:
        return TrainOptions.model_validate(given[0]), ProtocolOptions.model_validate(given[1])
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigError(f"the training cannot be set so: {found}.") from error


def with_second_reader() -> NetworkOptions:
    """Size of the network that is trained by default, with the second reader."""
    return TrainOptions().network.model_copy(update={"second_reader": True})


def train_chips(
    data: Path,
    out: Path,
    *,
    options: TrainOptions | None = None,
    protocol: ProtocolOptions | None = None,
    progress: StageProgress | None = None,
    features: Path | None = None,
) -> Path:
    """Train and judge the chip network; interrupted, it goes on from the checkpoints in ``out``.

    Parameters
    ----------
    data
        Folder with ``mine-chips``, ``mine-classes`` and ``tailings-ponds/images``.
    out
        Folder for ``chips.onnx``, ``chips.card.json``, ``chips.md``, ``out-of-fold.npz`` (what was said of each chip
        by a network that never saw its group) and, in ``footprints``, the mine probability of each labelled scene
        from a network that never saw its place (uint8, 255 is certain).
    features
        File of weights of EfficientNet-Lite0 from which the network's second reader begins, if it has one.

    Returns
    -------
    Path
        The exported network.

    Raises
    ------
    MissingInputError
        The data are not there.
    InputError
        A mosaic is malformed, a class is missing, or there are fewer groups than folds.
    ModelError
        ``features`` holds something else.
    """
    setting = _Setting(out, options or TrainOptions(), protocol or ProtocolOptions(), progress, features)
    (out / "footprints").mkdir(parents=True, exist_ok=True)
    chips, scenes = read_chips(data), read_scenes(data)
    test_places = hold_out(
        {s.place for s in scenes}, n=setting.protocol.n_test_places, seed=setting.protocol.split_seed
    )
    known = [scene for scene in scenes if scene.place not in test_places]
    unseen = [scene for scene in scenes if scene.place in test_places]
    card: dict[str, Any] = {
        "options": setting.options.model_dump(mode="json"),
        "protocol": setting.protocol.model_dump(mode="json"),
    }
    if features is not None:
        card["features"] = {"file": features.name, "sha256": hashlib.sha256(features.read_bytes()).hexdigest()}
    calibration = _Calibration()
    if setting.protocol.cross_validate:
        splits = make_splits(known, chips, protocol=setting.protocol)
        card["cross_validation"], calibration = _cross_validation(splits, setting)
    final = Split("chips", known, chips, unseen, chips.where(np.zeros(len(chips), dtype=bool)))
    model = _fit(final, setting, calibration=calibration)
    tested = [_judge_scene(scene, model, out) for scene in unseen]
    card["test"] = footprint_report(tested, protocol=setting.protocol)
    card["training_data"] = training_summary(chips, known)
    card["model"] = {**model.onnx.properties, "n_bytes": (out / "chips.onnx").stat().st_size}
    write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", out / "chips.card.json")
    write_text(card_text(card), out / "chips.md")
    return out / "chips.onnx"


def _cross_validation(splits: Sequence[Split], setting: _Setting) -> tuple[dict[str, Any], _Calibration]:
    """Scores of the first seed in full, of the others in brief; temperature and threshold come from the first."""
    first, some = setting.options.seed, splits[: setting.protocol.n_seed_folds]
    found = _judge(splits, setting, seed=first)
    others = range(first + 1, first + setting.protocol.n_seeds)
    judged = {first: found.of_folds(some), **{seed: _judge(some, setting, seed=seed) for seed in others}}
    chips, temperature = calibrated(found.chips)
    ranked = chips.ranked
    calibration = _Calibration(temperature, best_threshold(ranked.judged(ranked.group)))
    _keep(chips, setting.out)
    cut, _ = calibrated(found.scene_chips)
    return {
        "n_folds": len(splits),
        "n_steps": setting.protocol.fold_steps or setting.options.n_steps,
        "temperature": round(temperature, 4),
        "chips": chip_report(chips, protocol=setting.protocol),
        "folds": fold_reports(chips, protocol=setting.protocol),
        "one_view": _in_brief(found._replace(chips=found.one_view), setting.protocol),
        "classes": class_report(join_scored([chips, cut])),
        "footprint": footprint_report(found.scenes, protocol=setting.protocol),
        "n_seed_folds": len(some),
        "seeds": {str(seed): _in_brief(one, setting.protocol) for seed, one in judged.items()},
    }, calibration


def _judge(splits: Sequence[Split], setting: _Setting, *, seed: int) -> _Judged:
    """Train on every split with one seed, and score what each network has not seen."""
    changes: dict[str, Any] = {"seed": seed}
    if setting.protocol.fold_steps is not None:
        changes |= {"n_steps": setting.protocol.fold_steps, "n_cycles": 1}
    seeded = setting._replace(options=setting.options.model_copy(update=changes))
    n_views = setting.protocol.n_views
    chips, one_view, scene_chips, scenes = [], [], [], []
    for fold, split in enumerate(splits):
        named = split._replace(stage=f"{split.stage}-seed-{seed}")
        model = _fit(named, seeded, calibration=_Calibration())
        chips.append(score_chips(split.unseen_chips, model, n_views=n_views, fold=fold))
        one_view.append(score_chips(split.unseen_chips, model, n_views=1, fold=fold))
        for scene in split.unseen_scenes:
            scene_chips.append(score_chips(chips_of_scene(scene), model, n_views=n_views, fold=fold))
            scenes.append(_judge_scene(scene, model, setting.out))
    return _Judged(join_scored(chips), join_scored(one_view), join_scored(scene_chips), scenes)


def _in_brief(judged: _Judged, protocol: ProtocolOptions) -> dict[str, Any]:
    """Scores of one seed, without intervals."""
    brief = protocol.model_copy(update={"n_resamples": 10})
    report = chip_report(judged.chips, protocol=brief)
    names = ("auc", "ap", "recall_at_1_percent_false_alarms", "recall_at_5_percent_false_alarms")
    iou = pooled_iou(judged.scenes, threshold=protocol.footprint_threshold)
    return {**{name: report[name] for name in names}, "footprint_iou": round(iou, 3)}


def _fit(split: Split, setting: _Setting, *, calibration: _Calibration) -> ChipModel:
    """Train, export and reopen one network, so that what is judged is what a user runs."""
    import torch

    from highwall.classification.export import export_network, metadata_of
    from highwall.classification.train import Trainer

    checkpoint, path = setting.out / f"{split.stage}.ckpt", setting.out / f"{split.stage}.onnx"
    trainer = Trainer(split.scenes, split.chips, options=setting.options, features=setting.features)
    if checkpoint.exists():
        trainer.restore(checkpoint)

    def report(step: int, loss: float) -> None:
        if setting.progress is not None:
            setting.progress(split.stage, step, setting.options.n_steps, loss)

    trainer.run(checkpoint=checkpoint, progress=report)
    network = trainer.result()
    network.temperature.copy_(torch.tensor([1.0, calibration.temperature]))
    summary = json.dumps(training_summary(split.chips, split.scenes), ensure_ascii=False)
    facts = metadata_of(
        network,
        name=NAME,
        version=__version__,
        training_data=summary,
        threshold=round(calibration.threshold, 4),
        begun_from=setting.features.name if setting.features else "",
    )
    export_network(network, path, metadata=facts)
    return ChipModel.open(path, threads=setting.options.n_threads)


def _judge_scene(scene: LabelledScene, model: ChipModel, out: Path) -> ScoredScene:
    """Score one unseen scene and keep its footprint probability."""
    scored = score_scene(scene, model)
    np.save(out / "footprints" / f"{scene.name}.npy", np.rint(255.0 * scored.probability).astype(np.uint8))
    return scored


def _keep(chips: ScoredChips, out: Path) -> None:
    """Write what was said of each chip, for those who judge otherwise."""
    np.savez_compressed(out / "out-of-fold.npz", **chips._asdict())
