import math

import pytest
import torch

from highwall.core.errors import InputError, ModelError, SceneError
from highwall.segmentation.dataset import SampleSet
from highwall.segmentation.learner import freeze
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.train import train_network
from tests.segmentation.lessons import scene, scenes, tiny_options


class Killed(Exception):  # noqa: N818 it stands for no error
    """Ends a training in the middle, as a kill would."""


def kill_at(epoch):
    def progress(found, _):
        if found == epoch:
            raise Killed

    return progress


def train(tmp_path, *, samples=None, progress=None, **changes):
    return train_network(
        scenes() if samples is None else samples, options=tiny_options(**changes), out=tmp_path, progress=progress
    )


def same_weights(one, other):
    pairs = zip(one.network.state_dict().items(), other.network.state_dict().items(), strict=True)
    return all(key == other_key and torch.equal(value, now) for (key, value), (other_key, now) in pairs)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "optimiser": {"ema_decay": 0.9, "schedule": "one_cycle", "name": "adamw", "weight_decay": 0.01},
            "augment": {"scale": 1.3, "noise": 0.1},
            "network": {"dropout": 0.3},
            "keep": "last",
        },
    ],
)
def test_a_killed_training_ends_with_the_weights_of_one_that_was_not(tmp_path, changes):
    told = []
    whole = train(tmp_path / "whole", progress=lambda epoch, _: told.append(epoch), **changes)
    with pytest.raises(Killed):
        train(tmp_path / "killed", progress=kill_at(2), **changes)
    resumed = train(tmp_path / "killed", **changes)
    assert same_weights(whole, resumed)
    assert whole.history == resumed.history
    assert whole.metadata == resumed.metadata
    assert told == [1, 2, 3]


def test_the_loss_falls_and_the_best_pass_is_kept(tmp_path):
    trained = train(
        tmp_path, n_epochs=12, optimiser={"learning_rate": 3e-3}, network={"subsets": (1,)},
        sampling={"draws_per_sample": 4.0}, loss={"terms": {"cross_entropy": 1.0}},
    )  # fmt: skip
    losses = [row["loss"] for row in trained.history]
    assert losses[-1] < 0.7 * losses[0]
    scores = {row["epoch"]: row["iou"] for row in trained.history}
    assert trained.score == max(scores.values())
    assert scores[trained.epoch] == trained.score


def test_a_finished_training_is_not_repeated(tmp_path):
    first = train(tmp_path, n_epochs=1)
    again = train(tmp_path, n_epochs=1, progress=kill_at(1))
    assert same_weights(first, again)


def test_passes_after_the_last_checkpoint_count(tmp_path):
    often, seldom = (
        train(tmp_path / name, n_epochs=3, keep="last", checkpoint_every=every)
        for name, every in (("often", 1), ("seldom", 2))
    )
    assert seldom.epoch == 3
    assert same_weights(often, seldom)


def test_two_processes_train_together(tmp_path):
    trained = train(tmp_path, n_epochs=2, run={"n_devices": 2})
    assert [row["epoch"] for row in trained.history] == [1, 2]
    assert all("iou" in row for row in trained.history)
    assert (tmp_path / "best.ckpt").exists()


def test_a_training_stops_where_nothing_gets_better(tmp_path):
    frozen = {"learning_rate": 1e-12}
    trained = train(tmp_path, n_epochs=9, patience=2, optimiser=frozen, network={"subsets": (1,)})
    assert len(trained.history) < 9
    again = train(
        tmp_path,
        n_epochs=9,
        patience=2,
        optimiser=frozen,
        network={"subsets": (1,)},
        progress=kill_at(len(trained.history) + 1),
    )
    assert again.history == trained.history


def test_validation_may_be_rare_or_absent(tmp_path):
    rare = train(tmp_path / "rare", n_epochs=2, validate_every=2)
    assert [("iou" in row) for row in rare.history] == [False, True]
    alone = SampleSet([scene("learned")])
    none = train(tmp_path / "none", samples=alone, n_epochs=1, keep="last")
    assert math.isnan(none.score)
    assert none.metadata.thresholds == {}
    with pytest.raises(InputError, match="no validation sample to choose the best weights by"):
        train(tmp_path / "best", samples=alone)


def test_an_encoder_that_is_held_stays_as_it_was(tmp_path):
    trained = train(tmp_path, n_epochs=1, optimiser={"encoder_rate": 0.0}, keep="last")
    moved = train(tmp_path / "moved", n_epochs=1, keep="last")
    start = train(tmp_path / "start", n_epochs=1, keep="last", optimiser={"encoder_rate": 0.0, "learning_rate": 1e-12})
    held, kept, other = (t.network.body.encoder.state_dict() for t in (trained, start, moved))
    assert all(torch.equal(value, kept[key]) for key, value in held.items())
    assert not all(torch.equal(value, other[key]) for key, value in held.items())


def test_the_beginning_of_an_encoder_can_be_held():
    network = SegmentationNetwork(tiny_options().network)
    held = {id(p) for module in freeze(network, n_steps=2) for p in module.parameters()}
    frozen = [not p.requires_grad for p in network.body.encoder.parameters()]
    n = sum(frozen)
    assert 0 < n < len(frozen)
    assert frozen == [True] * n + [False] * (len(frozen) - n)  # from the beginning, without a gap
    assert held == {id(p) for p in network.parameters() if not p.requires_grad}
    assert freeze(SegmentationNetwork(tiny_options().network), n_steps=0) == []


def test_what_it_saw_stands_in_the_facts(tmp_path):
    simulated = SampleSet([scene("learned", is_simulated=True, level="L2A")])
    trained = train(tmp_path, samples=simulated, n_epochs=1, keep="last", name="mines")
    assert trained.metadata.is_simulated
    assert trained.metadata.name == "demo-mines"
    assert trained.metadata.level == "L2A"
    mixed = SampleSet([*simulated, scene("real")])
    assert not train(tmp_path / "mixed", samples=mixed, n_epochs=1, keep="last").metadata.is_simulated


def test_a_folder_of_another_training_is_refused(tmp_path):
    train(tmp_path, n_epochs=1)
    with pytest.raises(ModelError, match="another seed; give another folder"):
        train(tmp_path, n_epochs=1, seed=7)
    with pytest.raises(ModelError, match="on other samples"):
        train(tmp_path, n_epochs=1, samples=scenes(4))
    longer = train(tmp_path, n_epochs=2)
    assert [row["epoch"] for row in longer.history] == [1, 2]
    (tmp_path / "last.ckpt").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="cannot be read as a checkpoint"):
        train(tmp_path, n_epochs=1)


def test_samples_that_cannot_be_learned_from_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"none of 1 samples is for training \(splits: None\)"):
        train(tmp_path, samples=SampleSet([scene("one", split=None)]))
    with pytest.raises(SceneError, match="no band B08"):
        train(tmp_path, network={"bands": ("B04", "B08")})


@pytest.mark.parametrize("run", [{"accelerator": "gpu", "n_devices": 64}, {"precision": "float16"}])
def test_a_machine_without_the_gpu_that_is_asked_for_says_so(tmp_path, monkeypatch, run):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="torch sees"):
        train(tmp_path, run=run)


def test_scores_can_be_logged_to_tensorboard(tmp_path):
    train(tmp_path, n_epochs=1, run={"log_to": ("tensorboard",)})
    assert list((tmp_path / "tensorboard").glob("events.*"))


def test_logging_to_what_is_not_installed_says_so(tmp_path, monkeypatch):
    def absent(*_, **__):
        raise ModuleNotFoundError("mlflow")

    monkeypatch.setattr("highwall.segmentation.loggers.MLFlowLogger", absent)
    with pytest.raises(ModelError, match="pip install mlflow"):
        train(tmp_path, n_epochs=1, run={"log_to": ("mlflow",)})
