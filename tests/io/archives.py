"""Scenes, passes and plans that were never flown, for tests of what is made of them."""

import datetime as dt
from itertools import pairwise

from odc.geo.geom import box

from highwall.io.archive.needs import dem_tiles, gacos_requests, precise_orbits
from highwall.io.archive.plan import Acquisition, ArchivePlan, PlannedPair, Scene

AOI = box(13.9, 44.9, 14.1, 45.1, "EPSG:4326")
BBOX = (13.9, 44.9, 14.1, 45.1)


def scene(day: str, *, south=44.0, north=46.0, second=10, hour=16, orbit=None, **more) -> Scene:
    start = dt.datetime.fromisoformat(f"{day}T{hour:02d}:50:{second:02d}+00:00")
    facts = {
        "name": f"S1A_{day.replace('-', '')}_{second:02d}", "start": start, "stop": start + dt.timedelta(seconds=25),
        "platform": "Sentinel-1A", "track": 102, "orbit": orbit or start.toordinal(), "direction": "ascending",
        "polarization": "VV+VH", "footprint": box(13.0, south, 15.0, north, None).wkt,
    }  # fmt: skip
    return Scene(**(facts | more))


def acquisition(day: str, *, bperp_m=None, bursts=(), slices=1) -> Acquisition:
    """One pass in slices that follow each other northward, or in bursts."""
    if bursts:
        scenes = [scene(day, name=f"S1_{burst}_{day}-BURST", burst=burst, polarization="VV") for burst in bursts]
    else:
        scenes = [
            scene(day, second=10 + 20 * number, south=44.0 + 1.5 * number, north=46.0 + 1.5 * number)
            for number in range(slices)
        ]
    return Acquisition(date=dt.date.fromisoformat(day), scenes=tuple(scenes), bperp_m=bperp_m)


def plan(*passes: Acquisition) -> ArchivePlan:
    """Pairs of every pass with the next."""
    passes = passes or tuple(acquisition(day) for day in ("2018-01-06", "2018-01-18", "2018-01-30"))
    pairs = tuple(PlannedPair(first=a.date, second=b.date) for a, b in pairwise(passes))
    return ArchivePlan(
        name="serra", aoi=AOI.wkt, bbox=BBOX, track=102, direction="ascending", reference=passes[0].date,
        acquisitions=passes, pairs=pairs, orbits=precise_orbits(passes), dem_tiles=dem_tiles(BBOX),
        gacos=gacos_requests(passes, bbox=BBOX),
    )  # fmt: skip
