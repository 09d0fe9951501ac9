"""Changing ONNX files: their facts, and float weights to int8. Needs the package onnx; running a file does not."""

import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from highwall.core.errors import InputError

Floats = NDArray[np.float32]


def set_properties(path: Path, properties: Mapping[str, str]) -> None:
    """Replace the facts that a file says about itself."""
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, dict(properties))
    onnx.save(model, str(path))


def count_weights(path: Path) -> int:
    """Number of weights and offsets in a file of float32."""
    stored = onnx.load(str(path)).graph.initializer
    return sum(int(np.prod(weights.dims)) for weights in stored if weights.data_type == onnx.TensorProto.FLOAT)


def quantise(source: Path, target: Path, *, batches: Iterable[Floats], properties: Mapping[str, str]) -> None:
    """Store weights and maps as 8-bit whole numbers, x ≈ s (q − z), with s and z fixed by what a sample makes of them.

    Weights have a scale for each kernel and z = 0, maps one scale each from the least and greatest value in the sample.

    Parameters
    ----------
    source
        Network of float32, one input.
    batches
        Sample of inputs, (N, …) each.
    properties
        Facts of the new file.

    Raises
    ------
    InputError
        The sample is empty.

    Source: Jacob et al. 2018, eq. 1; ONNX Runtime's static quantisation in QDQ form.
    """
    sample = list(batches)
    if not sample:
        raise InputError("no sample to fix the scales of int8 by; give chips like those that will be classed.")
    with tempfile.TemporaryDirectory() as folder, _quiet():
        folded = Path(folder) / "folded.onnx"
        quant_pre_process(str(source), str(folded), skip_symbolic_shape=True)
        name = onnx.load(str(folded)).graph.input[0].name
        quantize_static(
            str(folded),
            str(target),
            _Sample(name, sample),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    set_properties(target, properties)


class _Sample(CalibrationDataReader):  # type: ignore[misc]
    """Gives ONNX Runtime one batch after another."""

    def __init__(self, name: str, batches: Iterable[Floats]) -> None:
        self._feeds: Iterator[dict[str, Floats]] = iter([{name: batch} for batch in batches])

    def get_next(self) -> dict[str, Any] | None:
        """Next batch by input name, None after the last."""
        return next(self._feeds, None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back the advice that the quantiser logs on the root logger."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
