"""Digital numbers → reflectance, exactly once."""

import numpy as np
import xarray as xr

from highwall.core.checks import check_dims
from highwall.core.errors import SceneError
from highwall.core.products import LAYERS


def to_reflectance(scene: xr.DataArray) -> xr.DataArray:
    """Reflectance = (digital number + offset) / quantification; nodata becomes NaN; ``SCL`` is left out.

    Parameters
    ----------
    scene : (band, y, x)
        Digital numbers with the attributes that ``io.scenes`` documents.

    Returns
    -------
    reflectance : (band, y, x) float32 [1]
        Negative values, which the offset makes possible over dark water, are kept.

    Raises
    ------
    SceneError
        The array is reflectance already, or lacks what is needed to scale it.

    Source: ESA, Sentinel-2 Products Specification, processing baseline 04.00.
    """
    check_dims(scene, ("band", "y", "x"), name="scene")
    if scene.attrs.get("units") == "1":
        raise SceneError(f"{scene.attrs.get('scene_id', 'scene')} is reflectance already; do not scale it twice.")
    missing = {"quantification", "offset", "nodata"} - set(scene.attrs)
    if missing:
        raise SceneError(f"the scene lacks the attributes {', '.join(sorted(missing))}; read it through highwall.io.")
    spectral = scene.sel(band=[band for band in scene["band"].values if band != "SCL"])
    valid = (spectral != scene.attrs["nodata"]) & spectral.notnull()
    scale = np.float32(scene.attrs["quantification"])
    values = (spectral.astype(np.float32) + np.float32(scene.attrs["offset"])) / scale
    reflectance = values.where(valid).rename("reflectance")
    kept = {key: value for key, value in scene.attrs.items() if key != "nodata"}
    reflectance.attrs = kept | LAYERS["reflectance"].attrs() | {"offset_applied": scene.attrs["offset"]}
    return reflectance


def require_bands(reflectance: xr.DataArray, bands: tuple[str, ...], *, purpose: str) -> xr.DataArray:
    """Select ``bands``, in their order.

    Raises
    ------
    SceneError
        One is missing.
    """
    have = [str(band) for band in reflectance["band"].values]
    missing = [band for band in bands if band not in have]
    if missing:
        raise SceneError(
            f"{reflectance.attrs.get('scene_id', 'the scene')} has bands {', '.join(have)}; {purpose} needs "
            f"{', '.join(missing)} too. Choose a scene with them, or name its bands right."
        )
    return reflectance.sel(band=list(bands))
