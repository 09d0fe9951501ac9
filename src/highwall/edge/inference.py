"""One image through one network: which chips are finds, and how sure the network is."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.classification.metadata import ModelMetadata, check_known
from highwall.classification.radiometry import RADIOMETRIES
from highwall.core.errors import InputError, ModelError
from highwall.edge.images import Levels, sha256_of
from highwall.edge.options import InferOptions
from highwall.learning.onnx import OnnxModel
from highwall.learning.windows import Window, iter_windows

_N_DECIMALS = 4
"""Of a probability as reported; the network's own error is far larger."""


@dataclass(frozen=True)
class EdgeModel:
    """A chip network that is ready to run, and what proves which one it is."""

    onnx: OnnxModel
    metadata: ModelMetadata
    sha256: str
    """Of its file."""

    @classmethod
    def open(cls, path: Path, *, threads: int = 1) -> "EdgeModel":
        """Load a chip network.

        Raises
        ------
        MissingInputError
            There is no such file.
        ModelError
            It is no chip network, or reads a radiometry that this version does not know.
        """
        onnx = OnnxModel.open(path, threads=threads)
        with path.open("rb") as file:
            sha256 = sha256_of(file)
        metadata = ModelMetadata.from_properties(onnx.properties)
        check_known(metadata, classes=metadata.classes)
        return cls(onnx, metadata, sha256)


class ChipFind(NamedTuple):
    """One chip in which something was found."""

    y: int
    """Row of its first pixel [px]."""
    x: int
    """Column of its first pixel [px]."""
    class_name: str
    probability: float
    """Of that class [1]."""


class Evidence(NamedTuple):
    """Which image and which network a record is about, and when it was made."""

    image: str
    """Path below the folder."""
    image_sha256: str | None
    """None where the file could not be read."""
    model: str
    model_version: str
    model_sha256: str
    time: dt.datetime
    """UTC."""


class Verdict(NamedTuple):
    """What a network says of one image."""

    class_name: str
    """Of the most alarming chip: the first class unless that chip is a find."""
    class_probability: dict[str, float]
    """What the network says of that chip [1]."""
    n_chips: int
    finds: tuple[ChipFind, ...]
    """Every chip that is a find, by row and column."""

    @property
    def probability(self) -> float:
        """Probability of the class named [1]."""
        return self.class_probability[self.class_name]

    def as_json(self) -> dict[str, Any]:
        """Members of a JSON object."""
        return {
            "class": self.class_name,
            "probability": self.probability,
            "class_probability": self.class_probability,
            "n_chips": self.n_chips,
            "finds": [
                {"y": find.y, "x": find.x, "class": find.class_name, "probability": find.probability}
                for find in self.finds
            ],
        }


def infer(levels: Levels, model: EdgeModel, *, options: InferOptions) -> Verdict:
    """Run a network over every chip of an image.

    Parameters
    ----------
    levels
        At least one chip large; chips lie side by side (less ``overlap_px``), the last ones moved back to the edge.

    Raises
    ------
    InputError
        It is smaller than a chip, has other bands, or values that are no levels.
    ModelError
        The network does not give a probability for each of its classes.
    """
    _check_fit(levels, model.metadata)
    size = model.metadata.chip_px
    windows = list(iter_windows(levels.shape, size=size, overlap=min(options.overlap_px, size - 1)))
    batches = _probabilities(levels, windows, model=model, n_at_once=options.n_chips_at_once)
    threshold = model.metadata.threshold if options.threshold is None else options.threshold
    return _verdict(windows, np.concatenate(list(batches)), classes=model.metadata.classes, threshold=threshold)


def _probabilities(
    levels: Levels, windows: list[Window], *, model: EdgeModel, n_at_once: int
) -> Iterator[NDArray[np.float32]]:
    """Probability of each class, (chip, class), batch by batch."""
    n_classes = len(model.metadata.classes)
    for i in range(0, len(windows), n_at_once):
        some = windows[i : i + n_at_once]
        chips = np.stack([levels.read(window) for window in some]).astype(np.float32)  # (B, band, y, x)
        _check_levels(chips, highest=RADIOMETRIES[model.metadata.radiometry].n_levels)
        found = model.onnx.run(chips)[-1]
        if found.shape != (len(some), n_classes) or not np.isfinite(found).all():
            raise ModelError(
                f"the network gives an array {found.shape} for {len(some)} chips and {n_classes} classes, or values "
                "that are no numbers; export it anew with highwall."
            )
        yield found


def _verdict(
    windows: list[Window], probability: NDArray[np.float32], *, classes: tuple[str, ...], threshold: float
) -> Verdict:
    """Join the chips of an image: the most alarming one speaks for it."""
    alarm = 1.0 - probability[:, 0]
    others = 1 + probability[:, 1:].argmax(axis=1)
    is_find = alarm >= threshold
    finds = tuple(
        ChipFind(windows[i].y0, windows[i].x0, classes[others[i]], _rounded(probability[i, others[i]]))
        for i in np.flatnonzero(is_find)
    )
    worst = int(alarm.argmax())
    return Verdict(
        class_name=classes[others[worst] if is_find[worst] else 0],
        class_probability={name: _rounded(p) for name, p in zip(classes, probability[worst], strict=True)},
        n_chips=len(windows),
        finds=finds,
    )


def _check_fit(levels: Levels, metadata: ModelMetadata) -> None:
    if levels.n_bands != len(metadata.bands):
        raise InputError(
            f"has {levels.n_bands} bands; network {metadata.name!r} reads {', '.join(metadata.bands)}: send those, as "
            ".npy if they are not three."
        )
    if min(levels.shape) < metadata.chip_px:
        rows, columns = levels.shape
        raise InputError(f"is {rows}×{columns} px; network {metadata.name!r} reads chips of {metadata.chip_px} px.")


def _check_levels(chips: NDArray[np.float32], *, highest: int) -> None:
    is_level = (chips >= 0.0) & (chips <= highest) & (chips == np.rint(chips))
    if not is_level.all():
        raise InputError(
            f"holds values such as {chips[~is_level][0]:g}; the network reads levels, whole numbers from 0 to "
            f"{highest}, without gaps: bring reflectance to levels first."
        )


def _rounded(probability: np.float32) -> float:
    return round(float(probability), _N_DECIMALS)
