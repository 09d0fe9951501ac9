"""Labelled scenes → how good a segmentation network is on them: ``scores.json``, pictures, and maps of its errors."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np

from highwall.core.errors import ConfigError, HighwallError, InputError, MissingInputError, ModelError, SetAside
from highwall.core.grid import pixel_sides_m
from highwall.io.aside import write_text
from highwall.io.vectors import read_polygons
from highwall.segmentation.dataset import Sample, SampleSet
from highwall.segmentation.evaluation import Judged
from highwall.segmentation.tally import Said, tally_scene
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.datasets.reading import INDEX, read_dataset, read_folder
from highwall.workflows.judging.findings import Findings, remarks, scores_of
from highwall.workflows.judging.judge import Judge
from highwall.workflows.judging.pictures import draw_errors, draw_scores
from highwall.workflows.judging.scenes import JudgedScene, judge_annotators, judge_scene, on_polygons
from highwall.workflows.labels.kinds import kind_of_folder
from highwall.workflows.run import Say, silent


@dataclass(frozen=True)
class ToEvaluate:
    """What is to be judged, on what."""

    models: tuple[Path, ...]
    """One network in ONNX, or several that know different subsets."""
    images: Path
    """Folder of GeoTIFFs; or a dataset, with its labels."""
    labels: Path | None = None
    """Folder of masks or polygon files named like the images."""
    bands: tuple[str, ...] = ()
    """Names of the bands, for images that do not carry them."""
    level: str | None = None
    """``L1C`` or ``L2A``, for images that do not say."""
    label_kind: Literal["bits", "codes"] | None = None
    """What rasters of labels hold that do not say; by default the values of all of them tell."""
    split: str | None = None
    """Of a dataset: the samples to judge; all by default."""
    earthworks: Path | None = None
    """Polygons of earthworks that are no mines, to count false alarms on."""


def kind_of_text(text: str | None) -> Literal["bits", "codes"] | None:
    """Read what rasters of labels hold.

    Raises
    ------
    ConfigError
        It is neither ``bits`` nor ``codes``.
    """
    if text is None:
        return None
    if text == "bits":
        return "bits"
    if text == "codes":
        return "codes"
    raise ConfigError(f"labels are of no kind {text!r}; rasters hold bits or codes.")


def file_for(out: Path) -> Path:
    """File that takes the scores: ``scores.json`` where a folder was named."""
    return out / "scores.json" if out.is_dir() else out


def evaluate_segmentation(
    given: ToEvaluate,
    out: Path,
    *,
    judge: Judge,
    with_pictures: bool = True,
    say: Say = silent,
    advance: Advance = unmoved,
) -> dict[str, Any]:
    """Score a network on labelled scenes: per class, per scene, pooled, and its footprint.

    Parameters
    ----------
    out
        JSON file that takes the scores, or a folder for it; pictures, and a folder of maps of errors, lie beside it.
    with_pictures
        Draw the scores, and what was found, missed and invented in each scene.

    Returns
    -------
    dict
        The content of ``out``.

    Raises
    ------
    MissingInputError
        A folder holds nothing.
    InputError
        No scene can be judged; the message gives every reason.
    ModelError
        The network suits none of the scenes.
    """
    out = file_for(out)
    samples, set_aside = _read(given)
    earthworks = read_polygons(given.earthworks) if given.earthworks else None
    found, folder = Findings(judge), out.with_name(f"{out.stem}-maps") if with_pictures else None
    found.set_aside += set_aside
    for done, sample in enumerate(samples, start=1):
        try:
            _judge(sample, found, earthworks=earthworks, folder=folder)
        except HighwallError as error:
            found.set_aside.append(SetAside(sample.name, str(error)))
            found.n_unsuited += isinstance(error, ModelError)
        advance("scenes", done, len(samples))
    if not found.variants:
        raise _nothing_judged(found, n=len(samples))
    for name, why in found.set_aside:
        say(f"{name} set aside: {why}")
    for line in remarks(found):
        say(line)
    files = [path.name for path in given.models]
    scores = scores_of(found, files=files, images=str(given.images), labels=str(given.labels or given.images))
    pictures = draw_scores(scores, found.main, out) if with_pictures else []
    scores["pictures"] = [path.name for path in pictures]
    write_text(json.dumps(scores, indent=1, ensure_ascii=False) + "\n", out)
    return scores


def _read(given: ToEvaluate) -> tuple[SampleSet, list[SetAside]]:
    """Labelled scenes, and what could not be read or nobody labelled."""
    if given.labels is None and given.images.is_dir() and not (given.images / INDEX).exists():
        raise MissingInputError(f"{given.images} is no dataset; name the folder of its labels too.")
    _check_used(given)
    if given.labels is None:
        samples = read_dataset(given.images)
        return samples.where(split=given.split) if given.split else samples, []
    if not given.labels.is_dir():
        raise MissingInputError(f"no folder of labels at {given.labels}; check the path.")
    kind = given.label_kind or kind_of_folder(given.labels)
    reading = read_folder(given.images, given.labels, bands=given.bands, level=given.level, label_kind=kind)
    unlabelled = [SetAside(name, "no label file is named like it; not judged") for name in reading.unlabelled]
    return reading.samples, [*reading.set_aside, *unlabelled]


def _check_used(given: ToEvaluate) -> None:
    """Refuse what would be passed over: a dataset says its bands, levels and labels, and folders have no splits."""
    if given.labels is not None:
        if given.split is not None:
            raise InputError(f"--split {given.split} is one of a dataset, and folders have none; leave it out.")
        return
    said = {"--bands": given.bands, "--level": given.level, "--label-kind": given.label_kind}
    if unused := [option for option, value in said.items() if value]:
        raise InputError(
            f"{given.images} is taken as a dataset, which says so itself; leave {' and '.join(unused)} out."
        )


def _judge(sample: Sample, found: Findings, *, earthworks: gpd.GeoDataFrame | None, folder: Path | None) -> None:
    """Judge one scene, and draw it."""
    judge, classes = found.judge, tuple(found.judge.segmenter.metadata.classes)
    scene = judge_scene(sample, judge)
    between = judge_annotators(sample, scene.masks, valid=scene.valid, classes=classes, options=judge.options)
    found.add(sample, scene)
    if between is not None:
        found.between_annotators.append(between)
    if earthworks is not None:
        found.earthworks.extend(_on_earthworks(sample, scene, judge, earthworks))
    if folder is not None:
        found.maps.append(draw_errors(sample, scene, classes, folder).name)


def _on_earthworks(sample: Sample, scene: JudgedScene, judge: Judge, polygons: gpd.GeoDataFrame) -> list[Judged]:
    """Counts on earthworks that nobody drew as mine; none where the scene holds none."""
    said = Said(judge.segmenter.metadata.classes, scene.label)
    nobody_drew = np.all([mask == 0 for mask in scene.masks.values()], axis=0)
    there = on_polygons(polygons, sample.grid) & scene.valid & nobody_drew
    if not there.any():
        return []
    empty = np.zeros(sample.shape, dtype=np.uint16)
    rows, columns = pixel_sides_m(sample.grid)
    tally = tally_scene(empty, said, valid=there, options=judge.options)
    return [Judged(sample.name, sample.group, {"earthworks": tally}, rows * columns)]


def _nothing_judged(found: Findings, *, n: int) -> InputError:
    """Say why; a network that suits no scene is at fault itself."""
    reasons = "\n".join(f"  {name}: {reason}" for name, reason in found.set_aside)
    kind = ModelError if n and found.n_unsuited == n else InputError
    return kind(f"none of {n} labelled scenes can be judged:\n{reasons}")
