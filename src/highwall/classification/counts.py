"""What a network costs: weights and multiplications, by the paper's equations and as counted.

The equations count weights of one layer without offsets; at one position each weight is one multiply-accumulate, so
the operations of a layer are its weights times the h w positions that it answers for.
"""

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn


class Cost(NamedTuple):
    """Cost of one chip."""

    n_weights: int
    """Trained values."""
    n_multiplications: int
    """Multiply-accumulates of convolutions and fully connected layers, for one chip."""
    n_bytes: int
    """Size of the trained values as float32 [byte]."""


def standard_weights(n_maps: int, n_kernels: int, *, size: int) -> int:
    """Weights of a convolution, k₁ = γ² p q. Source: Yu et al. 2023, eq. 2 (p maps, q kernels of γ×γ)."""
    return size**2 * n_maps * n_kernels


def separable_weights(n_maps: int, n_kernels: int, *, size: int) -> int:
    """Weights of a point-wise convolution p → q and then a depth-wise one on its q maps, k₂ = (γ² + p) q.

    This order makes eq. 3 right. With the depth-wise part first, on the p maps that come in, it is (γ² + q) p
    (`depthwise_first_weights`).

    Source: Yu et al. 2023, eq. 3.
    """
    return (size**2 + n_maps) * n_kernels


def depthwise_first_weights(n_maps: int, n_kernels: int, *, size: int) -> int:
    """Weights of a depth-wise convolution on p maps and then a point-wise one, (γ² + q) p.

    Source: Howard et al. 2017, section 3.1.
    """
    return (size**2 + n_kernels) * n_maps


def cost_of(network: nn.Module, *, n_bands: int, chip_px: int) -> Cost:
    """Count what a network costs by running one empty chip through it."""
    counted: list[int] = []
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(lambda *call: counted.append(_multiplications(*call))) for layer in layers]
    was_training = network.training
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, n_bands, chip_px, chip_px))
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    n_weights = sum(p.numel() for p in network.parameters() if p.requires_grad)
    return Cost(n_weights, sum(counted), 4 * n_weights)


def _multiplications(layer: nn.Module, _: object, answer: Tensor) -> int:
    """Multiply-accumulates of one layer: weights that make one value, times values."""
    of_one_value = cast(Tensor, layer.weight)[0].numel()
    return of_one_value * answer.numel()
