"""Spectral indices, one row each."""

from typing import Final, NamedTuple

import xarray as xr

from highwall.imagery.scaling import require_bands


class Index(NamedTuple):
    """A normalised difference of two groups of bands: (Σ plus − Σ minus) / (Σ plus + Σ minus)."""

    plus: tuple[str, ...]
    minus: tuple[str, ...]
    meaning: str
    source: str


INDICES: Final[dict[str, Index]] = {
    "ndvi": Index(("B08",), ("B04",), "green vegetation", "Rouse et al. 1974"),
    "ndwi": Index(("B03",), ("B08",), "open water", "McFeeters 1996"),
    "mndwi": Index(("B03",), ("B11",), "open water among buildings", "Xu 2006"),
    "ndsi": Index(("B03",), ("B11",), "snow", "Hall et al. 1995"),
    "ndbi": Index(("B11",), ("B08",), "built-up and bare land", "Zha et al. 2003"),
    "bsi": Index(("B11", "B04"), ("B08", "B02"), "bare soil", "Rikimaru et al. 2002"),
}


def index(reflectance: xr.DataArray, name: str) -> xr.DataArray:
    """Compute an index: (y, x) float32 in −1…1, NaN where a band is missing or their sum is not positive.

    Raises
    ------
    KeyError
        No such index.
    SceneError
        The scene lacks one of its bands.
    """
    row = INDICES[name]
    bands = require_bands(reflectance, (*row.plus, *row.minus), purpose=f"the index {name}")
    plus = bands.sel(band=list(row.plus)).sum("band", skipna=False)
    minus = bands.sel(band=list(row.minus)).sum("band", skipna=False)
    total = plus + minus
    values = ((plus - minus) / total.where(total > 0.0)).clip(-1.0, 1.0)
    return values.rename(name).assign_attrs(units="1", long_name=row.meaning, source=row.source)
