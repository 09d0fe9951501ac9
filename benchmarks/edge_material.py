"""What the edge benchmark works on: images dealt to two edge nodes, and networks as ONNX files."""

from collections.abc import Iterator
from pathlib import Path

import onnx
from PIL import Image
from torch import Tensor, nn

from classification_cost import write_onnx
from classification_recipe import build, log_probability
from highwall.classification.dataset import CHIP_PX
from highwall.classification.extract import SHIPPED_MODEL
from highwall.classification.options import NetworkOptions
from highwall.learning.onnx import OnnxModel

SIDE_PX = 10 * CHIP_PX
"""px, side of an image: a hundred chips."""


def deal_images(mosaics: Path, folders: list[Path], *, n_each: int) -> None:
    """Cut images from mosaics of chips and deal them to folders in turn, positives and negatives alternating."""
    kinds = [_cut(sorted(mosaics.glob(f"*{kind}*clear0.75*.png"))) for kind in ("positives", "negatives")]
    for number in range(n_each):
        for folder in folders:
            folder.mkdir(exist_ok=True)
            name, image = next(kinds[number % len(kinds)])
            image.save(folder / f"{number}_{name}.png")


def _cut(paths: list[Path]) -> Iterator[tuple[str, Image.Image]]:
    for path in paths:
        with Image.open(path) as mosaic:
            for top in range(0, mosaic.height - SIDE_PX + 1, SIDE_PX):
                for left in range(0, mosaic.width - SIDE_PX + 1, SIDE_PX):
                    name = f"{path.stem}_{top}_{left}"
                    yield name, mosaic.crop((left, top, left + SIDE_PX, top + SIDE_PX)).convert("RGB")


class _Telling(nn.Module):
    """A network of the registry that gives probabilities, as those of the product do."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, levels: Tensor) -> Tensor:
        return log_probability(self.network, levels).exp()


def write_network(name: str, path: Path) -> Path:
    """Export an untrained network that gateways can run: its speed does not depend on what it learned."""
    write_onnx(_Telling(build(name, options=NetworkOptions())).eval(), path)
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, {**OnnxModel.open(SHIPPED_MODEL).properties, "name": name})
    onnx.save(model, str(path))
    return path
