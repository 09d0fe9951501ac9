"""Train the chip network on real chips and scenes, judge it on places it never saw, and write the shipped model."""

import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

from highwall import __version__
from highwall.classification.card import card_text, training_summary
from highwall.classification.dataset import ChipSet, LabelledScene, footprint_coverage, gather_chips, is_positive
from highwall.classification.evaluation import (
    ScoredChips,
    ScoredScene,
    chip_report,
    footprint_report,
    join_scored,
    score_chips,
    score_scene,
)
from highwall.classification.extract import ChipModel
from highwall.classification.options import ProtocolOptions, TrainOptions
from highwall.classification.radiometry import to_model_input
from highwall.core.constants import SENTINEL2_QUANTIFICATION
from highwall.core.errors import InputError, MissingInputError, SceneError
from highwall.learning.groups import Extent, assign_folds, hold_out, overlap_groups

EXCLUDED_MOSAICS = "industrial_negatives"
"""Mosaics whose 'negatives' are mostly industrial mines: never shown as *none*."""

_PNG_END = b"IEND\xaeB`\x82"
"""Last chunk of every whole PNG (PNG specification, 11.2.5)."""

StageProgress = Callable[[str, int, int, float], None]
"""Called after each step with the stage, the step, the number of steps and the loss."""


class Split(NamedTuple):
    """What one training run sees and what it is judged on."""

    stage: str
    scenes: list[LabelledScene]
    chips: ChipSet
    unseen_scenes: list[LabelledScene]
    unseen_chips: ChipSet


def train_chips(
    data: Path,
    out: Path,
    *,
    options: TrainOptions | None = None,
    protocol: ProtocolOptions | None = None,
    progress: StageProgress | None = None,
) -> Path:
    """Train and judge the chip network; interrupted, it goes on from the checkpoints in ``out``.

    Parameters
    ----------
    data
        Folder with ``mine-chips``, ``mine-classes`` and ``tailings-ponds/images``.
    out
        Folder for ``chips.onnx``, ``chips.card.json``, ``chips.md`` and, in ``footprints``, the mine probability of
        each labelled scene from a network that never saw its place (uint8, 255 is certain).

    Returns
    -------
    Path
        The exported network.

    Raises
    ------
    MissingInputError
        The data are not there.
    """
    options, protocol = options or TrainOptions(), protocol or ProtocolOptions()
    (out / "footprints").mkdir(parents=True, exist_ok=True)
    chips, scenes = read_chips(data), read_scenes(data)
    test_places = hold_out({s.place for s in scenes}, n=protocol.n_test_places, seed=protocol.split_seed)
    known = [scene for scene in scenes if scene.place not in test_places]
    card: dict[str, Any] = {"options": options.model_dump(mode="json"), "protocol": protocol.model_dump(mode="json")}

    if protocol.cross_validate:
        card["cross_validation"] = _cross_validation(
            make_folds(known, chips, protocol=protocol), out, options=options, protocol=protocol, progress=progress
        )
    unseen = [scene for scene in scenes if scene.place in test_places]
    final = Split("chips", known, chips, unseen, chips.where(np.zeros(len(chips.pixels), dtype=bool)))
    model = _fit(final, out, options=options, progress=progress)
    tested = [_judge_scene(scene, model, out) for scene in unseen]
    card["test"] = footprint_report(tested, protocol=protocol)
    card["training_data"] = training_summary(chips, known)
    card["model"] = {**model.onnx.properties, "n_bytes": (out / "chips.onnx").stat().st_size}
    (out / "chips.card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (out / "chips.md").write_text(card_text(card), encoding="utf-8")
    return out / "chips.onnx"


def make_folds(scenes: Sequence[LabelledScene], chips: ChipSet, *, protocol: ProtocolOptions) -> list[Split]:
    """Split places and families jointly: no place and no family stands on both sides of a fold."""
    places = {scene.place: 0.0 for scene in scenes}
    for scene in scenes:
        places[scene.place] += 1.0
    families = {str(family): float(np.sum(chips.family == family)) for family in np.unique(chips.family)}
    rules = {"n_folds": protocol.n_folds, "seed": protocol.split_seed}
    fold_of_place = assign_folds(places, **rules)
    fold_of_family: dict[str, int] = {}
    for kind in (True, False):  # positives and negatives each in equal parts
        fold_of_family |= assign_folds({f: n for f, n in families.items() if is_positive(f) == kind}, **rules)
    fold_of_chip = np.array([fold_of_family[str(family)] for family in chips.family])
    return [
        Split(
            f"fold-{fold + 1}",
            [scene for scene in scenes if fold_of_place[scene.place] != fold],
            chips.where(fold_of_chip != fold),
            [scene for scene in scenes if fold_of_place[scene.place] == fold],
            chips.where(fold_of_chip == fold),
        )
        for fold in range(protocol.n_folds)
    ]


def read_chips(data: Path) -> ChipSet:
    """Read every mosaic but the excluded ones.

    Raises
    ------
    MissingInputError
        There are none.
    SceneError
        One cannot be read.
    """
    paths = [path for path in sorted((data / "mine-chips").glob("*.png")) if EXCLUDED_MOSAICS not in path.name]
    if not paths:
        raise MissingInputError(f"no mosaics *.png in {data / 'mine-chips'}; give the folder of the training data.")
    return gather_chips({path.name: _read_mosaic(path) for path in paths})


def read_scenes(data: Path) -> list[LabelledScene]:
    """Read every scene that has polygons files; places come from the extents of all scenes.

    Raises
    ------
    MissingInputError
        There are none.
    SceneError
        One cannot be read.
    """
    images = sorted((data / "tailings-ponds" / "images").glob("*.tif"), key=lambda path: int(path.stem))
    drawings = sorted((data / "mine-classes").glob("*-*.geojson"))
    if not images or not drawings:
        raise MissingInputError(f"no scenes or no polygons in {data}; give the folder of the training data.")
    place_of = overlap_groups({path.stem: _extent(path) for path in images})
    scenes = []
    for image in images:
        drawn = [path for path in drawings if path.stem.rsplit("-", 1)[0] == image.stem]
        if drawn:
            scenes.append(_read_scene(image, drawn, place=place_of[image.stem]))
    return scenes


def _cross_validation(
    folds: Sequence[Split],
    out: Path,
    *,
    options: TrainOptions,
    protocol: ProtocolOptions,
    progress: StageProgress | None,
) -> dict[str, Any]:
    scored_chips: list[ScoredChips] = []
    scored_scenes: list[ScoredScene] = []
    for split in folds:
        model = _fit(split, out, options=options, progress=progress)
        scored_chips.append(score_chips(split.unseen_chips, model))
        scored_scenes += [_judge_scene(scene, model, out) for scene in split.unseen_scenes]
    return {
        "n_folds": len(folds),
        "chips": chip_report(join_scored(scored_chips), protocol=protocol),
        "footprint": footprint_report(scored_scenes, protocol=protocol),
    }


def _fit(split: Split, out: Path, *, options: TrainOptions, progress: StageProgress | None) -> ChipModel:
    """Train, export and reopen one network, so that what is judged is what a user runs."""
    from highwall.classification.export import export_network, metadata_of
    from highwall.classification.train import Trainer

    checkpoint, path = out / f"{split.stage}.ckpt", out / f"{split.stage}.onnx"
    trainer = Trainer(split.scenes, split.chips, options=options)
    if checkpoint.exists():
        trainer.restore(checkpoint)

    def report(step: int, loss: float) -> None:
        if progress is not None:
            progress(split.stage, step, options.n_steps, loss)

    trainer.run(checkpoint=checkpoint, progress=report)
    summary = json.dumps(training_summary(split.chips, split.scenes), ensure_ascii=False)
    facts = metadata_of(name="highwall-chips", version=__version__, training_data=summary)
    export_network(trainer.result(), path, metadata=facts)
    return ChipModel.open(path, threads=options.n_threads)


def _judge_scene(scene: LabelledScene, model: ChipModel, out: Path) -> ScoredScene:
    """Score one unseen scene and keep its footprint probability."""
    scored = score_scene(scene, model)
    np.save(out / "footprints" / f"{scene.name}.npy", np.rint(255.0 * scored.probability).astype(np.uint8))
    return scored


def _read_scene(image: Path, drawings: Sequence[Path], *, place: str) -> LabelledScene:
    reflectance = _read_bands(image, (3, 2, 1)) / SENTINEL2_QUANTIFICATION
    levels = to_model_input(reflectance).astype(np.uint8)
    shape = (levels.shape[1], levels.shape[2])
    drawn = [json.loads(path.read_text(encoding="utf-8"))["features"] for path in drawings]
    each = np.stack([footprint_coverage(features, shape=shape) for features in drawn])
    coverage = np.asarray(each.mean(axis=0), dtype=np.float32)
    return LabelledScene(image.stem, place, levels, coverage)


def _read_mosaic(path: Path) -> Any:
    """Red, green and blue of a PNG, (y, x, 3) uint8; GDAL fills truncated files silently, so the end is checked."""
    if not path.read_bytes().endswith(_PNG_END):
        raise SceneError(f"{path.name} is truncated or no PNG; fetch it again or leave it out.")
    return _read_bands(path, (1, 2, 3)).transpose(1, 2, 0)


def _read_bands(path: Path, bands: tuple[int, ...]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # mosaics have no place on Earth
        try:
            with rasterio.open(path) as raster:
                return raster.read(bands)
        except (RasterioIOError, IndexError) as error:
            raise SceneError(f"{path.name} cannot be read ({error}); fetch it again or leave it out.") from error


def _extent(path: Path) -> Extent:
    with rasterio.open(path) as raster:
        if raster.crs is None:
            raise InputError(f"{path.name} has no CRS, so its place is unknown; assign one.")
        return Extent(*raster.bounds)
