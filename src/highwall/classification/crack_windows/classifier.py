"""One interface for both classifiers of sensor windows: a file that says what it is, run by ONNX Runtime."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from highwall.classification.crack_windows.features import FEATURES, features
from highwall.classification.crack_windows.windows import CHANNELS, STEP_S, Floats, check_values, has_readings
from highwall.core.errors import ModelError
from highwall.learning.onnx import OnnxModel

BOOSTING, CONVOLUTION = "boosting", "convolution"
KINDS: Final = (BOOSTING, CONVOLUTION)
"""Gradient boosting on features; a small 1-D network on readings."""

TASK: Final = "crack-windows"
"""What a file of this room's says that it does."""

SCALE: Final = np.array([2e-5, 2e-4, 4e-5, 5.0], dtype=np.float32)
"""Strain [1], opening [m], tilt [rad] and temperature [K] that count as one unit: a few times a day's swing."""

_SEPARATOR = ","


def network_input(values: Floats) -> Floats:
    """Readings as the 1-D network sees them: (N, T, m) -> (N, 2 m, T), finite.

    Each channel is taken from its median over the window, divided by its unit and compressed, x ← asinh(x / u), so that
    a hair crack and an open one both have a size; missing readings are 0, and a second set of channels marks them.
    """
    check_values(values)
    known = np.isfinite(values)
    any_known = known.any(axis=1, keepdims=True)
    middle = np.nanmedian(np.where(any_known, values, 0.0), axis=1, keepdims=True)
    level = np.where(known, np.arcsinh((values - middle) / SCALE), 0.0)
    return np.concatenate([level, ~known], axis=2).transpose(0, 2, 1).astype(np.float32)


_INPUT_OF: Final[Mapping[str, Callable[[Floats], Floats]]] = {BOOSTING: features, CONVOLUTION: network_input}


@dataclass(frozen=True)
class CrackWindowClassifier:
    """Tells whether a crack is present at a sensor by the end of a window of its readings."""

    onnx: OnnxModel
    kind: str
    """One of ``KINDS``."""
    n_samples: int
    """Readings of a window that it learned from."""
    training_data: str
    """What it learned from."""

    @classmethod
    def open(cls, path: Path, *, threads: int = 1) -> "CrackWindowClassifier":
        """Load a classifier.

        Raises
        ------
        MissingInputError
            There is no such file.
        ModelError
            It is no classifier of sensor windows, or one of other channels, features or steps.
        """
        onnx = OnnxModel.open(path, threads=threads)
        found = onnx.properties
        expected = properties(kind=found.get("kind", ""), n_samples=0, training_data="")
        for name in ("task", "channels", "step_s", "features"):
            if found.get(name) != expected[name]:
                raise ModelError(
                    f"{path.name} has {name} {found.get(name)!r}; this version reads {expected[name]!r}: give a file "
                    "of `highwall train crack-windows`."
                )
        return cls(onnx, found["kind"], int(found["n_samples"]), found["training_data"])

    def probability(self, values: Floats, *, n_at_once: int = 1024) -> Floats:
        """Probability of a crack in each window.

        Parameters
        ----------
        values : (N, T, m) float32
            Strain [1], opening [m], tilt [rad], temperature [K], an hour apart; NaN is missing.

        Returns
        -------
        (N,) float32; NaN where neither strain nor opening nor tilt has a reading

        Raises
        ------
        InputError
            The shape is wrong, or readings are infinite.
        ModelError
            The windows have another length than those it learned from.
        """
        check_values(values)
        if values.shape[1] != self.n_samples:
            raise ModelError(f"windows hold {values.shape[1]} readings; the classifier learned from {self.n_samples}.")
        ready = _INPUT_OF[self.kind](values)
        found: list[NDArray[np.float32]] = [
            self.onnx.run(ready[i : i + n_at_once])[0].reshape(-1) for i in range(0, len(ready), n_at_once)
        ]
        said = np.concatenate(found) if found else np.empty(0, np.float32)
        return np.where(has_readings(values), said, np.float32(np.nan))


def properties(*, kind: str, n_samples: int, training_data: str) -> dict[str, str]:
    """Facts that travel inside the file."""
    return {
        "task": TASK,
        "kind": kind,
        "channels": _SEPARATOR.join(CHANNELS),
        "features": _SEPARATOR.join(FEATURES) if kind == BOOSTING else "",
        "step_s": f"{STEP_S:g}",
        "n_samples": str(n_samples),
        "training_data": training_data,
    }
