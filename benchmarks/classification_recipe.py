"""One plain recipe for every network: the same draws, the same steps, the same optimiser; nothing is chosen for one."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from highwall.classification.baselines import build_baseline
from highwall.classification.dataset import ChipSet
from highwall.classification.network import ChipNetwork
from highwall.classification.options import NetworkOptions
from highwall.core.taxonomy import ARTISANAL_MINE, CHIP_CLASSES, NONE

OURS = "highwall"
RATES = {"adamw": 2e-3, "adam": 2e-3, "sgd": 5e-2, "rmsprop": 5e-4}
"""Peak learning rate of the one-cycle schedule, per optimiser, the same for every network."""
N_NORM_BATCHES = 10
"""Batches from which batch norm takes its statistics anew after training."""

Draw = Callable[[], tuple[Tensor, Tensor]]
"""Gives a batch: levels (B, band, H, W) and class numbers (B,)."""


@dataclass(frozen=True)
class Recipe:
    """What every network gets."""

    n_steps: int = 400
    n_samples: int = 32
    """Samples a step; half of them mines."""
    optimiser: str = "adamw"
    seed: int = 0


def build(name: str, *, options: NetworkOptions, n_bands: int = 3) -> nn.Module:
    """Ours, or one of the registry."""
    if name == OURS:
        return ChipNetwork(options)
    return build_baseline(name, n_bands=n_bands, n_classes=len(CHIP_CLASSES))


def train(network: nn.Module, draw: Draw, *, recipe: Recipe) -> tuple[nn.Module, float]:
    """Train; give the network with averaged weights, ready to score, and the CPU time of its steps [s]."""
    network.train().to(memory_format=torch.channels_last)
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.98))
    optimiser = _optimiser(network, recipe.optimiser)
    schedule = OneCycleLR(optimiser, RATES[recipe.optimiser], total_steps=recipe.n_steps, pct_start=0.1)
    start = time.process_time()
    for _ in range(recipe.n_steps):
        take_step(network, optimiser, *draw())
        schedule.step()
        averaged.update_parameters(network)
    seconds = time.process_time() - start
    update_bn((draw()[0] for _ in range(min(recipe.n_steps, N_NORM_BATCHES))), averaged.module)
    return averaged.module.eval(), seconds


def take_step(network: nn.Module, optimiser: torch.optim.Optimizer, levels: Tensor, label: Tensor) -> None:
    loss = nn.functional.nll_loss(log_probability(network, levels), label)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), max_norm=1.0)
    optimiser.step()


def log_probability(network: nn.Module, levels: Tensor) -> Tensor:
    """Log probability of each class: (B, band, H, W) -> (B, class); ours says something of cells too."""
    x = levels.contiguous(memory_format=torch.channels_last)
    logits = network.logits(x).chip if isinstance(network, ChipNetwork) else network(x)
    return logits.log_softmax(dim=1)


def predict(network: nn.Module, levels: np.ndarray, *, label: int) -> np.ndarray:
    """Probability of a class: (N, band, H, W) uint8 -> (N,)."""
    with torch.no_grad():
        parts = [
            log_probability(network, torch.from_numpy(levels[i : i + 256]).float())[:, label].exp()
            for i in range(0, len(levels), 256)
        ]
    return torch.cat(parts).numpy()


def draw_chips(chips: ChipSet, *, recipe: Recipe) -> Draw:
    """Half artisanal mines, half none; a family is drawn with the square root of its size; random views."""
    random = np.random.default_rng(recipe.seed)
    torch_random = torch.Generator().manual_seed(recipe.seed)
    sides = [np.flatnonzero(chips.is_artisanal == kind) for kind in (True, False)]
    weights = [_family_weight(chips.family[numbers]) for numbers in sides]
    label = torch.tensor([CHIP_CLASSES.index(name) for name in (ARTISANAL_MINE, NONE)])
    half = recipe.n_samples // 2

    def draw() -> tuple[Tensor, Tensor]:
        chosen = [random.choice(numbers, half, p=p) for numbers, p in zip(sides, weights, strict=True)]
        return view(channels_first(chips.pixels[np.concatenate(chosen)]), torch_random), label.repeat_interleave(half)

    return draw


def view(levels: np.ndarray, random: torch.Generator) -> Tensor:
    """A batch turned and mirrored, each sample brighter or darker as a whole and by band."""
    x = torch.from_numpy(levels).float()
    n, n_bands = x.shape[:2]
    turns, mirrored = (torch.randint(0, k, (n,), generator=random) for k in (4, 2))
    x = torch.stack([sample.rot90(int(k), (1, 2)) for sample, k in zip(x, turns, strict=True)])
    x = torch.where(mirrored.bool()[:, None, None, None], x.flip(3), x)
    gain = 0.1 * torch.randn(n, 1, 1, 1, generator=random) + 0.05 * torch.randn(n, n_bands, 1, 1, generator=random)
    return (x * gain.exp()).clamp(0.0, 255.0)


def channels_first(pixels: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(pixels, 3, 1))


def _family_weight(family: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(family, return_inverse=True, return_counts=True)
    weight = counts[inverse] ** -0.5
    return weight / weight.sum()


def _optimiser(network: nn.Module, name: str) -> torch.optim.Optimizer:
    values, rate = network.parameters(), RATES[name]
    match name:
        case "adamw":
            return torch.optim.AdamW(values, lr=rate, weight_decay=0.05)
        case "adam":
            return torch.optim.Adam(values, lr=rate)
        case "rmsprop":
            return torch.optim.RMSprop(values, lr=rate)
        case _:
            return torch.optim.SGD(values, lr=rate, momentum=0.9, nesterov=True)
