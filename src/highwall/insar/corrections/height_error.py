"""Error of the height model from perpendicular baselines, fitted to each pixel's series beside its motion.

A height error Δh that the topographic correction left shows as d = B⊥ Δh / (R sin θ): toward the satellite where the
ground is higher than the model and the orbit lies on the far side, B⊥ > 0 along the direction in which the look angle
grows (GAMMA's sign). With the other sign of B⊥, Δh changes sign and the correction stays.
"""

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.constants import SENTINEL1_WAVELENGTH
from highwall.core.errors import InputError, StackError
from highwall.insar.corrections.coarse import cos_incidence
from highwall.insar.motion_model import motion_model
from highwall.insar.network import Network
from highwall.insar.options import VelocityOptions
from highwall.insar.regression import Matrix, combine, full_rank, groups_of, require_full_rank

Grid = NDArray[np.float64]

SENTINEL1_ALTITUDE_M, EARTH_RADIUS_M = 693e3, 6371e3
"""Sentinel-1's mean altitude (ESA) and the Earth's mean radius (IUGG), for a nominal slant range."""
_SAME_BAND = 0.01
"""Share by which a wavelength may differ from Sentinel-1's."""


@dataclass(frozen=True)
class HeightErrorModel:
    """What a series is made of, a height error included."""

    bperp: Grid
    """(epoch,) [m], 0 at the first."""
    design: Matrix
    """(epoch, term): baseline first, then the motion's terms."""
    slant_range_m: float | None
    """Distance to the satellite; None for Sentinel-1's nominal one at each pixel's incidence."""

    def layers(self, block: xr.Dataset, displacement: Grid) -> dict[str, Grid]:
        """``dem_error`` (y, x) [m] and ``correction_dem`` (epoch, y, x) [m] of a block.

        NaN where a pixel's epochs cannot tell the height error from the motion.
        """
        series = displacement.reshape(len(self.bperp), -1)
        slope = np.full(series.shape[1], np.nan)
        for group in groups_of(series):
            design = self.design[group.present]
            if full_rank(design):
                slope[group.pixels] = combine(np.linalg.pinv(design)[:1], group.series)[0]
        per_metre = slope.reshape(displacement.shape[1:])
        lever = _lever(cos_incidence(block), self.slant_range_m)
        return {"dem_error": per_metre * lever, "correction_dem": self.bperp[:, None, None] * per_metre}


def fit_height_error(
    sample: xr.Dataset, network: Network, *, motion: VelocityOptions, slant_range_m: float | None
) -> HeightErrorModel:
    """Set up the joint model of motion and height error.

    Parameters
    ----------
    sample
        Its attributes ``slant_range_m`` or ``wavelength_m`` and its incidence are read.
    slant_range_m
        Goes before what the sample says.

    Raises
    ------
    InputError
        An epoch's baseline is unknown, the baselines cannot be told from the motion, or the slant range is unknown for
        a satellite other than Sentinel-1.

    Source: Fattahi & Amelung 2013, eq. 5.
    """
    bperp = known_baselines(network)
    model = motion_model(network.epochs, motion)
    design = np.column_stack([bperp, model.design])
    require_full_rank(design, terms=("height error", *model.terms))
    cos_incidence(sample)
    return HeightErrorModel(bperp, design, _slant_range(sample, slant_range_m))


def known_baselines(network: Network) -> Grid:
    """Perpendicular baseline of every epoch (epoch,) [m].

    Raises
    ------
    InputError
        That of an epoch is not known.
    """
    bperp = network.epoch_bperp()
    if bperp is None:
        raise InputError("the height error needs perpendicular baselines; give 'bperp' of each pair, or leave it out.")
    unknown = network.epochs[~np.isfinite(bperp)]
    if len(unknown):
        raise InputError(
            f"no baseline ties {', '.join(map(str, unknown))} to the first epoch; give 'bperp' of a pair of each, "
            "leave their pairs out, or leave the height error out."
        )
    return bperp


def _slant_range(sample: xr.Dataset, given: float | None) -> float | None:
    """Distance that is given or known; None for Sentinel-1, whose nominal one follows from the incidence."""
    known = given or sample.attrs.get("slant_range_m")
    if known is not None:
        return float(known)
    wavelength = float(sample.attrs.get("wavelength_m", math.nan))
    if not abs(wavelength / SENTINEL1_WAVELENGTH - 1.0) < _SAME_BAND:
        raise StackError(
            f"the distance to a satellite of wavelength {wavelength:g} m is unknown; give `slant_range_m` [m]."
        )
    return None


def _lever(cosine: Grid, slant_range_m: float | None) -> Grid:
    """R sin θ [m]."""
    incidence = np.arccos(cosine)
    distance = nominal_slant_range(incidence) if slant_range_m is None else slant_range_m
    return np.asarray(distance * np.sin(incidence))


def nominal_slant_range(incidence: Grid) -> Grid:
    """Distance of Sentinel-1 [m] at an incidence angle [rad] over a round Earth."""
    orbit = EARTH_RADIUS_M + SENTINEL1_ALTITUDE_M
    across = EARTH_RADIUS_M * np.sin(incidence)
    return np.asarray(np.sqrt(orbit**2 - across**2) - EARTH_RADIUS_M * np.cos(incidence))
