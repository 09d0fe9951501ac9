import pytest
import torch
from pydantic import ValidationError

from highwall.classification.network import ChipNetwork, pool_cells
from highwall.classification.options import NetworkOptions
from highwall.core.errors import ModelError
from tests.classification.networks import SMALL_NETWORK


def levels(*shape: int) -> torch.Tensor:
    return 255.0 * torch.rand(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("chip_px", range(3, 65))
def test_every_chip_size_is_answered(chip_px):
    options = NetworkOptions.for_chips(chip_px)
    side = chip_px // options.cell_px
    output = ChipNetwork(options).eval()(levels(1, 3, chip_px, chip_px))
    assert output.cells.shape == (1, 3, side, side)
    assert output.chip.shape == (1, 3)
    torch.testing.assert_close(output.cells.sum(dim=1), torch.ones(1, side, side))
    torch.testing.assert_close(output.chip.sum(dim=1), torch.ones(1))


@pytest.mark.parametrize("n_bands", range(1, 14))
@pytest.mark.parametrize("n_classes", [2, 3])
def test_any_number_of_bands_is_read(n_bands, n_classes):
    options = SMALL_NETWORK.model_copy(update={"n_bands": n_bands, "n_classes": n_classes})
    output = ChipNetwork(options).eval()(levels(2, n_bands, 48, 48))
    assert output.cells.shape == (2, n_classes, 12, 12)
    assert output.chip.shape == (2, n_classes)


@pytest.mark.parametrize(("height", "width"), [(48, 48), (64, 96), (100, 52), (256, 256)])
def test_any_multiple_of_the_cell_will_do(height, width):
    output = ChipNetwork(SMALL_NETWORK).eval()(levels(2, 3, height, width))
    assert output.cells.shape == (2, 3, height // 4, width // 4)
    assert output.chip.shape == (2, 3)


@pytest.mark.parametrize("chip_px", [3, 9, 18, 48])
def test_gradients_reach_every_parameter(chip_px):
    torch.manual_seed(0)
    network = ChipNetwork(NetworkOptions.for_chips(chip_px))
    cells, chip = network.logits(levels(8, 3, chip_px, chip_px))
    (cells.square().mean() + chip.square().mean()).backward()
    without = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


def test_other_extents_are_refused_with_the_cure():
    with pytest.raises(ModelError, match="pad it first"):
        ChipNetwork(SMALL_NETWORK)(levels(1, 3, 50, 48))


def test_other_bands_are_refused():
    with pytest.raises(ModelError, match="4 bands; the network reads 3"):
        ChipNetwork(SMALL_NETWORK)(levels(1, 4, 48, 48))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_chips_with_missing_values_are_refused(value):
    chips = levels(4, 3, 48, 48)
    chips[2, 1, 5, 5] = value
    with pytest.raises(ModelError, match="1 of 4 chips hold NaN"):
        ChipNetwork(SMALL_NETWORK)(chips)


def test_in_use_it_says_the_same_twice():
    network = ChipNetwork(SMALL_NETWORK).eval()
    chips = levels(2, 3, 48, 48)
    assert all(torch.equal(a, b) for a, b in zip(network(chips), network(chips), strict=True))


def test_in_training_the_seed_decides_what_it_says():
    network = ChipNetwork(SMALL_NETWORK).train()
    chips = levels(4, 3, 48, 48)

    def say(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return network.logits(chips).chip

    assert torch.equal(say(1), say(1))
    assert not torch.equal(say(1), say(2))


def test_what_is_said_of_a_chip_does_not_depend_on_the_batch():
    network = ChipNetwork(SMALL_NETWORK).eval()
    chips = levels(5, 3, 48, 48)
    torch.testing.assert_close(network(chips).chip[3:4], network(chips[3:4]).chip, atol=1e-5, rtol=1e-5)


def test_it_overfits_64_chips():
    """Random labels of random chips: only a network that can remember each of them gets them right."""
    torch.manual_seed(0)
    network = ChipNetwork(SMALL_NETWORK.model_copy(update={"neck_width": 32, "stem_width": 16}))
    chips, label = levels(64, 3, 24, 24), torch.arange(64) % 3
    chips += 60.0 * torch.randn(64, 3, 1, 1)
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.01)
    for _ in range(80):
        loss = torch.nn.functional.cross_entropy(network.train().logits(chips).chip, label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        assert (network.eval()(chips).chip.argmax(dim=1) == label).all()


def test_temperature_softens_what_is_said_and_keeps_the_order():
    network = ChipNetwork(SMALL_NETWORK).eval()
    chips = levels(4, 3, 48, 48)
    with torch.no_grad():
        sharp = network(chips)
        network.temperature.copy_(torch.tensor([3.0, 2.0]))
        soft, logits = network(chips), network.logits(chips)
    torch.testing.assert_close(soft.cells, (logits.cells / 3.0).softmax(dim=1))
    torch.testing.assert_close(soft.chip, (logits.chip / 2.0).softmax(dim=1))
    assert torch.equal(soft.chip.argsort(dim=1), sharp.chip.argsort(dim=1))


@pytest.mark.parametrize(
    ("chip_px", "cell_px"), [(3, 1), (6, 1), (9, 1), (16, 2), (18, 2), (32, 4), (36, 4), (48, 4), (50, 2), (64, 4)]
)
def test_the_cell_fits_the_chip(chip_px, cell_px):
    assert NetworkOptions.for_chips(chip_px).cell_px == cell_px


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"chip_px": 50}, "whole cells"),
        ({"n_bands": 4, "input_mean": (1.0, 2.0)}, "give 1 or 4"),
        ({"input_std": (0.0,)}, "positive"),
        ({"rates": (0, 1, 2, 3)}, "positive"),
        ({"depth": 3}, "Extra inputs"),
    ],
)
def test_options_that_make_no_network_are_refused(wrong, says):
    with pytest.raises(ValidationError, match=says):
        NetworkOptions(**wrong)


def test_bands_are_brought_to_one_range():
    options = SMALL_NETWORK.model_copy(update={"n_bands": 2, "input_mean": (10.0, 200.0), "input_std": (2.0, 50.0)})
    seen: list[torch.Tensor] = []
    network = ChipNetwork(options).eval()
    network.stem.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network(torch.tensor([12.0, 150.0]).reshape(1, 2, 1, 1).expand(1, 2, 8, 8).contiguous())
    torch.testing.assert_close(seen[0][0, :, 0, 0], torch.tensor([1.0, -1.0]))


def test_a_chip_is_a_mine_when_a_tenth_of_it_is():
    cells = torch.zeros(1, 3, 10, 10)
    cells[:, 0] = 1.0
    cells[0, :, 0] = torch.tensor([0.0, 1.0, 0.0])[:, None]
    chip = pool_cells(cells, power=4.0)[0]
    assert chip[1] == pytest.approx(0.1**0.25, abs=1e-3)
    assert chip.sum() == pytest.approx(1.0)


TWO_READERS = SMALL_NETWORK.model_copy(update={"second_reader": True})


def test_of_two_readers_the_mean_is_said_of_chips_and_the_first_says_it_of_cells():
    network = ChipNetwork(TWO_READERS).eval()
    chips = levels(2, 3, 48, 48)
    cells, (first, second) = network.opinions(chips)
    said = network.logits(chips)
    torch.testing.assert_close(said.chip, (first + second) / 2.0)
    torch.testing.assert_close(said.cells, cells)
    assert not torch.allclose(first, second)


def test_the_second_reader_may_be_left_out():
    network = ChipNetwork(TWO_READERS).eval()
    chips = levels(2, 3, 48, 48)
    alone = network.opinions(chips, ask_second=False)
    assert len(alone.chip) == 1
    torch.testing.assert_close(alone.chip[0], network.opinions(chips).chip[0])


def test_the_second_reader_needs_three_bands():
    with pytest.raises(ValidationError, match="reads 3 bands, and there are 4"):
        NetworkOptions(n_bands=4, second_reader=True)
