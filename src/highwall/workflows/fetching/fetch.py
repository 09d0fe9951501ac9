"""From a table of sites to a folder of scenes: of each year the clearest, its radar, land cover and heights.

``OUT/<site>/`` takes ``<date>_s2.tif``, ``<date>_scl.tif`` and ``<date>_s1.tif`` (the date is the optical scene's),
``worldcover.tif``, ``dem.tif`` and ``fetch.json``, by which an interrupted fetch goes on; all on one 10 m grid.
``OUT/sites.csv`` is the table of sites with the dates that were found, ``OUT/scenes.csv`` has a row a scene.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from highwall.core.errors import SetAside, TransferError
from highwall.io.aside import PART, remove
from highwall.io.fetching.carrier import Carrier, Tell
from highwall.io.fetching.options import FetchOptions
from highwall.io.fetching.places import place_over
from highwall.io.fetching.record import RECORD, Record
from highwall.io.fetching.search import Catalogue
from highwall.io.fetching.transfer import Sleep
from highwall.workflows.fetching.choice import Archivist
from highwall.workflows.fetching.site import SiteErrand
from highwall.workflows.fetching.table import WantedSite, write_table
from highwall.workflows.run import Say

SITES, SCENES = "sites.csv", "scenes.csv"
DOWNLOADS: Final = ".downloads"
"""Folder in which whole files come over; it is empty when all is done."""
_MOST_IN_A_ROW: Final = 3
"""Broken-off transfers in a row after which the archive is taken to be down."""


class Fetched(NamedTuple):
    """How it went."""

    records: dict[str, Record]
    """By site."""
    missing: list[SetAside]
    """What the archive does not have."""
    failed: list[SetAside]
    """What it has and could not be fetched; another run tries again."""
    passed_over: list[SetAside]
    """Passes that could not be used, where another one could."""

    @property
    def n_scenes(self) -> int:
        """Scenes that are in the folder, of this run and earlier ones."""
        return sum(len(record.scenes) for record in self.records.values())


def fetch(
    sites: Sequence[WantedSite], out: Path, *, options: FetchOptions, say: Say, advance: Tell, sleep: Sleep = time.sleep
) -> Fetched:
    """Fetch what the sites lack.

    Parameters
    ----------
    advance
        Told what is under way, how many scenes or bytes of it are done, and of how many.
    sleep
        What waits between tries [s].

    Raises
    ------
    GridError
        A site's area cannot be a place.
    InputError
        ``out`` holds scenes of another area under a site's name.
    TransferError
        The archive does not answer at all.
    """
    errands = list(_errands(sites, out, options=options, say=say, advance=advance, sleep=sleep))
    try:
        _run(errands, options, advance)
    finally:
        write_tables(out)
    return Fetched(
        {errand.place.name: errand.record for errand in errands},
        [row for errand in errands for row in errand.missing],
        [row for errand in errands for row in errand.failed],
        [row for errand in errands for row in errand.passed_over],
    )


def _errands(
    sites: Sequence[WantedSite], out: Path, *, options: FetchOptions, say: Say, advance: Tell, sleep: Sleep
) -> Iterator[SiteErrand]:
    """One errand a site; places and records are checked before anything is fetched."""
    places = [(place_over(row.name, row.area), row.facts) for row in sites]
    shelf = options.shelf()
    say(f"asking {shelf.url}")
    catalogue = Catalogue(shelf.url, patience_s=options.transfer.patience_s)
    for place, facts in places:
        folder, box = out / place.name, place.grid.boundingbox
        record = Record(
            place=place.name, facts=dict(facts), archive=shelf.url, crs=f"EPSG:{place.grid.crs.epsg}",  # type: ignore[union-attr]
            bounds=(box.left, box.bottom, box.right, box.top),
        ).resumed(folder)  # fmt: skip
        for leftover in folder.glob(f"{PART}*"):  # of a run that was killed while it wrote
            remove(leftover)
        carrier = Carrier(folder / DOWNLOADS, options.transfer, shelf.token_url, sleep, advance)
        yield SiteErrand(place, folder, record, Archivist(catalogue, shelf, options, carrier), say)


def _run(errands: Sequence[SiteErrand], options: FetchOptions, advance: Tell) -> None:
    """Fetch maps and years of every site; what breaks off is noted, until too much does in a row."""
    total, done, in_a_row = len(errands) * (len(options.years) + 1), 0, 0
    for errand in errands:
        for year in (None, *options.years):
            try:
                if year is None:
                    errand.fetch_maps()
                else:
                    errand.fetch_year(year)
                in_a_row = 0
            except TransferError as error:
                in_a_row += 1
                errand.failed.append(SetAside(f"{errand.place.name} {year or 'maps'}", str(error)))
                if in_a_row >= _MOST_IN_A_ROW:
                    raise TransferError(
                        f"{in_a_row} transfers in a row broke off, the last: {error} Run the same command again to "
                        "go on."
                    ) from error
            done += 1
            advance("sites and years", done, total)


def write_tables(out: Path) -> None:
    """Write the table of all sites in a folder with their dates, and one of their scenes.

    Raises
    ------
    InputError
        A record in the folder is none.
    """
    records = [Record.read(path) for path in sorted(out.glob(f"*/{RECORD}"))]
    dates = [";".join(str(scene.date) for scene in record.scenes.values()) for record in records]
    rows = [{"site": each.place, **each.facts, "dates": when} for each, when in zip(records, dates, strict=True)]
    write_table(rows, out / SITES)
    write_table([row for record in records for row in _scene_rows(record)], out / SCENES)


def _scene_rows(record: Record) -> Iterator[dict[str, object]]:
    for year, scene in record.scenes.items():
        stem = f"{record.place}/{scene.date}"
        yield {
            "site": record.place, "date": scene.date, "year": year,
            "material": record.facts.get("material", ""), "mine_type": record.facts.get("mine_type", ""),
            "s2": f"{stem}_s2.tif", "scl": f"{stem}_scl.tif", "s1": f"{stem}_s1.tif" if scene.radar_date else "",
            "radar_date": scene.radar_date or "", "hidden": round(sum(scene.hidden.values()), 4),
        }  # fmt: skip
