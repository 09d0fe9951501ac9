"""Search for good options with Optuna: chosen by validation scores, poor trials stopped, resumable, many workers.

The paper chose among 200 trials by its test set and then reported that set's scores (Jabłońska et al. 2024, section
3.3). Here trials see training and validation alone; the test set is judged once, after the choice, by
``workflows.tune``.

A study lives in a database. Every process that opens it under the same name works on it; one that is killed leaves a
trial without a heartbeat, which the next worker begins again where its checkpoint stands.
"""

import hashlib
import json
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from highwall.core.errors import ConfigError, HighwallError, InputError, ModelError
from highwall.segmentation.dataset import TRAINING, VALIDATION, SampleSet
from highwall.segmentation.labels import has_class
from highwall.segmentation.learner import IOU
from highwall.segmentation.refusals import refusal
from highwall.segmentation.train import train_network
from highwall.segmentation.tune_options import Choices, TuneOptions, TuneSpace, options_of

_REFUSED, _FAILED, _FOLDER, _RETRIED, _MADE_OF, _EPOCH = "refused", "failed", "folder", "retried", "made_of", "epoch"
"""What trials and studies carry beside their values."""
_GRACE: Final = 2
"""Heartbeats that may be missed before a trial counts as lost."""

Tell = Callable[["Progress"], None]


class Progress(NamedTuple):
    """How far a search is."""

    n_done: int
    n_trials: int
    last: str
    """What became of the last trial."""
    best: float | None
    """Best score so far [1]."""


class Found(NamedTuple):
    """What a search came to."""

    choices: Choices
    score: float
    """Mean IoU on the validation data [1]."""
    trial: int
    counts: dict[str, int]
    """Trials that were completed, stopped early, refused by name, or failed."""


def open_study(storage: str, *, name: str, options: TuneOptions, samples: SampleSet) -> optuna.Study:
    """Open a study, or begin one.

    Parameters
    ----------
    storage
        Address of the database, as ``sqlite:///tune.db`` or ``postgresql://…``.

    Raises
    ------
    ConfigError
        The database cannot be opened, or its study of that name searches another space or other data.
    """
    try:
        with _quiet():
            database = optuna.storages.RDBStorage(
                storage, heartbeat_interval=options.heartbeat_s, grace_period=_GRACE * options.heartbeat_s
            )
            study = optuna.create_study(
                storage=database, study_name=name, direction="maximize", load_if_exists=True, pruner=_pruner(options)
            )
    except (ImportError, SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        raise ConfigError(f"no study can be opened at {storage}: {error}; give a URL, as sqlite:///FILE.") from error
    made_of = _made_of(options, samples)
    known = study.user_attrs.get(_MADE_OF)
    if known is not None and known != made_of:
        changed = sorted(key for key in made_of if known.get(key) != made_of[key])
        raise ConfigError(
            f"study {name!r} at {storage} was begun with another {', '.join(changed)}; its trials cannot be compared. "
            "Name another study."
        )
    if known is None:
        study.set_user_attr(_MADE_OF, made_of)
    return study


def search(
    study: optuna.Study, samples: SampleSet, *, options: TuneOptions, out: Path, tell: Tell = lambda progress: None
) -> Found:
    """Work on a study until it has as many trials as asked for; several processes may do so at once.

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
    while n_done(study) < options.n_trials:
        with _quiet():
            _retry_lost(study)
            study.sampler = _sampler(options, n_known=len(study.get_trials(deepcopy=False)))
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


def found_by(study: optuna.Study) -> Found:
    """Give the best trial of a study.

    Raises
    ------
    ModelError
        Not one trial came to a score.
    """
    trials = study.get_trials(deepcopy=False)
    completed = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if not completed:
        reasons = {str(trial.user_attrs.get(_FAILED)) for trial in trials if _FAILED in trial.user_attrs}
        raise ModelError(
            f"none of {len(trials)} trials came to a score: {'; '.join(sorted(reasons)) or 'all stopped'}."
        )
    best = max(completed, key=lambda trial: (trial.value or 0.0, -trial.number))
    return Found(dict(best.params), float(best.value or 0.0), best.number, _counts(trials))


def n_done(study: optuna.Study) -> int:
    """Trials that count: completed, stopped early, or failed for a reason; refused and lost ones do not."""
    return sum(_counts_as_done(trial) for trial in study.get_trials(deepcopy=False))


def importance(study: optuna.Study, *, seed: int = 0) -> dict[str, float]:
    """How much of the spread of scores each choice explains (fANOVA), most first; empty with too few trials.

    Source: Hutter et al. 2014.
    """
    completed = [trial for trial in study.get_trials(deepcopy=False) if trial.state == TrialState.COMPLETE]
    if len(completed) < 2 or len({trial.value for trial in completed}) < 2:
        return {}
    with _quiet():
        found = optuna.importance.get_param_importances(
            study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=seed)
        )
    return {name: float(value) for name, value in found.items()}


def _score(trial: optuna.Trial, samples: SampleSet, *, options: TuneOptions, out: Path) -> float:
    """Train one trial and give its validation score."""
    choices = _suggest(trial, options.space)
    reason = refusal(choices["architecture"], choices["encoder"])
    if reason is not None:
        trial.set_user_attr(_REFUSED, reason)
        raise optuna.TrialPruned(reason)
    folder = trial.user_attrs.get(_FOLDER) or f"trial-{trial.number:05d}"
    trial.set_user_attr(_FOLDER, folder)
    try:
        score = _train(trial, samples, choices=choices, options=options, out=out / folder)
    except HighwallError as error:
        trial.set_user_attr(_FAILED, str(error))
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


def _retry_lost(study: optuna.Study) -> None:
    """Begin trials of dead workers again, where their checkpoints stand."""
    optuna.storages.fail_stale_trials(study)
    trials = study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
    again = {trial.user_attrs.get(_RETRIED) for trial in study.get_trials(deepcopy=False)}
    for trial in trials:
        if _FAILED not in trial.user_attrs and trial.number not in again and trial.params:
            kept = {_RETRIED: trial.number, _FOLDER: trial.user_attrs.get(_FOLDER)}
            study.enqueue_trial(trial.params, user_attrs=kept)


def _counts_as_done(trial: FrozenTrial) -> bool:
    if trial.state == TrialState.PRUNED:
        return _REFUSED not in trial.user_attrs
    return trial.state == TrialState.COMPLETE or _FAILED in trial.user_attrs


def _counts(trials: list[FrozenTrial]) -> dict[str, int]:
    return {
        "completed": sum(trial.state == TrialState.COMPLETE for trial in trials),
        "stopped_early": sum(trial.state == TrialState.PRUNED and _counts_as_done(trial) for trial in trials),
        "refused": sum(_REFUSED in trial.user_attrs for trial in trials),
        "failed": sum(_FAILED in trial.user_attrs for trial in trials),
    }


def _progress(study: optuna.Study, options: TuneOptions) -> Progress:
    trials = study.get_trials(deepcopy=False)
    last, done = trials[-1], [trial.value for trial in trials if trial.state == TrialState.COMPLETE]
    said = last.user_attrs.get(_REFUSED) or last.user_attrs.get(_FAILED)
    if said is None:
        reached = [value for value in (last.value, *last.intermediate_values.values()) if value is not None]
        word = "stopped early at" if last.state == TrialState.PRUNED else "IoU"
        said = f"{word} {reached[-1 if last.state == TrialState.PRUNED else 0]:.3f}" if reached else "in work"
    known = [value for value in done if value is not None]
    return Progress(n_done(study), options.n_trials, f"trial {last.number}: {said}", max(known) if known else None)


def _pruner(options: TuneOptions) -> optuna.pruners.BasePruner:
    if options.pruner == "none":
        return optuna.pruners.NopPruner()
    return optuna.pruners.MedianPruner(n_startup_trials=options.n_unpruned, n_warmup_steps=options.first_pass)


def _sampler(options: TuneOptions, *, n_known: int) -> optuna.samplers.BaseSampler:
    """Sampler seeded by how much is known, so that a study that was stopped goes on as if it had not been."""
    seed = (options.seed + 7919 * n_known) % 2**31
    if options.sampler == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=options.n_random)


def _made_of(options: TuneOptions, samples: SampleSet) -> dict[str, Any]:
    """What trials of one study have in common."""
    names = json.dumps([(sample.name, sample.split) for sample in samples])
    base = options.base.model_dump(mode="json", exclude={"run"})
    return {
        "space": options.space.model_dump(mode="json"), "base": base,
        "data": hashlib.sha256(names.encode()).hexdigest(),
    }  # fmt: skip


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back Optuna's lines, and its advice that heartbeats are experimental."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
