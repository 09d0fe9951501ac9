"""The bricks of the chip network, each with its equation. A cell sees only its neighbourhood.

Normalisation is over channels, cell by cell: what a cell is given depends neither on the batch nor on how a scene was
cut.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class ChannelNorm(nn.Module):
    """Zero mean and unit variance over the channels of each cell: y = γ (x − μ_c) / √(σ_c² + ε) + β.

    Source: Ba et al. 2016, eq. 3-4, applied to channels as in ConvNeXt (Liu et al. 2022, section 2.6).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=1e-5)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each cell."""
        normal: Tensor = self.norm(x.permute(0, 2, 3, 1))  # (B, C, H, W) -> (B, H, W, C)
        return normal.permute(0, 3, 1, 2)


class Stem(nn.Sequential):
    """Two convolutions of stride 2: pixels to cells of 4 px, y = f(W₂ ∗₂ f(W₁ ∗₂ x)).

    Kernels of four taps keep each cell centred on its pixels, so that a mirrored scene gives the mirrored map.
    """

    def __init__(self, channels: int) -> None:
        half = channels // 2
        super().__init__(
            nn.Conv2d(3, half, 4, stride=2, padding=1, bias=False),  # (B, 3, H, W) -> (B, C/2, H/2, W/2)
            ChannelNorm(half),
            nn.SiLU(),
            nn.Conv2d(half, channels, 4, stride=2, padding=1, bias=False),  # -> (B, C, H/4, W/4)
            ChannelNorm(channels),
            nn.SiLU(),
        )


class SeparableLayer(nn.Module):
    """Depth-wise separable convolution between two pointwise ones: y = W_out ∗ f(W_d ∗_r f(W_in ∗ x)).

    f is channel normalisation and SiLU. A k×k convolution of M to N channels costs k²MN; split into depth (k²M) and
    point (MN) it costs 1/N + 1/k² of that.

    Source: Howard et al. 2017, eq. 3-5; dilation r as in Yu & Koltun 2016, eq. 2.
    """

    def __init__(self, channels: int, growth: int, *, hidden: int, dilation: int) -> None:
        super().__init__()
        self.inward = nn.Sequential(nn.Conv2d(channels, hidden, 1, bias=False), ChannelNorm(hidden), nn.SiLU())
        self.depthwise = nn.Conv2d(hidden, hidden, 3, padding=dilation, dilation=dilation, groups=hidden, bias=False)
        self.outward = nn.Sequential(ChannelNorm(hidden), nn.SiLU(), nn.Conv2d(hidden, growth, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Compute the layer's new channels."""
        new: Tensor = self.outward(self.depthwise(self.inward(x)))  # (B, C, H, W) -> (B, growth, H, W)
        return new


class DenseBlock(nn.Module):
    """Each layer reads all that came before it: x_l = H_l([x_0, x_1, …, x_{l−1}]).

    Source: Huang et al. 2017, eq. 2; Yu et al. 2023, figure 2A (eight layers).
    """

    def __init__(self, channels: int, growth: int, *, hidden: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            SeparableLayer(channels + i * growth, growth, hidden=hidden, dilation=r) for i, r in enumerate(dilations)
        )
        self.out_channels = channels + len(dilations) * growth

    def forward(self, x: Tensor) -> Tensor:
        """Append every layer's channels to its input."""
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)  # (B, C, H, W) -> (B, C + growth, H, W)
        return x


class SqueezeExcitation(nn.Module):
    """Reweigh channels by their mean over the neighbourhood: y = x · σ(W₂ f(W₁ z)), z = mean of x around each cell.

    The original squeezes over the whole image; here over a chip's extent, so that a cell's value does not depend on
    where its window was cut.

    Source: Hu et al. 2018, eq. 2-4; Yu et al. 2023, eq. 4-6.
    """

    def __init__(self, channels: int, *, context_cells: int, reduction: int = 4) -> None:
        super().__init__()
        self.context_cells = context_cells
        self.excite = nn.Sequential(
            nn.Conv2d(channels, channels // reduction, 1),
            nn.SiLU(),
            nn.Conv2d(channels // reduction, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Scale each channel by its excitation."""
        weight: Tensor = self.excite(box_mean(x, size=self.context_cells))  # (B, C, H, W) -> (B, C, H, W)
        return x * weight


def box_mean(x: Tensor, *, size: int) -> Tensor:
    """Mean over a ``size``×``size`` neighbourhood, of those cells that exist; ``size`` is odd."""
    half = size // 2
    rows = functional.avg_pool2d(x, (size, 1), stride=1, padding=(half, 0), count_include_pad=False)
    return functional.avg_pool2d(rows, (1, size), stride=1, padding=(0, half), count_include_pad=False)


def power_mean(p: Tensor, *, power: float) -> Tensor:
    """Power mean over the cells, M_r(p) = (mean p^r)^{1/r}: the mean for r = 1, the maximum for r → ∞.

    A chip is a mine when a part of it is: with r = 4, a tenth of certain cells gives 0.56.

    Source: generalised-mean pooling, Radenović et al. 2018, eq. 3.
    """
    smallest = 1e-6  # keeps the root's gradient finite
    return p.clamp(min=smallest).pow(power).mean(dim=(-2, -1)).pow(1.0 / power)  # (B, H, W) -> (B)
