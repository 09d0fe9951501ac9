import pytest
import torch

from highwall.classification.cracks.sampling import ChipBatch
from highwall.classification.cracks.train import CrackTrainer, cell_target, crack_loss, overlap_loss
from highwall.classification.network import ChipNetwork
from highwall.core.errors import ModelError

from .made import SMALL_NETWORK, SMALL_RUN, cracked


def test_a_crack_is_learned():
    """The line is darker than all else, so that the loss must fall to a third within some steps."""
    losses = []
    options = SMALL_RUN.model_copy(update={"n_steps": 60, "learning_rate": 0.02})
    CrackTrainer([cracked("1")], options=options).run(progress=lambda step, loss: losses.append(loss))
    assert sum(losses[-5:]) < sum(losses[:5]) / 3


def test_a_run_goes_on_where_it_stopped(tmp_path):
    whole = CrackTrainer([cracked("1")], options=SMALL_RUN)
    whole.run()
    CrackTrainer([cracked("1")], options=SMALL_RUN).run(until=3, checkpoint=tmp_path / "run.ckpt")
    resumed = CrackTrainer([cracked("1")], options=SMALL_RUN)
    resumed.restore(tmp_path / "run.ckpt")
    assert resumed.step == 3
    resumed.run()
    for key, value in whole.result().state_dict().items():
        torch.testing.assert_close(resumed.result().state_dict()[key], value, rtol=0, atol=0)


def test_a_checkpoint_of_other_options_is_refused(tmp_path):
    CrackTrainer([cracked("1")], options=SMALL_RUN).run(until=3, checkpoint=tmp_path / "run.ckpt")
    wider = SMALL_RUN.model_copy(update={"network": SMALL_NETWORK.model_copy(update={"growth": 8})})
    with pytest.raises(ModelError, match="other options"):
        CrackTrainer([cracked("1")], options=wider).restore(tmp_path / "run.ckpt")


def test_gradient_flows_to_every_parameter():
    torch.manual_seed(0)
    network = ChipNetwork(SMALL_NETWORK)
    labels = torch.zeros(4, 1, 32, 32)
    labels[:2, :, 10:12] = 1.0
    crack_loss(network, ChipBatch(255 * torch.rand(4, 3, 32, 32), labels), options=SMALL_RUN).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


def test_a_cell_is_a_crack_where_one_of_its_pixels_is():
    pixels = torch.zeros(1, 1, 4, 4)
    pixels[0, 0, 1, 2] = 1.0
    assert cell_target(pixels, cell_px=2).tolist() == [[[0.0, 1.0], [0.0, 0.0]]]


def test_overlap_is_lost_by_what_is_missed():
    truth = torch.zeros(1, 20, 20)
    truth[:, 5:15] = 1.0
    assert overlap_loss(truth, truth) == pytest.approx(0.0, abs=1e-6)
    assert overlap_loss(torch.zeros_like(truth), truth) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("change", [{"seed": 1}, {"learning_rate": 0.001}, {"n_steps": 7}])
def test_a_checkpoint_of_another_recipe_is_refused(tmp_path, change):
    CrackTrainer([cracked("1")], options=SMALL_RUN).run(until=3, checkpoint=tmp_path / "run.ckpt")
    with pytest.raises(ModelError, match="other options or data"):
        CrackTrainer([cracked("1")], options=SMALL_RUN.model_copy(update=change)).restore(tmp_path / "run.ckpt")


def test_a_checkpoint_from_other_photographs_is_refused(tmp_path):
    CrackTrainer([cracked("1")], options=SMALL_RUN).run(until=3, checkpoint=tmp_path / "run.ckpt")
    with pytest.raises(ModelError, match="other options or data"):
        CrackTrainer([cracked("2")], options=SMALL_RUN).restore(tmp_path / "run.ckpt")


def test_more_threads_may_finish_a_run(tmp_path):
    CrackTrainer([cracked("1")], options=SMALL_RUN).run(until=3, checkpoint=tmp_path / "run.ckpt")
    wider = CrackTrainer([cracked("1")], options=SMALL_RUN.model_copy(update={"n_threads": 2}))
    wider.restore(tmp_path / "run.ckpt")
    assert wider.step == 3
