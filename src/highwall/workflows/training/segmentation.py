"""Labelled scenes → a segmentation network: ONNX files with their facts, a record for catalogues, its course."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

from highwall.core.errors import ConfigError, InputError, MissingInputError, ModelError, OutputError
from highwall.io.aside import write_text
from highwall.io.chips import write_labels
from highwall.learning.groups import assign_folds
from highwall.learning.mlm import ModelFile
from highwall.segmentation.dataset import TEST, TRAINING, VALIDATION, InMemory, ReadMask, Sample, SampleSet
from highwall.segmentation.options import TrainOptions
from highwall.segmentation.patch_split import hold_out_patches
from highwall.segmentation.recipes import RECIPES, recipe_text
from highwall.segmentation.record import model_item
from highwall.segmentation.splits import SiteFacts, split_groups
from highwall.workflows.config_files import checked
from highwall.workflows.datasets.reading import read_dataset, read_folder
from highwall.workflows.labels.kinds import kind_of_folder
from highwall.workflows.run import Say, silent

if TYPE_CHECKING:
    from highwall.segmentation.train import Trained

SPLITS: Final = "splits.json"
"""Which scene serves for training, validation or test."""
HELD_OUT: Final = "held-out"
"""Folder of the labels that were held out."""
LEVELS: Final = ("L1C", "L2A")
VALIDATION_SHARE: Final = 0.15
"""Share of the sites by which weights are chosen, where a folder says no split (MineCam, section 2.3)."""


class Fold(NamedTuple):
    """One part of all groups, set apart for testing."""

    number: int
    """From 0."""
    n_folds: int


@dataclass(frozen=True)
class ToLearn:
    """Where the labelled scenes are: a built dataset, or a folder of images and one of labels."""

    dataset: Path | None = None
    images: Path | None = None
    labels: Path | None = None
    image_bands: tuple[str, ...] = ()
    """Bands of images that do not name them."""
    level: str | None = None
    """Processing level of images that do not say it."""
    near_m: float = 0.0
    """Gap between images up to which they stay in one split [m]."""
    fold: Fold | None = None
    """Images that serve for neither training nor validation."""
    held_out_share: float | None = None
    """Share of the patches of every training scene that is not learned from [1]."""


def options_of(recipe: str | None, changes: Mapping[str, Any]) -> TrainOptions:
    """Options of a recipe, with what the command line says against it.

    Parameters
    ----------
    recipe
        Name of a packaged recipe, or path of a YAML file; none: the defaults.
    changes
        Nested as the options are; None leaves what the recipe says.

    Raises
    ------
    MissingInputError
        There is no such recipe or file.
    ConfigError
        It is no YAML, has an unknown key, or a value is out of bounds.
    """
    content = {} if recipe is None else _read_recipe(recipe)
    return checked(TrainOptions, _merged(content, changes), source=recipe or "the command line")


def fold_of(text: str | None) -> Fold | None:
    """Read one fold of several, as 0/3.

    Raises
    ------
    InputError
        It is not that.
    """
    if text is None:
        return None
    number, slash, n_folds = text.partition("/")
    if not (slash and number.isdecimal() and n_folds.isdecimal() and int(number) < int(n_folds)):
        raise InputError(f"--fold {text!r} is no fold; write 0/3 for the first of three.")
    return Fold(int(number), int(n_folds))


def subsets_of(text: str | None) -> tuple[int, ...] | None:
    """Read numbers of subsets with commas between, as 1,2,3,4.

    Raises
    ------
    InputError
        They are no numbers.
    """
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--subset {text!r} names no subsets; write them as 3, or as 1,2,3,4.") from error


def train_segmentation(
    given: ToLearn, out: Path, *, options: TrainOptions, half: bool = False, say: Say = silent
) -> Path:
    """Train a network and export it; stopped, it goes on from the checkpoints in ``out``.

    Parameters
    ----------
    out
        Folder for ``NAME.onnx``, ``NAME.json`` (STAC item, Machine Learning Model), ``history.json``,
        ``options.yaml``, ``splits.json`` and the checkpoints; with ``half``, ``NAME.float16.onnx`` too; where patches
        are held out, their labels in ``held-out``.

    Returns
    -------
    Path
        The exported network.

    Raises
    ------
    InputError
        No scene, no labels, no training split, or a band that scenes lack.
    ModelError
        A network that cannot be built or exported, weights that cannot be read, or a checkpoint of other options,
        samples or splits.
    OutputError
        ``out`` is a file, or a result cannot be written.
    """
    from highwall.segmentation.train import train_network

    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file, and results need a folder; give another --out.")
    samples = read_samples(given, options=options, say=say)
    out.mkdir(parents=True, exist_ok=True)
    _note_splits(samples, out)
    if given.held_out_share is not None:
        samples = hold_out(samples, out / HELD_OUT, share=given.held_out_share, seed=options.seed)
        say(f"{HELD_OUT}: labels of the patches that are not learned from, for 'highwall evaluate segmentation'")
    counts = {split: len(samples.where(split=split)) for split in (TRAINING, VALIDATION, TEST)}
    say("samples: " + ", ".join(f"{n} {split}" for split, n in counts.items()))

    def tell(epoch: int, found: dict[str, float]) -> None:
        judged = f", mean IoU {found['iou']:.3f}" if "iou" in found else ""
        say(f"pass {epoch} of {options.n_epochs}: loss {found['loss']:.3f}{judged}")

    trained = train_network(samples, options=options, out=out, progress=tell)
    return _write(trained, out, options=options, half=half, say=say)


def _note_splits(samples: SampleSet, out: Path) -> None:
    """Write which scene serves for what; beside the weights of another division it would be wrong, and is refused."""
    from highwall.segmentation.checkpoints import LAST

    path, text = out / SPLITS, json.dumps({sample.name: sample.split for sample in samples}, indent=1) + "\n"
    if (out / LAST).exists() and path.exists() and path.read_text(encoding="utf-8") != text:
        raise ModelError(
            f"{path} divides other scenes, or divides them otherwise: the weights beside it learned from those. Give "
            "another --out, or delete this one to begin anew."
        )
    write_text(text, path)


def read_samples(given: ToLearn, *, options: TrainOptions, say: Say = silent) -> SampleSet:
    """Read the labelled scenes; those of folders are split by groups of near sites, 85:15.

    Raises
    ------
    InputError
        Neither a dataset nor both folders are given, they hold nothing that can be read, or what folders alone
        need is said of a dataset.
    """
    if given.dataset is not None and given.images is None and given.labels is None:
        _check_dataset(given)
        return read_dataset(given.dataset)
    if given.level not in (None, *LEVELS):
        raise InputError(f"level {given.level!r} is unknown; it is one of {', '.join(LEVELS)}.")
    if given.dataset is not None or given.images is None or given.labels is None:
        raise InputError("give a dataset that 'highwall dataset build' wrote, or both --images and --labels.")
    reading = read_folder(
        given.images, given.labels, bands=given.image_bands, level=given.level, near_m=given.near_m,
        label_kind=kind_of_folder(given.labels),
    )  # fmt: skip
    for name, reason in reading.set_aside:
        say(f"set aside: {name}: {reason}")
    if reading.unlabelled:
        say(f"{len(reading.unlabelled)} scenes without labels are left out: {', '.join(reading.unlabelled[:5])}")
    return split_samples(reading.samples, options=options, fold=given.fold)


def _check_dataset(given: ToLearn) -> None:
    """Refuse what would be passed over: a dataset has splits, bands and levels of its own."""
    said = {
        "--fold": given.fold, "--image-bands": given.image_bands, "--level": given.level, "--near-m": given.near_m,
    }  # fmt: skip
    if unused := [option for option, value in said.items() if value]:
        raise InputError(
            f"{' and '.join(unused)} goes with --images and --labels; a dataset has its own splits, bands and levels. "
            "Leave it out."
        )


def split_samples(samples: SampleSet, *, options: TrainOptions, fold: Fold | None = None) -> SampleSet:
    """Put whole groups into test (one fold of them), validation and training; all into training if none is judged.

    The split of samples that have one stays.

    Raises
    ------
    InputError
        There are fewer groups than folds.
    """
    if any(sample.split is not None for sample in samples):
        return samples
    split_of = dict.fromkeys(samples.groups, TRAINING)
    if fold is not None:
        weights = {group: float(len(samples.of_groups([group]))) for group in samples.groups}
        folds = assign_folds(weights, n_folds=fold.n_folds, seed=options.seed)
        split_of |= {group: TEST for group, number in folds.items() if number == fold.number}
    if options.keep == "best" or options.patience is not None:
        rest = [group for group, split in split_of.items() if split == TRAINING]
        facts = {group: SiteFacts(len(samples.of_groups([group]).sites), (None, None)) for group in rest}
        shares = {TRAINING: 1.0 - VALIDATION_SHARE, VALIDATION: VALIDATION_SHARE}
        split_of |= split_groups(facts, shares=shares, seed=options.seed)
    return SampleSet(replace(sample, split=split_of[sample.group]) for sample in samples)


def hold_out(samples: SampleSet, folder: Path, *, share: float, seed: int) -> SampleSet:
    """Leave out a share of the patches of every training scene, evenly over its area, and write them for a test.

    Raises
    ------
    InputError
        A scene has fewer than two patches, or the share is not between 0 and 1.
    """
    return SampleSet(
        _without_some(sample, folder, share=share, seed=seed) if sample.split == TRAINING else sample
        for sample in samples
    )


def _without_some(sample: Sample, folder: Path, *, share: float, seed: int) -> Sample:
    readers: dict[str, ReadMask] = {}
    for annotator, mask in sample.masks().items():
        parts = hold_out_patches(mask, share=share, seed=seed)
        name = sample.name if len(sample.annotators) == 1 else f"{sample.name}-{annotator}"
        write_labels(folder / f"{name}.tif", parts.test, grid=sample.grid)
        readers[annotator] = InMemory(parts.training)
    return replace(sample, read_masks=readers)


def _write(trained: "Trained", out: Path, *, options: TrainOptions, half: bool, say: Say) -> Path:
    """Export the network in every precision, and write what tells of it."""
    from highwall.segmentation.export import export_half, export_network

    name = trained.metadata.name
    path = out / f"{name}.onnx"
    difference = export_network(trained.network, path, metadata=trained.metadata)
    say(f"{path.name}: says what torch says, to {difference:.1g}")
    files = {"float32": path}
    if half:
        files["float16"] = out / f"{name}.float16.onnx"
        difference = export_half(trained.network, path, files["float16"], metadata=trained.metadata)
        say(f"{files['float16'].name}: to {difference:.1g}")
    stored = [ModelFile(file.name, file.stat().st_size, _sha256(file), precision) for precision, file in files.items()]
    n_weights = sum(weights.numel() for weights in trained.network.parameters())
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    item = model_item(trained.metadata, files=stored, n_weights=n_weights, created=created)
    write_text(json.dumps(item, indent=1, ensure_ascii=False) + "\n", out / f"{name}.json")
    history = {"epoch": trained.epoch, "score": _finite(trained.score), "passes": trained.history}
    write_text(json.dumps(history, indent=1) + "\n", out / "history.json")
    write_text(
        yaml.safe_dump(options.model_dump(mode="json"), sort_keys=False, allow_unicode=True), out / "options.yaml"
    )
    say(f"pass {trained.epoch} is kept" + (f", mean IoU {trained.score:.3f}" if trained.score == trained.score else ""))
    return path


def _read_recipe(recipe: str) -> dict[str, Any]:
    path = Path(recipe)
    if recipe in RECIPES:
        text = recipe_text(recipe)
    elif path.is_file():
        text = path.read_text(encoding="utf-8")
    else:
        raise MissingInputError(f"no recipe {recipe!r}; give a YAML file, or one of {', '.join(RECIPES)}.")
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{recipe} is not YAML: {error}.") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{recipe} holds {type(content).__name__}, not options; see recipes in the documentation.")
    return content


def _merged(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Options with changes laid over them, section by section."""
    merged = dict(content)
    for key, value in changes.items():
        if isinstance(value, Mapping):
            below = merged.get(key)
            merged[key] = _merged(below if isinstance(below, Mapping) else {}, value)
        elif value is not None:
            merged[key] = value
    return merged


def _finite(value: float) -> float | None:
    return value if value == value else None


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
