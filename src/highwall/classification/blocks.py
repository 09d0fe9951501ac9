"""The bricks of the chip network, each with its equation.

Every convolution is followed by batch normalisation and ReLU (`unit`): in use the normalisation is a scale and an
offset of the weights, and export folds it away. Maps stay ≥ 0 because of the ReLU; stochastic pooling needs that.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

_OPEN = 2.0
"""Offset of a gate before training: it lets σ(2) = 0.88 through."""

_TINY = 1e-6
"""Keeps the mean of an empty channel from dividing zero by zero."""


def unit(
    channels: int,
    n_kernels: int,
    *,
    size: int | tuple[int, int] = 1,
    groups: int = 1,
    dilation: int = 1,
) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU: y = max(0, γ (W ∗ x − μ) / √(σ² + ε) + β).

    The extent stays: (B, ``channels``, H, W) -> (B, ``n_kernels``, H, W). Source: Ioffe & Szegedy 2015, algorithm 1.
    """
    rows, columns = (size, size) if isinstance(size, int) else size
    padding = (dilation * (rows // 2), dilation * (columns // 2))
    return nn.Sequential(
        nn.Conv2d(channels, n_kernels, (rows, columns), padding=padding, dilation=dilation, groups=groups, bias=False),
        nn.BatchNorm2d(n_kernels),
        nn.ReLU(inplace=True),
    )


def separable(channels: int, n_kernels: int) -> nn.Sequential:
    """Point-wise, then depth-wise convolution: y = f(W_d ∗ (W_p ∗ x)), with f as in `unit`.

    Nothing stands between the two: with a ReLU there it learned more slowly in short trials.

    With p input maps, q kernels of γ×γ: p q weights to mix, γ² q to see around; (γ² + p) q in all, which is eq. 3 of
    Yu et al. 2023. The other order (Howard et al. 2017) needs (γ² + q) p.

    Source: Haase & Amthor 2020, section 3.2 (blueprint separable convolution).
    """
    mix = nn.Conv2d(channels, n_kernels, 1, bias=False)
    return nn.Sequential(mix, unit(n_kernels, n_kernels, size=3, groups=n_kernels))


class Stem(nn.Sequential):
    """Two 3×3 convolutions from pixels to cells: y = P(f(W₂ ∗ P(f(W₁ ∗ x)))).

    P takes the largest of 2×2 (stride 2) as often as the cell asks: never for cells of 1 px, once for 2, twice for 4.
    Pooling keeps each cell centred on its pixels, so a mirrored chip gives the mirrored map of a mirrored kernel.

    Source: Yu et al. 2023, section 3.2.2 (two-layer convolutional network).
    """

    def __init__(self, n_bands: int, width: int, *, cell_px: int) -> None:
        halve = nn.MaxPool2d(2)
        super().__init__(
            unit(n_bands, width // 2, size=3),  # (B, band, H, W) -> (B, C/2, H, W)
            halve if cell_px >= 2 else nn.Identity(),
            unit(width // 2, width, size=3),
            halve if cell_px == 4 else nn.Identity(),  # -> (B, C, H/cell, W/cell)
        )


class DenseBlock(nn.Module):
    """Each layer reads all that came before it, side by side: x_l = H_l([x_0, x_1, …, x_{l−1}]), y = f(W ∗ [x_0, …]).

    H_l is `separable`; the last, point-wise convolution brings all channels to ``width`` (their transition layer). Yu
    et al. speak of the *sum* of the earlier channels; a sum would be a residual network, side by side is what their
    figure 2A and their source do.

    Source: Huang et al. 2017, eq. 2; Yu et al. 2023, figure 2A (eight layers).
    """

    def __init__(self, channels: int, width: int, *, growth: int, n_layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(separable(channels + i * growth, growth) for i in range(n_layers))
        self.transition = unit(channels + n_layers * growth, width)

    def forward(self, x: Tensor) -> Tensor:
        """Append every layer's channels to its input, then mix them all."""
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)  # (B, C, h, w) -> (B, C + growth, h, w)
        mixed: Tensor = self.transition(x)  # (B, C + layers · growth, h, w) -> (B, width, h, w)
        return mixed


class SqueezeExcitation(nn.Module):
    """Reweigh channels by their mean over the window: y_c = x_c σ(W₂ δ(W₁ z))_c, z_c = Σ x_c(i, j) / (h w).

    Source: Hu et al. 2018, eq. 2-4; Yu et al. 2023, eq. 4-6 (whose W₂ must be M×M/r, not M×M).
    """

    def __init__(self, channels: int, *, reduction: int) -> None:
        super().__init__()
        hidden = max(channels // reduction, 1)
        self.squeeze = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU())
        self.excite = gate(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Scale each channel by its excitation."""
        z = functional.adaptive_avg_pool2d(x, 1)  # (B, C, h, w) -> (B, C, 1, 1)
        return x * torch.sigmoid(self.excite(self.squeeze(z)))


class ChannelAttention(nn.Module):
    """What to look at: y = x σ(W₂ (δ(W₁ avg x) + δ(W₁ max x) + δ(W₁ sto x))), pools over the window.

    One W₁ and W₂ for all three pools; adding before W₂, which is linear, gives the sum of three answers at a third of
    the work. Source: Woo et al. 2018, eq. 2, with a third, stochastic pool after Yu et al. 2023, section 3.2.3.
    """

    def __init__(self, channels: int, *, reduction: int) -> None:
        super().__init__()
        hidden = max(channels // reduction, 1)
        self.squeeze = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU())
        self.excite = gate(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Scale each channel by its attention."""
        drawn = stochastic_pool(x, dims=(2, 3), training=self.training)
        pools = torch.cat([*mean_and_max(x), drawn], dim=2)  # (B, C, h, w) -> (B, C, 3, 1)
        hidden = self.squeeze(pools).sum(dim=2, keepdim=True)  # -> (B, C/r, 1, 1)
        return x * torch.sigmoid(self.excite(hidden))


class SpatialAttention(nn.Module):
    """Where to look: y = x σ(W ∗ [avg x, max x, sto x]), W of 7×7 taps, pools over the channels of each cell.

    Source: Woo et al. 2018, eq. 3, with a third, stochastic pool after Yu et al. 2023, section 3.2.3.
    """

    def __init__(self) -> None:
        super().__init__()
        self.look = gate(3, 1, size=7)

    def forward(self, x: Tensor) -> Tensor:
        """Scale each cell by its attention."""
        drawn = stochastic_pool(x, dims=(1,), training=self.training)
        pools = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True), drawn], dim=1)  # (B, 3, h, w)
        return x * torch.sigmoid(self.look(pools))


class PathAggregation(nn.Module):
    """Scales that talk both ways, each through attention: coarse to fine, then fine to coarse.

    L_1 = x, L_{i+1} = A(S(P L_i)); down: T_n = L_n, T_i = S(L_i + ↑T_{i+1}); up: N_1 = T_1, N_i = S(T_i + P N_{i−1}).
    S is `separable`, A `SqueezeExcitation`, P the largest of 2×2 cells, ↑ repeats each cell 2×2. The finest map comes
    with its attention: it has passed the three blocks before.

    Source: Liu et al. 2018 (PANet), section 3.1; Yu et al. 2023, section 3.2.4 and figure 3.
    """

    def __init__(self, width: int, *, n_scales: int, reduction: int) -> None:
        super().__init__()
        coarser = range(n_scales - 1)
        self.descend = nn.ModuleList(
            nn.Sequential(separable(width, width), SqueezeExcitation(width, reduction=reduction)) for _ in coarser
        )
        self.top_down = nn.ModuleList(separable(width, width) for _ in coarser)
        self.bottom_up = nn.ModuleList(separable(width, width) for _ in coarser)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Maps of all scales, finest first: (B, width, h, w), (B, width, ⌈h/2⌉, ⌈w/2⌉), …"""
        maps = [x]
        for step in self.descend:
            maps.append(step(halved(maps[-1])))
        for i, fuse in reversed(list(enumerate(self.top_down))):
            maps[i] = fuse(maps[i] + doubled(maps[i + 1], like=maps[i]))
        for i, fuse in enumerate(self.bottom_up):
            maps[i + 1] = fuse(maps[i + 1] + halved(maps[i]))
        return maps


def halved(x: Tensor) -> Tensor:
    """Take the largest of each 2×2 cells; a last odd row or column counts alone."""
    return functional.max_pool2d(x, 2, ceil_mode=True)  # (B, C, h, w) -> (B, C, ⌈h/2⌉, ⌈w/2⌉)


def doubled(x: Tensor, *, like: Tensor) -> Tensor:
    """Repeat each cell 2×2, cut to the extent of ``like``: the cells that `halved` joined get the same value."""
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")[..., : like.shape[-2], : like.shape[-1]]


class ReceptiveField(nn.Module):
    """Four looks of different reach, joined: y = δ(x + W_o ∗ [B_1, …, B_4]), B_k = f(D_{r_k} ∗ f(W_b ∗ f(W_a ∗ x_k))).

    x_k is a quarter of the channels of f(W_i ∗ x), W_a has 3×1 taps, W_b 1×3, and D_r is a depth-wise 3×3 convolution
    with its taps r cells apart; batch normalisation follows W_o too, before the sum. A 3×1 and a 1×3 kernel need 6
    weights for each pair of channels where 3×3 needs 9.

    Source: Liu et al. 2018, section 3.2 and figure 4b (RFB-s, whose branches differ in their kernels and whose D is not
    depth-wise); Yu et al. 2023, section 3.2.4 (four rates, 3×1 and 1×3).
    """

    def __init__(self, channels: int, *, rates: tuple[int, int, int, int]) -> None:
        super().__init__()
        quarter = channels // len(rates)
        self.inward = nn.Sequential(
            unit(channels, channels),
            unit(channels, channels, size=(3, 1), groups=len(rates)),
            unit(channels, channels, size=(1, 3), groups=len(rates)),
        )
        self.reaches = nn.ModuleList(unit(quarter, quarter, size=3, groups=quarter, dilation=r) for r in rates)
        self.outward = nn.Sequential(nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Widen what each cell sees."""
        quarter = x.shape[1] // len(self.reaches)
        parts = self.inward(x).split(quarter, dim=1)  # (B, C, h, w) -> 4 × (B, C/4, h, w)
        seen = torch.cat([look(part) for look, part in zip(self.reaches, parts, strict=True)], dim=1)
        return functional.relu(x + self.outward(seen))  # -> (B, C, h, w)


def gate(channels: int, n_kernels: int, *, size: int = 1) -> nn.Conv2d:
    """Convolution whose answer, through σ, multiplies a map; it starts open.

    Three gates of ½ each in a row would leave the finest scale an eighth of the coarser ones that are added to it.
    """
    made = nn.Conv2d(channels, n_kernels, size, padding=size // 2)
    made.bias = nn.Parameter(torch.full((n_kernels,), _OPEN))
    return made


def mean_and_max(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and largest value of each channel over the window: (B, C, h, w) -> twice (B, C, 1, 1)."""
    return functional.adaptive_avg_pool2d(x, 1), functional.adaptive_max_pool2d(x, 1)


def stochastic_pool(x: Tensor, *, dims: tuple[int, ...], training: bool) -> Tensor:
    """Pool by drawing one value with probability p_i = x_i / Σ x; in use their mean under p, Σ p_i x_i = Σ x² / Σ x.

    Draws come from torch's generator, so `torch.manual_seed` fixes them.

    Parameters
    ----------
    x
        Values ≥ 0, as ReLU leaves them. Where all are 0 the pool is 0.
    dims
        Neighbouring axes that are pooled together; they stay, with length 1.
    training
        Draw; otherwise take the mean under p, which is deterministic.

    Source: Zeiler & Fergus 2013, section 3.
    """
    if training:
        pooled = [1 if axis in dims else n for axis, n in enumerate(x.shape)]
        return _drawn(x.flatten(dims[0], dims[-1]), dim=dims[0]).reshape(pooled)
    return x.square().mean(dim=dims, keepdim=True) / (x.mean(dim=dims, keepdim=True) + _TINY)


def _drawn(x: Tensor, *, dim: int) -> Tensor:
    """One value along an axis, by a dart thrown at their running sum."""
    sums = x.detach().float().cumsum(dim=dim)
    total = sums.narrow(dim, -1, 1)
    passed = (sums <= torch.rand_like(total) * total).sum(dim=dim, keepdim=True)
    return x.gather(dim, passed.clamp(max=x.shape[dim] - 1))


def power_mean(p: Tensor, *, power: float) -> Tensor:
    """Power mean over the cells, M_r(p) = (mean p^r)^{1/r}: the mean for r = 1, the maximum for r → ∞.

    A chip is a mine when a part of it is: with r = 4, a tenth of certain cells gives 0.56.

    Source: generalised-mean pooling, Radenović et al. 2018, eq. 3.
    """
    smallest = 1e-6  # keeps the root's gradient finite
    return p.clamp(min=smallest).pow(power).mean(dim=(-2, -1)).pow(1.0 / power)  # (B, H, W) -> (B)
