"""What a shipped chip network says about itself, and the guard that reads it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from highwall.classification.radiometry import L1C_RGB, Radiometry
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
    """m, ground size of a pixel it was trained on."""
    training_data: str
    """What it learned from, with licences."""

    def to_properties(self) -> dict[str, str]:
        """Write as ONNX metadata properties."""
        return {
            key: _SEPARATOR.join(value) if isinstance(value, tuple) else str(value)
            for key, value in asdict(self).items()
        }

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> "ModelMetadata":
        """Read from ONNX metadata properties.

        Raises
        ------
        ModelError
            One is missing or malformed: the file is no chip network of Highwall.
        """
        try:
            return cls(
                name=properties["name"],
                version=properties["version"],
                bands=tuple(properties["bands"].split(_SEPARATOR)),
                level=properties["level"],
                radiometry=properties["radiometry"],
                classes=tuple(properties["classes"].split(_SEPARATOR)),
                cell_px=int(properties["cell_px"]),
                chip_px=int(properties["chip_px"]),
                pixel_m=float(properties["pixel_m"]),
                training_data=properties["training_data"],
            )
        except (KeyError, ValueError) as error:
            raise ModelError(
                f"the model's metadata lacks or garbles {error}; it is no chip network: export it with highwall."
            ) from error


def check_known(metadata: ModelMetadata, *, radiometry: Radiometry = L1C_RGB) -> None:
    """Refuse a network whose classes or radiometry this version does not make.

    Raises
    ------
    ModelError
        They differ.
    """
    if metadata.classes != CHIP_CLASSES:
        raise ModelError(f"the model gives {metadata.classes}; this version reads {CHIP_CLASSES}. Train it anew.")
    if metadata.radiometry != radiometry.name:
        raise ModelError(
            f"the model reads radiometry {metadata.radiometry!r}; this version makes {radiometry.name!r}. Retrain it."
        )


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
            f"{metadata.level} product, or set model.force (--force) and trust the scores less."
        )
