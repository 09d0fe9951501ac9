"""Delay of the troposphere from maps of zenith total delay, such as those of GACOS.

More delay is a longer path, which looks like ground that moves away: a negative displacement.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from highwall.core.epochs import as_dates
from highwall.core.errors import InputError
from highwall.insar.corrections.coarse import CoarseField, Grid, cos_incidence, mean_at_reference, places_of


@dataclass(frozen=True)
class DelayModel:
    """Zenith total delay of every epoch, and what it makes of the reference."""

    field: CoarseField
    """(epoch, latitude, longitude) [m], less the first epoch's."""
    anchor: Grid
    """(epoch,) [m]: apparent displacement of the reference, taken from every pixel's."""

    def layers(self, block: xr.Dataset, _displacement: Grid) -> dict[str, Grid]:
        """``correction_gacos`` (epoch, y, x) [m] of a block, positive toward the satellite."""
        return {"correction_gacos": _toward(self.field, block) - self.anchor[:, None, None]}


def fit_delay(ztd: xr.DataArray, *, sample: xr.Dataset, anchor: xr.Dataset) -> DelayModel:
    """Prepare maps of zenith delay for the epochs of a series.

    A correction is the difference of two maps. An epoch without a map cannot be corrected, nor be filled in from its
    neighbours, whose weather was another; were it left as it is beside corrected ones, its whole delay would stand out
    as noise. So every epoch needs its map.

    Parameters
    ----------
    ztd : (epoch, latitude, longitude) [m]
    sample
        Pixels from all over the scene, with ``epoch``; the maps must cover those that have a displacement and a place.
    anchor
        Block whose pixels with a displacement have a mean correction of zero at every epoch.

    Raises
    ------
    InputError
        An epoch has no map, or the maps do not cover the sample.

    Source: Yu et al. 2018 (GACOS).
    """
    wanted = sample["epoch"].values.astype("datetime64[D]")
    missing = np.setdiff1d(wanted, ztd["epoch"].values.astype("datetime64[D]"))
    if missing.size:
        raise InputError(
            f"no zenith delay for {missing.size} of {len(wanted)} epochs ({', '.join(map(str, as_dates(missing)))}); "
            "order those dates from GACOS, or leave the correction out."
        )
    maps = ztd.assign_coords(epoch=ztd["epoch"].values.astype("datetime64[D]").astype("datetime64[ns]"))
    chosen = maps.sel(epoch=wanted.astype("datetime64[ns]"))
    field = CoarseField.of(chosen - chosen.isel(epoch=0))
    _check_cover(field, sample)
    return DelayModel(field, mean_at_reference(_toward(field, anchor), anchor, what="the zenith delay"))


def _check_cover(field: CoarseField, sample: xr.Dataset) -> None:
    """Refuse maps that leave out pixels of the sample whose displacement and place are known."""
    places = places_of(sample)
    wanted = np.isfinite(sample["displacement"].values).any(axis=0) & places.are_known
    is_covered = np.isfinite(field.at(places)).all(axis=0)
    n_covered, n_wanted = int((is_covered & wanted).sum()), int(wanted.sum())
    if n_covered < n_wanted:
        raise InputError(
            f"the maps of zenith delay cover {n_covered / n_wanted:.0%} of the scene's pixels at every epoch; "
            "order them for the whole stack with a margin, or leave the correction out."
        )


def _toward(field: CoarseField, block: xr.Dataset) -> Grid:
    """Apparent displacement (epoch, y, x) [m] that a zenith delay gives along the line of sight."""
    return np.asarray(-field.at(places_of(block)) / cos_incidence(block))
