"""From an AOI to interferograms: what the archive holds, a plan of pairs, and orders at the archive's processor."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from highwall.core.epochs import as_dates
from highwall.core.site import Site
from highwall.insar.network import Network
from highwall.insar.options import NetworkOptions
from highwall.insar.selection import candidate_pairs, select_pairs
from highwall.io.archive.ledger import Ledger, OrderOptions
from highwall.io.archive.needs import dem_tiles, gacos_requests, precise_orbits
from highwall.io.archive.orders import Processor, download, open_processor, prepare, submit
from highwall.io.archive.plan import Acquisition, ArchivePlan, PlannedPair
from highwall.io.archive.recipes import describe
from highwall.io.archive.search import SearchOptions, search_scenes
from highwall.io.archive.tracks import Track, choose_track, tracks_over
from highwall.io.aside import write_text

PLAN, PAGE, LEDGER = "plan.json", "plan.txt", "orders.json"

Until = Literal["prepared", "submitted", "downloaded"]

DEFAULT_NETWORK: Final = NetworkOptions(max_btemp_days=60.0, max_bperp_m=150.0, n_nearest=4)
"""Close to the paper's network: 12 to 60 days, at most 111 m, 7.5 pairs an image."""

_INTERVAL_S: Final = 300.0
"""s between two looks at jobs that take HyP3 from half an hour to some hours."""


def search(
    site: Site, *, options: SearchOptions, out: Path, network: NetworkOptions = DEFAULT_NETWORK, session: Any = None
) -> ArchivePlan:
    """Search the archive over a site and write the plan of a stack: ``plan.json`` and, for people, ``plan.txt``.

    Parameters
    ----------
    session
        ``asf_search.ASFSession`` to ask through; a new one by default.

    Raises
    ------
    InputError
        The extra ``archive`` is not installed.
    SceneError
        The archive did not answer, or no track sees the whole AOI twice.
    NetworkError
        No pair keeps within the thresholds.
    """
    scenes = search_scenes(site.aoi, options=options, session=session)
    track = choose_track(tracks_over(scenes, aoi=site.aoi), number=options.track, direction=options.direction)
    plan = plan_of(track, site=site, network=network)
    plan.write(out / PLAN)
    write_text(describe(plan), out / PAGE)
    return plan


def plan_of(track: Track, *, site: Site, network: NetworkOptions = DEFAULT_NETWORK) -> ArchivePlan:
    """Choose pairs of a track's passes and name what they need.

    Raises
    ------
    NetworkError
        No pair keeps within the thresholds.
    """
    passes, box = track.acquisitions, site.aoi.boundingbox
    bbox = (box.left, box.bottom, box.right, box.top)
    chosen = candidate_pairs([each.date for each in passes], bperp=_baselines(passes), options=network)
    return ArchivePlan(
        name=site.name, aoi=site.aoi.wkt, bbox=bbox, track=track.number, direction=track.direction,
        reference=as_dates(chosen.epochs)[select_pairs(chosen).super_master], acquisitions=passes, pairs=_pairs(chosen),
        orbits=precise_orbits(passes), dem_tiles=dem_tiles(bbox), gacos=gacos_requests(passes, bbox=bbox),
    )  # fmt: skip


def order(
    plan: Path,
    *,
    out: Path,
    options: OrderOptions | None = None,
    until: Until = "prepared",
    processor: Processor | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Ledger:
    """Order the interferograms of a plan from HyP3; the ledger ``orders.json`` lets it go on after a break.

    Parameters
    ----------
    until
        ``prepared``: write what would be ordered, send nothing; ``submitted``: send it, which spends the account's
        credits; ``downloaded``: then wait for the products and unpack each when it is ready.
    processor
        HyP3; logged in to with ``~/.netrc`` by default.
    sleep
        What waits between two looks [s].

    Raises
    ------
    InputError
        The plan does not fit the job type, the extra ``archive`` is not installed, or the login fails.
    SceneError
        HyP3 did not do as asked; run again.
    """
    path = out / LEDGER
    options = options or OrderOptions()
    ledger = prepare(ArchivePlan.read(plan), options=options)
    if path.is_file():
        former = Ledger.read(path)
        ledger = ledger.keeping(former.retried() if options.retry_failed else former)
    ledger.write(path)
    if until == "prepared":
        return ledger
    hyp3 = processor or open_processor()
    ledger = submit(ledger, hyp3, path=path)
    return ledger if until == "submitted" else _awaited(ledger, hyp3, path, sleep)


def _awaited(ledger: Ledger, processor: Processor, path: Path, sleep: Callable[[float], None]) -> Ledger:
    """Download what is ready until nothing is open."""
    ledger = download(ledger, processor, path=path)
    while any(each.is_open for each in ledger.orders):
        sleep(_INTERVAL_S)
        ledger = download(ledger, processor, path=path)
    return ledger


def _baselines(passes: tuple[Acquisition, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Perpendicular baseline of each pass: (epoch,) [m], NaN unknown."""
    return np.array([np.nan if each.bperp_m is None else each.bperp_m for each in passes], np.float64)


def _pairs(network: Network) -> tuple[PlannedPair, ...]:
    dates = as_dates(network.epochs)
    bperp = np.full(network.n_pairs, np.nan) if network.bperp is None else network.bperp
    return tuple(
        PlannedPair(first=dates[first], second=dates[second], bperp_m=None if np.isnan(length) else float(length))
        for (first, second), length in zip(network.pairs, bperp, strict=True)
    )
