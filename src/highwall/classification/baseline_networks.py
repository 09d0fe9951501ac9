"""Small networks to measure the chip network against that no library offers; each gives one logit a class and chip.

They read standardised levels, (B, band, 48, 48). See `baselines` for the registry and for those from libraries.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from highwall.classification.dataset import CHIP_PX


class PlainCnn(nn.Sequential):
    """Four times 3×3 convolution, batch norm, ReLU and max-pool, then the mean: 0.2 M values for three bands."""

    def __init__(self, n_bands: int, n_classes: int) -> None:
        widths = (n_bands, 32, 64, 96, 128)
        stages = [_conv_stage(a, b) for a, b in pairwise(widths)]
        head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(widths[-1], n_classes))
        super().__init__(*stages, *head)


class MiningWatch2024(nn.Sequential):
    """Amazon Mining Watch's chip CNN of 2024: nine 3×3 convolutions of 32 channels, three dense layers.

    Published for 13 bands and one sigmoid; here any number of bands and classes.

    Source: earthrise-media/mining-detector, ``gee/model_library.py``, ``CNN2024`` (MIT).
    """

    def __init__(self, n_bands: int, n_classes: int) -> None:
        blocks = [_mining_watch_block(n, 32, pool=p, normed=False) for n, p in ((n_bands, 2), (32, 2), (32, 3))]
        side = CHIP_PX // 12
        super().__init__(*blocks, nn.Flatten(), *_mining_watch_head(32 * side * side, n_classes))


class MiningWatch800k(nn.Sequential):
    """Amazon Mining Watch's larger chip CNN of 2025: as that of 2024, 32 to 128 channels wide, with batch norm.

    Source: earthrise-media/mining-detector, ``gee/model_library.py``, ``CNN800k`` (MIT).
    """

    def __init__(self, n_bands: int, n_classes: int) -> None:
        steps = ((n_bands, 32), (32, 64), (64, 128))
        blocks = [_mining_watch_block(n, width, pool=2, normed=True) for n, width in steps]
        side = CHIP_PX // 8
        super().__init__(*blocks, nn.Flatten(), *_mining_watch_head(128 * side * side, n_classes))


class RowRnn(nn.Module):
    """A recurrent network that reads a chip row by row, down and up: two GRU of 96 units, then the mean of the rows.

    Yu et al. 2023 compare with "RNN" and give no more than the name.

    Source: Cho et al. 2014, eq. 5-8.
    """

    def __init__(self, n_bands: int, n_classes: int, *, width: int = 96) -> None:
        super().__init__()
        self.rows = nn.GRU(n_bands * CHIP_PX, width, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * width, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Class logits."""
        rows = x.permute(0, 2, 1, 3).flatten(2)  # (B, band, H, W) -> (B, H, band·W)
        states, _ = self.rows(rows)  # -> (B, H, 2 width)
        logits: Tensor = self.head(states.mean(dim=1))  # -> (B, class)
        return logits


class SmallUNet(nn.Module):
    """U-Net of 8 to 64 channels, the mean of whose map of logits is the chip's.

    Source: Ronneberger et al. 2015, figure 1, narrower and padded; batch norm after each convolution.
    """

    def __init__(self, n_bands: int, n_classes: int, *, widths: tuple[int, ...] = (8, 16, 32, 64)) -> None:
        super().__init__()
        inward = (n_bands, *widths)
        self.down = nn.ModuleList(_double_conv(a, b) for a, b in pairwise(inward))
        steps = list(pairwise(reversed(widths)))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in steps)
        self.join = nn.ModuleList(_double_conv(2 * b, b) for _, b in steps)
        self.head = nn.Conv2d(widths[0], n_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Class logits."""
        passed: list[Tensor] = []
        for number, block in enumerate(self.down):
            x = block(functional.max_pool2d(x, 2) if number else x)  # (B, C, H, W) -> (B, 2C, H/2, W/2)
            passed.append(x)
        for up, join, skip in zip(self.up, self.join, passed[-2::-1], strict=True):
            x = join(torch.cat([skip, up(x)], dim=1))  # -> (B, C/2, 2H, 2W)
        logits: Tensor = self.head(x).mean(dim=(-2, -1))  # -> (B, class)
        return logits


class CrossStageBlock(nn.Module):
    """Half of the channels passes residual bottlenecks; all that arises on the way is kept and mixed.

    Known as C2f. Written from the backbone of KerasHub's ``YOLOV8Backbone`` (Apache-2.0); no code is taken over.

    Source: Wang et al. 2020 (cross stage partial network), section 3.
    """

    def __init__(self, channels: int, *, depth: int) -> None:
        super().__init__()
        half = channels // 2
        self.inward = _conv_unit(channels, channels, kernel=1)
        self.bottlenecks = nn.ModuleList(
            nn.Sequential(_conv_unit(half, half), _conv_unit(half, half)) for _ in range(depth)
        )
        self.outward = _conv_unit((2 + depth) * half, channels, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the stages; (B, C, H, W) stays."""
        parts = list(self.inward(x).chunk(2, dim=1))
        for bottleneck in self.bottlenecks:
            parts.append(parts[-1] + bottleneck(parts[-1]))
        mixed: Tensor = self.outward(torch.cat(parts, dim=1))
        return mixed


class CrossStageClassifier(nn.Sequential):
    """The layout of YOLOv8n-cls: five strides of 2, 16 to 256 channels, four cross stage blocks, 1280 features."""

    def __init__(self, n_bands: int, n_classes: int) -> None:
        stages: list[nn.Module] = [_conv_unit(n_bands, 16, stride=2)]
        for channels, width, depth in ((16, 32, 1), (32, 64, 2), (64, 128, 2), (128, 256, 1)):
            stages += [_conv_unit(channels, width, stride=2), CrossStageBlock(width, depth=depth)]
        head = (_conv_unit(256, 1280, kernel=1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, n_classes))
        super().__init__(*stages, *head)


def _conv_stage(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2))


def _double_conv(channels: int, width: int) -> nn.Sequential:
    pairs = ((channels, width), (width, width))
    layers = ((nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU()) for a, b in pairs)
    return nn.Sequential(*(layer for unit in layers for layer in unit))


def _conv_unit(channels: int, width: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(channels, width, kernel, stride=stride, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(width), nn.SiLU())


def _mining_watch_block(channels: int, width: int, *, pool: int, normed: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for n in (channels, width, width):
        layers += [nn.Conv2d(n, width, 3, padding=1), nn.ReLU(), *([nn.BatchNorm2d(width)] if normed else [])]
    return nn.Sequential(*layers, nn.MaxPool2d(pool))


def _mining_watch_head(n_features: int, n_classes: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for a, b in ((n_features, 64), (64, 64), (64, 32)):
        layers += [nn.Linear(a, b), nn.ReLU(), nn.Dropout(0.3)]
    return [*layers, nn.Linear(32, n_classes)]
