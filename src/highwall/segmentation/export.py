"""Torch to ONNX: one file that any machine with ONNX Runtime can run, with its facts inside."""

import warnings
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from onnxruntime.transformers.float16 import convert_float_to_float16
from torch.jit._trace import TracerWarning

from highwall.core.errors import ModelError, OutputError
from highwall.learning.onnx import OnnxModel, largest_difference
from highwall.learning.onnx_files import set_properties
from highwall.segmentation.metadata import SegmentationMetadata
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.options import STRIDE

_OPSET: Final = 17
_INPUT, _OUTPUT = "images", "probability"
TOLERANCE: Final = 1e-4
"""Largest difference of probability between torch and ONNX Runtime that passes; float32 sums differ by about 1e-6."""
HALF_TOLERANCE: Final = 0.05
"""The same for half precision, whose values have 11 bits."""
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
    part = _beside(path)
    try:
        _write(network.eval(), part, metadata=metadata)
        difference = _checked(network, part, tolerance=TOLERANCE)
        part.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write the model to {path}: {error}. Choose a writable folder.") from error
    finally:
        part.unlink(missing_ok=True)
    return difference


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
    part = _beside(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of weights too small for half precision, which become 0
            onnx.save(convert_float_to_float16(onnx.load(str(source)), keep_io_types=True), str(part))
        set_properties(part, metadata.model_copy(update={"precision": "float16"}).to_properties())
        difference = _checked(network, part, tolerance=HALF_TOLERANCE)
        part.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write the model to {path}: {error}. Choose a writable folder.") from error
    finally:
        part.unlink(missing_ok=True)
    return difference


def _beside(path: Path) -> Path:
    """Name under which a file is written before it is checked.

    Raises
    ------
    OutputError
        There is no such folder.
    """
    if not path.parent.is_dir():
        raise OutputError(f"cannot write the model to {path}: no folder {path.parent}. Choose a writable folder.")
    return path.with_suffix(".part.onnx")


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


def _checked(network: SegmentationNetwork, path: Path, *, tolerance: float) -> float:
    difference = parity(network, path)
    if not difference <= tolerance:  # NaN too
        raise ModelError(f"the exported network differs by {difference:.2g} from torch; more than {tolerance:g}.")
    return difference


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


def _write(network: SegmentationNetwork, path: Path, *, metadata: SegmentationMetadata) -> None:
    axes = {name: {0: "batch", 2: "y", 3: "x"} for name in (_INPUT, _OUTPUT)}
    with warnings.catch_warnings():
        # The TorchScript exporter needs only `onnx`; torch warns that another one exists, and that it traces checks.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", TracerWarning)
        warnings.simplefilter("ignore", UserWarning)
        torch.onnx.export(
            network,
            (torch.zeros(1, len(network.options.bands), _TRACED_PX, _TRACED_PX),),
            str(path),
            input_names=[_INPUT],
            output_names=[_OUTPUT],
            dynamic_axes=axes,
            opset_version=_OPSET,
            dynamo=False,
        )
    set_properties(path, metadata.to_properties())
