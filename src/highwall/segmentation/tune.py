"""Search for good options with Optuna: chosen by validation scores, poor trials stopped, resumable, many workers.

The paper chose among 200 trials by its test set and then reported that set's scores (Jabłońska et al. 2024, section
3.3). Here trials see training and validation alone; the test set is judged once, after the choice, by
``workflows.training.tune``.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState
from pydantic import ValidationError

from highwall.core.errors import HighwallError, InputError, ModelError
from highwall.segmentation.dataset import TRAINING, VALIDATION, SampleSet
from highwall.segmentation.labels import has_class
from highwall.segmentation.learner import IOU
from highwall.segmentation.refusals import refusal
from highwall.segmentation.study import (
    FAILED,
    FOLDER,
    REFUSED,
    REPEATED,
    Found,
    found_by,
    key_of,
    n_done,
    quiet,
    retry_lost,
    tried,
)
from highwall.segmentation.train import train_network
from highwall.segmentation.tune_options import Choices, TuneOptions, TuneSpace, options_of

_EPOCH: Final = "epoch"
"""Under which a trial keeps the pass whose score it has."""

Tell = Callable[["Progress"], None]


class Progress(NamedTuple):
    """How far a search is."""

    n_done: int
    n_trials: int
    last: str
    """What became of the last trial."""
    best: float | None
    """Best score so far [1]."""


def search(
    study: optuna.Study, samples: SampleSet, *, options: TuneOptions, out: Path, tell: Tell = lambda progress: None
) -> Found:
    """Work on a study until it has as many trials as asked for, or all choices; several processes may do so at once.

    Parameters
    ----------
    out
        Folder for checkpoints of the trial in work; they are deleted when it ends.

    Raises
    ------
    InputError
        No sample is for training, or none for validation shows a class that is searched for.
    ModelError
        Not one trial came to a score.
    """
    seen = SampleSet([*samples.where(split=TRAINING), *samples.where(split=VALIDATION)])
    _check_drawn(seen, options)
    while n_done(study) < options.n_trials and len(tried(study)) < options.space.size:
        with quiet():
            retry_lost(study)
            study.sampler = _sampler(options, known=study.get_trials(deepcopy=False))
            study.optimize(lambda trial: _score(trial, seen, options=options, out=out), n_trials=1, catch=(ModelError,))
        tell(_progress(study, options))
    return found_by(study)


def _check_drawn(seen: SampleSet, options: TuneOptions) -> None:
    """Refuse data by which no trial could be judged."""
    classes, validation = options.base.network.classes, seen.where(split=VALIDATION)
    if not any(has_class(mask, name).any() for sample in validation for mask in sample.masks().values()
               for name in classes):  # fmt: skip
        raise InputError(
            f"none of {len(validation)} validation samples shows {' or '.join(classes)}, so no trial could be judged; "
            "choose other subsets, or more sites."
        )


def _score(trial: optuna.Trial, samples: SampleSet, *, options: TuneOptions, out: Path) -> float:
    """Train one trial and give its validation score."""
    choices = _suggest(trial, options.space)
    reason = refusal(choices["architecture"], choices["encoder"])
    if reason is not None:
        trial.set_user_attr(REFUSED, reason)
        raise optuna.TrialPruned(reason)
    earlier = tried(trial.study).get(key_of(trial.params))
    if earlier is not None:  # the same seed would give the same score
        trial.set_user_attr(REPEATED, earlier)
        raise optuna.TrialPruned(f"the choices of trial {earlier}")
    folder = trial.user_attrs.get(FOLDER) or f"trial-{trial.number:05d}"
    trial.set_user_attr(FOLDER, folder)
    try:
        score = _train(trial, samples, choices=choices, options=options, out=out / folder)
    except HighwallError as error:
        trial.set_user_attr(FAILED, str(error))
        _discard(out / folder)
        raise
    except optuna.TrialPruned:
        _discard(out / folder)
        raise
    _discard(out / folder)
    return score


def _discard(folder: Path) -> None:
    """Delete the checkpoints of a trial that is over; those of one that was killed stay, for who begins it again."""
    shutil.rmtree(folder, ignore_errors=True)


def _train(trial: optuna.Trial, samples: SampleSet, *, choices: Choices, options: TuneOptions, out: Path) -> float:
    def judge(epoch: int, scores: dict[str, float]) -> None:
        if IOU in scores:
            trial.report(scores[IOU], epoch)
            if trial.should_prune():
                raise optuna.TrialPruned(f"{scores[IOU]:.3f} after pass {epoch}, below the median of the others")

    try:
        chosen = options_of(choices, base=options.base)
    except ValidationError as error:
        raise ModelError(str(error)) from error
    trained = train_network(samples, options=chosen, out=out, progress=judge)
    trial.set_user_attr(_EPOCH, trained.epoch)
    return trained.score


def _suggest(trial: optuna.Trial, space: TuneSpace) -> Choices:
    """Let the sampler choose a value of each part of the space; what has one value is not asked for."""
    return {name: trial.suggest_categorical(name, values) for name, values in space.model_dump().items()}


def _progress(study: optuna.Study, options: TuneOptions) -> Progress:
    trials = study.get_trials(deepcopy=False)
    last, done = trials[-1], [trial.value for trial in trials if trial.state == TrialState.COMPLETE]
    said = last.user_attrs.get(REFUSED) or last.user_attrs.get(FAILED)
    if REPEATED in last.user_attrs:
        said = f"repeats trial {last.user_attrs[REPEATED]}"
    if said is None:
        reached = [value for value in (last.value, *last.intermediate_values.values()) if value is not None]
        word = "stopped early at" if last.state == TrialState.PRUNED else "IoU"
        said = f"{word} {reached[-1 if last.state == TrialState.PRUNED else 0]:.3f}" if reached else "in work"
    known = [value for value in done if value is not None]
    return Progress(n_done(study), options.n_trials, f"trial {last.number}: {said}", max(known) if known else None)


def _sampler(options: TuneOptions, *, known: Sequence[FrozenTrial]) -> optuna.samplers.BaseSampler:
    """Sampler seeded by how much is known, so that a study that was stopped goes on as if it had not been.

    After a trial that repeated an earlier one the next is drawn at random: tpe would propose its favourite again.
    """
    seed = (options.seed + 7919 * len(known)) % 2**31
    if options.sampler == "random" or (known and REPEATED in known[-1].user_attrs):
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=options.n_random)
