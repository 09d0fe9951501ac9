"""A small 1-D network on the readings of a window: four convolutions, then mean and largest over time."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import OneCycleLR

from highwall.classification.crack_windows.classifier import (
    CONVOLUTION,
    CrackWindowClassifier,
    network_input,
    properties,
)
from highwall.classification.crack_windows.options import ConvolutionOptions
from highwall.classification.crack_windows.windows import CHANNELS, SensorWindows, check_trainable
from highwall.learning.onnx import largest_difference
from highwall.learning.onnx_export import export_checked


class WindowNetwork(nn.Module):
    """Readings and their gaps in, probability of a crack out: P = σ(w · [mean_t z, max_t z]), z = f₄(f₃(f₂(f₁(x)))).

    Each f is convolution, batch normalisation, ReLU; the taps of f₃ and f₄ lie 2 and 4 apart.
    """

    def __init__(self, *, width: int, dropout: float) -> None:
        super().__init__()
        wide = width + width // 3
        self.body = nn.Sequential(
            *_layer(2 * len(CHANNELS), width, size=7, stride=2),  # (B, 2 m, T) -> (B, C, T/2)
            *_layer(width, wide, size=5, stride=2),  # -> (B, D, T/4)
            *_layer(wide, wide, size=3, dilation=2),
            *_layer(wide, wide, size=3, dilation=4),
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * wide, 1)

    def logits(self, x: Tensor) -> Tensor:
        """Log odds of a crack: (B, 2 m, T) -> (B,)."""
        z = self.body(x)
        pooled = torch.cat([z.mean(dim=2), z.amax(dim=2)], dim=1)  # -> (B, 2 D)
        odds: Tensor = self.head(self.dropout(pooled))
        return odds[:, 0]

    def forward(self, x: Tensor) -> Tensor:
        """Probability of a crack: (B, 2 m, T) -> (B,)."""
        return self.logits(x).sigmoid()


def fit_convolution(
    windows: SensorWindows, path: Path, *, training_data: str, options: ConvolutionOptions | None = None
) -> CrackWindowClassifier:
    """Train, write ``path`` and open it again.

    Raises
    ------
    InputError
        The windows are of one class.
    ModelError
        The file says something else than torch.
    OutputError
        It could not be written.
    """
    options = options or ConvolutionOptions()
    check_trainable(windows)
    torch.set_num_threads(options.n_threads)
    torch.manual_seed(options.seed)
    network = WindowNetwork(width=options.width, dropout=options.dropout)
    x, y = torch.from_numpy(network_input(windows.values)), torch.from_numpy(windows.is_crack).float()
    _train(network, x, y, options=options)
    facts = properties(kind=CONVOLUTION, n_samples=windows.values.shape[1], training_data=training_data)
    export_checked(
        network.eval(), path, example=x[:1], properties=facts, parity=lambda file: _parity(network, file, x[:256]),
        inputs={"readings": {0: "window"}}, outputs={"probability": {0: "window"}},
    )  # fmt: skip
    return CrackWindowClassifier.open(path)


def _train(network: WindowNetwork, x: Tensor, y: Tensor, *, options: ConvolutionOptions) -> None:
    n_steps = -(-len(x) // options.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    schedule = OneCycleLR(optimiser, options.learning_rate, total_steps=n_steps * options.n_epochs, pct_start=0.2)
    random = torch.Generator().manual_seed(options.seed)
    network.train()
    for _ in range(options.n_epochs):
        for chosen in torch.randperm(len(x), generator=random).tensor_split(n_steps):
            seen = with_gaps(x[chosen], share=options.gap_share, random=random)
            loss = functional.binary_cross_entropy_with_logits(network.logits(seen), y[chosen])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()


def with_gaps(x: Tensor, *, share: float, random: torch.Generator) -> Tensor:
    """Hide a run of each window's readings, of all channels, up to twice ``share`` of it long: (B, 2 m, T) -> same."""
    n, _, length = x.shape
    start = torch.randint(0, length, (n, 1), generator=random)
    lasts = (2.0 * share * length * torch.rand(n, 1, generator=random)).long()
    time = torch.arange(length)
    hidden = ((time >= start) & (time < start + lasts))[:, None, :]
    level, gap = x.chunk(2, dim=1)
    return torch.cat([level.masked_fill(hidden, 0.0), gap.masked_fill(hidden, 1.0)], dim=1)


def _parity(network: WindowNetwork, path: Path, x: Tensor) -> float:
    """Largest difference of probability between a network and its export."""
    with torch.no_grad():
        expected = network(x).numpy()
    return largest_difference((expected,), CrackWindowClassifier.open(path).onnx.run(x.numpy()))


def _layer(channels: int, n_kernels: int, *, size: int, stride: int = 1, dilation: int = 1) -> list[nn.Module]:
    convolution = nn.Conv1d(
        channels, n_kernels, size, stride=stride, dilation=dilation, padding=dilation * (size // 2), bias=False
    )
    return [convolution, nn.BatchNorm1d(n_kernels), nn.ReLU()]
