"""Light and shadow on the simulated ground."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from highwall.core.constants import SENTINEL2_PIXEL_M
from highwall.core.truth import Surface
from highwall.core.truth.fields import Cells
from highwall.imagery import spectra
from highwall.imagery.options import SceneOptions

Grid = NDArray[np.float64]

_PENUMBRA_PX = 0.6
"""Softness of shadow edges: rugged ground blurs them [px]."""


def cast_shadow(elevation: Grid, *, pixel_m: float, azimuth_deg: float, elevation_deg: float) -> Cells:
    """Cells (y, x) from which the terrain hides the sun."""
    east, south = np.sin(np.deg2rad(azimuth_deg)), -np.cos(np.deg2rad(azimuth_deg))
    rise_m = pixel_m * np.tan(np.deg2rad(elevation_deg))
    height = float(np.ptp(elevation))
    is_hidden = np.zeros(elevation.shape, bool)
    rows, cols = np.indices(elevation.shape)
    for step in range(1, int(min(height / rise_m, max(elevation.shape))) + 2):
        row = np.clip(np.rint(rows + step * south).astype(int), 0, elevation.shape[0] - 1)
        col = np.clip(np.rint(cols + step * east).astype(int), 0, elevation.shape[1] - 1)
        is_hidden |= elevation[row, col] > elevation + step * rise_m
    return is_hidden


def light_on(surface: Surface, options: SceneOptions) -> Grid:
    """Light relative to level ground (band, y, x): direct where the sun reaches, sky light everywhere."""
    azimuth_deg, elevation_deg = options.sun_azimuth_deg, options.sun_elevation_deg
    is_hidden = cast_shadow(
        surface.elevation, pixel_m=SENTINEL2_PIXEL_M, azimuth_deg=azimuth_deg, elevation_deg=elevation_deg
    )
    is_lit: Grid = 1.0 - gaussian_filter(is_hidden.astype(np.float64), _PENUMBRA_PX)
    direct = tilt(surface, azimuth_deg=azimuth_deg, elevation_deg=elevation_deg) * is_lit
    sky = spectra.SKY_LIGHT[:, None, None]
    return np.asarray((1.0 - sky) * direct + sky)


def tilt(surface: Surface, *, azimuth_deg: float, elevation_deg: float) -> Grid:
    """Cosine of the incidence angle over that of level ground (y, x)."""
    south, east = np.gradient(surface.elevation, SENTINEL2_PIXEL_M)
    azimuth, height = np.deg2rad(azimuth_deg), np.deg2rad(elevation_deg)
    toward = np.cos(height) * (-east * np.sin(azimuth) + south * np.cos(azimuth)) + np.sin(height)
    return np.asarray(np.clip(toward / np.sqrt(1.0 + east**2 + south**2), 0.0, None) / np.sin(height))
