"""The main job: everything that SITE.yaml names, from scenes to findings, in one resumable run.

What is missing, broken or refused is reported and left out; the rest goes on. Only a run that could show nothing at all
is an error.
"""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from highwall.core.errors import HighwallError, InputError, OutputError
from highwall.io.scenes import FolderSource, SceneSource
from highwall.io.stac import StacSource
from highwall.workflows.blocks import Advance, crew, unmoved
from highwall.workflows.config import RunConfig, ScenesSection, SiteConfig
from highwall.workflows.config_files import load_run, load_site
from highwall.workflows.mapping.detect import detect
from highwall.workflows.mapping.detect_bundle import ToAsk, detect_by_bundle
from highwall.workflows.outlining.refine import ToRefine, refine
from highwall.workflows.outlining.surroundings import Sun, class_map_of
from highwall.workflows.radar.deform import deform
from highwall.workflows.radar.stack import Given
from highwall.workflows.run import Run, Say, facts_of, silent
from highwall.workflows.sites import site_of
from highwall.workflows.watching.assess import ToAssess, assess
from highwall.workflows.watching.findings_register import enter
from highwall.workflows.watching.prepare import prepare
from highwall.workflows.watching.report import report

Facts = dict[str, Any]


def monitor(
    site_file: Path,
    out: Path,
    *,
    run_file: Path | None = None,
    before: Path | None = None,
    say: Say = silent,
    advance: Advance = unmoved,
) -> Facts:
    """Watch one site.

    Parameters
    ----------
    site_file, out
        SITE.yaml, and the folder that takes the results; an earlier run there is continued.
    run_file
        run.yaml, bounds that differ from the defaults.
    before
        Folder of an earlier run of the site, for what has changed since; by default the one that SITE.yaml names.
    say
        Told what happens, a line at a time.
    advance
        Told how far long work is.

    Returns
    -------
    dict
        The content of ``summary.json``.

    Raises
    ------
    ConfigError, GridError
        The configuration or the AOI cannot be used.
    InputError
        No input could be used, so that nothing could be shown; the message gives every reason.
    OutputError
        A result could not be written.
    """
    config, options = load_site(site_file), load_run(run_file)
    config = config.model_copy(update={"before": before or config.before})
    run = Run(out, site_of(config.site), say)
    gaps = _Gaps(say, _not_given(config))
    scene = gaps.attempt("scenes", lambda: _scene(run, config, options))
    patches = scene and gaps.attempt(
        "patches", lambda: _patches(run, scene, gaps, config=config, options=options, advance=advance)
    )
    motion = gaps.attempt("insar", lambda: _motion(run, config, options, advance=advance))
    if not patches and not motion:
        run.close()
        raise InputError("nothing could be made:\n" + "\n".join(f"  {sentence}" for sentence in gaps.missing))
    if scene and patches:
        has_motion = bool(motion and motion["assumption"])
        _assess(run, scene, gaps, config=config, options=options, has_motion=has_motion)
    report(run, run.completed, missing=gaps.missing)
    run.close()
    summary: Facts = json.loads(run.path("summary.json").read_text(encoding="utf-8"))
    return summary


@dataclass(frozen=True)
class _Gaps:
    """What was not given or could not be used, in sentences for the report."""

    say: Say
    missing: list[str]

    def attempt(self, name: str, work: Callable[[], Facts | None]) -> Facts | None:
        """Do a part; a bad input is noted and the run goes on, but a full disk ends it."""
        try:
            return work()
        except OutputError:
            raise
        except HighwallError as error:
            self.say(f"{name}: {error}")
            self.missing.append(f"{name}: {error}")
            return None


def _not_given(config: SiteConfig) -> list[str]:
    sentences = {
        "scenes": "No optical scene was given: no patches, no findings.",
        "insar": "No interferograms were given: how the ground moves is unknown.",
        "permits": "No permits were given: nothing was compared with them.",
        "land_cover": "No land cover was given: patches on towns, fields and water were not taken out.",
    }
    return [sentence for name, sentence in sentences.items() if getattr(config, name) is None]


def _scene(run: Run, config: SiteConfig, options: RunConfig) -> Facts | None:
    section = config.scenes
    if section is None:
        return None
    inputs = {f"scene {number}": path for number, path in enumerate(section.files, start=1)}
    record = prepare(run, _source(section, run), inputs=inputs, parameters={"scenes": section}, options=options.quality)
    return facts_of(record)


def _source(section: ScenesSection, run: Run) -> SceneSource:
    if section.stac is None:
        return FolderSource(section.files, section.bands, section.level, section.date, section.offset)
    search = section.stac
    return StacSource(
        search.url, search.collection, run.site.crs, search.start, search.end,
        max_cloud_percent=search.max_cloud_percent, limit=search.limit,
    )  # fmt: skip


def _patches(run: Run, scene: Facts, gaps: _Gaps, *, config: SiteConfig, options: RunConfig, advance: Advance) -> Facts:
    _detect(run, scene, config=config, options=options, advance=advance)
    given = _to_refine(run, gaps, config=config, options=options)

    names = class_map_of(config.land_cover.classes) if config.land_cover else given.class_map

    def outline(cover: Path | None) -> Facts:
        with crew(advance=advance) as hands:
            placed = given._replace(land_cover=cover, class_map=names)
            return facts_of(refine(run, placed, hands, options=options))

    land_cover = config.land_cover
    with_cover = land_cover and gaps.attempt("land_cover", lambda: outline(land_cover.file))
    return with_cover or outline(None)


def _detect(run: Run, scene: Facts, *, config: SiteConfig, options: RunConfig, advance: Advance) -> None:
    """Tell how probable mine ground is, by the chip network or by land-cover networks."""
    model = config.model
    if not model.bundle:
        detect(run, scene, weights=model.weights, force=model.force, options=options.detect, advance=advance)
        return
    given = ToAsk(model.bundle, model.force, config.scenes.radar if config.scenes else None)
    detect_by_bundle(run, scene, given, options=options.segment, advance=advance)


def _to_refine(run: Run, gaps: _Gaps, *, config: SiteConfig, options: RunConfig) -> ToRefine:
    """What refinement takes beside the land cover; outlines in pixels take neither references nor terrain."""
    given = ToRefine(run.path("probability.tif"))
    if options.patches.method == "pixels":
        unused = [name for name in ("references", "terrain") if getattr(config, name) is not None]
        gaps.missing.extend(f"{name}: not used, for patches.method is pixels; set it to objects." for name in unused)
        return given
    given = given._replace(image=run.path("scene.tif"))
    if config.references:
        given = given._replace(references=config.references.file)
    if config.terrain:
        terrain = config.terrain
        given = given._replace(dem=terrain.dem, sun=Sun(terrain.sun_azimuth_deg, terrain.sun_elevation_deg))
    return given


def _motion(run: Run, config: SiteConfig, options: RunConfig, *, advance: Advance) -> Facts | None:
    section = config.insar
    if section is None:
        return None
    changes = {"reference": section.reference} if section.reference else {}
    inversion = options.deform.inversion.model_copy(update=changes)
    patches = run.path("patches.parquet")
    given = Given(
        section.stack, section.wavelength_m, section.incidence_deg, section.dem, section.gacos,
        avoid=patches if "refine" in run.completed else None,
    )  # fmt: skip
    with crew(advance=advance) as hands:
        record = deform(run, given, hands, options=options.deform.model_copy(update={"inversion": inversion}))
    return facts_of(record)


def _assess(run: Run, scene: Facts, gaps: _Gaps, *, config: SiteConfig, options: RunConfig, has_motion: bool) -> None:
    """Hold the patches against everything given; where some of that cannot be used, against motion alone."""
    alone = ToAssess(run.path("patches.parquet"), motion=run.path("displacement.zarr") if has_motion else None)
    given = _given(alone, scene, gaps, config)
    if gaps.attempt("permits", lambda: _compare(run, scene, given, options)) is None:
        _compare(run, scene, alone, options)
    gaps.attempt("findings", lambda: {"entries": enter(run, config.findings_file).entries})


def _given(alone: ToAssess, scene: Facts, gaps: _Gaps, config: SiteConfig) -> ToAssess:
    """Add what the site file names, as far as it can be used without the date of a scene that has none."""
    given = alone._replace(before=config.before)
    if scene["acquired"] == "unknown":
        named = [name for name in ("permits", "zones", "plan") if getattr(config, name)]
        gaps.missing.extend(f"{name}: the scene's date is unknown, so not checked; give scenes.date." for name in named)
        return given
    permits = config.permits
    if permits is not None:
        fields = {str(name): column for name, column in permits.fields.items()}
        given = given._replace(permits=permits.file, fields=fields)
    return given._replace(zones=config.zones, plan=config.plan)


def _compare(run: Run, scene: Facts, given: ToAssess, options: RunConfig) -> Facts:
    detected = run.record("detect") or {}
    acquired = scene["acquired"]
    record = assess(
        run,
        given,
        on=None if acquired == "unknown" else dt.date.fromisoformat(acquired),
        options=options.activity,
        evidence={"scene": scene["scene_id"], "acquired": acquired, "model": detected["highwall:facts"]["model"]},
    )
    return facts_of(record)
