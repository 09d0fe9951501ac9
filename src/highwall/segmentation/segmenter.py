"""Whoever says what each pixel of an image is: one Protocol, networks behind it, and several of them as one.

``OnnxSegmenter`` runs an exported network without torch; ``MemorySegmenter`` answers by a function, for tests and for
callers with models of their own; ``Bundle`` asks several that know different subsets. Torch's implementation lies with
the training code, so that this module needs no more than numpy and ONNX Runtime.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import ModelError
from highwall.core.taxonomy import CLASS_SETS
from highwall.learning.onnx import OnnxModel
from highwall.segmentation.metadata import DEMO, SegmentationMetadata

FloatArray = NDArray[np.float32]

SHIPPED_MODEL: Final = Path(__file__).with_name("weights") / "mines.onnx"
"""The network that comes with the package: ten classes from three visible bands; its card lies beside it."""

_HALF: Final = "tensor(float16)"
"""What ONNX Runtime calls the input of a network that reads half precision."""


class Segmenter(Protocol):
    """Says what each pixel of an image is."""

    @property
    def metadata(self) -> SegmentationMetadata:
        """What it reads and what it knows."""
        ...

    def probability(self, images: FloatArray) -> FloatArray:
        """Probability of each class at each pixel.

        Parameters
        ----------
        images : (N, band, y, x) float32
            Bands as in ``metadata.bands``, in their units (reflectance [1], dB); y and x are multiples of
            ``metadata.stride``. NaN is missing; what is said of a missing pixel means nothing, but is a number.

        Returns
        -------
        (N, class, y, x) float32
            Classes as in ``metadata.classes``. Those of one subset add up to 1 at most; the rest is background.

        Raises
        ------
        ModelError
            Another number of bands, or sides that are no multiple of the stride.
        """
        ...


@dataclass(frozen=True)
class OnnxSegmenter:
    """A network in ONNX, of single or half precision or int8, on the CPU."""

    onnx: OnnxModel
    metadata: SegmentationMetadata

    @classmethod
    def open(cls, path: Path, *, threads: int = 2) -> "OnnxSegmenter":
        """Load a segmentation network.

        Raises
        ------
        MissingInputError
            There is no such file.
        ModelError
            It is no network, or no segmentation network of Highwall.
        """
        onnx = OnnxModel.open(path, threads=threads)
        try:
            return cls(onnx, SegmentationMetadata.from_properties(onnx.properties))
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error

    def probability(self, images: FloatArray) -> FloatArray:
        """Probability of each class at each pixel; see :class:`Segmenter`."""
        check_images(images, self.metadata)
        node = self.onnx.session.get_inputs()[0]
        dtype = np.float16 if node.type == _HALF else np.float32
        answer = self.onnx.session.run(None, {node.name: np.ascontiguousarray(images, dtype=dtype)})[0]
        return np.asarray(answer, dtype=np.float32)


@dataclass(frozen=True)
class MemorySegmenter:
    """A function as a segmenter."""

    metadata: SegmentationMetadata
    function: Callable[[FloatArray], FloatArray]
    """(N, band, y, x) → (N, class, y, x), as :class:`Segmenter` says."""

    def probability(self, images: FloatArray) -> FloatArray:
        """Probability of each class at each pixel; see :class:`Segmenter`."""
        check_images(images, self.metadata)
        return np.asarray(self.function(images), dtype=np.float32)


@dataclass(frozen=True)
class Bundle:
    """Several segmenters that know different subsets, as one that knows them all; classes keep their overlap."""

    members: tuple[Segmenter, ...]
    metadata: SegmentationMetadata
    """Of all together: subsets in order of their numbers, every band that one of them reads."""

    @classmethod
    def of(cls, members: Iterable[Segmenter]) -> "Bundle":
        """Join segmenters.

        Raises
        ------
        ModelError
            There is none, two know the same subset, or they were made for different pixels or levels.
        """
        ordered = sorted(members, key=lambda member: member.metadata.subsets)
        _check_compatible([member.metadata for member in ordered])
        return cls(tuple(ordered), _joined([member.metadata for member in ordered]))

    def probability(self, images: FloatArray) -> FloatArray:
        """Probability of each class at each pixel; see :class:`Segmenter`."""
        check_images(images, self.metadata)
        answers = [member.probability(self._seen_by(member, images)) for member in self.members]
        of_class = {
            name: answer[:, number]
            for member, answer in zip(self.members, answers, strict=True)
            for number, name in enumerate(member.metadata.classes)
        }
        return np.stack([of_class[name] for name in self.metadata.classes], axis=1)

    def _seen_by(self, member: Segmenter, images: FloatArray) -> FloatArray:
        """Bands that one member reads, in its order."""
        bands = member.metadata.bands
        if bands == self.metadata.bands:
            return images
        return images[:, [self.metadata.bands.index(band) for band in bands]]


def check_images(images: FloatArray, metadata: SegmentationMetadata) -> None:
    """Refuse images that a segmenter cannot read.

    Raises
    ------
    ModelError
        Not (N, band, y, x), another number of bands, or sides that are no multiple of the stride.
    """
    n_bands, stride = len(metadata.bands), metadata.stride
    if images.ndim != 4 or images.shape[1] != n_bands:
        raise ModelError(
            f"images have shape {images.shape}; model {metadata.name!r} reads (N, {n_bands}, y, x) of "
            f"{', '.join(metadata.bands)}."
        )
    height, width = images.shape[2:]
    if height % stride or width % stride:
        up = tuple(-(-side // stride) * stride for side in (height, width))
        raise ModelError(
            f"images have {height} × {width} pixels; model {metadata.name!r} reads multiples of {stride}. Pad them to "
            f"{up[0]} × {up[1]}."
        )


def _check_compatible(facts: Sequence[SegmentationMetadata]) -> None:
    if not facts:
        raise ModelError("a bundle without a model; give at least one ONNX file.")
    known: dict[int, str] = {}
    for one in facts:
        for subset in one.subsets:
            if subset in known:
                raise ModelError(
                    f"models {known[subset]!r} and {one.name!r} both know subset {subset} "
                    f"({', '.join(CLASS_SETS[subset])}); give one of them."
                )
            known[subset] = one.name
    for field in ("pixel_m", "level"):
        found = [(one.name, getattr(one, field)) for one in facts if getattr(one, field) != "any"]
        if len({value for _, value in found}) > 1:
            listed = ", ".join(f"{name!r} for {value}" for name, value in found)
            raise ModelError(f"the models of a bundle differ in {field}: {listed}; give those of one kind.")


def _joined(facts: Sequence[SegmentationMetadata]) -> SegmentationMetadata:
    """Metadata of a bundle: the first's, with what all of them add."""
    if len(facts) == 1:
        return facts[0]
    subsets = tuple(sorted(subset for one in facts for subset in one.subsets))
    is_simulated = any(one.is_simulated for one in facts)
    names = " + ".join(dict.fromkeys(one.name for one in facts))
    return facts[0].model_copy(
        update={
            "name": f"{DEMO}: {names}" if is_simulated and not names.startswith(DEMO) else names,
            "version": " + ".join(dict.fromkeys(one.version for one in facts)),
            "subsets": subsets,
            "classes": tuple(name for subset in subsets for name in CLASS_SETS[subset]),
            "bands": tuple(dict.fromkeys(band for one in facts for band in one.bands)),
            "level": next((one.level for one in facts if one.level != "any"), "any"),
            "window_px": max(one.window_px for one in facts),
            "stride": int(np.lcm.reduce([one.stride for one in facts])),
            "thresholds": {name: bound for one in facts for name, bound in one.thresholds.items()},
            "temperature": {subset: t for one in facts for subset, t in one.temperature.items()},
            "training_data": json.dumps({one.name: json.loads(one.training_data) for one in facts}),
            "is_simulated": is_simulated,
            "architecture": " + ".join(dict.fromkeys(one.architecture for one in facts)),
            "encoder": " + ".join(dict.fromkeys(one.encoder for one in facts)),
        }
    )
