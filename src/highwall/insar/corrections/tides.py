"""Solid-earth tide: the ground's own rise and fall under moon and sun, along the line of sight.

Computed by pysolid after the IERS conventions, on a coarse grid; over one scene it is almost a plane.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.epochs import as_dates
from highwall.core.errors import InputError
from highwall.insar.corrections.coarse import CoarseField, Grid, Places, line_of_sight, mean_at_reference, places_of

NODES = 5
"""Along each side of the scene; the tide bends by less than 0.1 mm between nodes 60 km apart."""
MARGIN_DEGREES = 0.1
"""Around the sample, whose outermost pixels need not be the scene's."""


@dataclass(frozen=True)
class TideModel:
    """Tide of every epoch, and what it makes of the reference."""

    field: CoarseField
    """(component, epoch, latitude, longitude) [m] east, north, up, less the first epoch's."""
    anchor: Grid
    """(epoch,) [m]: displacement of the reference, taken from every pixel's."""

    def layers(self, block: xr.Dataset, _displacement: Grid) -> dict[str, Grid]:
        """``correction_tide`` (epoch, y, x) [m] of a block, positive toward the satellite."""
        return {"correction_tide": _toward(self.field, block) - self.anchor[:, None, None]}


def fit_tide(sample: xr.Dataset, *, pass_time_utc: dt.time | None, anchor: xr.Dataset) -> TideModel:
    """Compute the tide of every epoch over the scene.

    Parameters
    ----------
    sample
        Pixels from all over the scene, with ``epoch``.
    pass_time_utc
        Time of day of the passes.
    anchor
        Block whose pixels with a displacement have a mean correction of zero at every epoch.

    Raises
    ------
    InputError
        The time of day is not given, or pysolid is not installed.

    Source: Petit & Luzum 2010 (IERS conventions), section 7.1.1; Yunjun et al. 2022.
    """
    time_of_day = require_pass_time(pass_time_utc)
    longitude, latitude = _nodes(places_of(sample))
    moments = [dt.datetime.combine(date, time_of_day) for date in as_dates(sample["epoch"].values)]
    values = np.stack([_tide(moment, longitude, latitude) for moment in moments], axis=1)
    field = CoarseField(longitude, latitude, values - values[:, :1])
    return TideModel(field, mean_at_reference(_toward(field, anchor), anchor, what="the tide"))


def require_pass_time(pass_time_utc: dt.time | None) -> dt.time:
    """Return the time of day of the passes.

    Raises
    ------
    InputError
        It is not given.
    """
    if pass_time_utc is None:
        raise InputError(
            "the tide depends on the hour; give deform.corrections.pass_time_utc, the time of day of the passes."
        )
    return pass_time_utc


def _nodes(places: Places) -> tuple[Grid, Grid]:
    """Longitudes and latitudes of the coarse grid, ascending."""
    low, high = ([float(limit(axis)) for axis in places] for limit in (np.nanmin, np.nanmax))
    longitude, latitude = (
        np.linspace(start - MARGIN_DEGREES, end + MARGIN_DEGREES, NODES) for start, end in zip(low, high, strict=True)
    )
    return longitude, latitude


def _tide(moment: dt.datetime, longitude: Grid, latitude: Grid) -> NDArray[Any]:
    """Tide (component, latitude, longitude) [m] at one moment."""
    try:
        import pysolid  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise InputError("the tide needs pysolid; pip install 'highwall[tides]', or leave it out.") from error
    step = float(latitude[1] - latitude[0])
    described = {
        "LENGTH": NODES, "WIDTH": NODES, "X_FIRST": longitude[0], "Y_FIRST": latitude[-1],
        "X_STEP": float(longitude[1] - longitude[0]), "Y_STEP": -step,
    }  # fmt: skip
    every_node = 1.0  # m, finer than the nodes: none is left out
    parts = pysolid.calc_solid_earth_tides_grid(moment, described, step_size=every_node, verbose=False)
    return np.stack(parts)[:, ::-1]


def _toward(field: CoarseField, block: xr.Dataset) -> Grid:
    """Displacement (epoch, y, x) [m] along the line of sight."""
    sight = line_of_sight(block)
    tide = field.at(places_of(block))
    return np.asarray(tide[0] * sight[0] + tide[1] * sight[1] + tide[2] * sight[2])
