"""Write a land-cover network with weights at random, once for ONNX Runtime and once for torch.

python benchmarks/segmentation_network.py ARCHITECTURE ENCODER FOLDER
"""

import sys
import warnings
from pathlib import Path

import torch

from highwall.core.bands import CONFIGURATIONS
from highwall.learning.onnx_files import set_properties
from highwall.segmentation.metadata import SegmentationMetadata
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.options import NetworkOptions

SUBSETS, WINDOW_PX = (1, 2, 3, 4), 512
MEAN, STD = 0.1, 0.08
"""Reflectance [1], about that of the scenes."""


def main(architecture: str, encoder: str, folder: Path) -> None:
    bands = CONFIGURATIONS["M"]
    torch.manual_seed(0)
    options = NetworkOptions(architecture=architecture, encoder=encoder, bands=bands, subsets=SUBSETS)
    network = SegmentationNetwork(options).eval()
    network.mean.fill_(MEAN)
    network.std.fill_(STD)
    example = torch.rand(1, len(bands), WINDOW_PX, WINDOW_PX)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.jit.trace(network, example).save(str(folder / "network.pt"))
        axes = {"images": {0: "n", 2: "y", 3: "x"}, "probability": {0: "n", 2: "y", 3: "x"}}
        torch.onnx.export(
            network, (example,), str(folder / "network.onnx"), input_names=["images"], output_names=["probability"],
            dynamic_axes=axes, opset_version=17, dynamo=False,
        )  # fmt: skip
    metadata = SegmentationMetadata(
        name="at random", version="0", subsets=SUBSETS, bands=bands, level="L2A", window_px=WINDOW_PX,
        architecture=architecture, encoder=encoder,
    )  # fmt: skip
    set_properties(folder / "network.onnx", metadata.to_properties())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
