"""How the errors of a cluster's series hang together in time, as the product of its motion keeps them."""

from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.activity.clusters import Cluster

ERROR_LAYERS: Final = ("network_share", "network_errors", "date_errors")
"""What a product keeps of the errors of its series; those of earlier versions keep nothing."""


def errors_of(cluster: Cluster, motion: xr.Dataset) -> NDArray[np.float64] | None:
    """Covariance of the errors of a cluster's vertical series (epoch, epoch) [m²].

    As if all pixels erred alike, as the standard error of the cluster's rate.

    Parameters
    ----------
    motion : network_share (y, x) [1]; network_errors, date_errors (epoch, other_epoch) [year²]

    Returns
    -------
    (epoch, epoch) or None
        None where the product does not keep it, or knows it at no pixel of the cluster.
    """
    if not set(ERROR_LAYERS) <= set(motion):
        return None
    shares = _of_pixels(cluster, motion["network_share"])
    if not shares.size:
        return None
    share = float(shares.mean())
    of_network, of_dates = (motion[name].values.astype(np.float64) for name in ERROR_LAYERS[1:])
    return np.asarray(cluster.std**2 * (share * of_network + (1.0 - share) * of_dates))


def _of_pixels(cluster: Cluster, layer: xr.DataArray) -> NDArray[np.float64]:
    """Values (pixel,) of a layer (y, x) at those of the cluster's pixels that have one."""
    pixels = {"y": xr.DataArray(cluster.rows, dims="pixel"), "x": xr.DataArray(cluster.cols, dims="pixel")}
    values: NDArray[np.float64] = layer.isel(pixels).values.astype(np.float64)
    return values[np.isfinite(values)]
