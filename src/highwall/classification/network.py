"""The chip network: light, densely connected, fully convolutional.

It gives a class for every cell of 4 px and, by pooling cells, one for the whole chip. Any extent that is a multiple of
4 px will do, so the same weights score chips of 48 px and draw the map of a scene.

Source: after Yu et al. 2023, figure 2 (stem, dense block, squeeze and excitation).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from highwall.classification.blocks import ChannelNorm, DenseBlock, SqueezeExcitation, Stem, power_mean
from highwall.classification.options import NetworkOptions
from highwall.core.errors import ModelError
from highwall.core.taxonomy import CHIP_CLASSES

CELL_PX = 4
"""px, side of a cell: the stem's two strides of 2."""

_INPUT_MEAN, _INPUT_STD = (80.0, 90.0, 95.0), (40.0, 32.0, 28.0)
"""Levels of 255; mean and spread of B04, B03, B02 over the training chips, rounded."""


class ChipOutput(NamedTuple):
    """What the network says of a batch."""

    cells: Tensor
    """(B, class, H/4, W/4) probability of each class in each cell."""
    chip: Tensor
    """(B, class) probability of each class for the chip as a whole."""


class ChipNetwork(nn.Module):
    """Levels of red, green and blue in, probability of each class out."""

    mean: Tensor
    std: Tensor

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        self.pooling_power = options.pooling_power
        self.register_buffer("mean", torch.tensor(_INPUT_MEAN).reshape(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(_INPUT_STD).reshape(1, 3, 1, 1))
        self.stem = Stem(options.stem_width)
        self.dense = DenseBlock(
            options.stem_width, options.growth, hidden=options.hidden_width, dilations=options.dilations
        )
        self.attention = SqueezeExcitation(self.dense.out_channels, context_cells=options.context_cells)
        self.head = nn.Sequential(
            nn.Conv2d(self.dense.out_channels, options.hidden_width, 1, bias=False),
            ChannelNorm(options.hidden_width),
            nn.SiLU(),
            nn.Dropout2d(options.dropout),
            nn.Conv2d(options.hidden_width, len(CHIP_CLASSES), 1),
        )

    def logits(self, levels: Tensor) -> Tensor:
        """Class logits of each cell.

        Parameters
        ----------
        levels : (B, 3, H, W) float32, 0…255
            B04, B03, B02; H and W multiples of 4.

        Raises
        ------
        ModelError
            The extent is not a multiple of the cell.
        """
        if levels.shape[-2] % CELL_PX or levels.shape[-1] % CELL_PX:
            height, width = levels.shape[-2:]
            raise ModelError(f"a chip of {height}×{width} px is not a multiple of {CELL_PX} px; pad it first.")
        x = (levels - self.mean) / self.std  # (B, 3, H, W)
        x = self.stem(x)  # -> (B, C, H/4, W/4)
        x = self.dense(x)  # -> (B, C + 8 growth, H/4, W/4)
        x = self.attention(x)
        logits: Tensor = self.head(x)  # -> (B, class, H/4, W/4)
        return logits

    def forward(self, levels: Tensor) -> ChipOutput:
        """Probability of each class, by cell and by chip; arguments as in `logits`."""
        cells = self.logits(levels).softmax(dim=1)
        return ChipOutput(cells, pool_cells(cells, power=self.pooling_power))


def pool_cells(cells: Tensor, *, power: float) -> Tensor:
    """Chip probability from cell probability: the power mean of *mine*, shared among the mine classes.

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


def count_parameters(network: nn.Module) -> int:
    """Number of trained values."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
