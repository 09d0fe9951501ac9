"""Snow, air, haze and clouds over the simulated ground."""

import numpy as np
from numpy.typing import NDArray

from highwall.core.truth import SimulatedPlace
from highwall.core.truth.fields import fractal, stream
from highwall.imagery import spectra
from highwall.imagery.options import SceneOptions

Grid = NDArray[np.float64]

_CLOUD_SHADE = 0.65
"""Part of the light that a cloud takes from its shadow [1]."""
_CLOUD_SHIFT_PX = (45, -35)
"""Rows and columns from a cloud to its shadow: away from the sun [px]."""


def weathered(scene: Grid, place: SimulatedPlace, options: SceneOptions, *, key: str) -> Grid:
    """Snow on the ground, air above it, cloud and haze over both (band, y, x)."""
    if options.snow_share:
        white = cover_of(place, options.snow_share, stream(place.seed, "snow", key))
        scene = scene + white * (spectra.SNOW[:, None, None] - scene)
    cover = cover_of(place, options.cloud_share, stream(place.seed, "cloud", key))
    scene = scene * (1.0 - _CLOUD_SHADE * np.roll(cover, _CLOUD_SHIFT_PX, axis=(0, 1)))
    if options.level == "L1C":
        scene = spectra.PASSED[:, None, None] * scene + spectra.PATH[:, None, None]
    if options.haze:
        veil = options.haze * (spectra.PATH / spectra.PATH[1])[:, None, None]
        thickness = 1.0 + 0.2 * fractal(place.shape, stream(place.seed, "haze", key), exponent=3.0)
        scene = scene * (1.0 - 2.0 * options.haze) + veil * np.clip(thickness, 0.2, 2.0)
    return np.asarray(scene + cover * (spectra.CLOUD[:, None, None] * (0.85 + 0.15 * cover) - scene))


def cover_of(place: SimulatedPlace, share: float, rng: np.random.Generator) -> Grid:
    """Opacity (y, x) of a cover with soft edges whose opaque part is about ``share`` of the scene."""
    if share == 0.0:
        return np.zeros(place.shape)
    field = fractal(place.shape, rng, exponent=3.0, longest_px=200.0)
    edge = float(np.quantile(field, 1.0 - share))
    return np.asarray(np.clip((field - edge) / 0.25 + 0.5, 0.0, 1.0))
