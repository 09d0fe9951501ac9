"""torchvision from PyPI beside a torch built for the CPU: an import that fails for want of two names, made whole.

PyPI's torchvision is built against CUDA. Beside a CPU torch its compiled operators cannot be loaded; it tolerates that,
but then describes two of them, ``nms`` and ``qnms``, to a dispatcher that has never heard of them, and its import ends
in ``RuntimeError: operator torchvision::nms does not exist``. Here the two are declared, without any code behind them.
What needs no compiled operator, such as every network for whole images, works; suppressing boxes does not, and says so.
Where torchvision works nothing is touched.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

from highwall.core.errors import ModelError

_SYMPTOM = "torchvision::nms does not exist"
_SCHEMAS = tuple(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor" for name in ("nms", "qnms"))
_declared: list[Any] = []
"""The library that holds the declarations: they last only as long as it does."""


def import_torchvision() -> ModuleType:
    """Import torchvision, also where PyPI's build meets a CPU torch.

    Raises
    ------
    ModelError
        torchvision is not installed.
    """
    try:
        return importlib.import_module("torchvision")
    except ModuleNotFoundError as error:
        raise ModelError(
            "torchvision is not installed; install what training needs: pip install '.[train]'."
        ) from error
    except RuntimeError as error:
        if _SYMPTOM not in str(error):
            raise
    _declare()
    _forget("torchvision")
    return importlib.import_module("torchvision")


def _declare() -> None:
    """Declare the two operators to torch's dispatcher, once."""
    import torch

    if not _declared:
        library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
        for schema in _SCHEMAS:
            library.define(schema)  # type: ignore[no-untyped-call]
        _declared.append(library)


def _forget(package: str) -> None:
    """Drop the modules that a failed import left behind."""
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]
