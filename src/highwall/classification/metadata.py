"""What a shipped chip network says about itself, and the guard that reads it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from highwall.classification.radiometry import RADIOMETRIES, Radiometry
from highwall.core.errors import ModelError
from highwall.core.taxonomy import CHIP_CLASSES

_SEPARATOR = ","


@dataclass(frozen=True)
class ModelMetadata:
    """Facts that travel inside the ONNX file."""

    name: str
    version: str
    bands: tuple[str, ...]
    level: str
    radiometry: str
    classes: tuple[str, ...]
    cell_px: int
    """px, side of a cell of the class map."""
    chip_px: int
    """px, side of the chips it was trained on."""
    pixel_m: float
    """m, ground size of a pixel it was trained on; NaN if that differed."""
    training_data: str
    """What it learned from, with licences."""
    temperature: float = 1.0
    """Divisor of the chip logits. The network divides by it itself: its answers are calibrated."""
    cell_temperature: float = 1.0
    """The same of the cells."""
    threshold: float = 0.5
    """Probability from which it says yes of a chip, chosen on validation data."""
    cell_threshold: float = 0.5
    """The same of a cell: from here ground is mine on the map."""
    window_px: int = 0
    """px, side of the windows in which it maps scenes; 0: that of its chips."""
    precision: str = "float32"
    """Of weights and maps: float32 or int8."""
    begun_from: str = ""
    """File of weights from which a part of it began to learn; empty if none."""

    def to_properties(self) -> dict[str, str]:
        """Write as ONNX metadata properties."""
        return {
            key: _SEPARATOR.join(value) if isinstance(value, tuple) else str(value)
            for key, value in asdict(self).items()
        }

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> "ModelMetadata":
        """Read from ONNX metadata properties; those that have a default may be absent.

        Raises
        ------
        ModelError
            Another is missing, or one is malformed: the file is no chip network of Highwall.
        """
        asked = [key for key in _READERS if key in properties or not hasattr(cls, key)]
        try:
            facts = cls(**{key: _READERS[key](properties[key]) for key in asked})
        except (KeyError, ValueError) as error:
            raise ModelError(
                f"the model's metadata lacks or garbles {error}; it is no chip network: export it with highwall."
            ) from error
        impossible = [f"{key} {properties[key]}" for key in asked if not _POSSIBLE.get(key, _anything)(facts)]
        if impossible:
            raise ModelError(f"the model's metadata says {', '.join(impossible)}; this cannot be: export it anew.")
        return facts


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(_SEPARATOR))


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "name": str, "version": str, "bands": _names, "level": str, "radiometry": str, "classes": _names,
    "cell_px": int, "chip_px": int, "pixel_m": float, "training_data": str,
    "temperature": float, "cell_temperature": float, "threshold": float, "cell_threshold": float, "window_px": int,
    "precision": str, "begun_from": str,
}  # fmt: skip
"""How each fact is read back from text."""

_POSSIBLE: Final[dict[str, Callable[[ModelMetadata], bool]]] = {
    "cell_px": lambda facts: facts.cell_px >= 1,
    "chip_px": lambda facts: facts.cell_px >= 1 and facts.chip_px >= 1 and facts.chip_px % facts.cell_px == 0,
    "temperature": lambda facts: facts.temperature > 0.0,
    "cell_temperature": lambda facts: facts.cell_temperature > 0.0,
    "window_px": lambda facts: facts.window_px >= 0 and facts.window_px % max(facts.cell_px, 1) == 0,
    "threshold": lambda facts: 0.0 <= facts.threshold <= 1.0,
    "cell_threshold": lambda facts: 0.0 <= facts.cell_threshold <= 1.0,
}
"""Whether a fact can be true; NaN cannot."""


def _anything(_: ModelMetadata) -> bool:
    return True


def check_known(
    metadata: ModelMetadata, *, classes: tuple[str, ...] = CHIP_CLASSES, radiometry: str | None = None
) -> Radiometry:
    """Refuse a network for other classes, or one whose radiometry this version does not make.

    Parameters
    ----------
    classes
        What the caller reads, in the order of the outputs.
    radiometry
        Name of the only one that the caller can give; by default any of ``RADIOMETRIES``.

    Returns
    -------
    Radiometry
        What turns a scene or photograph into its levels.

    Raises
    ------
    ModelError
        They differ.
    """
    if metadata.classes != classes:
        raise ModelError(
            f"the model tells {', '.join(metadata.classes)} apart; here {', '.join(classes)} are wanted. Give weights "
            "made for these, or train it anew."
        )
    made = tuple(RADIOMETRIES) if radiometry is None else (radiometry,)
    if metadata.radiometry not in made:
        raise ModelError(
            f"the model reads radiometry {metadata.radiometry!r}; here {', '.join(made)} can be made. Retrain it."
        )
    return RADIOMETRIES[metadata.radiometry]


def check_scene(metadata: ModelMetadata, *, bands: tuple[str, ...], level: str, allow_other: bool = False) -> None:
    """Refuse to run a network on a scene unlike those it learned from.

    Parameters
    ----------
    bands, level
        Of the scene, such as ``("B04", "B03", "B02")`` and ``"L1C"``.
    allow_other
        Run all the same on another processing level; scores measured on the right one then no longer hold.

    Raises
    ------
    ModelError
        The bands or their order differ, or the level does and ``allow_other`` is not set.
    """
    if tuple(bands) != metadata.bands:
        raise ModelError(
            f"model {metadata.name!r} reads bands {', '.join(metadata.bands)} in this order; the scene has "
            f"{', '.join(bands)}. Select and order them."
        )
    if level == "unknown" and not allow_other:
        raise ModelError(
            f"model {metadata.name!r} learned from {metadata.level}, and the scene does not say its level; if it is "
            f"{metadata.level}, say so: scenes.level in the site file, or --level."
        )
    if level != metadata.level and not allow_other:
        raise ModelError(
            f"model {metadata.name!r} learned from {metadata.level} and the scene is {level}; take the "
            f"{metadata.level} product, put L2A back through a clear sky (--convert), or set model.force (--force); "
            "trust the scores less with either."
        )
