import numpy as np
import pytest
import torch
from pydantic import ValidationError

from highwall.classification.encoder import Encoder
from highwall.classification.options import TrainOptions
from highwall.classification.train import RATES, Trainer, batch_loss, make_optimiser
from highwall.core.errors import ModelError
from tests.classification.networks import SMALL_NETWORK
from tests.classification.synthetic import SMALL_RUN, chips, scene, with_industrial


def trainer(**changes: object) -> Trainer:
    found = with_industrial(chips(16), 2)
    return Trainer([scene("a"), scene("b")], found, options=SMALL_RUN.model_copy(update=changes))


def weights(found: Trainer) -> list[torch.Tensor]:
    return list(found.result().state_dict().values())


def test_it_overfits_64_chips():
    few = chips(64)
    changes = {"n_steps": 60, "learning_rate": 0.02, "ema_decay": 0.8, "n_artisanal_chips": 16, "n_negative_chips": 16}
    run = Trainer([scene("a")], few, options=SMALL_RUN.model_copy(update=changes))
    losses: list[float] = []
    run.run(progress=lambda step, loss: losses.append(loss))
    network = run.result()
    with torch.no_grad():
        chip = network(torch.from_numpy(np.moveaxis(few.pixels, 3, 1)).float()).chip.numpy()
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])
    assert ((chip[:, 1] > 0.5) == few.is_artisanal).all()


@pytest.mark.parametrize("mixed_precision", [False, True])
def test_killed_and_resumed_gives_the_same_weights(tmp_path, mixed_precision):
    straight = trainer(mixed_precision=mixed_precision)
    straight.run()
    broken_off = trainer(mixed_precision=mixed_precision)
    broken_off.run(until=4, checkpoint=tmp_path / "run.ckpt")
    torch.manual_seed(99)  # what else happened in between must not matter
    resumed = trainer(mixed_precision=mixed_precision)
    resumed.restore(tmp_path / "run.ckpt")
    assert resumed.step == 3
    resumed.run()
    for a, b in zip(weights(straight), weights(resumed), strict=True):
        torch.testing.assert_close(a, b, rtol=0.0, atol=0.0)


def rates(found: Trainer) -> list[float]:
    seen = []
    found.run(progress=lambda step, loss: seen.append(found.optimiser.param_groups[0]["lr"]))
    return seen


def test_the_rate_rises_and_falls_once_a_cycle():
    once, twice = rates(trainer(n_steps=20)), rates(trainer(n_steps=40, n_cycles=2))
    assert np.argmax(once) < 5
    assert once[-2] < 1e-3 * max(once)  # the last of 20 steps takes this one
    np.testing.assert_allclose(twice[:19], once[:19])
    np.testing.assert_allclose(twice[20:39], once[:19])


def test_killed_between_cycles_and_resumed_gives_the_same_weights(tmp_path):
    straight = trainer(n_cycles=2)
    straight.run()
    broken_off = trainer(n_cycles=2)
    broken_off.run(until=3, checkpoint=tmp_path / "run.ckpt")
    resumed = trainer(n_cycles=2)
    resumed.restore(tmp_path / "run.ckpt")
    resumed.run()
    assert all(torch.equal(a, b) for a, b in zip(weights(straight), weights(resumed), strict=True))


def test_cycles_that_are_not_whole_are_refused():
    with pytest.raises(ValidationError, match="no 5 whole cycles"):
        TrainOptions(n_steps=101, n_cycles=5)


def test_the_seed_decides_the_weights():
    one, same, other = trainer(), trainer(), trainer(seed=7)
    for run in (one, same, other):
        torch.manual_seed(run.options.seed)
        run.run(until=2)
    assert all(torch.equal(a, b) for a, b in zip(weights(one), weights(same), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    trainer().save(tmp_path / "run.ckpt")
    with pytest.raises(ModelError, match="delete it to start anew"):
        trainer(network=SMALL_NETWORK.model_copy(update={"growth": 5})).restore(tmp_path / "run.ckpt")


@pytest.mark.parametrize("change", [{"seed": 1}, {"learning_rate": 0.001}, {"n_steps": 7}, {"n_negative_chips": 5}])
def test_a_checkpoint_of_another_recipe_is_refused(tmp_path, change):
    trainer().save(tmp_path / "run.ckpt")
    with pytest.raises(ModelError, match="other options or data"):
        trainer(**change).restore(tmp_path / "run.ckpt")


def test_a_checkpoint_from_other_data_is_refused(tmp_path):
    trainer().save(tmp_path / "run.ckpt")
    found = with_industrial(chips(16), 2)
    more = Trainer([scene("a"), scene("b"), scene("c")], found, options=SMALL_RUN)
    found.pixels[3, 4, 5] += 1
    other = Trainer([scene("a"), scene("b")], found, options=SMALL_RUN)
    for run in (more, other):
        with pytest.raises(ModelError, match="other options or data"):
            run.restore(tmp_path / "run.ckpt")


@pytest.mark.parametrize("name", sorted(RATES))
def test_every_optimiser_takes_a_step_downhill(name):
    run = trainer(optimiser=name)
    batch = run.sampler.draw()
    optimiser = make_optimiser(run.network, options=run.options)
    losses = []
    for _ in range(8):
        torch.manual_seed(0)
        loss = batch_loss(run.network.train(), batch, options=run.options)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_only_kernels_decay():
    run = trainer(weight_decay=0.3)
    decay = [(group["weight_decay"], {p.ndim for p in group["params"]}) for group in run.optimiser.param_groups]
    assert decay[0][0] == 0.3
    assert min(decay[0][1]) > 1
    assert decay[1] == (0.0, {1})


def test_a_loss_that_is_not_finite_stops_the_run():
    run = trainer()
    with torch.no_grad():
        next(run.network.parameters()).fill_(float("nan"))
    with pytest.raises(ModelError, match="lower the learning rate"):
        run.run()


def test_the_result_is_ready_to_score():
    assert not trainer().result().training


def test_the_loss_knows_labels_and_coverage():
    run = trainer()
    batch = run.sampler.draw()

    def loss(changed):
        torch.manual_seed(0)
        return float(batch_loss(run.network.train(), changed, options=run.options).detach())

    right = loss(batch)
    assert np.isfinite(right)
    assert loss(batch._replace(label=(batch.label + 1) % 3)) != right
    covered = batch.scene_chips._replace(coverage=1.0 - batch.scene_chips.coverage)
    assert loss(batch._replace(scene_chips=covered)) != right


TWO_READERS = SMALL_NETWORK.model_copy(update={"second_reader": True})


def second_weights(found: Trainer) -> list[torch.Tensor]:
    return [p.detach().clone() for name, p in found.network.named_parameters() if name.startswith("second.")]


def test_the_second_reader_moves_only_in_its_own_steps_and_less():
    run = trainer(network=TWO_READERS, second_steps=2, second_rate=0.25)
    rates = {(group["rate_share"], round(group["lr"] / run.optimiser.param_groups[0]["lr"], 6))
             for group in run.optimiser.param_groups}  # fmt: skip
    assert rates == {(1.0, 1.0), (0.25, 0.25)}
    run.run(until=1)
    seen = second_weights(run)
    run.run(until=3)
    assert all(torch.equal(a, b) for a, b in zip(seen, second_weights(run), strict=True))
    run.run(until=4)
    assert not any(torch.equal(a, b) for a, b in zip(seen, second_weights(run), strict=True) if a.ndim > 1)


def test_two_readers_killed_and_resumed_give_the_same_weights(tmp_path):
    straight = trainer(network=TWO_READERS, second_steps=3)
    straight.run()
    broken_off = trainer(network=TWO_READERS, second_steps=3)
    broken_off.run(until=4, checkpoint=tmp_path / "run.ckpt")
    resumed = trainer(network=TWO_READERS, second_steps=3)
    resumed.restore(tmp_path / "run.ckpt")
    resumed.run()
    assert all(torch.equal(a, b) for a, b in zip(weights(straight), weights(resumed), strict=True))


def test_the_second_reader_begins_from_a_file(tmp_path):
    other = Encoder(3, dropout=0.0)
    held = {key: value for key, value in other.state_dict().items() if not key.startswith("head.")}
    torch.save({**held, "_fc.bias": torch.zeros(1000)}, tmp_path / "weights.pth")
    options = SMALL_RUN.model_copy(update={"network": TWO_READERS})
    run = Trainer([scene("a")], chips(16), options=options, features=tmp_path / "weights.pth")
    torch.testing.assert_close(run.network.second.stem[0].weight.detach(), other.stem[0].weight.detach())
