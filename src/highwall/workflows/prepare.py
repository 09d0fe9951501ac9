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
from highwall.imagery.grid import on_grid, site_grid
from highwall.imagery.options import QualityOptions
from highwall.imagery.quality import FLAGS, Verdict, count_flags, evaluable, judge, quality
from highwall.imagery.scaling import require_bands, to_reflectance
from highwall.io.rasters import cog_writer, loaded, windows, write_cog
from highwall.io.scenes import SceneReading, SceneSource
from highwall.workflows.run import Outcome, Run, Stage

VISIBLE = ("B02", "B03", "B04")
"""Bands without which a scene can neither be classed nor shown."""
_BLOCK = 2048


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
) -> dict[str, Any]:
    """Choose, scale and place the scene of a run.

    Parameters
    ----------
    inputs
        Files whose contents decide whether the work is done already; the scenes that the source finds do so too.

    Raises
    ------
    SceneError
        No scene can be used; the message gives every reason.
    """
    reading = source.read(run.site.aoi)
    known = {"quality": options, "found": [scene.attrs["scene_id"] for scene in reading.scenes], **parameters}
    stage = Stage("prepare", inputs, known, ("scene.tif", "quality.tif"))
    return run.stage(stage, lambda: _prepare(run, reading, options=options))


def _prepare(run: Run, reading: SceneReading, *, options: QualityOptions) -> Outcome:
    grid = site_grid(run.site.aoi, crs=run.site.crs, resolution_m=SENTINEL2_PIXEL_M)
    set_aside = list(reading.set_aside)
    for scene in reversed(reading.scenes):
        name = str(scene.attrs["scene_id"])
        try:
            chosen = _usable(run, scene, grid, options=options)
        except SceneError as error:
            set_aside.append(SetAside(name, str(error)))
            continue
        return _outcome(chosen, scene, set_aside=set_aside, others=reading.scenes)
    reasons = "\n".join(f"  {name}: {reason}" for name, reason in set_aside) or "  the source holds none"
    raise SceneError(f"no scene of {run.site.name} can be used:\n{reasons}")


class _Chosen(NamedTuple):
    verdict: Verdict
    resampling: str


def _usable(run: Run, scene: xr.DataArray, grid: GeoBox, *, options: QualityOptions) -> _Chosen:
    """Write a scene and its quality; refuse it when the quality gate says so and the options do not keep it."""
    candidate = _place(scene, grid)
    evaluated = evaluable(candidate.reflectance, has_scl=candidate.scl is not None)
    with cog_writer(run.path("quality.tif"), layer="quality", grid=grid) as writer:
        counts: Counter[str] = Counter()
        for row, col, block in _blocks(candidate, grid):
            flags = quality(block.reflectance, options, scl=block.scl)
            writer.write(flags.values, row=row, col=col)
            counts += count_flags(flags)
        verdict = judge(counts, options, evaluated=evaluated)
        if not verdict.accepted and not options.keep_refused:
            reasons = ", ".join(verdict.reasons)
            raise SceneError(f"refused for its quality: {reasons}. Set quality.keep_refused to use it.")
    write_cog(candidate.reflectance, run.path("scene.tif"), layer="reflectance")
    return _Chosen(verdict, candidate.reflectance.attrs["resampling"])


def _place(scene: xr.DataArray, grid: GeoBox) -> _Candidate:
    require_bands(scene, VISIBLE, purpose="a map of mines")
    reflectance = on_grid(to_reflectance(scene), grid)
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
        "scene_id": attrs["scene_id"], "acquired": acquired, "level": attrs["level"], "source": attrs["source"],
        "simulated": bool(attrs.get("simulated", False)),
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
