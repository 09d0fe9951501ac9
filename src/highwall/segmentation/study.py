"""The study of a search: trials in a database, what they count for, and what they came to.

A study lives in a database. Every process that opens it under the same name works on it; one that is killed leaves a
trial without a heartbeat, which the next worker begins again where its checkpoint stands.
"""

import hashlib
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from highwall.core.errors import ConfigError, ModelError
from highwall.segmentation.dataset import SampleSet
from highwall.segmentation.tune_options import Choices, TuneOptions

REFUSED, REPEATED, FAILED = "refused", "repeated", "failed"
"""Why a trial came to no score of its own."""
FOLDER: Final = "folder"
"""Where its checkpoints lie, below the folder of all trials."""
_RETRIED, _MADE_OF = "retried", "made_of"
_GRACE: Final = 2
"""Heartbeats that may be missed before a trial counts as lost."""


class Found(NamedTuple):
    """What a search came to."""

    choices: Choices
    score: float
    """Mean IoU on the validation data [1]."""
    trial: int
    counts: dict[str, int]
    """Trials that were completed, stopped early, refused by name, repeated an earlier choice, or failed."""


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
        with quiet():
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
        reasons = {str(trial.user_attrs.get(FAILED)) for trial in trials if FAILED in trial.user_attrs}
        raise ModelError(
            f"none of {len(trials)} trials came to a score: {'; '.join(sorted(reasons)) or 'all stopped'}."
        )
    best = max(completed, key=lambda trial: (trial.value or 0.0, -trial.number))
    return Found(dict(best.params), float(best.value or 0.0), best.number, _counts(trials))


def n_done(study: optuna.Study) -> int:
    """Trials that count: completed, stopped early, or failed for a reason; refused, repeated and lost ones do not."""
    return sum(_counts_as_done(trial) for trial in study.get_trials(deepcopy=False))


def importance(study: optuna.Study, *, seed: int = 0) -> dict[str, float]:
    """How much of the spread of scores each choice explains (fANOVA), most first; empty with too few trials.

    Source: Hutter et al. 2014.
    """
    completed = [trial for trial in study.get_trials(deepcopy=False) if trial.state == TrialState.COMPLETE]
    if len(completed) < 2 or len({trial.value for trial in completed}) < 2:
        return {}
    with quiet():
        found = optuna.importance.get_param_importances(
            study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=seed)
        )
    return {name: float(value) for name, value in found.items()}


def tried(study: optuna.Study) -> dict[str, int]:
    """Number of the trial that settled each choice; of those in work, or lost, nothing is known."""
    settled = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    return {
        key_of(trial.params): trial.number
        for trial in reversed(settled)
        if _counts_as_done(trial) or REFUSED in trial.user_attrs
    }


def key_of(params: Choices) -> str:
    """Text by which two trials are known to have made the same choices."""
    return json.dumps(params, sort_keys=True)


def retry_lost(study: optuna.Study) -> None:
    """Begin trials of dead workers again, where their checkpoints stand."""
    optuna.storages.fail_stale_trials(study)
    trials = study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
    again = {trial.user_attrs.get(_RETRIED) for trial in study.get_trials(deepcopy=False)}
    for trial in trials:
        if FAILED not in trial.user_attrs and trial.number not in again and trial.params:
            kept = {_RETRIED: trial.number, FOLDER: trial.user_attrs.get(FOLDER)}
            study.enqueue_trial(trial.params, user_attrs=kept)


def _counts_as_done(trial: FrozenTrial) -> bool:
    if trial.state == TrialState.PRUNED:
        return not {REFUSED, REPEATED} & trial.user_attrs.keys()
    return trial.state == TrialState.COMPLETE or FAILED in trial.user_attrs


def _counts(trials: list[FrozenTrial]) -> dict[str, int]:
    return {
        "completed": sum(trial.state == TrialState.COMPLETE for trial in trials),
        "stopped_early": sum(trial.state == TrialState.PRUNED and _counts_as_done(trial) for trial in trials),
        "refused": sum(REFUSED in trial.user_attrs for trial in trials),
        "repeated": sum(REPEATED in trial.user_attrs for trial in trials),
        "failed": sum(FAILED in trial.user_attrs for trial in trials),
    }


def _pruner(options: TuneOptions) -> optuna.pruners.BasePruner:
    if options.pruner == "none":
        return optuna.pruners.NopPruner()
    return optuna.pruners.MedianPruner(n_startup_trials=options.n_unpruned, n_warmup_steps=options.first_pass)


def _made_of(options: TuneOptions, samples: SampleSet) -> dict[str, Any]:
    """What trials of one study have in common."""
    names = json.dumps([(sample.name, sample.split) for sample in samples])
    base = options.base.model_dump(mode="json", exclude={"run"})
    return {
        "space": options.space.model_dump(mode="json"), "base": base,
        "data": hashlib.sha256(names.encode()).hexdigest(),
    }  # fmt: skip


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back Optuna's lines, and its advice that heartbeats are experimental."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
