"""The line from a place on the ground to the satellite: from a product's look vectors there, or from two angles."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.insar.geometry import line_of_sight, los_enu, mean_angles

VECTORS: Final = "the product's look vectors there"
_SCENE: Final = "the product, for the whole scene"


class Angles(NamedTuple):
    """Of the line to the satellite [degree]; None where unknown."""

    incidence_deg: float | None = None
    heading_deg: float | None = None

    @classmethod
    def stated(cls, attrs: Mapping[str, Any]) -> "Angles":
        """What the attributes of a product say of the whole scene."""
        return cls(*(float(attrs[name]) if name in attrs else None for name in cls._fields))


class Sight(NamedTuple):
    """A line of sight, and who said so."""

    unit: NDArray[np.float64]
    """(3,) east, north, up of the unit vector to the satellite [1]; without a heading only the last is known."""
    origin: str
    """Where its angles are from, and whether an option went against the product."""


class _Angle(NamedTuple):
    value: float | None
    origin: str


def sight_at(layers: xr.Dataset, given: Angles, *, needs_heading: bool) -> Sight:
    """Line of sight of a few pixels around a place.

    An angle that is given goes first, then ``los_enu`` of these pixels, then what the product says of the whole scene.

    Parameters
    ----------
    layers : los_enu (component, y, x) [1], optional
        With the attributes ``incidence_deg`` and ``heading_deg``, if they are known.
    needs_heading
        Whether motion is known in three directions, and not only upward.

    Raises
    ------
    InputError
        An angle that is needed is unknown or impossible, or ``los_enu`` holds no unit vectors.
    """
    names, there, stated = ("--incidence", "--heading"), _vectors(layers), Angles.stated(layers.attrs)
    incidence, heading = (_chosen(*one) for one in zip(names, given, there, stated, strict=True))
    if incidence.value is None:
        raise InputError(
            "the product does not say its incidence angle; give --incidence, or run `highwall deform` with it."
        )
    if heading.value is None and needs_heading:
        raise InputError("GNSS moves in three directions, and the satellite's heading is unknown; give --heading.")
    unit = los_enu(incidence.value, heading_deg=heading.value or 0.0)
    if heading.value is None:
        unit[:2] = np.nan
    return Sight(unit, _origin(incidence, heading))


def _vectors(layers: xr.Dataset) -> Angles:
    """Angles of the mean look vector; unknown where none is known."""
    angles = mean_angles(line_of_sight(layers)) if "los_enu" in layers else None
    return Angles() if angles is None else Angles(*angles)


def _chosen(option: str, given: float | None, there: float | None, stated: float | None) -> _Angle:
    """First angle that is known, and where it is from."""
    known = [_Angle(there, VECTORS), _Angle(stated, _SCENE)]
    product = next((angle for angle in known if angle.value is not None), _Angle(None, "nobody"))
    if given is None:
        return product
    return _Angle(given, f"{option} {given:g}" + ("" if product.value is None else ", which overrules the product"))


def _origin(incidence: _Angle, heading: _Angle) -> str:
    if heading.value is None:
        return f"incidence angle from {incidence.origin}"
    if heading.origin == incidence.origin:
        return f"both angles from {incidence.origin}"
    return f"incidence angle from {incidence.origin}; heading from {heading.origin}"
