import numpy as np
import pytest
import torch

from highwall.classification.train import Trainer, batch_loss
from highwall.core.errors import ModelError
from tests.classification.synthetic import SMALL_NETWORK, SMALL_RUN, chips, scene


def trainer(**changes: object) -> Trainer:
    return Trainer([scene("a"), scene("b")], chips(16), options=SMALL_RUN.model_copy(update=changes))


def weights(found: Trainer) -> list[torch.Tensor]:
    return list(found.result().state_dict().values())


def test_it_overfits_a_few_chips():
    few = chips(32)
    changes = {"n_steps": 120, "learning_rate": 0.02, "ema_decay": 0.8}
    run = Trainer([scene("a")], few, options=SMALL_RUN.model_copy(update=changes))
    losses: list[float] = []
    run.run(progress=lambda step, loss: losses.append(loss))
    network = run.result()
    with torch.no_grad():
        chip = network(torch.from_numpy(np.moveaxis(few.pixels, 3, 1)).float()).chip.numpy()
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])
    assert ((chip[:, 1] > 0.5) == few.is_artisanal).all()


def test_interrupted_and_resumed_gives_the_same_weights(tmp_path):
    straight = trainer()
    straight.run()
    broken_off = trainer()
    broken_off.run(until=4, checkpoint=tmp_path / "run.ckpt")
    resumed = trainer()
    resumed.restore(tmp_path / "run.ckpt")
    assert resumed.step == 3
    resumed.run()
    for a, b in zip(weights(straight), weights(resumed), strict=True):
        torch.testing.assert_close(a, b, rtol=0.0, atol=0.0)


def test_the_seed_decides_the_weights():
    one, same, other = trainer(), trainer(), trainer(seed=7)
    for run in (one, same, other):
        run.run(until=2)
    assert all(torch.equal(a, b) for a, b in zip(weights(one), weights(same), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    trainer().save(tmp_path / "run.ckpt")
    with pytest.raises(ModelError, match="delete it to start anew"):
        trainer(network=SMALL_NETWORK.model_copy(update={"growth": 5})).restore(tmp_path / "run.ckpt")


def test_the_result_is_ready_to_score():
    assert not trainer().result().training


@pytest.mark.parametrize("joined", [False, True])
def test_the_loss_knows_chips_alone_and_side_by_side(joined):
    run = trainer()
    batch = run.sampler.draw()
    loss = batch_loss(run.network, batch, options=run.options, joined=joined)
    swapped = batch_loss(
        run.network, batch._replace(is_artisanal=~batch.is_artisanal), options=run.options, joined=joined
    )
    assert loss.isfinite()
    assert loss != swapped
