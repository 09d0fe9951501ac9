"""What a stack must carry before anything is computed from it, and how its phase becomes metres."""

import math

import numpy as np
import xarray as xr

from highwall.core.checks import check_dims
from highwall.core.errors import StackError

STACK_DIMS = ("pair", "y", "x")


def check_stack(stack: xr.Dataset) -> None:
    """Refuse a Dataset that is not a stack.

    Raises
    ------
    InputError
        ``unw`` or ``coh`` has other dims than (pair, y, x).
    StackError
        A variable, a date or the wavelength is missing, or there is no pair or no pixel.
    """
    if "unw" not in stack:
        raise StackError(f"the stack has no 'unw', only {sorted(map(str, stack.data_vars))}; name the phase 'unw'.")
    for name in ("unw", "coh"):
        if name in stack:
            check_dims(stack[name], STACK_DIMS, name=name)
    for name in ("first", "second"):
        if name not in stack.coords or stack[name].dims != ("pair",):
            raise StackError(f"the stack has no coordinate {name!r} on 'pair'; give each pair its two dates.")
    if not all(stack.sizes[dim] for dim in STACK_DIMS):
        raise StackError(f"the stack is empty: {dict(stack['unw'].sizes)}; give at least one pair and one pixel.")
    wavelength_of(stack)


def wavelength_of(stack: xr.Dataset) -> float:
    """Radar wavelength [m].

    Raises
    ------
    StackError
        The attribute ``wavelength_m`` is missing or not a positive number.
    """
    value = stack.attrs.get("wavelength_m")
    try:
        wavelength = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        wavelength = math.nan
    if not 0.0 < wavelength < 10.0:
        raise StackError(
            f"the stack's attribute 'wavelength_m' is {value!r}; set it in metres (Sentinel-1: 0.0554658)."
        )
    return wavelength


def metres_per_radian(stack: xr.Dataset) -> float:
    """Displacement toward the satellite of one radian of phase, −λ / 4π: [m rad⁻¹]."""
    return -wavelength_of(stack) / (4.0 * math.pi)


def mean_coherence(stack: xr.Dataset) -> xr.DataArray:
    """Mean of the coherences that a pixel has: (y, x) float32, NaN where it has none."""
    coherence = stack["coh"]
    count = coherence.notnull().sum("pair")
    total = coherence.fillna(0.0).sum("pair", dtype=np.float64)
    return (total / count.where(count > 0)).astype(np.float32)
