"""What coregistered single-look images must carry before interferograms are made of them."""

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from highwall.core.checks import check_dims
from highwall.core.errors import NetworkError, StackError
from highwall.core.products import LAYERS
from highwall.insar.stack import wavelength_of

GEOMETRY = ("height_to_phase", "geometric_phase")
"""Optional layers (epoch, y, x) of an SLC Dataset: the phase that a metre of height [rad m⁻¹], or all of the geometry
[rad], adds to the interferogram of the reference epoch with this one. A pair gets the second's less the first's."""


def check_slcs(slcs: xr.Dataset) -> None:
    """Refuse a Dataset that holds no coregistered single-look images.

    Raises
    ------
    InputError
        A layer has other dims than (epoch, y, x).
    StackError
        ``slc``, the dates or the wavelength are missing, or the images are real or a single one.
    """
    if "slc" not in slcs:
        raise StackError(f"the images are missing: no 'slc' among {sorted(map(str, slcs.data_vars))}; name them 'slc'.")
    for name in ("slc", *GEOMETRY):
        if name in slcs:
            check_dims(slcs[name], LAYERS["slc"].dims, name=name)
    if not np.issubdtype(slcs["slc"].dtype, np.complexfloating):
        raise StackError(f"'slc' is {slcs['slc'].dtype}, which holds no phase; give complex images, not amplitudes.")
    if "epoch" not in slcs.coords or not np.issubdtype(slcs["epoch"].dtype, np.datetime64):
        raise StackError("the images carry no dates; give the coordinate 'epoch' as datetime64.")
    if slcs.sizes["epoch"] < 2:
        raise StackError(f"{slcs.sizes['epoch']} image makes no interferogram; give at least two dates.")
    wavelength_of(slcs)


def pair_numbers(slcs: xr.Dataset, pairs: ArrayLike) -> NDArray[np.int64]:
    """Turn pairs, given as dates or as epoch numbers, into epoch numbers: (pair, 2) int64.

    Raises
    ------
    NetworkError
        There is no pair, one joins a date with itself, or one has a date of which there is no image.
    """
    given = np.asarray(pairs)
    if given.ndim != 2 or given.shape[1:] != (2,) or given.size == 0:
        raise NetworkError(f"pairs have the shape {given.shape}; give at least one, as (pair, 2) dates or numbers.")
    numbers = given.astype(np.int64) if np.issubdtype(given.dtype, np.integer) else _numbered(slcs, given)
    outside = (numbers < 0) | (numbers >= slcs.sizes["epoch"])
    if outside.any():
        raise NetworkError(f"there is no image number {numbers[outside][0]}: the stack has {slcs.sizes['epoch']}.")
    alike = numbers[:, 0] == numbers[:, 1]
    if alike.any():
        raise NetworkError(f"pair {int(alike.argmax())} joins an image with itself; leave it out.")
    return numbers


def _numbered(slcs: xr.Dataset, dates: NDArray[np.generic]) -> NDArray[np.int64]:
    days = slcs["epoch"].values.astype("datetime64[D]")
    wanted = dates.astype("datetime64[D]")
    unknown = ~np.isin(wanted, days)
    if unknown.any():
        raise NetworkError(f"there is no image of {wanted[unknown][0]}; the stack has {days[0]} to {days[-1]}.")
    order = np.argsort(days)
    return order[np.searchsorted(days[order], wanted)].astype(np.int64)
