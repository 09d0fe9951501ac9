"""A second reader of chips: the first stages of EfficientNet-Lite0, which may begin from weights learned elsewhere.

The network of `network.py` starts from nothing and learns from some thousand chips. This one can start from features
that others learned from photographs. The two err differently, so that the mean of both is right more often than either.

Source: Tan & Le 2019, table 1; the *Lite* form has ReLU6 for swish and no squeeze and excitation, so that it can be
quantised (Google, github.com/tensorflow/tpu, efficientnet/lite).
"""

import pickle
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from highwall.classification.blocks import mean_and_max
from highwall.core.errors import MissingInputError, ModelError

_STEM_WIDTH: Final = 32
_VARIANCE_FLOOR: Final = 1e-3
"""Added to the variance in batch normalisation, as the weights were learned with."""

_UNREADABLE: Final = (
    AttributeError, EOFError, IndexError, KeyError, TypeError, ValueError, RuntimeError, pickle.UnpicklingError,
)  # fmt: skip
"""What reading something else as weights raises."""

_COUNTER: Final = "num_batches_tracked"


class _Stage(NamedTuple):
    """Blocks of one extent."""

    n_blocks: int
    width: int
    expansion: int
    """Channels inside a block over those that enter it."""
    size: int
    """Side of the depth-wise kernel."""
    stride: int


_STAGES: Final = (_Stage(1, 16, 1, 3, 1), _Stage(2, 24, 6, 3, 2), _Stage(2, 40, 6, 5, 2), _Stage(3, 80, 6, 3, 2))
"""The first four of seven: the others, made for wide photographs, hold nine tenths of the weights."""

_POOLED: Final = (1, 2, 3)
"""Stages that the head reads: a quarter, an eighth and a sixteenth of the chip's extent."""


class InvertedResidual(nn.Module):
    """Widen, look around in each channel, narrow: y = W_p ∗ g(W_d ∗ g(W_e ∗ x)), g as in `_unit`; + x where it fits.

    Source: Sandler et al. 2018, section 3.3.
    """

    def __init__(self, channels: int, width: int, *, expansion: int, size: int, stride: int) -> None:
        super().__init__()
        inner = channels * expansion
        widen = [_unit(channels, inner)] if expansion > 1 else []
        narrow = nn.Sequential(nn.Conv2d(inner, width, 1, bias=False), nn.BatchNorm2d(width, eps=_VARIANCE_FLOOR))
        self.layers = nn.Sequential(*widen, _unit(inner, inner, size=size, stride=stride, groups=inner), narrow)
        self.is_residual = stride == 1 and channels == width

    def forward(self, x: Tensor) -> Tensor:
        """(B, ``channels``, H, W) -> (B, ``width``, ⌈H/stride⌉, ⌈W/stride⌉)."""
        y: Tensor = self.layers(x)
        return x + y if self.is_residual else y


class Encoder(nn.Module):
    """Standardised chips in, logits of the chip out: linear in the mean and maximum of three scales."""

    def __init__(self, n_classes: int, *, dropout: float) -> None:
        super().__init__()
        self.stem = _unit(3, _STEM_WIDTH, size=3, stride=2)
        channels, stages = _STEM_WIDTH, []
        for n_blocks, width, expansion, size, stride in _STAGES:
            blocks = [InvertedResidual(channels, width, expansion=expansion, size=size, stride=stride)]
            blocks += [
                InvertedResidual(width, width, expansion=expansion, size=size, stride=1) for _ in range(n_blocks - 1)
            ]
            stages.append(nn.Sequential(*blocks))
            channels = width
        self.stages = nn.ModuleList(stages)
        n_pooled = 2 * sum(_STAGES[number].width for number in _POOLED)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(n_pooled, n_classes))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, class)."""
        x = self.stem(x)  # (B, 3, H, W) -> (B, 32, H/2, W/2)
        pools: list[Tensor] = []
        for number, stage in enumerate(self.stages):
            x = stage(x)  # -> (B, 16, H/2, W/2), (B, 24, H/4, W/4), (B, 40, H/8, W/8), (B, 80, H/16, W/16)
            if number in _POOLED:
                pools += mean_and_max(x)
        found: Tensor = self.head(torch.cat(pools, dim=1).flatten(1))
        return found

    def load_features(self, path: Path) -> None:
        """Begin from weights of EfficientNet-Lite0 made for PyTorch; the head stays as it is.

        Values are taken in the order in which the file holds them, which is that of the layers.

        Raises
        ------
        MissingInputError
            There is no such file.
        ModelError
            It holds something else.
        """
        own = [key for key in self.state_dict() if not key.startswith("head.") and not key.endswith(_COUNTER)]
        held = _read_values(path)[: len(own)]
        found = dict(zip(own, held, strict=False))
        if len(held) < len(own) or any(self.state_dict()[key].shape != value.shape for key, value in found.items()):
            raise ModelError(f"{path} holds weights of another network; give the .pth file of EfficientNet-Lite0.")
        self.load_state_dict(found, strict=False)


def _read_values(path: Path) -> list[Tensor]:
    """Values of a file of weights in its order, counters of steps left out; code that hides in one is not run."""
    if not path.is_file():
        raise MissingInputError(f"no weights at {path}; give the .pth file of EfficientNet-Lite0.")
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
        return [value for key, value in held.items() if not key.endswith(_COUNTER)]
    except _UNREADABLE as error:
        raise ModelError(f"{path} is no file of weights; give the .pth file of EfficientNet-Lite0.") from error


def _unit(channels: int, n_kernels: int, *, size: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation and ReLU6, g(x) = min(max(0, ·), 6)."""
    return nn.Sequential(
        nn.Conv2d(channels, n_kernels, size, stride=stride, padding=size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(n_kernels, eps=_VARIANCE_FLOOR),
        nn.ReLU6(inplace=True),
    )
