"""Scenes in passes, passes in tracks, and the track that sees an AOI best."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from odc.geo.geom import Geometry
from shapely import wkt
from shapely.geometry import shape
from shapely.ops import unary_union

from highwall.core.errors import SceneError, SetAside
from highwall.io.archive.plan import Acquisition, Direction, Scene

WHOLE: Final = 0.99
"""Share of the AOI that a pass must see to count [1]; footprints are given to a hundredth of a degree."""


@dataclass(frozen=True)
class Track:
    """Passes along one relative orbit that see the whole AOI."""

    number: int
    direction: Direction
    acquisitions: tuple[Acquisition, ...]
    """Oldest first, one a date."""
    set_aside: tuple[SetAside, ...]
    """Passes that see only a part of the AOI."""

    def describe(self) -> str:
        """One line for a list."""
        dates = [acquisition.date for acquisition in self.acquisitions]
        span = f", {dates[0]} to {dates[-1]}" if dates else ""
        partial = f", {len(self.set_aside)} partial" if self.set_aside else ""
        return f"track {self.number} {self.direction}: {len(dates)} dates{span}{partial}"


def tracks_over(scenes: Sequence[Scene], *, aoi: Geometry) -> list[Track]:
    """Group scenes by track and pass: most dates first, then fewest scenes, then lowest number.

    Parameters
    ----------
    aoi
        Any CRS.
    """
    groups: dict[tuple[int, Direction], list[Scene]] = defaultdict(list)
    for scene in scenes:
        groups[scene.track, scene.direction].append(scene)
    tracks = [_track(number, direction, group, aoi) for (number, direction), group in groups.items()]
    return sorted(tracks, key=lambda track: (-len(track.acquisitions), _n_scenes(track), track.number))


def choose_track(tracks: Sequence[Track], *, number: int | None = None, direction: Direction | None = None) -> Track:
    """Return the first of the tracks that fits, as :func:`tracks_over` orders them.

    Raises
    ------
    SceneError
        None has two dates, or none is the one asked for; the message lists what there is.
    """
    fitting = [
        track
        for track in tracks
        if len(track.acquisitions) >= 2 and number in (None, track.number) and direction in (None, track.direction)
    ]
    if not fitting:
        there = "; ".join(track.describe() for track in tracks) or "no track"
        raise SceneError(f"no track sees the whole AOI on two dates as asked. There is {there}. Widen the dates.")
    return fitting[0]


def _track(number: int, direction: Direction, scenes: Sequence[Scene], aoi: Geometry) -> Track:
    area = shape(aoi.to_crs("EPSG:4326").json)
    by_date: dict[dt.date, Acquisition] = {}
    set_aside = []
    for acquisition in _passes(scenes):
        seen = unary_union([wkt.loads(scene.footprint) for scene in acquisition.scenes]).intersection(area).area
        share = seen / area.area
        if share < WHOLE:
            set_aside.append(SetAside(f"{acquisition.date}", f"sees {share:.0%} of the AOI; it is left out."))
        else:
            by_date.setdefault(acquisition.date, acquisition)
    return Track(number, direction, tuple(by_date.values()), tuple(set_aside))


def _passes(scenes: Sequence[Scene]) -> list[Acquisition]:
    """Scenes of one absolute orbit belong together, over midnight too; of a slice made twice one is taken."""
    orbits: dict[tuple[str, int], dict[tuple[str | None, dt.datetime], Scene]] = defaultdict(dict)
    for scene in sorted(scenes, key=lambda scene: (scene.start, scene.name)):
        orbits[scene.platform, scene.orbit][scene.burst, scene.start.replace(microsecond=0)] = scene
    passes = []
    for named in orbits.values():
        members = tuple(named.values())
        bperp_m = next((scene.bperp_m for scene in members if scene.bperp_m is not None), None)
        passes.append(Acquisition(date=members[0].start.date(), scenes=members, bperp_m=bperp_m))
    return sorted(passes, key=lambda acquisition: acquisition.start)


def _n_scenes(track: Track) -> int:
    return sum(len(acquisition.scenes) for acquisition in track.acquisitions)
