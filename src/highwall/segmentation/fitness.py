"""Whether a segmentation network may be run on a scene: bands, level, ground size of pixels, and what it has seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from highwall.core.errors import ModelError
from highwall.segmentation.metadata import SegmentationMetadata

_MOST_PIXEL_RATIO: Final = 1.25
"""Factor by which pixels may be larger or smaller than those that a network learned from (our choice).

A pixel in degrees that is 10 m along a meridian is 8.7 m along a parallel at 30° of latitude."""


@dataclass(frozen=True)
class SceneFacts:
    """What decides whether a network suits a scene."""

    name: str
    bands: tuple[str, ...]
    level: str
    """``L1C``, ``L2A`` or ``unknown``."""
    pixel_m: float
    """Mean ground size of a pixel [m]."""
    is_simulated: bool = False


def check_suits(metadata: SegmentationMetadata, scene: SceneFacts, *, force: bool = False) -> None:
    """Refuse a scene unlike those that a network learned from.

    Parameters
    ----------
    force
        Run all the same on another level, on pixels of another size, or with weights that saw only simulation; scores
        measured elsewhere then no longer hold. A band that is missing cannot be forced.

    Raises
    ------
    ModelError
        The scene lacks a band; or, unless forced, its level or pixels differ, its level is unknown and matters, or it
        is real and the network saw only simulation.
    """
    missing = [band for band in metadata.bands if band not in scene.bands]
    if missing:
        raise ModelError(
            f"model {metadata.name!r} reads bands {', '.join(metadata.bands)}; {scene.name} has "
            f"{', '.join(scene.bands)} and lacks {', '.join(missing)}. {_cure(missing)}"
        )
    if force:
        return
    _check_level(metadata, scene)
    _check_pixels(metadata, scene)
    if metadata.is_simulated and not scene.is_simulated:
        raise ModelError(
            f"model {metadata.name!r} saw nothing but simulation, and {scene.name} is real: what it says there has "
            "never been measured. Give weights that learned from real scenes, or force it (--force)."
        )


def _check_level(metadata: SegmentationMetadata, scene: SceneFacts) -> None:
    if metadata.level in ("any", scene.level):
        return
    if scene.level == "unknown":
        raise ModelError(
            f"model {metadata.name!r} learned from {metadata.level}, and {scene.name} does not say its level; if it is "
            f"{metadata.level}, say so: --level, or scenes.level in the site file."
        )
    raise ModelError(
        f"model {metadata.name!r} learned from {metadata.level} and {scene.name} is {scene.level}; take the "
        f"{metadata.level} product, or force it (--force) and trust the scores less."
    )


def _check_pixels(metadata: SegmentationMetadata, scene: SceneFacts) -> None:
    ratio = scene.pixel_m / metadata.pixel_m
    if not 1.0 / _MOST_PIXEL_RATIO <= ratio <= _MOST_PIXEL_RATIO:
        raise ModelError(
            f"model {metadata.name!r} learned from pixels of {metadata.pixel_m:g} m, those of {scene.name} are "
            f"{scene.pixel_m:.3g} m; resample it (gdalwarp -tr), or force it (--force)."
        )


def _cure(missing: Sequence[str]) -> str:
    radar = [band for band in missing if band.startswith("V")]
    if radar:
        return "Give the radar image of the place too (--radar)."
    return "Choose a scene with them, or name its bands right (--bands)."
