"""The search: what is tried, what is refused, stopped, begun again; and that the test split is never seen."""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState
from pydantic import ValidationError

from highwall.core.errors import ConfigError, InputError, ModelError
from highwall.segmentation import tune
from highwall.segmentation.dataset import SampleSet
from highwall.segmentation.options import TrainOptions
from highwall.segmentation.study import Found, importance, n_done, open_study
from highwall.segmentation.tune import search
from highwall.segmentation.tune_options import TuneOptions, TuneSpace, options_of
from tests.segmentation.lessons import scene, tiny_options

SPACE: dict[str, Any] = {
    "learning_rate": (1e-3, 1e-2), "batch": (2,), "n_epochs": (2,), "chip_px": (32,), "optimiser": ("adam",),
    "encoder": ("resnet18", "vgg11"), "architecture": ("unet", "deeplabv3plus"), "loss": ("jaccard", "focal"),
}  # fmt: skip
CHOICES: dict[str, Any] = {
    "learning_rate": 6e-4, "batch": 16, "n_epochs": 7, "chip_px": 64, "optimiser": "adamw", "encoder": "vgg16",
    "architecture": "linknet", "loss": "focal",
}  # fmt: skip


class _Trained:
    """A training that was made up: its score is that of its choices."""

    def __init__(self, options: TrainOptions, seen: list[SampleSet]) -> None:
        self.options, self.seen = options, seen
        self.epoch = options.n_epochs

    @property
    def score(self) -> float:
        is_good = self.options.optimiser.learning_rate == 1e-2
        return 0.4 + 0.3 * is_good + 0.1 * ("jaccard" in self.options.loss.terms)


@pytest.fixture
def samples() -> SampleSet:
    found = [scene(f"{split} {n}", split=split) for split in ("training", "validation", "test") for n in range(2)]
    return SampleSet(found)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[SampleSet]:
    """Replaces training by a formula, and keeps what it was given."""
    given: list[SampleSet] = []

    def train(samples: SampleSet, *, options: TrainOptions, out: Path, progress: Any) -> _Trained:
        given.append(samples)
        out.mkdir(parents=True, exist_ok=True)
        made = _Trained(options, given)
        for epoch in range(1, options.n_epochs + 1):
            progress(epoch, {"loss": 1.0, "iou": made.score * epoch / options.n_epochs})
        return made

    monkeypatch.setattr(tune, "train_network", train)
    return given


def _options(n_trials: int = 6, **changes: Any) -> TuneOptions:
    space = TuneSpace(**{**SPACE, **changes.pop("space", {})})
    return TuneOptions(space=space, base=tiny_options(), n_trials=n_trials, **changes)


def _study(folder: Path, options: TuneOptions, samples: SampleSet, name: str = "s") -> optuna.Study:
    return open_study(f"sqlite:///{folder / 'tune.db'}", name=name, options=options, samples=samples)


def _search(folder: Path, options: TuneOptions, samples: SampleSet, name: str = "s") -> tuple[optuna.Study, Found]:
    study = _study(folder, options, samples, name)
    return study, search(study, samples, options=options, out=folder / "trials")


def test_the_space_is_the_papers() -> None:
    space = TuneSpace()
    assert space.size == 3**6 * 5 * 4  # six parts of three values, five decoders, four losses
    assert set(space.architecture) == {"linknet", "unetplusplus", "deeplabv3plus", "fpn", "unet"}


def test_choices_become_options_of_a_training() -> None:
    found = options_of(CHOICES, base=tiny_options(network={"decoder_width": 64, "architecture": "fpn"}))
    assert (found.optimiser.name, found.optimiser.learning_rate) == ("adamw", 6e-4)
    assert (found.batch, found.n_epochs, found.sampling.chip_px) == (16, 7, 64)
    assert (found.network.encoder, found.network.architecture) == ("vgg16", "linknet")
    assert found.loss.terms == {"focal": 1.0}
    assert found.network.subsets == tiny_options().network.subsets


def test_choices_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValidationError, match="batch of 2"):
        options_of({**CHOICES, "architecture": "deeplabv3plus", "batch": 1}, base=tiny_options())


@pytest.mark.parametrize("part", [{"chip_px": (48,)}, {"batch": (0,)}, {"loss": ()}, {"learning_rate": (0.0,)}])
def test_an_impossible_space_is_refused(part: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TuneSpace(**part)


def test_a_trial_is_one_process() -> None:
    with pytest.raises(ValidationError, match="more workers"):
        TuneOptions(base=tiny_options(run={"n_devices": 2}))


def test_the_best_trial_is_found_and_vgg_never_meets_dilation(
    tmp_path: Path, samples: SampleSet, seen: list[SampleSet]
) -> None:
    study, found = _search(tmp_path, _options(9, sampler="random", pruner="none"), samples)
    assert found.choices["learning_rate"] == 1e-2
    assert found.choices["loss"] == "jaccard"
    assert found.score == pytest.approx(0.8)
    assert n_done(study) == found.counts["completed"] == len(seen) == 9
    for trial in study.trials:
        is_impossible = trial.params["encoder"] == "vgg11" and trial.params["architecture"] == "deeplabv3plus"
        assert ("refused" in trial.user_attrs) == is_impossible
    assert found.counts["refused"] > 0


def test_no_choice_is_trained_twice_and_a_space_may_be_exhausted(
    tmp_path: Path, samples: SampleSet, seen: list[SampleSet]
) -> None:
    space = {"learning_rate": (1e-2,), "encoder": ("vgg11",)}  # two decoders, of which one is refused, and two losses
    study, found = _search(tmp_path, _options(9, n_random=1, space=space), samples)
    assert len(seen) == n_done(study) == 2
    told = {key: found.counts[key] for key in ("completed", "repeated", "failed")}
    assert told["completed"] + found.counts["stopped_early"] == 2
    assert told["failed"] == 0
    for trial in study.trials:
        if "repeated" in trial.user_attrs:
            assert study.trials[trial.user_attrs["repeated"]].params == trial.params


def test_trials_never_see_the_test_split(tmp_path: Path, samples: SampleSet, seen: list[SampleSet]) -> None:
    _search(tmp_path, _options(3), samples)
    assert {sample.split for given in seen for sample in given} == {"training", "validation"}


def test_a_search_goes_on_where_it_was_stopped_as_if_it_had_not_been(
    tmp_path: Path, samples: SampleSet, seen: list[SampleSet]
) -> None:
    for folder in ("once", "twice"):
        (tmp_path / folder).mkdir()
    whole, _ = _search(tmp_path / "once", _options(5, n_random=3), samples)
    _search(tmp_path / "twice", _options(3, n_random=3), samples)
    rest, _ = _search(tmp_path / "twice", _options(5, n_random=3), samples)
    assert [trial.params for trial in whole.trials] == [trial.params for trial in rest.trials]


def test_poor_trials_are_stopped_and_leave_no_files(tmp_path: Path, samples: SampleSet, seen: list[SampleSet]) -> None:
    options = _options(10, sampler="random", n_unpruned=2, first_pass=0)
    study, found = _search(tmp_path, options, samples)
    assert found.counts["stopped_early"] > 0
    assert found.score == pytest.approx(0.8)
    assert not any((tmp_path / "trials").iterdir())
    pruned = [trial for trial in study.trials if trial.state == TrialState.PRUNED and trial.intermediate_values]
    assert all(trial.params["learning_rate"] == 1e-3 or trial.params["loss"] == "focal" for trial in pruned)


def test_a_trial_whose_worker_died_is_begun_again_where_it_stood(
    tmp_path: Path, samples: SampleSet, seen: list[SampleSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = _options(2, pruner="none")
    study = _study(tmp_path, options, samples)
    with pytest.warns(UserWarning, match="Heartbeat"):
        lost = study.ask()
    for name, values in options.space.model_dump().items():
        lost.suggest_categorical(name, values)
    lost.set_user_attr("folder", "trial-00000")
    folders: list[Path] = []
    train = tune.train_network

    def watched(*args: Any, out: Path, **kwargs: Any) -> Any:
        folders.append(out)
        return train(*args, out=out, **kwargs)

    monkeypatch.setattr(tune, "train_network", watched)
    monkeypatch.setattr(optuna.storages, "fail_stale_trials", lambda study: _fail(study, lost.number))
    search(study, samples, options=options, out=tmp_path / "trials")
    again = [trial for trial in study.trials if trial.user_attrs.get("retried") == lost.number]
    assert len(again) == 1
    assert again[0].params == study.trials[lost.number].params
    if "refused" not in again[0].user_attrs:
        assert folders[0].name == "trial-00000"
    assert n_done(study) == 2


def _fail(study: optuna.Study, number: int) -> None:
    if study.trials[number].state == TrialState.RUNNING:
        study.tell(number, state=TrialState.FAIL)


def test_a_failing_trial_is_counted_and_told(
    tmp_path: Path, samples: SampleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ModelError("the loss is not a number")

    monkeypatch.setattr(tune, "train_network", fail)
    with pytest.raises(ModelError, match="the loss is not a number"):
        _search(tmp_path, _options(3), samples)


def test_another_space_or_other_data_need_another_study(
    tmp_path: Path, samples: SampleSet, seen: list[SampleSet]
) -> None:
    _search(tmp_path, _options(1), samples)
    with pytest.raises(ConfigError, match="another space"):
        _study(tmp_path, _options(1, space={"batch": (4,)}), samples)
    others = SampleSet([replace(samples[0], name="other"), *samples[1:]])
    with pytest.raises(ConfigError, match="another data"):
        _study(tmp_path, _options(1), others)
    _study(tmp_path, _options(1, space={"batch": (4,)}), samples, name="another")


def test_data_without_the_classes_are_refused_before_any_training(tmp_path: Path, samples: SampleSet) -> None:
    with pytest.raises(InputError, match="stockpile"):
        _search(tmp_path, _options(1).model_copy(update={"base": tiny_options(network={"subsets": (3,)})}), samples)


def test_an_address_that_is_none_is_refused(samples: SampleSet) -> None:
    with pytest.raises(ConfigError, match="URL"):
        open_study("nowhere", name="s", options=_options(), samples=samples)


def test_what_decided_the_score_comes_first(tmp_path: Path, samples: SampleSet, seen: list[SampleSet]) -> None:
    study, _ = _search(tmp_path, _options(12, sampler="random", pruner="none"), samples)
    found = importance(study)
    assert next(iter(found)) == "learning_rate"  # 0.3 of IoU; the loss changes 0.1, all else nothing
    assert sum(found.values()) == pytest.approx(1.0)
    assert importance(_study(tmp_path, _options(), samples, name="empty")) == {}


def test_a_real_search_on_two_scenes(tmp_path: Path, samples: SampleSet) -> None:
    options = _options(
        2, space={"encoder": ("tu-mobilenetv3_small_050",), "architecture": ("linknet",), "n_epochs": (1,)}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, found = _search(tmp_path, options, samples)
    assert 0.0 <= found.score <= 1.0
    assert found.counts["completed"] + found.counts["stopped_early"] == 2
