"""Running an exported network: ONNX Runtime, its metadata, and whether it still says what the original said."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    RuntimeException,
)
from onnxruntime.capi.onnxruntime_pybind11_state import NotImplemented as NotSupported

from highwall.core.errors import MissingInputError, ModelError

_UNREADABLE = (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NotSupported, RuntimeException)
"""What the runtime raises for a file that is no network; these share no base of their own."""
_ONLY_ERRORS = 3
"""ONNX Runtime's log level that leaves out warnings."""


@dataclass(frozen=True)
class OnnxModel:
    """A loaded network."""

    session: ort.InferenceSession
    properties: Mapping[str, str]
    """The file's metadata properties."""

    @classmethod
    def open(cls, path: Path, *, threads: int = 2) -> "OnnxModel":
        """Load a network to run on the CPU.

        Raises
        ------
        MissingInputError
            There is no such file.
        ModelError
            The file is not a network that ONNX Runtime can read.
        """
        if not path.is_file():
            raise MissingInputError(f"no model at {path}; give the path of an .onnx file.")
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ONLY_ERRORS
        try:
            session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except _UNREADABLE as error:
            raise ModelError(
                f"{path} cannot be read as an ONNX model ({error}); export or download it anew."
            ) from error
        return cls(session, dict(session.get_modelmeta().custom_metadata_map))

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Run one batch: every output, in the file's order."""
        name = self.session.get_inputs()[0].name
        return tuple(self.session.run(None, {name: np.ascontiguousarray(batch, dtype=np.float32)}))


class Agreement(NamedTuple):
    """How well two runs of the same batch agree on the probability of each class."""

    largest: float
    """Largest absolute difference."""
    mean: float
    """Mean absolute difference."""
    same_class: float
    """Share of samples (or of their cells) for which both name the same class."""


def agreement(expected: NDArray[np.float32], found: NDArray[np.float32]) -> Agreement:
    """Compare two answers of (N, class) or (N, class, y, x); NaN stays NaN."""
    difference = np.abs(expected - found)
    same = expected.argmax(axis=1) == found.argmax(axis=1)
    return Agreement(float(difference.max()), float(difference.mean()), float(same.mean()))


def largest_difference(expected: tuple[NDArray[np.float32], ...], found: tuple[NDArray[np.float32], ...]) -> float:
    """Largest absolute difference over all outputs of two runs of the same batch; NaN if any is NaN."""
    return float(np.max([np.max(np.abs(a - b)) for a, b in zip(expected, found, strict=True)]))
