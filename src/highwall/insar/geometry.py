"""Where the satellite stands, and from its line of sight to the vertical under an assumption that is named."""

from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.core.products import LAYERS

Angles = NDArray[np.float64] | np.float64
"""Degrees."""

ALL_VERTICAL: Final = "all motion is vertical"
"""The assumption of :func:`vertical_motion`; slopes and pit walls break it, a subsiding plain keeps it."""

COMPONENTS: Final = ["east", "north", "up"]

_UNIT_TOLERANCE: Final = 0.01
"""By how much the length of a line of sight, often stored in 8 or 16 bits, may be off 1 [1]."""


def vertical_motion(
    result: xr.Dataset,
    *,
    incidence_deg: float | xr.DataArray | None = None,
    los: xr.DataArray | None = None,
) -> xr.Dataset:
    """Vertical displacement, velocity and its error from their line-of-sight namesakes, if all motion is vertical.

    Parameters
    ----------
    result : displacement (epoch, y, x) [m], velocity, velocity_std (y, x) [m year⁻¹]
    incidence_deg : () or (y, x) [degree]
        Angle between the line of sight and the vertical; give it or ``los``.
    los : (component, y, x) [1]
        Unit vector from the ground to the satellite, as :func:`line_of_sight` returns it.

    Returns
    -------
    displacement_vertical, velocity_vertical, velocity_vertical_std : the same dims and units, positive up

    Raises
    ------
    InputError
        Neither or both are given, the angle is not between 0 and 80 degrees, or ``los`` points below it.
    """
    share = _share_of_up(incidence_deg, los)
    layers = {
        "displacement_vertical": result["displacement"],
        "velocity_vertical": result["velocity"],
        "velocity_vertical_std": result["velocity_std"],
    }
    return xr.Dataset(
        {name: described(values / share, name, assumption=ALL_VERTICAL) for name, values in layers.items()}
    )


def los_enu(incidence_deg: float, *, heading_deg: float) -> NDArray[np.float64]:
    """Unit vector from the ground to a right-looking satellite: (3,) east, north, up [1].

    Parameters
    ----------
    incidence_deg
        Angle between the line of sight and the vertical [degree].
    heading_deg
        Direction of flight, clockwise from north [degree]; about −12 on Sentinel-1's ascending passes.

    Raises
    ------
    InputError
        The incidence is not between 0 and 80 degrees.
    """
    _check_incidence(incidence_deg)
    return _vector(np.float64(incidence_deg), np.float64(heading_deg))


def los_layer(incidence_deg: xr.DataArray, *, heading_deg: float | xr.DataArray) -> xr.DataArray:
    """Unit vector from the ground to a right-looking satellite where the angles vary: (component, y, x) [1].

    Parameters
    ----------
    incidence_deg : (y, x) [degree]
    heading_deg : () or (y, x) [degree]
        Direction of flight, clockwise from north.

    Raises
    ------
    InputError
        An incidence is not between 0 and 80 degrees, or all are missing.
    """
    _check_incidence(incidence_deg)
    parts: xr.DataArray = xr.apply_ufunc(
        _vector, incidence_deg, heading_deg, output_core_dims=[["component"]], dask="parallelized",
        output_dtypes=[np.float64], dask_gufunc_kwargs={"output_sizes": {"component": len(COMPONENTS)}},
    )  # fmt: skip
    return _as_los(parts.transpose("component", ...))


def line_of_sight(dataset: xr.Dataset) -> xr.DataArray:
    """Unit vector from the ground to the satellite that a stack or a result carries: (component,) or (component, y, x).

    The layer ``los_enu`` comes first; otherwise the attributes ``incidence_deg`` and ``heading_deg`` give one vector
    for the whole scene.

    Raises
    ------
    InputError
        Neither is there, or ``los_enu`` is no field of unit vectors.
    """
    if "los_enu" in dataset:
        return _checked_los(dataset["los_enu"])
    missing = [name for name in ("incidence_deg", "heading_deg") if name not in dataset.attrs]
    if missing:
        raise InputError(f"the line of sight is unknown; give the layer 'los_enu' or set {' and '.join(missing)}.")
    angles = {name: float(dataset.attrs[name]) for name in ("incidence_deg", "heading_deg")}
    vector = los_enu(angles["incidence_deg"], heading_deg=angles["heading_deg"])
    return _as_los(xr.DataArray(vector, dims="component"))


def mean_angles(los: xr.DataArray) -> tuple[float, float] | None:
    """Incidence angle and heading [degree] of the mean of unit vectors (component, …); None where none is known.

    The heading is the one from which a right-looking satellite has this vector.
    """
    parts = los.values.reshape(len(COMPONENTS), -1).astype(np.float64)
    known = np.isfinite(parts).all(axis=0)
    if not known.any():
        return None
    east, north, up = parts[:, known].mean(axis=1)
    incidence = np.rad2deg(np.arctan2(np.hypot(east, north), up))
    return float(incidence), float(np.rad2deg(np.arctan2(north, -east)))


def _share_of_up(incidence_deg: float | xr.DataArray | None, los: xr.DataArray | None) -> float | xr.DataArray:
    """Part of a vertical motion that the line of sight shows."""
    if los is not None and incidence_deg is None:
        return _checked_los(los).sel(component="up", drop=True)
    if incidence_deg is None or los is not None:
        raise InputError("give the incidence angle or the line of sight: one of 'incidence_deg' and 'los'.")
    _check_incidence(incidence_deg)
    cosine: Any = np.cos(np.deg2rad(incidence_deg))
    share: float | xr.DataArray = cosine
    return share


def _checked_los(los: xr.DataArray) -> xr.DataArray:
    """Refuse what is no unit vector upward; it is missing outside the swath, where all of a block may lie."""
    if list(los["component"].values) != COMPONENTS:
        raise InputError(f"los_enu has components {list(los['component'].values)}; give {COMPONENTS}, in this order.")
    length = np.sqrt((los.astype(np.float64) ** 2).sum("component", skipna=False))
    furthest = float(abs(length - 1.0).max())
    lowest = float(los.sel(component="up").min())
    if furthest > _UNIT_TOLERANCE or lowest <= 0.0:
        raise InputError(
            f"los_enu is no unit vector from the ground to the satellite: its length is off 1 by up to {furthest:.3g}, "
            f"its least part upward is {lowest:.3g}; check signs and order of the components."
        )
    return los


def _vector(incidence_deg: Angles, heading_deg: Angles) -> NDArray[np.float64]:
    """East, north, up along a new last axis: (…, 3) [1]."""
    theta, alpha = np.broadcast_arrays(np.deg2rad(incidence_deg), np.deg2rad(heading_deg))
    return np.stack([-np.sin(theta) * np.cos(alpha), np.sin(theta) * np.sin(alpha), np.cos(theta)], axis=-1)


def _as_los(parts: xr.DataArray) -> xr.DataArray:
    layer = LAYERS["los_enu"]
    named = parts.assign_coords(component=COMPONENTS).rename("los_enu")
    return named.assign_attrs(layer.attrs())


def described(values: xr.DataArray, name: str, *, assumption: str) -> xr.DataArray:
    """Give values the type and attributes of a layer of the table, and the assumption that they rest on."""
    layer = LAYERS[name]
    return values.astype(layer.dtype).rename(name).assign_attrs(layer.attrs() | {"assumption": assumption})


def _check_incidence(incidence_deg: float | xr.DataArray) -> None:
    angle = np.asarray(incidence_deg, dtype=np.float64)
    if np.any((angle < 0.0) | (angle > 80.0)) or np.isnan(angle).all():
        raise InputError(f"incidence_deg is {incidence_deg}; give degrees between 0 and 80 (Sentinel-1: 29 to 46).")
