"""Train a network on samples: seeded, resumable after any stop, the best weights kept.

What a pass sees depends on the seed and its number alone, and the state is saved after whole passes: a run that was
killed and started again ends with the weights of one that was not.
"""

import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from torch.utils.data import DataLoader

from highwall.core.errors import InputError, ModelError
from highwall.segmentation.beginning import begun
from highwall.segmentation.checkpoints import (
    BEST,
    FACTS,
    HISTORY,
    LAST,
    OPTIONS,
    AtomicFiles,
    network_of,
    read_checkpoint,
)
from highwall.segmentation.dataset import TRAINING, VALIDATION, SampleSet
from highwall.segmentation.depthwise import keep_depthwise_single
from highwall.segmentation.encoders import load_encoder
from highwall.segmentation.facts import BEGUN_FROM, metadata_of, training_facts
from highwall.segmentation.learner import IOU, Learner, Progress
from highwall.segmentation.lightning_parts import (
    Callback,
    EarlyStopping,
    LightningModule,
    ModelCheckpoint,
    Trainer,
    seed_everything,
)
from highwall.segmentation.loading import EpochNumbers, Lesson, TrainingChips, ValidationChips
from highwall.segmentation.loggers import loggers_of
from highwall.segmentation.metadata import SegmentationMetadata
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.normalisation import BandStatistics, band_statistics
from highwall.segmentation.options import RunOptions, TrainOptions
from highwall.segmentation.sampling import plan_of
from highwall.segmentation.scenes import Scenes
from highwall.segmentation.settling import settle

_PRECISION: Final[dict[str, Any]] = {"float32": "32-true", "bfloat16": "bf16-mixed", "float16": "16-mixed"}


class Trained(NamedTuple):
    """What a training leaves."""

    network: SegmentationNetwork
    """Best or last weights, as the options say, ready to run; calibrated where they could be."""
    metadata: SegmentationMetadata
    history: list[dict[str, float]]
    """Of each pass: its number, the loss, and the IoU of each class on the validation data where they were judged."""
    epoch: int
    """Pass whose weights these are."""
    score: float
    """Mean IoU on the validation data at that pass; NaN without validation."""


def train_network(samples: SampleSet, *, options: TrainOptions, out: Path, progress: Progress | None = None) -> Trained:
    """Train on the samples whose split is *training*, judged on those of *validation*.

    Parameters
    ----------
    out
        Folder for ``last.ckpt`` and ``best.ckpt``; a training that was stopped goes on from there.

    Raises
    ------
    InputError
        No sample is for training, or none for validation though one is needed; or this machine lacks the GPU that is
        asked for.
    SceneError
        A sample lacks a band of the network.
    ModelError
        The network cannot be built, its encoder's weights cannot be read, those it begins from are of another
        network, a checkpoint is of another training or of other samples, or the loss is not a number any more.
    """
    training, validation = samples.where(split=TRAINING), samples.where(split=VALIDATION)
    _check_splits(samples, training, validation, options)
    _check_machine(options.run)
    torch.set_num_threads(options.run.n_threads)
    out.mkdir(parents=True, exist_ok=True)
    resumed = _checkpoint(out / LAST, training, options)
    if resumed is not None and _is_over(read_checkpoint(resumed)[HISTORY], options):
        return _result(out, validation, options=options)
    with _quiet():
        seed_everything(options.seed, verbose=False)
        network = _new_network(options, resumes=resumed is not None)
        facts = training_facts(training) | begun(network, options, resumed=resumed)
        scenes = Scenes(training, bands=options.network.bands, cache_mb=options.run.cache_mb)
        statistics = band_statistics(training, bands=options.network.bands)
        network.normalise_by(statistics)
        trainer = _trainer(options, out=out, validates=bool(len(validation)))
        trainer.fit(
            Learner(network, options=options, facts=facts, progress=progress),
            _training_loader(scenes, statistics, options),
            _validation_loader(validation, options),
            ckpt_path=resumed,
            weights_only=True,
        )
    return _result(out, validation, options=options)


def _result(out: Path, validation: SampleSet, *, options: TrainOptions) -> Trained:
    """Read what a training left in its folder, and settle how sure it may be."""
    last = read_checkpoint(out / LAST)
    history = last[HISTORY]
    takes_best = options.keep == "best" and (out / BEST).exists()
    checkpoint = read_checkpoint(out / BEST) if takes_best else last
    network, metadata = network_of(checkpoint)
    row = history[len(checkpoint[HISTORY])] if takes_best else history[-1]
    if options.settle and len(validation):
        settled = settle(network, validation, options=options)
        network.temperature.copy_(torch.tensor([settled.temperature[subset] for subset in options.network.subsets]))
        metadata = metadata_of(network, options=options, training=last[FACTS], thresholds=settled.thresholds)
    return Trained(network, metadata, history, int(row["epoch"]), float(row.get(IOU, math.nan)))


class _LastState(Callback):
    """Saves the state at the end: passes after the last multiple of ``checkpoint_every`` count too."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save, in the process that trained."""
        trainer.save_checkpoint(self._path)


def _check_splits(samples: SampleSet, training: SampleSet, validation: SampleSet, options: TrainOptions) -> None:
    if not len(training):
        splits = sorted({str(sample.split) for sample in samples})
        raise InputError(
            f"none of {len(samples)} samples is for training (splits: {', '.join(splits) or 'none'}); build the data "
            "set with 'highwall dataset build', or set Sample.split."
        )
    if not len(validation) and (options.keep == "best" or options.patience is not None):
        raise InputError(
            "there is no validation sample to choose the best weights by; set some apart, or take the last weights "
            "(keep: last, no patience)."
        )


def _check_machine(run: RunOptions) -> None:
    """Refuse what this machine cannot do, before anything is read."""
    if run.accelerator == "gpu" and torch.cuda.device_count() < run.n_devices:
        raise InputError(
            f"{run.n_devices} GPUs are asked for and torch sees {torch.cuda.device_count()}; take fewer, or the CPU."
        )
    if run.precision == "float16" and not torch.cuda.is_available():
        raise InputError("float16 needs a GPU, and torch sees none; take bfloat16 or float32.")


def _new_network(options: TrainOptions, *, resumes: bool) -> SegmentationNetwork:
    """Network at the start, its encoder perhaps pretrained."""
    network = SegmentationNetwork(options.network)
    if options.begin_from is None and not resumes:
        load_encoder(network, options=options.network)
    if options.run.precision == "bfloat16" and options.run.accelerator == "cpu":
        keep_depthwise_single(network)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _trainer(options: TrainOptions, *, out: Path, validates: bool) -> Trainer:
    run = options.run
    return Trainer(
        accelerator=run.accelerator,
        devices=run.n_devices,
        strategy="ddp_fork" if run.n_devices > 1 else "auto",
        precision=_PRECISION[run.precision],
        max_epochs=options.n_epochs,
        check_val_every_n_epoch=options.validate_every,
        num_sanity_val_steps=0,
        limit_val_batches=None if validates else 0,
        gradient_clip_val=options.optimiser.largest_gradient,
        logger=loggers_of(options, out=out),
        callbacks=list(_callbacks(options, out=out, validates=validates)),
        plugins=[AtomicFiles()],
        default_root_dir=out,
        use_distributed_sampler=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
    )


def _callbacks(options: TrainOptions, *, out: Path, validates: bool) -> Iterator[Callback]:
    if validates and options.patience is not None:
        yield EarlyStopping(IOU, mode="max", patience=options.patience, check_on_train_epoch_end=False, strict=False)
    if validates:
        yield ModelCheckpoint(
            out, BEST.removesuffix(".ckpt"), monitor=IOU, mode="max", save_weights_only=True,
            save_on_train_epoch_end=False, enable_version_counter=False,
        )  # fmt: skip
    yield ModelCheckpoint(
        out, LAST.removesuffix(".ckpt"), save_on_train_epoch_end=True, every_n_epochs=options.checkpoint_every,
        enable_version_counter=False,
    )  # fmt: skip
    yield _LastState(out / LAST)


def _training_loader(scenes: Scenes, statistics: BandStatistics, options: TrainOptions) -> DataLoader[Lesson]:
    """Loader whose passes are whole steps of all processes: batch normalisation never meets one chip alone."""
    plan, n = plan_of(scenes, subsets=options.network.subsets, options=options.sampling, seed=options.seed)
    step = options.batch * options.run.n_devices
    n = math.ceil(n / step) * step
    chips = TrainingChips(scenes, plan, n=n, statistics=statistics, options=options)
    return DataLoader(
        chips,
        batch_size=options.batch,
        sampler=EpochNumbers(n),
        num_workers=options.run.n_workers,
        persistent_workers=options.run.n_workers > 0,
    )


def _validation_loader(validation: SampleSet, options: TrainOptions) -> DataLoader[Lesson]:
    scenes = Scenes(validation, bands=options.network.bands, cache_mb=options.run.cache_mb)
    return DataLoader(ValidationChips(scenes, options=options), batch_size=1, num_workers=options.run.n_workers)


def _checkpoint(path: Path, training: SampleSet, options: TrainOptions) -> Path | None:
    """Checkpoint to go on from, if there is one of this training.

    Raises
    ------
    ModelError
        It was made with other options, or from other samples.
    """
    if not path.exists():
        return None
    state = read_checkpoint(path)
    stored = TrainOptions.model_validate(state[OPTIONS]).model_dump(mode="json")
    now = options.model_dump(mode="json")
    may_differ = {"run", "patience", "checkpoint_every", "keep", "settle", "name", "licence"}
    may_differ |= {"n_epochs"} if options.optimiser.schedule == "constant" else set()
    changed = sorted(key for key in now.keys() - may_differ if stored.get(key) != now[key])
    if changed:
        raise ModelError(
            f"{path} is of a training with another {', '.join(changed)}; give another folder, or delete it to begin "
            "anew."
        )
    if {key: value for key, value in state[FACTS].items() if key != BEGUN_FROM} != training_facts(training):
        raise ModelError(
            f"{path} is of a training on other samples (another data set, fold or split); give another folder, or "
            "delete it to begin anew."
        )
    return path


def _is_over(history: list[dict[str, float]], options: TrainOptions) -> bool:
    """Tell whether all passes are done, or the score has not risen for long enough."""
    scores = [row[IOU] for row in history if IOU in row]
    waited = len(scores) - 1 - max(range(len(scores)), key=lambda n: scores[n]) if scores else 0
    return len(history) >= options.n_epochs or (options.patience is not None and waited >= options.patience)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back Lightning's advice: on machines, workers of loaders and other tools."""
    logger = logging.getLogger("lightning.pytorch")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning")
            warnings.filterwarnings("ignore", module="torch")
            yield
    finally:
        logger.setLevel(before)
