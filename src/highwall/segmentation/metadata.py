"""What a segmentation network says about itself: facts that travel inside its ONNX file."""

import json
from collections.abc import Mapping
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from highwall.core.errors import ModelError
from highwall.core.taxonomy import CLASS_SETS
from highwall.segmentation.options import STRIDE, Bands

Level = Literal["L1C", "L2A", "any"]

TASK: Final = "mining-segmentation"
"""Marks an ONNX file of this room, under the property ``task``."""
DEMO: Final = "demo"
"""How the name of a network begins that has seen nothing but simulation."""
DEFAULT_THRESHOLD: Final = 0.5
"""Probability from which a class is said where nothing else was found on validation data [1]."""


class SegmentationMetadata(BaseModel):
    """Facts of a segmentation network.

    Raises
    ------
    pydantic.ValidationError
        Facts that contradict one another: classes that are not those of the subsets, a window that is no multiple of
        the stride, a simulated network whose name does not begin with ``demo``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="name of the weights; begins with demo if they saw only simulation")
    version: str = Field(description="version of Highwall that made them")
    subsets: tuple[int, ...] = Field(min_length=1, description="subsets of classes that it knows")
    classes: tuple[str, ...] = Field((), description="classes in the order of its output, those of the subsets")
    bands: Bands = Field(description="bands in the order of its input")
    level: Level = Field("any", description="processing level of the scenes that it learned from")
    pixel_m: float = Field(10.0, gt=0.0, description="ground size of a pixel [m]")
    window_px: int = Field(512, ge=1, description="side of the chips that it learned from [px]")
    stride: int = Field(STRIDE, ge=1, description="sides of its input are multiples of this [px]")
    thresholds: dict[str, float] = Field(
        default_factory=dict, description="probability from which a class is said [1], chosen on validation data"
    )
    temperature: dict[int, float] = Field(
        default_factory=dict, description="divisor of a subset's logits [1]; the network divides by it itself"
    )
    training_data: str = Field("{}", description="what it learned from, JSON")
    is_simulated: bool = Field(False, description="it saw nothing but simulation")
    architecture: str = Field("", description="decoder")
    encoder: str = Field("", description="encoder and its pretraining")
    begun_from: str = Field("", description="weights with which the whole network began: name and version")
    licence: str = Field("Apache-2.0", description="SPDX identifier of the weights")
    precision: Literal["float32", "float16", "int8"] = Field("float32", description="of weights and maps")

    @model_validator(mode="before")
    @classmethod
    def _classes_follow_from_subsets(cls, given: Any) -> Any:
        if isinstance(given, dict) and not given.get("classes"):
            return given | {"classes": tuple(c for n in given.get("subsets", ()) for c in CLASS_SETS.get(n, ()))}
        return given

    @model_validator(mode="after")
    def _agree(self) -> Self:
        expected = tuple(name for number in self.subsets for name in CLASS_SETS.get(number, ("unknown subset",)))
        if self.classes != expected:
            raise ValueError(f"classes {self.classes} are not those of subsets {self.subsets}: {expected}")
        if self.window_px % self.stride:
            raise ValueError(f"window_px {self.window_px} is no multiple of stride {self.stride}")
        if self.is_simulated and not self.name.startswith(DEMO):
            raise ValueError(f"weights that saw only simulation are named {DEMO}…; found {self.name!r}")
        return self

    def threshold_of(self, name: str) -> float:
        """Probability from which a class is said [1]."""
        return self.thresholds.get(name, DEFAULT_THRESHOLD)

    def channels_of(self, subset: int) -> slice:
        """Channels of the output that hold a subset's classes.

        Raises
        ------
        ModelError
            The network does not know the subset.
        """
        if subset not in self.subsets:
            raise ModelError(
                f"model {self.name!r} knows subsets {', '.join(map(str, self.subsets))}, not {subset}; give one that "
                f"does, or a bundle."
            )
        start = sum(len(CLASS_SETS[number]) for number in self.subsets[: self.subsets.index(subset)])
        return slice(start, start + len(CLASS_SETS[subset]))

    def to_properties(self) -> dict[str, str]:
        """Write as ONNX metadata properties: text as it is, all else as JSON."""
        facts = self.model_dump(mode="json")
        return {"task": TASK} | {
            key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for key, value in facts.items()
        }

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> Self:
        """Read from ONNX metadata properties.

        Raises
        ------
        ModelError
            The file is no segmentation network of Highwall, or its facts are garbled or contradict one another.
        """
        if properties.get("task") != TASK:
            raise ModelError(
                "the file does not say that it is a segmentation network of Highwall; export one with "
                "'highwall train segmentation', or set its facts with highwall.segmentation.metadata."
            )
        try:
            return cls.model_validate({key: _read(key, text) for key, text in properties.items() if key != "task"})
        except (ValidationError, json.JSONDecodeError) as error:
            raise ModelError(
                f"the model's facts are garbled or contradict one another ({error}); export it anew."
            ) from error


_TEXTS: Final = frozenset(
    name for name, field in SegmentationMetadata.model_fields.items() if field.annotation in (str, Level)
) | {"precision"}


def _read(key: str, text: str) -> Any:
    return text if key in _TEXTS or key not in SegmentationMetadata.model_fields else json.loads(text)
