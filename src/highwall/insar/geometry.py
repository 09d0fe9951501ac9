"""From the line of sight to the vertical, under an assumption that is named."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.core.products import LAYERS

ALL_VERTICAL = "all motion is vertical"
"""The assumption of :func:`vertical_motion`; slopes and pit walls break it, a subsiding plain keeps it."""


def vertical_motion(result: xr.Dataset, *, incidence_deg: float | xr.DataArray) -> xr.Dataset:
    """Vertical displacement, velocity and its error from their line-of-sight namesakes, if all motion is vertical.

    Parameters
    ----------
    result : displacement (epoch, y, x) [m], velocity, velocity_std (y, x) [m year⁻¹]

    Returns
    -------
    displacement_vertical, velocity_vertical, velocity_vertical_std : the same dims and units, positive up

    Raises
    ------
    InputError
        The angle is not between 0 and 80 degrees.
    """
    _check_incidence(incidence_deg)
    share = np.cos(np.deg2rad(incidence_deg))
    layers = {
        "displacement_vertical": result["displacement"],
        "velocity_vertical": result["velocity"],
        "velocity_vertical_std": result["velocity_std"],
    }
    return xr.Dataset({name: _upright(values / share, name) for name, values in layers.items()})


def _upright(values: xr.DataArray, name: str) -> xr.DataArray:
    layer = LAYERS[name]
    return values.astype(layer.dtype).rename(name).assign_attrs(layer.attrs() | {"assumption": ALL_VERTICAL})


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
    theta, alpha = np.deg2rad([incidence_deg, heading_deg])
    return np.array([-np.sin(theta) * np.cos(alpha), np.sin(theta) * np.sin(alpha), np.cos(theta)])


def _check_incidence(incidence_deg: float | xr.DataArray) -> None:
    angle = np.asarray(incidence_deg, dtype=np.float64)
    if np.any((angle < 0.0) | (angle > 80.0)) or np.isnan(angle).all():
        raise InputError(f"incidence_deg is {incidence_deg}; give degrees between 0 and 80 (Sentinel-1: 29 to 46).")
