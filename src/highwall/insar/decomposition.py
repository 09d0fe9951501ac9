"""Two orbits, one motion: ascending and descending velocities become upward and eastward velocity."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import xarray as xr

from highwall.core.checks import check_dims
from highwall.core.errors import InputError
from highwall.core.grid import check_same_grid
from highwall.insar.geometry import described, line_of_sight

NO_NORTHWARD: Final = "no motion north or south"
"""The assumption of :func:`decompose`. Both passes of a polar orbiter look nearly alike at northward motion, so a north
velocity v enters the vertical as about v · n_north / n_up, −0.17 v for Sentinel-1 at 39°, and hardly the east."""

GREATEST_CONDITION: Final = 10.0
"""Condition number of the viewing geometry above which errors grow tenfold [1]; two Sentinel-1 orbits have 1 to 2."""

_ROUNDING: Final = 1e-12
"""Share of the normal matrix below which an eigenvalue is rounding [1]."""

_LEAST_STD: Final = 1e-5
"""m year⁻¹: error that is assumed where none is stated, as at the reference pixel."""


def decompose(
    ascending: xr.Dataset, descending: xr.Dataset, *more: xr.Dataset, max_condition: float = GREATEST_CONDITION
) -> xr.Dataset:
    """Upward and eastward velocity from two or more orbits on one grid, if nothing moves north or south.

    A pixel needs two tracks; with more, the squares of the residuals are weighted by 1 / velocity_std². Velocities of
    different tracks must share a reference that stands still in every one of them.

    Parameters
    ----------
    ascending, descending, more : velocity, velocity_std (y, x) [m year⁻¹], positive toward the satellite
        With ``los_enu`` (component, y, x), or the attributes ``incidence_deg`` and ``heading_deg``.
    max_condition
        Condition number of a pixel's viewing geometry above which it is left NaN [1].

    Returns
    -------
    velocity_up, velocity_east, velocity_up_std, velocity_east_std : (y, x) float32 [m year⁻¹]

    Raises
    ------
    GridError
        The tracks lie on different grids: resample one to the other's in a named step first.
    InputError
        A layer or the line of sight is missing, or no pixel is seen from two directions that differ enough.

    Source: Wright, Parsons & Lu 2004, with the north neglected.
    """
    tracks = (ascending, descending, *more)
    check_same_grid(*(_layer(track, "velocity", number) for number, track in enumerate(tracks, start=1)))
    exact = {name: ascending[name] for name in ("y", "x")}  # equal grids may differ by rounding
    views = [_view(track.assign_coords(exact), number) for number, track in enumerate(tracks, start=1)]
    good = _condition(_moments(views, [view.seen for view in views])) <= max_condition
    if not bool(good.any()):
        raise InputError(
            f"no pixel is seen from two directions that differ enough (condition number at most {max_condition:g}); "
            "give one ascending and one descending orbit that overlap."
        )
    solved = _solve(_moments(views, [view.seen / view.std**2 for view in views]))
    return xr.Dataset(
        {name: described(values.where(good), name, assumption=NO_NORTHWARD) for name, values in solved.items()}
    )


class _View(NamedTuple):
    """One track at every pixel; 0 where it saw nothing."""

    east: xr.DataArray
    up: xr.DataArray
    velocity: xr.DataArray
    std: xr.DataArray
    seen: xr.DataArray


class _Moments(NamedTuple):
    """Sums over the tracks of weight × products of east (e), up (u) and velocity (v): Aᵀ W A and Aᵀ W v."""

    ee: xr.DataArray
    eu: xr.DataArray
    uu: xr.DataArray
    ev: xr.DataArray
    uv: xr.DataArray


def _view(track: xr.Dataset, number: int) -> _View:
    try:
        los = line_of_sight(track)
    except InputError as error:
        raise InputError(f"track {number}: {error}") from error
    velocity, std = (_layer(track, name, number).astype(np.float64) for name in ("velocity", "velocity_std"))
    east, up = (los.sel(component=name, drop=True) for name in ("east", "up"))
    seen = velocity.notnull() & std.notnull() & east.notnull()
    east, up, velocity = (array.where(seen, 0.0) for array in (east, up, velocity))
    return _View(east, up, velocity, std.clip(min=_LEAST_STD).where(seen, 1.0), seen.astype(np.float64))


def _moments(views: Sequence[_View], weights: Sequence[xr.DataArray]) -> _Moments:
    def total(product: Callable[[_View], xr.DataArray]) -> xr.DataArray:
        first, *rest = (weight * product(view) for view, weight in zip(views, weights, strict=True))
        return sum(rest, start=first)

    return _Moments(
        ee=total(lambda view: view.east**2),
        eu=total(lambda view: view.east * view.up),
        uu=total(lambda view: view.up**2),
        ev=total(lambda view: view.east * view.velocity),
        uv=total(lambda view: view.up * view.velocity),
    )


def _condition(plain: _Moments) -> xr.DataArray:
    """Ratio of the singular values of the lines of sight: infinite where there is one direction only."""
    mean = (plain.ee + plain.uu) / 2.0
    spread = (((plain.ee - plain.uu) / 2.0) ** 2 + plain.eu**2) ** 0.5
    least = mean - spread
    squared = (mean + spread) / least.where(least > _ROUNDING * mean)
    return (squared**0.5).fillna(np.inf)


def _solve(weighted: _Moments) -> dict[str, xr.DataArray]:
    ee, eu, uu, ev, uv = weighted
    determinant = ee * uu - eu**2
    determinant = determinant.where(determinant > 0.0)
    return {
        "velocity_up": (ee * uv - eu * ev) / determinant,
        "velocity_east": (uu * ev - eu * uv) / determinant,
        "velocity_up_std": (ee / determinant) ** 0.5,
        "velocity_east_std": (uu / determinant) ** 0.5,
    }


def _layer(track: xr.Dataset, name: str, number: int) -> xr.DataArray:
    if name not in track:
        raise InputError(f"track {number} has no {name!r}, only {sorted(map(str, track.data_vars))}; invert it first.")
    check_dims(track[name], ("y", "x"), name=f"{name} of track {number}")
    return track[name]
