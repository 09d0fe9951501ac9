"""Torch to ONNX: one file that any machine with ONNX Runtime can run, with its facts inside, and that says the same."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.jit._trace import TracerWarning

from highwall.core.errors import ModelError, OutputError
from highwall.learning.onnx_files import set_properties

TOLERANCE: Final = 1e-4
"""Largest difference of probability between torch and ONNX Runtime that passes; float32 sums differ by about 1e-6."""
_OPSET: Final = 17

FreeAxes = Mapping[str, Mapping[int, str]]
"""Inputs or outputs in their order, each with its axes that may be of any length, by what they count."""


def export_checked(
    network: nn.Module,
    path: Path,
    *,
    example: Tensor,
    inputs: FreeAxes,
    outputs: FreeAxes,
    properties: Mapping[str, str],
    parity: Callable[[Path], float],
) -> float:
    """Write a network that is in use, not in training, as ONNX, and check that it says the same.

    Parameters
    ----------
    example
        Input with which it is traced.
    properties
        Facts of the file.
    parity
        Largest difference between the network and a file, on inputs that it was not traced with.

    Returns
    -------
    float
        That difference.

    Raises
    ------
    ModelError
        The file says something else, or nothing finite.
    OutputError
        It could not be written.
    """
    with placed(path) as part:
        _write(network, part, example=example, inputs=inputs, outputs=outputs)
        set_properties(part, properties)
        difference = parity(part)
        check_difference(difference)
    return difference


def check_difference(difference: float, *, tolerance: float = TOLERANCE) -> None:
    """Refuse a file that differs from torch by more than a tolerance, or by NaN.

    Raises
    ------
    ModelError
        It does.
    """
    if not difference <= tolerance:
        raise ModelError(f"the exported network differs by {difference:.2g} from torch; more than {tolerance:g}.")


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """Give a name beside ``path`` for a file that takes its place when the block ends well, and goes when it does not.

    Raises
    ------
    OutputError
        There is no such folder, or it cannot be written.
    """
    if not path.parent.is_dir():
        raise OutputError(f"cannot write the model to {path}: no folder {path.parent}. Choose a writable folder.")
    part = path.with_suffix(".part.onnx")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write the model to {path}: {error}. Choose a writable folder.") from error
    finally:
        part.unlink(missing_ok=True)


def _write(network: nn.Module, path: Path, *, example: Tensor, inputs: FreeAxes, outputs: FreeAxes) -> None:
    with warnings.catch_warnings():
        # The TorchScript exporter needs only `onnx`; torch warns that another one exists, and that it traces checks.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", TracerWarning)
        warnings.simplefilter("ignore", UserWarning)
        torch.onnx.export(
            network,
            (example,),
            str(path),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: dict(axes) for name, axes in {**inputs, **outputs}.items()},
            opset_version=_OPSET,
            dynamo=False,
        )
