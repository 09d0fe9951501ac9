"""Patches of two dates → what became of each: ``tracks.gpkg``, ``tracks.parquet``."""

from pathlib import Path
from typing import Any

import geopandas as gpd

from highwall.io.vectors import read_polygons, write_polygons
from highwall.patches.overlaps import check_near
from highwall.patches.tracking import CHANGES, track
from highwall.workflows.run import Outcome, Run, Stage
from highwall.workflows.run_files import file_of

OUTPUTS = ("tracks.gpkg", "tracks.parquet")
_PATCHES = "patches.parquet"


def patches_file(place: Path) -> Path:
    """Patches of a run's folder, or the file itself.

    Raises
    ------
    MissingInputError
        The folder has no patches.
    """
    return file_of(place, _PATCHES, left_by="refine")


def track_patches(run: Run, before: Path, after: Path) -> dict[str, Any]:
    """Tell what became of the patches of an earlier date by a later one.

    Parameters
    ----------
    before, after
        ``patches.parquet`` of two runs, or those runs' folders. The later one's CRS is used.

    Raises
    ------
    MissingInputError
        A path does not exist.
    VectorError
        A file holds no polygons.
    InputError
        Patches carry no ids, or those of the two dates lie far apart.
    GridError
        The later patches do not measure in metres.
    """
    files = {"before": patches_file(before), "after": patches_file(after)}
    stage = Stage("track", files, {}, OUTPUTS)

    def work() -> Outcome:
        was, now = (read_polygons(files[name], allow_empty=True) for name in ("before", "after"))
        was = was.to_crs(now.crs)
        check_near(was, now, what="the patches of the two dates")
        tracks = track(was, now)
        write_polygons(tracks, run.path("tracks"))
        return Outcome(_facts(tracks))

    return run.stage(stage, work)


def _facts(tracks: gpd.GeoDataFrame) -> dict[str, Any]:
    """Count groups and sum areas [m²] by change."""
    by_change = tracks.groupby("change")
    counts, sums = by_change.size(), by_change[["area_before_m2", "area_after_m2", "gained_m2", "lost_m2"]].sum()
    return {
        "changes": {
            change: {"n": int(counts[change]), **{name: float(area) for name, area in sums.loc[change].items()}}
            for change in CHANGES if change in counts.index
        },
    }  # fmt: skip
