"""May this scene be believed? Bits a pixel, and a verdict with its reasons.

Snow at one mine took MineCam's IoU to 0, and clouds were absent from its training: such scenes are refused here, before
a network sees them. The tests are Fmask's potential-cloud and snow tests (Zhu & Woodcock 2012, eq. 1-6, 20), or the
scene classification where the product brings one. What the bands of a scene cannot tell is listed, not guessed.

One bound differs from Fmask's: a cloud is brighter in B08 than in B11, where Fmask asks for three quarters of it. Pale
quarries and bare soil fill the gap: in 930 six-band Sentinel-2 chips of mining country, pixels that pass every other
test at B08/B11 of 0.75 to 1 have the median spectrum of ground (red 0.09 above blue), those above 1.2 of cloud (flat).
"""

from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import xarray as xr

from highwall.core.products import LAYERS
from highwall.imagery.indices import index
from highwall.imagery.options import QualityOptions

FLAGS: Final[dict[str, int]] = {"nodata": 1, "cloud": 2, "snow": 4, "haze": 8, "dark": 16}
"""Bits of the quality layer; 0 is a pixel without complaint."""
HIDING: Final = FLAGS["nodata"] | FLAGS["cloud"] | FLAGS["snow"] | FLAGS["haze"]
"""Bits that hide the ground; what is merely dark may be water, or the shade of a pit."""

_SCL: Final[dict[str, tuple[int, ...]]] = {"cloud": (8, 9, 10), "snow": (11,)}
"""Codes of Sentinel-2's scene classification (ESA, L2A ATBD, table 3)."""

_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "cloud": ("B02", "B03", "B04", "B08", "B11", "B12"),
    "snow": ("B03", "B04", "B08", "B11"),
    "haze": ("B02", "B03", "B04", "B08", "B11"),
    "dark": ("B02", "B03", "B04"),
}


class Verdict(NamedTuple):
    """Whether a scene may be used, and why."""

    accepted: bool
    reasons: tuple[str, ...]
    """What was found against it."""
    shares: dict[str, float]
    """Share of the grid that carries each flag; of the pixels with data, but for ``nodata`` itself."""
    not_evaluated: tuple[str, ...]
    """Tests for which the scene lacks bands."""


def quality(reflectance: xr.DataArray, options: QualityOptions, *, scl: xr.DataArray | None = None) -> xr.DataArray:
    """Flag every pixel: (y, x) uint8, bits of :data:`FLAGS`.

    Parameters
    ----------
    reflectance : (band, y, x) float32 [1]
    scl : (y, x), optional
        Scene classification of a Sentinel-2 L2A product; where given it decides cloud and snow.
    """
    nodata = reflectance.isnull().any("band")
    flags = nodata.astype(np.uint8) * np.uint8(FLAGS["nodata"])
    for name in evaluable(reflectance, has_scl=scl is not None):
        codes = _SCL.get(name, ())
        found = scl.isin(codes) if scl is not None and codes else _TESTS[name](reflectance, options)
        flags = flags | (found & ~nodata).astype(np.uint8) * np.uint8(FLAGS[name])
    flags.attrs = LAYERS["quality"].attrs() | {"flags": ", ".join(f"{bit} {name}" for name, bit in FLAGS.items())}
    return flags.rename("quality")


def evaluable(reflectance: xr.DataArray, *, has_scl: bool = False) -> tuple[str, ...]:
    """Names of the tests that the scene's bands (or its scene classification) allow."""
    have = set(reflectance["band"].values.tolist())
    return tuple(name for name, bands in _NEEDS.items() if set(bands) <= have or (has_scl and name in _SCL))


def count_flags(flags: xr.DataArray) -> Counter[str]:
    """Number of pixels that carry each flag, and of all ``pixels``; counts of blocks add up to those of the scene."""
    counts = {name: int(((flags & bit) > 0).sum()) for name, bit in FLAGS.items()}
    return Counter(counts | {"pixels": flags.size})


def judge(counts: Counter[str], options: QualityOptions, *, evaluated: tuple[str, ...]) -> Verdict:
    """Accept or refuse a scene by the shares of its flags.

    Parameters
    ----------
    counts
        Of :func:`count_flags`.
    evaluated
        Tests that were made.
    """
    seen = max(counts["pixels"] - counts["nodata"], 1)
    shares = {"nodata": counts["nodata"] / max(counts["pixels"], 1)} | {name: counts[name] / seen for name in evaluated}
    limits = {name: getattr(options, f"max_{name}") for name in shares}
    reasons = tuple(
        f"{100 * share:.0f} % {name} (at most {100 * limits[name]:.0f} % allowed)"
        for name, share in shares.items()
        if share > limits[name]
    )
    left_out = tuple(name for name in FLAGS if name not in shares)
    return Verdict(not reasons, reasons, shares, left_out)


def _band(reflectance: xr.DataArray, name: str) -> xr.DataArray:
    return reflectance.sel(band=name, drop=True)


def _cloud(reflectance: xr.DataArray, options: QualityOptions) -> xr.DataArray:
    """Fmask's potential cloud: bright, white, hazy, neither snow nor vegetation nor bare ground (eq. 1-4)."""
    blue, green, red, nir, swir, swir2 = (_band(reflectance, name) for name in _NEEDS["cloud"])
    visible = (blue + green + red) / 3.0
    colour = abs(blue - visible) + abs(green - visible) + abs(red - visible)
    ndsi, ndvi = index(reflectance, "ndsi"), index(reflectance, "ndvi")
    basic = (swir2 > 0.03) & (ndsi < 0.8) & (ndvi < 0.8)
    haze_optimised = blue - 0.5 * red - 0.08
    return basic & (colour < 0.7 * visible) & (haze_optimised > 0.0) & (nir > swir) & (visible > 0.2)


def _snow(reflectance: xr.DataArray, options: QualityOptions) -> xr.DataArray:
    """Fmask's potential snow without its thermal test (eq. 20)."""
    green, _, nir, _ = (_band(reflectance, name) for name in _NEEDS["snow"])
    return (index(reflectance, "ndsi") > 0.4) & (nir > 0.11) & (green > 0.1)


def _haze(reflectance: xr.DataArray, options: QualityOptions) -> xr.DataArray:
    """Haze-optimised transform above a bound where the ground is dark in the SWIR, so that bright soil stays out."""
    blue, _, red, _, swir = (_band(reflectance, name) for name in _NEEDS["haze"])
    return (blue - 0.5 * red > options.haze_hot) & (swir < 0.25) & ~_snow(reflectance, options)


def _dark(reflectance: xr.DataArray, options: QualityOptions) -> xr.DataArray:
    visible = sum((_band(reflectance, name) for name in _NEEDS["dark"]), start=xr.zeros_like(reflectance[0])) / 3.0
    dark = visible < options.dark_visible
    if "B08" in reflectance["band"].values:
        near_infrared = _band(reflectance, "B08")
        is_water = _band(reflectance, "B03") > near_infrared
        dark = dark | ((near_infrared < options.dark_nir) & ~is_water)
    return dark.drop_vars("band", errors="ignore")


_TESTS: Final[dict[str, Callable[[xr.DataArray, QualityOptions], xr.DataArray]]] = {
    "cloud": _cloud, "snow": _snow, "haze": _haze, "dark": _dark,
}  # fmt: skip
