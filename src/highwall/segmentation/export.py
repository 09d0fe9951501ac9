"""Torch to ONNX: one file that any machine with ONNX Runtime can run, with its facts inside."""

import warnings
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from onnxruntime.transformers.float16 import convert_float_to_float16

from highwall.core.errors import ModelError
from highwall.learning.onnx import OnnxModel, largest_difference
from highwall.learning.onnx_export import check_difference, export_checked, placed
from highwall.learning.onnx_files import set_properties
from highwall.segmentation.metadata import SegmentationMetadata
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.options import STRIDE

HALF_TOLERANCE: Final = 0.05
"""Largest difference of probability from float32 that passes for half precision, whose values have 11 bits."""
_TRACED_PX: Final = 4 * STRIDE
"""px, side of the image with which the network is traced."""


def export_network(network: SegmentationNetwork, path: Path, *, metadata: SegmentationMetadata) -> float:
    """Write a network as ONNX, for any batch and any sides that are multiples of the stride, and check it.

    Returns
    -------
    float
        Largest difference of probability between torch and ONNX Runtime, on extents it was not traced with.

    Raises
    ------
    ModelError
        The facts are of another network, or the exported one says something else or nothing finite.
    OutputError
        The file could not be written.
    """
    _check_facts(network, metadata)
    return export_checked(
        network.eval(),
        path,
        example=torch.zeros(1, len(network.options.bands), _TRACED_PX, _TRACED_PX),
        inputs={"images": {0: "batch", 2: "y", 3: "x"}},
        outputs={"probability": {0: "batch", 2: "y", 3: "x"}},
        properties=metadata.to_properties(),
        parity=lambda file: parity(network, file),
    )


def export_half(network: SegmentationNetwork, source: Path, path: Path, *, metadata: SegmentationMetadata) -> float:
    """Write an exported network again with weights and maps of half precision; what goes in and out stays float32.

    Returns
    -------
    float
        Largest difference of probability from torch's float32.

    Raises
    ------
    ModelError
        It says something else.
    OutputError
        The file could not be written.
    """
    with placed(path) as part:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of weights too small for half precision, which become 0
            onnx.save(convert_float_to_float16(onnx.load(str(source)), keep_io_types=True), str(part))
        set_properties(part, metadata.model_copy(update={"precision": "float16"}).to_properties())
        difference = parity(network, part)
        check_difference(difference, tolerance=HALF_TOLERANCE)
    return difference


def parity(network: SegmentationNetwork, path: Path) -> float:
    """Largest difference between a network and its export over images like the training data, some pixels missing."""
    exported = OnnxModel.open(path, threads=1)
    random = np.random.default_rng(0)
    found = []
    for n, height, width in ((2, 2 * STRIDE, 2 * STRIDE), (1, 3 * STRIDE, 5 * STRIDE)):
        noise = random.standard_normal((n, len(network.options.bands), height, width))
        images = (network.mean.numpy() + network.std.numpy() * noise).astype(np.float32)
        images[:, :, : height // 4, : width // 4] = np.nan
        with torch.no_grad():
            expected = network(torch.from_numpy(images)).numpy()
        found.append(largest_difference((expected,), exported.run(images)))
    return float(np.max(found))


def _check_facts(network: SegmentationNetwork, metadata: SegmentationMetadata) -> None:
    """Refuse facts that would make a reader misread what the network says."""
    options = network.options
    temperature = [metadata.temperature.get(subset, 1.0) for subset in options.subsets]
    same = (
        metadata.bands == options.bands
        and metadata.subsets == options.subsets
        and np.allclose(temperature, network.temperature.numpy(), rtol=1e-4)
    )
    if not same:
        raise ModelError(
            f"the facts of {metadata.name!r} are of another network (bands {', '.join(metadata.bands)}, subsets "
            f"{metadata.subsets}, temperature {temperature}); give those of this one."
        )
