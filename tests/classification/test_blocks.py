import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from highwall.classification.blocks import (
    ChannelAttention,
    DenseBlock,
    PathAggregation,
    ReceptiveField,
    SpatialAttention,
    SqueezeExcitation,
    Stem,
    doubled,
    halved,
    power_mean,
    separable,
    stochastic_pool,
    unit,
)


def values(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_unit_is_convolution_normalisation_and_relu():
    block = unit(3, 5, size=3).eval()
    convolution, normalisation, _ = block
    normalisation.running_mean.uniform_(-1.0, 1.0, generator=torch.Generator().manual_seed(1))
    normalisation.running_var.uniform_(0.5, 2.0, generator=torch.Generator().manual_seed(2))
    x = values(2, 3, 6, 7)
    with torch.no_grad():
        scale = normalisation.weight / (normalisation.running_var + normalisation.eps).sqrt()
        centred = convolution(x) - normalisation.running_mean.reshape(1, -1, 1, 1)
        expected = (scale.reshape(1, -1, 1, 1) * centred + normalisation.bias.reshape(1, -1, 1, 1)).clamp(min=0.0)
        torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize(("cell_px", "side"), [(1, 12), (2, 6), (4, 3)])
def test_the_stem_makes_cells(cell_px, side):
    assert Stem(5, 8, cell_px=cell_px)(values(2, 5, 12, 12)).shape == (2, 8, side, side)


def test_a_separable_layer_mixes_then_looks_around():
    mix, look = separable(6, 4)
    assert mix.weight.shape == (4, 6, 1, 1)
    assert look[0].weight.shape == (4, 1, 3, 3)


def test_every_dense_layer_reads_all_before_it():
    block = DenseBlock(8, 10, growth=4, n_layers=3)
    assert [layer[0].in_channels for layer in block.layers] == [8, 12, 16]
    assert block.transition[0].in_channels == 20
    assert block(values(2, 8, 5, 5)).shape == (2, 10, 5, 5)


@pytest.mark.parametrize(
    "attention",
    [SqueezeExcitation(8, reduction=2), ChannelAttention(8, reduction=2), SpatialAttention()],
    ids=["squeeze", "channel", "spatial"],
)
def test_attention_only_dims(attention):
    x = values(2, 8, 6, 5)
    for mode in (attention.train(), attention.eval()):
        found = mode(x)
        assert found.shape == x.shape
        assert ((found >= 0) & (found <= x)).all()


def test_squeeze_and_channel_attention_weigh_channels_spatial_attention_cells():
    x = values(1, 8, 6, 5) + 0.1
    for block in (SqueezeExcitation(8, reduction=2), ChannelAttention(8, reduction=2).eval()):
        weight = block(x) / x
        torch.testing.assert_close(weight, weight[..., :1, :1].expand_as(x))
    weight = SpatialAttention().eval()(x) / x
    torch.testing.assert_close(weight, weight[:, :1].expand_as(x))


def test_in_use_the_stochastic_pool_is_the_mean_under_its_own_probability():
    x = torch.tensor([[1.0, 3.0, 0.0, 4.0]])
    expected = 1.0 / 8 * 1.0 + 3.0 / 8 * 3.0 + 4.0 / 8 * 4.0
    assert stochastic_pool(x, dims=(1,), training=False).item() == pytest.approx(expected, rel=1e-5)


def test_draws_follow_the_values():
    """20,000 draws: the share of each value lies within 4 standard errors of x / Σ x."""
    torch.manual_seed(0)
    x = torch.tensor([1.0, 3.0, 0.0, 4.0])
    n = 20_000
    drawn = stochastic_pool(x.expand(n, 4), dims=(1,), training=True)[:, 0]
    for value in x:
        p = float(value / x.sum())
        assert float((drawn == value).float().mean()) == pytest.approx(p, abs=4.0 * (p * (1.0 - p) / n) ** 0.5)


def test_the_seed_decides_the_draws():
    x = values(4, 16, 9)

    def draw(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return stochastic_pool(x, dims=(2,), training=True)

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


def test_in_use_nothing_is_drawn():
    blocks = torch.nn.Sequential(ChannelAttention(8, reduction=2), SpatialAttention()).eval()
    x = values(2, 8, 4, 4)
    before = torch.get_rng_state()
    blocks(x)
    assert torch.equal(before, torch.get_rng_state())


@given(seed=st.integers(0, 10_000), n=st.integers(1, 40))
def test_the_stochastic_pool_lies_between_mean_and_maximum(seed, n):
    """Σ x² / Σ x is at least the mean (Cauchy-Schwarz) and at most the largest value."""
    x = values(3, n, seed=seed) + 0.01
    pool = stochastic_pool(x, dims=(1,), training=False)[:, 0]
    assert (pool >= x.mean(dim=1) - 1e-4).all()
    assert (pool <= x.amax(dim=1) + 1e-4).all()


@pytest.mark.parametrize("training", [True, False])
def test_a_dead_channel_pools_to_zero(training):
    assert stochastic_pool(torch.zeros(2, 5), dims=(1,), training=training).eq(0.0).all()


@given(height=st.integers(1, 17), width=st.integers(1, 17))
def test_doubling_gives_back_to_the_cells_that_were_joined(height, width):
    x = values(1, 2, height, width)
    small = halved(x)
    assert small.shape[-2:] == (-(-height // 2), -(-width // 2))
    rows, columns = torch.arange(height) // 2, torch.arange(width) // 2
    torch.testing.assert_close(doubled(small, like=x), small[..., rows, :][..., columns])


@pytest.mark.parametrize("side", [3, 6, 9, 12])
def test_the_pyramid_halves_and_keeps_its_width(side):
    maps = PathAggregation(8, n_scales=3, reduction=2).eval()(values(2, 8, side, side))
    assert [tuple(found.shape) for found in maps] == [(2, 8, n, n) for n in (side, -(-side // 2), -(-side // 4))]


def test_fine_and_coarse_scales_hear_of_each_other():
    torch.manual_seed(0)
    pyramid = PathAggregation(8, n_scales=3, reduction=2).eval()
    x = values(1, 8, 16, 16).requires_grad_()
    finest, *_, coarsest = pyramid(x)
    (down,) = torch.autograd.grad(finest[0, :, 0, 0].sum(), x, retain_graph=True)
    (up,) = torch.autograd.grad(coarsest[0, :, 0, 0].sum(), x)
    assert down[..., 8:, 8:].abs().sum() > 0  # through the coarsest scale
    assert up.abs().sum() > 0


def test_rates_widen_the_reach():
    """Of 3×1, 1×3 and a 3×3 with taps r apart: 1 + r cells each way."""
    block = ReceptiveField(8, rates=(1, 2, 3, 5)).eval()
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.abs_()  # no ReLU shuts a path
    x = (values(1, 8, 17, 17) + 0.1).requires_grad_()
    block(x)[0, :, 8, 8].sum().backward()
    seen = torch.nonzero(x.grad.abs().sum(dim=(0, 1)))
    assert int((seen - 8).abs().max()) == 6


def test_power_mean_lies_between_mean_and_maximum():
    p = values(4, 12, 12, seed=1)
    mean, fourth = (power_mean(p, power=power) for power in (1.0, 4.0))
    torch.testing.assert_close(mean, p.mean(dim=(1, 2)))
    assert (fourth > mean).all()
    assert (fourth < p.amax(dim=(1, 2))).all()
