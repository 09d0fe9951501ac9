"""Scenes → the one scene that will be classed, as reflectance on the site's grid, with its quality.

Leaves ``scene.tif`` and ``quality.tif``. The newest scene that passes the quality gate is taken; the others are set
aside, each with its reason.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr

from highwall.core.constants import SENTINEL2_PIXEL_M
from highwall.core.errors import SceneError, SetAside
from highwall.core.grid import GeoBox
from highwall.imagery.atmosphere import as_l1c
from highwall.imagery.grid import on_grid, site_grid
from highwall.imagery.options import AtmosphereOptions, QualityOptions
from highwall.imagery.quality import FLAGS, Verdict, count_flags, evaluable, judge, quality
from highwall.imagery.scaling import require_bands, to_reflectance
from highwall.io.rasters import cog_writer, loaded, windows
from highwall.io.scenes import SceneReading, SceneSource
from highwall.workflows.run import Outcome, Run, Stage

VISIBLE = ("B02", "B03", "B04")
"""Bands without which a scene can neither be classed nor shown."""
_BLOCK = 1024
"""px, side of the part of a scene that is in memory; whole chunks of the files that are read."""


class _Candidate(NamedTuple):
    reflectance: xr.DataArray
    scl: xr.DataArray | None


def prepare(
    run: Run,
    source: SceneSource,
    *,
    inputs: Mapping[str, Path],
    parameters: Mapping[str, Any],
    options: QualityOptions,
    sky: AtmosphereOptions | None = None,
) -> dict[str, Any]:
    """Choose, scale and place the scene of a run.

    Parameters
    ----------
    sky
        Clear sky through which an L2A scene is put back to L1C; without it scenes stay at their level.
    inputs
        Files whose contents decide whether the work is done already; the scenes that the source finds do so too.

    Raises
    ------
    SceneError
        No scene can be used; the message gives every reason.
    """
    reading = source.read(run.site.aoi)
    known: dict[str, Any] = {"quality": options, "sky": sky} if sky else {"quality": options}
    known |= {"found": [scene.attrs["scene_id"] for scene in reading.scenes], **parameters}
    stage = Stage("prepare", inputs, known, ("scene.tif", "quality.tif"))
    return run.stage(stage, lambda: _prepare(run, reading, options=options, sky=sky))


def _prepare(run: Run, reading: SceneReading, *, options: QualityOptions, sky: AtmosphereOptions | None) -> Outcome:
    grid = site_grid(run.site.aoi, crs=run.site.crs, resolution_m=SENTINEL2_PIXEL_M)
    set_aside = list(reading.set_aside)
    for scene in reversed(reading.scenes):
        name = str(scene.attrs["scene_id"])
        try:
            chosen = _usable(run, scene, grid, options=options, sky=sky)
        except SceneError as error:
            set_aside.append(SetAside(name, str(error)))
            continue
        return _outcome(chosen, scene, set_aside=set_aside, others=reading.scenes)
    reasons = "\n".join(f"  {name}: {reason}" for name, reason in set_aside) or "  the source holds none"
    raise SceneError(f"no scene of {run.site.name} can be used:\n{reasons}")


class _Chosen(NamedTuple):
    verdict: Verdict
    resampling: str
    level: str
    converted: str | None
    """How the level came about, where it is not that of the file."""


def _usable(
    run: Run, scene: xr.DataArray, grid: GeoBox, *, options: QualityOptions, sky: AtmosphereOptions | None
) -> _Chosen:
    """Write a scene and its quality in one pass; refuse it when the quality gate says so and no option keeps it."""
    candidate = _place(scene, grid, sky=sky)
    evaluated = evaluable(candidate.reflectance, has_scl=candidate.scl is not None)
    bands = [str(band) for band in candidate.reflectance["band"].values]
    with (
        cog_writer(run.path("quality.tif"), layer="quality", grid=grid) as of_quality,
        cog_writer(run.path("scene.tif"), layer="reflectance", grid=grid, bands=bands) as of_scene,
    ):
        counts: Counter[str] = Counter()
        for row, col, block in _blocks(candidate, grid):
            flags = quality(block.reflectance, options, scl=block.scl)
            of_quality.write(flags.values, row=row, col=col)
            of_scene.write(block.reflectance.values, row=row, col=col)
            counts += count_flags(flags)
        verdict = judge(counts, options, evaluated=evaluated)
        if not verdict.accepted and not options.keep_refused:
            reasons = ", ".join(verdict.reasons)
            raise SceneError(f"refused for its quality: {reasons}. Set quality.keep_refused to use it.")
    attrs = candidate.reflectance.attrs
    return _Chosen(verdict, attrs["resampling"], attrs["level"], attrs.get("converted"))


def _place(scene: xr.DataArray, grid: GeoBox, *, sky: AtmosphereOptions | None) -> _Candidate:
    require_bands(scene, VISIBLE, purpose="a map of mines")
    own = to_reflectance(scene)
    reflectance = on_grid(as_l1c(own, options=sky) if sky and scene.attrs["level"] == "L2A" else own, grid)
    if "SCL" not in scene["band"].values:
        return _Candidate(reflectance, None)
    return _Candidate(reflectance, on_grid(scene.sel(band=["SCL"]), grid, resampling="nearest").isel(band=0, drop=True))


def _blocks(candidate: _Candidate, grid: GeoBox) -> Iterator[tuple[int, int, _Candidate]]:
    for row, col in windows(grid, block=_BLOCK):
        cut = {"y": slice(row, row + _BLOCK), "x": slice(col, col + _BLOCK)}
        scl = None if candidate.scl is None else loaded(candidate.scl.isel(cut))
        yield row, col, _Candidate(loaded(candidate.reflectance.isel(cut)), scl)


def _outcome(chosen: _Chosen, scene: xr.DataArray, *, set_aside: list[SetAside], others: list[xr.DataArray]) -> Outcome:
    verdict = chosen.verdict
    attrs, acquired = scene.attrs, scene.attrs["acquired"]
    skipped = {row.name for row in set_aside}
    facts = {
        "scene_id": attrs["scene_id"], "acquired": acquired, "level": chosen.level, "source": attrs["source"],
        "simulated": bool(attrs.get("simulated", False)), "converted": chosen.converted,
        "bands": [str(band) for band in scene["band"].values], "offset_applied": attrs["offset"],
        "offset_reason": attrs["offset_reason"], "resampling": chosen.resampling,
        "quality": verdict.shares, "complaints": verdict.reasons,
        "not_evaluated": verdict.not_evaluated, "flags": FLAGS,
        "other_scenes": [
            str(other.attrs["scene_id"]) for other in others
            if other is not scene and other.attrs["scene_id"] not in skipped
        ],
    }  # fmt: skip
    when = [] if acquired == "unknown" else [dt.date.fromisoformat(acquired)]
    return Outcome(facts, when, set_aside)
