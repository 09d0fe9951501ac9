"""`highwall tune`: the best options by validation scores, judged once on the test split; the course of the search."""

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from highwall.core.errors import ConfigError
from highwall.io.aside import aside, write_text
from highwall.report.search import Trial, history_chart, importance_chart
from highwall.segmentation.dataset import SampleSet
from highwall.segmentation.options import TrainOptions
from highwall.segmentation.tune_options import TuneOptions, TuneSpace, options_of
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.config_files import checked
from highwall.workflows.run import Say, silent
from highwall.workflows.training.experiments import ExperimentData, read_config, samples_of, train_and_judge
from highwall.workflows.training.segmentation import options_of as recipe_options

if TYPE_CHECKING:
    import optuna

    from highwall.segmentation.study import Found

_TESTED = "tested"
"""Key under which a study keeps what its choice reached on the test split."""


class TuneConfig(BaseModel):
    """A search as its YAML file says it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: ExperimentData
    recipe: str | None = Field(None, description="packaged recipe, or a YAML file, of what is not searched for")
    train: dict[str, Any] = Field(default_factory=dict, description="options of training, laid over the recipe")
    search: dict[str, Any] = Field(default_factory=dict, description="options of the search, and its space")

    @property
    def base(self) -> TrainOptions:
        """What is not searched for."""
        return recipe_options(self.recipe, self.train)

    def options(self, *, n_trials: int | None = None) -> TuneOptions:
        """Options of the search."""
        changes = {"base": self.base} | ({} if n_trials is None else {"n_trials": n_trials})
        return checked(TuneOptions, {**self.search, **changes}, source="search")


def tune(
    config_file: Path, out: Path, *, n_trials: int | None = None, storage: str | None = None, name: str = "highwall",
    with_test: bool = True, say: Say = silent, advance: Advance = unmoved,
) -> dict[str, Any]:  # fmt: skip
    """Search as a configuration says; started again, or elsewhere on the same storage, it goes on.

    Parameters
    ----------
    config_file
        See examples/minecam/tune.yaml.
    out
        Takes ``tune.json``, ``trials.csv``, pictures, and the chosen network's folder ``best``.
    n_trials
        Trials that the study should have in all; by default as the configuration says.
    storage
        Database of the study; by default a file in ``out``.
    with_test
        Train the choice once more and judge it on the test split, once for all.

    Raises
    ------
    ConfigError
        The configuration is wrong, or the study was begun with another.
    ModelError
        Not one trial came to a score.
    """
    config = read_config(config_file, TuneConfig)
    options = config.options(n_trials=n_trials)
    samples = samples_of(config.data, beside=config_file.parent, say=say, advance=advance)
    return tune_samples(
        samples, out, options=options, storage=storage, name=name, with_test=with_test, say=say, advance=advance
    )


def tune_samples(
    samples: SampleSet, out: Path, *, options: TuneOptions, storage: str | None = None, name: str = "highwall",
    with_test: bool = True, say: Say = silent, advance: Advance = unmoved,
) -> dict[str, Any]:  # fmt: skip
    """Search on samples that are at hand; see :func:`tune`."""
    from highwall.segmentation.study import open_study
    from highwall.segmentation.tune import Progress, search

    out.mkdir(parents=True, exist_ok=True)
    study = open_study(storage or f"sqlite:///{out / 'tune.db'}", name=name, options=options, samples=samples)
    _check_open(study, options)

    def tell(progress: Progress) -> None:
        best = "" if progress.best is None else f"; best so far {progress.best:.3f}"
        say(f"{progress.last}{best}")
        advance("trials", min(progress.n_done, progress.n_trials), progress.n_trials)

    found = search(study, samples, options=options, out=out / "trials", tell=tell)
    tested = study.user_attrs.get(_TESTED)
    if with_test and tested is None:
        say("training the choice once more, to judge it on the test split")
        tested = _test(found, samples, out=out / "best", options=options, say=say)
        study.set_user_attr(_TESTED, tested)
    return _write(study, found, out=out, options=options, tested=tested)


def _check_open(study: "optuna.Study", options: TuneOptions) -> None:
    """Refuse more trials after the test split was seen: a choice made now would be a choice by it."""
    from highwall.segmentation.study import n_done

    if _TESTED in study.user_attrs and n_done(study) < options.n_trials:
        raise ConfigError(
            f"study {study.study_name!r} was judged on the test split after {n_done(study)} trials; more of them would "
            "be chosen by that score. Name another study."
        )


def _test(found: "Found", samples: SampleSet, *, out: Path, options: TuneOptions, say: Say) -> dict[str, Any]:
    chosen = options_of(found.choices, base=options.base)
    result = train_and_judge(samples, out, options=chosen, say=say)
    means = result["test"]["means"]
    return {
        "trial": found.trial, "validation_iou": result["validation_iou"], "n_scenes": result["test"]["n_scenes"],
        "n_simulated": result["n_simulated"], "means": means, "per_class": result["test"]["per_class"],
    }  # fmt: skip


def _write(
    study: "optuna.Study", found: "Found", *, out: Path, options: TuneOptions, tested: dict[str, Any] | None
) -> dict[str, Any]:
    from highwall.segmentation.study import importance

    trials = study.get_trials(deepcopy=False)
    explained = importance(study, seed=options.seed)
    content = {
        "study": study.study_name, "space_size": options.space.size, "n_trials": sum(found.counts.values()),
        "counts": found.counts, "best": {"trial": found.trial, "validation_iou": found.score, "choices": found.choices},
        "importance": explained, "chosen_by": "mean IoU on the validation split",
        "tested": tested,
    }  # fmt: skip
    write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", out / "tune.json")
    write_text(_table(trials), out / "trials.csv")
    drawn = [trial for trial in map(_drawn, trials) if trial is not None]
    pictures = {
        "history.png": history_chart(drawn, title=f"{len(drawn)} trials of study {study.study_name}"),
        "importance.png": importance_chart(explained, title="What decided the score"),
    }
    for file, picture in pictures.items():
        with aside(out / file) as temporary:
            temporary.write_bytes(picture)
    return content


def _drawn(trial: "optuna.trial.FrozenTrial") -> Trial | None:
    """A trial as the history shows it; none where it came to no score."""
    if trial.state.name == "COMPLETE" and trial.value is not None:
        return Trial(trial.number, float(trial.value), is_complete=True)
    if trial.state.name == "PRUNED" and trial.intermediate_values:
        return Trial(trial.number, float(list(trial.intermediate_values.values())[-1]), is_complete=False)
    return None


def _table(trials: list["optuna.trial.FrozenTrial"]) -> str:
    """Every trial with its choices, its end and its time."""
    names = list(TuneSpace.model_fields)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["trial", "state", "validation_iou", "seconds", *names, "why"])
    for trial in trials:
        seconds = "" if trial.duration is None else f"{trial.duration.total_seconds():.1f}"
        why = trial.user_attrs.get("refused") or trial.user_attrs.get("failed") or ""
        if "repeated" in trial.user_attrs:
            why = f"repeats trial {trial.user_attrs['repeated']}"
        value = "" if trial.value is None else f"{trial.value:.4f}"
        choices = [trial.params.get(name, "") for name in names]
        rows.writerow([trial.number, trial.state.name.lower(), value, seconds, *choices, why])
    return text.getvalue()
