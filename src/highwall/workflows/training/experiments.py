"""What searches and tables share: their data, a training with its scores on the test split, and how they are kept."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from highwall.core.errors import ConfigError, HighwallError, InputError, MissingInputError
from highwall.io.aside import write_text
from highwall.segmentation.dataset import TEST, SampleSet
from highwall.segmentation.evaluation import Evaluation
from highwall.segmentation.evaluation_options import EvaluationOptions
from highwall.segmentation.evaluation_report import (
    averages_report,
    columns_report,
    false_alarm_report,
    groups_report,
    scenes_report,
)
from highwall.segmentation.options import TrainOptions
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.config_files import checked
from highwall.workflows.datasets.reading import read_dataset
from highwall.workflows.datasets.simulated_sites import SimulatedSitesOptions, simulated_samples
from highwall.workflows.judging.judge import AS_SAID, Judge
from highwall.workflows.judging.scenes import judge_scene
from highwall.workflows.run import Say, silent

if TYPE_CHECKING:
    from highwall.segmentation.train import Trained

RESULT = "result.json"
"""Scores of a training on the test split, in its folder."""
_N_RESAMPLES = 200
"""Resamples of sites behind the intervals of one training."""

Config = TypeVar("Config", bound=BaseModel)


class ExperimentData(BaseModel):
    """Labelled scenes with their splits: a built dataset, or simulated sites."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: Path | None = Field(None, description="folder of `highwall dataset build`, from the configuration's place")
    simulated: SimulatedSitesOptions | None = Field(None, description="sites to simulate in memory")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.dataset is None) == (self.simulated is None):
            raise ValueError("give either dataset or simulated")
        return self


def read_config(path: Path, model: type[Config]) -> Config:
    """Read a YAML file of options.

    Raises
    ------
    MissingInputError
        No such file.
    ConfigError
        It is no YAML, has an unknown key, or a value is out of bounds.
    """
    if not path.is_file():
        raise MissingInputError(f"no configuration at {path}; examples/minecam/ holds samples.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML: {error}.") from error
    return checked(model, content or {}, source=str(path))


def samples_of(data: ExperimentData, *, beside: Path, say: Say = silent, advance: Advance = unmoved) -> SampleSet:
    """Read or simulate the data.

    Parameters
    ----------
    beside
        Folder from which a relative path of a dataset counts.
    """
    if data.dataset is not None:
        return read_dataset(beside / data.dataset)
    if data.simulated is None:
        raise ConfigError("the data are neither a dataset nor simulated; give one of them.")
    say(f"simulating {data.simulated.n_sites} sites")
    return simulated_samples(data.simulated, advance=advance)


def train_and_judge(
    samples: SampleSet, out: Path, *, options: TrainOptions, judged: SampleSet | None = None, say: Say = silent
) -> dict[str, Any]:
    """Train, judge the test split once, and keep the scores; what was done with the same options is read, not repeated.

    Parameters
    ----------
    samples
        Training and validation are taken by their split.
    out
        Folder of this training: checkpoints and ``result.json``.
    judged
        Samples to be judged; by default those of the test split.

    Raises
    ------
    ConfigError
        The folder holds the result of other options or data.
    InputError
        There is no test sample.
    """
    judged = samples.where(split=TEST) if judged is None else judged
    if not len(judged):
        raise InputError(
            "there is no test sample to judge; the data need a test split with scenes of the kind asked for."
        )
    made_of = _made_of(samples, judged, options)
    if (out / RESULT).is_file():
        return _known(out / RESULT, made_of)
    from highwall.segmentation.train import train_network

    def tell(epoch: int, found: dict[str, float]) -> None:
        if epoch == options.n_epochs or epoch % max(options.n_epochs // 5, 1) == 0:
            say(f"{out.name}: pass {epoch} of {options.n_epochs}, loss {found['loss']:.3f}")

    trained = train_network(samples, options=options, out=out, progress=tell)
    result = {
        "made_of": made_of,
        "n_simulated": len(judged.where(is_simulated=True)),
        "n_training": len(samples.where(split="training")),
        "validation_iou": trained.score if trained.score == trained.score else None,
        "epoch": trained.epoch,
        "test": scores_of(judge_trained(trained, judged)),
    }
    write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", out / RESULT)
    return result


def judge_trained(trained: "Trained", samples: SampleSet) -> Evaluation:
    """Judge a network just trained on labelled scenes.

    Raises
    ------
    InputError
        Not one scene can be judged.
    """
    from highwall.segmentation.torch_segmenter import TorchSegmenter

    judge = Judge(
        TorchSegmenter(trained.network, trained.metadata), options=EvaluationOptions(n_resamples=_N_RESAMPLES)
    )
    found, reasons = [], []
    for sample in samples:
        try:
            found.append(judge_scene(sample, judge).variants[AS_SAID])
        except HighwallError as error:
            reasons.append(f"  {sample.name}: {error}")
    if not found:
        raise InputError(f"none of {len(samples)} test scenes can be judged:\n" + "\n".join(reasons))
    return Evaluation(tuple(found), tuple(trained.metadata.classes), judge.options)


def scores_of(found: Evaluation) -> dict[str, Any]:
    """Scores that tables are made of."""
    return {
        "n_scenes": len(found.scenes),
        "per_class": columns_report(found),
        "means": averages_report(found),
        "per_scene": scenes_report(found),
        "per_group": groups_report(found),
        "false_alarms": false_alarm_report(found),
    }


def _made_of(samples: SampleSet, judged: SampleSet, options: TrainOptions) -> dict[str, str]:
    """What a result rests on, so that it is not taken for another's."""
    names = [(sample.name, sample.split) for sample in samples], [sample.name for sample in judged]
    return {
        "options": _digest(options.model_dump(mode="json", exclude={"run", "checkpoint_every"})),
        "data": _digest(names),
    }  # fmt: skip


def _known(path: Path, made_of: Mapping[str, str]) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    changed = [key for key, value in made_of.items() if result["made_of"].get(key) != value]
    if changed:
        raise ConfigError(f"{path} was made with other {' and '.join(changed)}; give another folder, or delete it.")
    return result


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]
