from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from highwall.classification.blocks import separable
from highwall.classification.counts import cost_of, depthwise_first_weights, separable_weights, standard_weights
from highwall.classification.network import ChipNetwork
from highwall.classification.options import NetworkOptions

maps = st.integers(1, 12)
sizes = st.sampled_from([1, 3, 5, 7])


def convolution_weights(module: nn.Module) -> int:
    return sum(layer.weight.numel() for layer in module.modules() if isinstance(layer, nn.Conv2d))


@given(p=maps, q=maps, size=sizes)
def test_equation_2_counts_a_convolution(p, q, size):
    assert standard_weights(p, q, size=size) == nn.Conv2d(p, q, size, bias=False).weight.numel()


@given(p=maps, q=maps)
def test_equation_3_counts_our_order(p, q):
    assert separable_weights(p, q, size=3) == convolution_weights(separable(p, q))


@given(p=maps, q=maps, size=sizes)
def test_the_usual_order_counts_otherwise(p, q, size):
    usual = nn.Sequential(nn.Conv2d(p, p, size, groups=p), nn.Conv2d(p, q, 1))
    assert depthwise_first_weights(p, q, size=size) == convolution_weights(usual)
    assert (separable_weights(p, q, size=size) == convolution_weights(usual)) == (p == q)


@given(p=maps, q=maps, height=st.integers(3, 9), width=st.integers(3, 9))
def test_multiplications_are_weights_times_positions(p, q, height, width):
    """Against torch's own profiler, which counts two operations for each."""
    block = nn.Sequential(nn.Conv2d(p, q, 1, bias=False), nn.Conv2d(q, q, 3, padding=1, groups=q, bias=False))
    with FlopCounterMode(display=False) as profiler, torch.no_grad():
        block(torch.zeros(1, p, height, width))
    assert profiler.get_total_flops() == 2 * separable_weights(p, q, size=3) * height * width


@pytest.mark.parametrize(("n_bands", "chip_px"), [(3, 48), (13, 48), (3, 9), (1, 64)])
def test_a_whole_network_is_counted_as_the_profiler_does(n_bands, chip_px):
    network = ChipNetwork(NetworkOptions.for_chips(chip_px, n_bands=n_bands)).eval()
    cost = cost_of(network, n_bands=n_bands, chip_px=chip_px)
    with FlopCounterMode(display=False) as profiler, torch.no_grad():
        network(torch.zeros(1, n_bands, chip_px, chip_px))
    assert 2 * cost.n_multiplications == profiler.get_total_flops()
    assert cost.n_weights == sum(p.numel() for p in network.parameters())


def test_counting_leaves_the_network_as_it_was():
    network = ChipNetwork(NetworkOptions()).train()
    cost_of(network, n_bands=3, chip_px=48)
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())


def test_the_network_is_light():
    cost = cost_of(ChipNetwork(NetworkOptions()), n_bands=3, chip_px=48)
    assert cost.n_bytes < 3_000_000
    assert cost.n_weights < 600_000


def test_the_page_tells_what_the_network_costs():
    options = NetworkOptions()
    cost = cost_of(ChipNetwork(options), n_bands=3, chip_px=48)
    maps = [options.stem_width + i * options.growth for i in range(options.n_layers)]
    page = (Path(__file__).parents[2] / "docs" / "rooms" / "classification.md").read_text(encoding="utf-8")
    for count in (
        cost.n_weights,
        cost.n_multiplications,
        sum(separable_weights(p, options.growth, size=3) for p in maps),
        sum(standard_weights(p, options.growth, size=3) for p in maps),
    ):
        assert f"{count:,}" in page
