"""Pictures of motion that a run leaves beside its maps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xarray as xr
from odc.geo.geom import point

from highwall.core.epochs import as_dates
from highwall.core.errors import SetAside
from highwall.core.grid import grid_of
from highwall.core.products import LAYERS
from highwall.insar.motion_model import predicted
from highwall.insar.selection import Selection
from highwall.insar.summary import Place, fastest_places, reference_place
from highwall.io.aside import aside
from highwall.report.baselines import Baselines, baseline_plot
from highwall.report.corrections import Spread, corrections_plot
from highwall.report.motion import closure_map, coherence_map, velocity_map
from highwall.report.series import Series, series_plot
from highwall.report.sheet import motion_sheet
from highwall.workflows.config import DeformSection
from highwall.workflows.radar.measure import Measured
from highwall.workflows.radar.stack import RadarScene

PICTURES = (
    "motion.png", "velocity.png", "coherence.png", "closure.png", "baselines.png", "series.png", "corrections.png",
)  # fmt: skip
_MAPS = ("velocity", "velocity_std", "decorrelated", "mean_coherence", "temporal_coherence", "share_open")


def draw(
    folder: Path, scene: RadarScene, result: xr.Dataset, measured: Measured, *, options: DeformSection
) -> list[SetAside]:
    """Draw maps, network and series of a result; points without motion are left out and named."""
    maps = result[[name for name in _MAPS if name in result]].load()
    reference = reference_place(result["insar_quality"])
    network = network_of(scene.selection)
    places = _places(maps, options.points)
    drawn = [_series(result, place, options) for place in places]
    series = [one for one in drawn if one is not None]
    pictures = {
        "motion.png": motion_sheet(maps, network=network, series=series, reference=reference),
        "velocity.png": velocity_map(
            maps["velocity"], velocity_std=maps["velocity_std"], decorrelated=maps["decorrelated"], reference=reference
        ),
        "closure.png": closure_map(maps["share_open"]),
        "baselines.png": baseline_plot(network),
    }
    if "mean_coherence" in maps:
        pictures["coherence.png"] = coherence_map(maps["mean_coherence"], reference=reference)
    if series:
        pictures["series.png"] = series_plot(series)
    if measured.effects:
        states = zip(measured.effects, measured.effects[1:], strict=False)
        pictures["corrections.png"] = corrections_plot([Spread(_word(b.name), a.scatter, b.scatter) for a, b in states])
    for name, picture in pictures.items():
        with aside(folder / name) as path:
            path.write_bytes(picture)
    return [
        SetAside(f"point at x {x:g}, y {y:g}", "no motion is known there; choose one where velocity.tif has a value")
        for (x, y), one in zip(places, drawn, strict=True)
        if one is None
    ]


def network_of(selection: Selection) -> Baselines:
    """What the baseline plot shows of a network."""
    network = selection.network
    return Baselines(
        as_dates(network.epochs), network.epoch_bperp(), network.pairs, selection.valid, selection.super_master
    )


def _word(correction: str) -> str:
    """What a correction is, in a few words."""
    return LAYERS[correction].long_name.partition(",")[0]


def _places(maps: xr.Dataset, given: Sequence[Place]) -> list[Place]:
    """Points whose series are drawn: those given [longitude, latitude], or the fastest ground, some way apart."""
    if given:
        crs = str(grid_of(maps["velocity"]).crs)
        return [point(*place, crs="EPSG:4326").to_crs(crs).coords[0] for place in given]
    return fastest_places(maps, count=3)


def _series(result: xr.Dataset, place: Place, options: DeformSection) -> Series | None:
    """Series at a place; None outside the map and where nothing was measured."""
    x, y = place
    bounds = grid_of(result["velocity"]).boundingbox
    if not (bounds.left <= x <= bounds.right and bounds.bottom <= y <= bounds.top):
        return None
    at: Any = result.sel(x=x, y=y, method="nearest").load()
    taken = [at[name] for name in map(str, at) if name.startswith("correction_")]
    uncorrected = sum(taken, at["displacement"]).values if taken else None
    if bool(at["velocity"].isnull()):
        return None
    return Series(
        f"{x:.6g}, {y:.7g}", as_dates(at["epoch"].values), at["displacement"].values, float(at["velocity"]),
        float(at["velocity_std"]), model=predicted(at["displacement"], options=options.velocity),
        uncorrected=uncorrected, direction="toward satellite",
    )  # fmt: skip
