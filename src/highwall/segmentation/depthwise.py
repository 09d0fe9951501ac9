"""Depthwise convolutions stay in single precision where the rest of a training on a CPU runs in bfloat16.

Their gradients in bfloat16 take two to four times as long as in float32 in oneDNN (strides and 5 × 5 kernels most), and
light encoders are made of them: a step of FPN and EfficientNet-lite0 takes a quarter less time so.
"""

from functools import cache

import torch
from torch import Tensor, nn


def keep_depthwise_single(network: nn.Module) -> int:
    """Make the depthwise convolutions of a network leave autocast; weights and their names stay.

    Returns
    -------
    int
        How many there are.
    """
    found = [each for each in network.modules() if isinstance(each, nn.Conv2d) and _is_depthwise(each)]
    for each in found:
        each.__class__ = _single(type(each))  # type: ignore[arg-type]
    return len(found)


def _is_depthwise(convolution: nn.Conv2d) -> bool:
    return convolution.groups > 1 and convolution.groups == convolution.in_channels


@cache
def _single(kind: type[nn.Conv2d]) -> type[nn.Conv2d]:
    """Class of convolutions that are like ``kind`` and never run in less than float32."""

    def forward(self: nn.Conv2d, images: Tensor) -> Tensor:
        with torch.autocast(images.device.type, enabled=False):
            return kind.forward(self, images.float())

    return type(f"Single{kind.__name__}", (kind,), {"forward": forward})
