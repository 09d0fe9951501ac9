import pytest
import torch

from highwall.classification.blocks import SqueezeExcitation, box_mean, power_mean
from highwall.classification.network import ChipNetwork, count_parameters, pool_cells
from highwall.classification.options import NetworkOptions
from highwall.core.errors import ModelError
from tests.classification.synthetic import SMALL_NETWORK


def levels(*shape: int) -> torch.Tensor:
    return 255.0 * torch.rand(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("height", "width"), [(48, 48), (64, 96), (100, 52)])
def test_any_multiple_of_the_cell_will_do(height, width):
    output = ChipNetwork(SMALL_NETWORK).eval()(levels(2, 3, height, width))
    assert output.cells.shape == (2, 3, height // 4, width // 4)
    assert output.chip.shape == (2, 3)
    torch.testing.assert_close(output.cells.sum(dim=1), torch.ones(2, height // 4, width // 4))
    torch.testing.assert_close(output.chip.sum(dim=1), torch.ones(2))


def test_other_extents_are_refused_with_the_cure():
    with pytest.raises(ModelError, match="pad it first"):
        ChipNetwork(SMALL_NETWORK)(levels(1, 3, 50, 48))


def test_gradients_reach_every_parameter():
    network = ChipNetwork(NetworkOptions())
    network.logits(levels(2, 3, 64, 64)).square().mean().backward()
    without = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


def test_the_network_is_light():
    assert count_parameters(ChipNetwork(NetworkOptions())) < 400_000


def test_a_cell_sees_more_than_a_chip():
    network = ChipNetwork(NetworkOptions()).eval()
    image = levels(1, 3, 256, 256).requires_grad_()
    network.logits(image)[0, :, 32, 32].sum().backward()
    seen = torch.nonzero(image.grad.abs().sum(dim=(0, 1)).sum(dim=0)).flatten()
    assert seen.max() - seen.min() >= 48


def test_a_far_pixel_changes_nothing():
    """A window's answer depends on its neighbourhood only, so windows can be joined."""
    network = ChipNetwork(SMALL_NETWORK).eval()
    image = levels(1, 3, 48, 256)
    changed = image.clone()
    changed[..., 200:] = 0.0
    with torch.no_grad():
        before, after = network.logits(image), network.logits(changed)
    assert torch.equal(before[..., :32], after[..., :32])
    assert not torch.equal(before, after)


def test_a_shift_by_a_cell_shifts_the_map():
    network = ChipNetwork(SMALL_NETWORK).eval()
    image = levels(1, 3, 96, 128)
    with torch.no_grad():
        whole, shifted = network.logits(image), network.logits(image[..., 8:])
    torch.testing.assert_close(whole[..., 10:-8], shifted[..., 8:-8], atol=1e-5, rtol=1e-4)


def test_box_mean_counts_only_cells_that_exist():
    x = levels(1, 2, 5, 6)
    found = box_mean(x, size=3)
    torch.testing.assert_close(found[0, 0, 0, 0], x[0, 0, :2, :2].mean())
    torch.testing.assert_close(found[0, 1, 2, 3], x[0, 1, 1:4, 2:5].mean())


def test_excitation_only_dims():
    x = levels(1, 8, 6, 6)
    assert (SqueezeExcitation(8, context_cells=3)(x) <= x).all()


def test_power_mean_lies_between_mean_and_maximum():
    p = torch.rand(4, 12, 12, generator=torch.Generator().manual_seed(1))
    mean, fourth = (power_mean(p, power=power) for power in (1.0, 4.0))
    torch.testing.assert_close(mean, p.mean(dim=(1, 2)))
    assert (fourth > mean).all()
    assert (fourth < p.amax(dim=(1, 2))).all()


def test_a_chip_is_a_mine_when_a_tenth_of_it_is():
    cells = torch.zeros(1, 3, 10, 10)
    cells[:, 0] = 1.0
    cells[0, :, 0] = torch.tensor([0.0, 1.0, 0.0])[:, None]
    chip = pool_cells(cells, power=4.0)[0]
    assert chip[1] == pytest.approx(0.1**0.25, abs=1e-3)
    assert chip.sum() == pytest.approx(1.0)
