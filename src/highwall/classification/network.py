"""The chip network: light, densely connected, with attention and several scales.

It answers twice: for every cell of the window, and for the window as a whole. Pools reach over the window that it is
given, so a window should be about as wide as the chips that it learned from. Of the window as a whole a second reader
(`encoder.py`) may be asked too; what is said is then the mean of both.

Source: Yu et al. 2023, section 3.2, figures 2 and 3.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from highwall.classification.blocks import (
    ChannelAttention,
    DenseBlock,
    PathAggregation,
    ReceptiveField,
    SpatialAttention,
    SqueezeExcitation,
    Stem,
    mean_and_max,
    power_mean,
)
from highwall.classification.encoder import Encoder
from highwall.classification.options import NetworkOptions
from highwall.core.errors import ModelError


class ChipOutput(NamedTuple):
    """What the network says of a batch: logits or probabilities."""

    cells: Tensor
    """(B, class, h, w): each class in each cell."""
    chip: Tensor
    """(B, class): each class for the chip as a whole."""


class Opinions(NamedTuple):
    """Logits, those of the chip by reader."""

    cells: Tensor
    """(B, class, h, w)."""
    chip: list[Tensor]
    """(B, class) of each reader."""


class ChipNetwork(nn.Module):
    """Levels of each band in, probability of each class out.

    Stem, dense block, squeeze and excitation, CBAM, path aggregation, RFB-s on the finest scale; a cell is classed by
    what RFB-s says of it, the chip by the mean and the maximum of every scale.
    """

    mean: Tensor
    std: Tensor
    temperature: Tensor
    """Divisors of the logits of cells and of chips, from calibration after training; 1 and 1 before."""

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        self.options = options
        self.register_buffer("mean", torch.tensor(options.input_mean).reshape(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(options.input_std).reshape(1, -1, 1, 1))
        self.register_buffer("temperature", torch.ones(2))
        width, reduction = options.neck_width, options.reduction
        self.stem = Stem(options.n_bands, options.stem_width, cell_px=options.cell_px)
        self.dense = DenseBlock(options.stem_width, width, growth=options.growth, n_layers=options.n_layers)
        self.attention = nn.Sequential(
            SqueezeExcitation(width, reduction=reduction),
            ChannelAttention(width, reduction=reduction),
            SpatialAttention(),
        )
        self.pyramid = PathAggregation(width, n_scales=options.n_scales, reduction=reduction)
        self.reach = ReceptiveField(width, rates=options.rates)
        self.cell_head = nn.Sequential(nn.Dropout2d(options.dropout), nn.Conv2d(width, options.n_classes, 1))
        self.chip_head = nn.Sequential(
            nn.Dropout(options.dropout), nn.Linear(2 * options.n_scales * width, options.n_classes)
        )
        self.second = Encoder(options.n_classes, dropout=options.dropout) if options.second_reader else None

    def logits(self, levels: Tensor) -> ChipOutput:
        """Class logits of cells and chips, before calibration.

        Parameters
        ----------
        levels : (B, band, H, W) float32, 0…255
            H and W multiples of ``options.cell_px``, of any size. In training B or the extent must exceed 1: batch
            normalisation needs two values.

        Raises
        ------
        ModelError
            Other bands, an extent that is not a multiple of the cell, or values that are not finite.
        """
        cells, chip = self.opinions(levels)
        return ChipOutput(cells, torch.stack(chip).mean(dim=0))

    def opinions(self, levels: Tensor, *, ask_second: bool = True) -> Opinions:
        """What each reader says, before calibration; arguments and errors as in `logits`."""
        self._check(levels)
        seen = (levels - self.mean) / self.std  # (B, band, H, W)
        x = self.stem(seen)  # -> (B, C, h, w)
        x = self.dense(x)  # -> (B, N, h, w)
        x = self.attention(x)
        finest, *coarser = self.pyramid(x)  # -> (B, N, h, w), (B, N, ⌈h/2⌉, ⌈w/2⌉), …
        scales = [self.reach(finest), *coarser]
        pools = torch.cat([pool for scale in scales for pool in mean_and_max(scale)], dim=1)  # -> (B, 2 scales N, 1, 1)
        second = [self.second(seen)] if self.second is not None and ask_second else []
        return Opinions(self.cell_head(scales[0]), [self.chip_head(pools.flatten(1)), *second])

    def forward(self, levels: Tensor) -> ChipOutput:
        """Probability of each class by cell and by chip, p = softmax(logits / T); arguments as in `logits`."""
        cells, chip = self.logits(levels)
        return ChipOutput((cells / self.temperature[0]).softmax(dim=1), (chip / self.temperature[1]).softmax(dim=1))

    def _check(self, levels: Tensor) -> None:
        n_bands, height, width = levels.shape[1:]
        if n_bands != self.options.n_bands:
            raise ModelError(f"chips have {n_bands} bands; the network reads {self.options.n_bands}: select them.")
        cell = self.options.cell_px
        if height % cell or width % cell:
            raise ModelError(f"a chip of {height}×{width} px is not a multiple of {cell} px; pad it first.")
        if not torch.onnx.is_in_onnx_export() and not torch.isfinite(levels).all():
            bad = int((~torch.isfinite(levels)).flatten(1).any(dim=1).sum())
            raise ModelError(f"{bad} of {len(levels)} chips hold NaN or infinite levels; fill or leave them out.")


def pool_cells(cells: Tensor, *, power: float) -> Tensor:
    """Chip probability from cell probability: the power mean of all but class 0, shared among those classes.

    For chips whose cells carry no label: the pool can be held against the chip's label.

    Parameters
    ----------
    cells : (B, class, h, w)
        Sum over class is 1, class 0 is none.

    Returns
    -------
    (B, class), sum over class is 1
    """
    mine = power_mean(1.0 - cells[:, 0], power=power)  # (B)
    each = power_mean(cells[:, 1:].flatten(0, 1), power=power).reshape(-1, cells.shape[1] - 1)  # (B, class - 1)
    share = each / each.sum(dim=1, keepdim=True)
    return torch.cat([(1.0 - mine)[:, None], mine[:, None] * share], dim=1)
