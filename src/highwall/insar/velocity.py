"""A straight line through a series of displacements, and how well it fits."""

import numpy as np
import xarray as xr

from highwall.core.checks import check_dims
from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.products import LAYERS


def fit_velocity(displacement: xr.DataArray) -> xr.Dataset:
    """Least-squares velocity of each pixel and its standard error from the scatter about the line.

    For series of any origin. The error takes the dates as independent: it holds the scatter that pairs agree on
    (atmosphere, seasons, unsteady motion), but in a series from a network the pairs' noise adds up from date to date,
    which a line follows; there ``velocity_std`` of :func:`~highwall.insar.inversion.invert` is the one to trust.

    Parameters
    ----------
    displacement : (epoch, y, x) [m]
        NaN is missing; epochs need not be evenly spaced.

    Returns
    -------
    velocity : (y, x) float32 [m year⁻¹]
        NaN with fewer than two epochs.
    velocity_std : (y, x) float32 [m year⁻¹]
        NaN with fewer than three epochs.

    Raises
    ------
    InputError
        The dims are others.
    """
    check_dims(displacement, LAYERS["displacement"].dims, name="displacement")
    d = displacement.astype(np.float64)
    years = _years(displacement).where(d.notnull())
    n = d.count("epoch")
    t = years - years.mean("epoch")
    spread = (t**2).sum("epoch")
    spread = spread.where(spread > 0.0)
    velocity = (t * d).sum("epoch") / spread
    residual = d - d.mean("epoch") - velocity * t
    variance = (residual**2).sum("epoch") / (n - 2).where(n > 2) / spread
    return xr.Dataset({"velocity": _layer(velocity, "velocity"), "velocity_std": _layer(variance**0.5, "velocity_std")})


def _years(displacement: xr.DataArray) -> xr.DataArray:
    """Years since the first epoch, on ``epoch``."""
    epochs = displacement["epoch"]
    days = (epochs.values - epochs.values[0]) / np.timedelta64(1, "D")
    return xr.DataArray(days / DAYS_PER_YEAR, dims="epoch", coords={"epoch": epochs})


def _layer(array: xr.DataArray, name: str) -> xr.DataArray:
    return array.astype(LAYERS[name].dtype).assign_attrs(LAYERS[name].attrs())


def stated_error(result: xr.Dataset) -> xr.DataArray:
    """Standard error with which a velocity is published: the greater of the formal one and that of the scatter.

    The pairs' misfit knows phase noise but not the atmosphere, on which all pairs of an epoch agree; the scatter about
    the line knows the atmosphere but takes noise that drifts along the network for motion. Each alone is too small in
    the other's case.

    Parameters
    ----------
    result : displacement (epoch, y, x) [m], velocity_std (y, x) [m year⁻¹]

    Returns
    -------
    velocity_std : (y, x) float32 [m year⁻¹]
    """
    scatter = fit_velocity(result["displacement"])["velocity_std"]
    greater: xr.DataArray = xr.apply_ufunc(np.fmax, result["velocity_std"], scatter, dask="allowed")
    return _layer(greater, "velocity_std")
