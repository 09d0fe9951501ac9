"""`highwall segment`: from scenes to land cover of mines, without a site file; many one by one or on a cluster."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from highwall.core.bands import RADAR
from highwall.core.errors import HighwallError, InputError, OutputError, SetAside
from highwall.io.scenes import FolderSource
from highwall.io.vectors import read_area
from highwall.segmentation.map_options import SegmentOptions
from highwall.workflows.blocks import Advance, crew, unmoved
from highwall.workflows.config_files import checked, load_run
from highwall.workflows.mapping.cube import Cube, CubeSource
from highwall.workflows.mapping.mining import mining
from highwall.workflows.mapping.mining_rules import named_rules
from highwall.workflows.mapping.segment import Models, segment
from highwall.workflows.mapping.unsaid import Said, check_taken
from highwall.workflows.run import Run, Say, facts_of, silent
from highwall.workflows.sites import site_of_grid


class ToSegment(NamedTuple):
    """What a user gives."""

    scenes: tuple[Path, ...]
    """Rasters, product folders, or folders of them."""
    models: tuple[Path, ...]
    """ONNX files, or folders of them: one network, or a bundle."""
    aoi: Path | None = None
    """Vector file; without it the whole scene is mapped."""
    radar: Path | None = None
    """Radar image of the place, for networks that read it."""
    level: str | None = None
    """For files that do not say; so are the next two."""
    date: dt.date | None = None
    bands: tuple[str, ...] = ()
    force: bool = False
    """Run networks on a level or pixels that they were not made for, and simulated ones on real scenes."""
    land_cover: Path | None = None
    """Map in WorldCover's codes, for the rule that asks one."""

    @property
    def source(self) -> CubeSource:
        """How the scenes are read."""
        return CubeSource(self.bands, self.level, str(self.date) if self.date else None, self.radar)

    @property
    def places(self) -> tuple[Path, ...]:
        """Every scene among the paths.

        Raises
        ------
        MissingInputError
            There is none.
        InputError
            Several scenes share one radar image.
        """
        found = tuple(FolderSource(self.scenes).products())
        if self.radar and len(found) > 1:
            raise InputError(f"--radar goes with one scene, {len(found)} were given; segment them one by one.")
        return found


class Segmented(NamedTuple):
    """What was made of some scenes."""

    facts: dict[str, dict[str, Any]]
    """Of each scene, by the folder that holds its files."""
    set_aside: list[SetAside]


def segment_alone(
    given: ToSegment,
    out: Path,
    *,
    changes: Mapping[str, Any] | None = None,
    run_file: Path | None = None,
    scheduler: str | None = None,
    say: Say = silent,
    advance: Advance = unmoved,
) -> Segmented:
    """Map the land cover of mines in one scene or many.

    Several scenes have a folder each under ``out``. One that cannot be mapped is set aside, and the others go on.

    Parameters
    ----------
    changes
        Options that the command line sets against run.yaml; None is unset.
    scheduler
        Address of a Dask cluster that takes the scenes; its workers see the same files.

    Raises
    ------
    MissingInputError
        There is no such scene or model.
    ModelError
        The networks do not go together, or suit no scene.
    InputError
        No scene can be mapped; or something is given that none would use.
    """
    options = load_run(run_file).segment
    said = {name: value for name, value in (changes or {}).items() if value is not None}
    if "rules" in said:
        said["rules"] = options.rules.model_dump() | {"names": named_rules(said["rules"])}
    options = checked(SegmentOptions, options.model_dump() | said, source="the command line")
    if given.land_cover and "land_cover" not in options.rules.names:
        raise InputError("--land-cover serves the rule land_cover; give --rules land_cover too, or leave it out.")
    places = given.places
    Models.open(given.models)  # refused before any work
    _check_said(given, places)
    if len(places) == 1:
        return Segmented({str(out): _one(places[0], out, given, options, say=say, advance=advance)}, [])
    folders = dict(zip(_folders(places, out), places, strict=True))
    return _many(folders, given, options, scheduler=scheduler, say=say, advance=advance)


def _check_said(given: ToSegment, places: Sequence[Path]) -> None:
    """Refuse bands, a level or a date that every scene has of its own, and another."""
    said = Said(given.bands, given.level, given.date)
    if said.by_option:
        check_taken(said, _read_as(given, places))


def _read_as(given: ToSegment, places: Sequence[Path]) -> Iterator[tuple[str, Said]]:
    """Say as what the scenes are read, but for bands of radar that are laid beside them."""
    for path in places:
        with suppress(HighwallError):  # it is told with the scene itself
            cube = given.source.open(path)
            optical = [band for band in cube.bands if not (given.radar and band in RADAR)]
            yield cube.name, Said(optical, cube.level, cube.acquired)


def segment_cube(
    run: Run,
    cube: Cube,
    models: Models,
    *,
    inputs: Mapping[str, Path],
    force: bool,
    options: SegmentOptions,
    land_cover: Path | None = None,
    advance: Advance = unmoved,
) -> dict[str, Any]:
    """Do both stages for an open scene: facts of both."""
    record = segment(run, cube, models, inputs=inputs, force=force, options=options, advance=advance)
    made = mining(run, cube, record, options=options, land_cover=land_cover, advance=advance)
    return facts_of(record) | facts_of(made)


def _one(
    path: Path, out: Path, given: ToSegment, options: SegmentOptions, *, say: Say = silent, advance: Advance = unmoved
) -> dict[str, Any]:
    models = Models.open(given.models, threads=options.threads)
    cube = given.source.open(path)
    if given.aoi:
        cube = cube.within(read_area(given.aoi))
    run = Run(out, site_of_grid(cube.grid, name=cube.name), say)
    inputs = {"scene": path} | ({"radar": given.radar} if given.radar else {})
    facts = segment_cube(
        run, cube, models, inputs=inputs, force=given.force, options=options, land_cover=given.land_cover,
        advance=advance,
    )  # fmt: skip
    for name, why in facts.get("rules_unused", {}).items():
        say(f"rule {name} not applied: {why}")
    if not facts["known_share"]:
        say(f"mining.gpkg: {path.name} has no pixel with every band that the network reads; nothing can be said of it")
        return facts
    hectares = {name: area / 1e4 for name, area in facts["area_m2"].items() if area > 0.0}
    listed = ", ".join(f"{name} {area:,.1f} ha" for name, area in hectares.items()) or "nothing of its classes"
    say(f"mining.gpkg: {facts['n_polygons']} polygons of {path.name}: {listed}")
    return facts


def _many(
    folders: Mapping[Path, Path],
    given: ToSegment,
    options: SegmentOptions,
    *,
    scheduler: str | None,
    say: Say,
    advance: Advance,
) -> Segmented:
    facts: dict[str, dict[str, Any]] = {}
    set_aside: list[SetAside] = []
    for done, (folder, attempt) in enumerate(_attempts(folders, given, options, scheduler), start=1):
        try:
            facts[str(folder)] = attempt()
            say(f"{folder.name}: {facts[str(folder)]['n_polygons']} polygons")
        except OutputError:
            raise
        except HighwallError as error:
            set_aside.append(SetAside(str(folders[folder]), str(error)))
            say(f"{folders[folder]} set aside: {error}")
        advance("scenes", done, len(folders))
    if not facts:
        raise InputError("no scene could be mapped:\n" + "\n".join(f"  {name}: {why}" for name, why in set_aside))
    return Segmented(facts, set_aside)


def _attempts(folders: Mapping[Path, Path], given: ToSegment, options: SegmentOptions, scheduler: str | None) -> Any:
    """Give each folder with what makes or fetches its facts: here one after another, or as a cluster finishes them."""
    if scheduler is None:
        for folder, path in folders.items():
            yield folder, _attempt(path, folder, given, options)
        return
    with crew(scheduler) as hands:
        working = {
            hands.executor.submit(_one, path, folder, given, options): folder for folder, path in folders.items()
        }
        for future in as_completed(working):
            yield working[future], future.result


def _attempt(path: Path, folder: Path, given: ToSegment, options: SegmentOptions) -> Callable[[], dict[str, Any]]:
    return lambda: _one(path, folder, given, options)


def _folders(places: Sequence[Path], out: Path) -> list[Path]:
    """A folder a scene, by its name; those that share a name are numbered."""
    names: list[str] = []
    for path in places:
        n = sum(name == path.stem or name.startswith(f"{path.stem}-") for name in names)
        names.append(path.stem if path.stem not in names else f"{path.stem}-{n + 1}")
    return [out / name for name in names]
