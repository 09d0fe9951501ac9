"""The series of motion that a finding rests on: of its own ground where it was found by motion, else of its patch."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from rasterio.features import geometry_mask

from highwall.activity.clusters import Cluster, series_of
from highwall.core.epochs import as_dates
from highwall.core.grid import grid_of
from highwall.io.rasters import read_zarr
from highwall.report.series import Series
from highwall.workflows.run import Run


def ground_series(path: Path, ground: gpd.GeoSeries, *, title: str) -> Series | None:
    """Mean vertical motion of a piece of ground; None where the radar's file is gone or holds none of it.

    Parameters
    ----------
    path
        ``displacement.zarr`` of *deform*.
    ground
        One geometry, in any CRS.
    """
    if not path.exists():
        return None
    layers = read_zarr(path)
    grid = grid_of(layers, name="motion")
    there = ground.to_crs(str(grid.crs)).iloc[0]
    inside = geometry_mask([there], out_shape=grid.shape, transform=grid.transform, invert=True)
    velocity, std = (layers[name].values for name in ("velocity_vertical", "velocity_vertical_std"))
    rows, cols = np.nonzero(inside & np.isfinite(velocity))
    if not rows.size or "displacement_vertical" not in layers:
        return None
    rate, error = float(velocity[rows, cols].mean()), float(std[rows, cols].mean())
    moved = series_of(Cluster(rows, cols, rate, error, float(there.area)), layers["displacement_vertical"])
    return Series(title, as_dates(layers["epoch"].values), moved, rate, error)


def patch_series(run: Run, patch: Mapping[str, Any] | None) -> Series | None:
    """Series of the strongest cluster in reach of a patch, as its row in ``activity`` describes it."""
    path = run.path("activity_series.csv")
    if patch is None or not path.exists() or patch.get("cluster_velocity") is None:
        return None
    name = str(patch["patch_id"])
    table = pd.read_csv(path, dtype={"patch_id": str})
    rows = table[table["patch_id"] == name]
    if rows.empty:
        return None
    days = [dt.date.fromisoformat(day) for day in rows["date"]]
    return Series(name, days, rows["displacement_m"].to_numpy(), patch["cluster_velocity"], patch["cluster_std"])
