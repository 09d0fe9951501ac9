"""What goes on at each patch: radar and scenes joined, since when ground moves faster, the mine that it belongs to."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from highwall.activity.acceleration import acceleration
from highwall.activity.clusters import series_of
from highwall.activity.deformation import NOT_MEASURED, strongest_clusters
from highwall.activity.fusion import DUMP, PIT, RESTORED, Activity, fuse, motion_probability
from highwall.activity.mines import Mines, follow, reading_of
from highwall.activity.optical import UNSEEN, OpticalChange
from highwall.activity.options import ActivityOptions
from highwall.activity.restoration import RESTORED as STATE_RESTORED
from highwall.activity.restoration import REVEGETATING
from highwall.io.aside import aside, write_text
from highwall.workflows.watching.looks import Greenness

MINES: Final = "mines.json"
_DUMPS: Final = ("dump", "stockpile", "tailing", "gangue")
"""Words in a class name that tell heaped ground from dug ground."""
_UNSEEN: Final = {UNSEEN: 1.0}


class Told(NamedTuple):
    """What the scenes of two dates, and the one of this, say of patches, by ``patch_id``."""

    changes: Mapping[str, OpticalChange]
    greenness: Mapping[str, Greenness]


def with_activity(
    patches: gpd.GeoDataFrame, told: Told, mines: Mines, *, on: dt.date | None, options: ActivityOptions
) -> tuple[gpd.GeoDataFrame, Mines]:
    """Add activity and restoration to patches that carry motion.

    Returns
    -------
    patches
        With ``optical_change``, ``clear_share``, ``activity``, ``activity_probability``, ``activity_rule``,
        ``activity_basis``, ``mine_id``, ``restoration_state``, ``recovery``, ``years_to_recovery``.
    mines
        With this look.
    """
    joined = [
        _activity(patch, told.changes.get(str(patch.patch_id)), was=_state(mines, patch, options))
        for patch in patches.itertuples()
    ]
    names = patches["patch_id"].astype(str).tolist()
    readings = {
        name: reading_of(
            on, open_share=green.open_share, ndvi=green.ndvi, ndvi_around=green.ndvi_around, activity=found.label,
            clear_share=green.clear_share,
        )
        for name, found in zip(names, joined, strict=True)
        if on is not None and (green := told.greenness.get(name)) is not None
    }  # fmt: skip
    after, mine_ids = follow(mines, patches, readings)
    histories = {name: mine.history(options=options) for name, mine in after.by_id().items()}
    seen = [told.changes.get(name) for name in names]
    columns = {
        "optical_change": [None if one is None else one.label for one in seen],
        "clear_share": [np.nan if one is None else one.clear_share for one in seen],
        "activity": [found.label for found in joined],
        "activity_probability": [found.probability[found.label] for found in joined],
        "activity_rule": [found.rule.name for found in joined],
        "activity_basis": [found.rule.basis for found in joined],
        "mine_id": mine_ids,
        "restoration_state": [histories[name].state for name in mine_ids],
        "recovery": [histories[name].recovery for name in mine_ids],
        "years_to_recovery": [histories[name].years_to_recovery for name in mine_ids],
    }
    return patches.assign(**columns), after


def with_acceleration(
    patches: gpd.GeoDataFrame, motion: xr.Dataset | None, *, options: ActivityOptions
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Add the date from which the strongest cluster in reach moves otherwise, and gather the clusters' series.

    Returns
    -------
    patches
        With ``accelerated`` (ISO date, None where no break is clearer than chance), ``velocity_before``,
        ``velocity_after`` [m year⁻¹], ``acceleration_p`` [1].
    series
        ``patch_id``, ``date``, ``displacement_m``: vertical, mean of the cluster.
    """
    empty: dict[str, Any] = {
        "accelerated": None,
        "velocity_before": np.nan,
        "velocity_after": np.nan,
        "acceleration_p": np.nan,
    }
    found = {str(name): dict(empty) for name in patches["patch_id"]}
    series: list[pd.DataFrame] = []
    if motion is not None and "displacement_vertical" in motion and len(patches):
        days = [day.date() for day in pd.DatetimeIndex(motion["epoch"].values)]
        for name, cluster in strongest_clusters(patches, motion, options=options).items():
            moved = series_of(cluster, motion["displacement_vertical"])
            series.append(pd.DataFrame({"patch_id": name, "date": days, "displacement_m": moved}))
            change = acceleration(days, moved)
            if change is not None and change.p_value <= 1.0 - options.certainty:
                found[name] = {
                    "accelerated": change.date.isoformat(), "velocity_before": change.before,
                    "velocity_after": change.after, "acceleration_p": change.p_value,
                }  # fmt: skip
    table = pd.DataFrame([found[str(name)] for name in patches["patch_id"]], columns=list(empty), index=patches.index)
    gathered = pd.concat(series) if series else pd.DataFrame(columns=["patch_id", "date", "displacement_m"])
    return patches.assign(**{str(name): table[name] for name in table}), gathered


def read_mines(folder: Path | None, *, crs: str) -> Mines:
    """Mines as an earlier run left them, in ``crs``; none without one."""
    path = folder / MINES if folder else None
    if path is None or not path.exists():
        return Mines(crs=crs)
    return Mines.model_validate_json(path.read_text(encoding="utf-8")).placed(crs)


def write_mines(mines: Mines, folder: Path) -> None:
    """Leave the mines for the next run."""
    write_text(mines.model_dump_json(indent=1), folder / MINES)


def write_series(series: pd.DataFrame, path: Path) -> None:
    """Write series as text."""
    with aside(path) as temporary:
        series.to_csv(temporary, index=False, float_format="%.5f")


def _activity(patch: Any, change: OpticalChange | None, *, was: str | None) -> Activity:
    motion = motion_probability(
        p_up=patch.p_up, p_down=patch.p_down, share_decorrelated=patch.share_decorrelated,
        is_measured=patch.motion_class != NOT_MEASURED and patch.n_motion_pixels > 0,
    )  # fmt: skip
    return fuse(motion, _UNSEEN if change is None else change.shares, ground=_ground(patch, was))


def _ground(patch: Any, was: str | None) -> str:
    """What the ground of a patch is: by its state before, else by the words of its class."""
    if was in {REVEGETATING, STATE_RESTORED}:
        return RESTORED
    name = str(getattr(patch, "mine_class", "")).lower()
    return DUMP if any(word in name for word in _DUMPS) else PIT


def _state(mines: Mines, patch: Any, options: ActivityOptions) -> str | None:
    """State of the mine that lies under a patch, as of the run before."""
    under = [mine for mine in mines.mines if mine.geometry.intersects(patch.geometry)]
    if not under:
        return None
    most = max(under, key=lambda mine: float(mine.geometry.intersection(patch.geometry).area))
    return most.history(options=options).state
