"""All scenes of one site, each once: what is here already, as it was written and as it is asked now, is left alone."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from highwall.core.errors import SceneError, SetAside, TransferError
from highwall.io.fetching.places import Place
from highwall.io.fetching.record import DELAY_DIGITS, FetchedScene, Record
from highwall.workflows.fetching.choice import Archivist, Candidate, optical_choice, radar_choice
from highwall.workflows.fetching.files import Files, write_heights, write_land_cover, write_optical, write_radar
from highwall.workflows.run import Say

_EVER: Final = (dt.datetime(1990, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
"""Span in which maps that have no date of interest are looked for."""


@dataclass
class SiteErrand:
    """Fetches what one site lacks, and notes it after every file."""

    place: Place
    folder: Path
    record: Record
    archivist: Archivist
    say: Say
    missing: list[SetAside] = field(default_factory=list)
    """What the archive does not have, and why."""
    failed: list[SetAside] = field(default_factory=list)
    """What it has and could not be fetched."""
    passed_over: list[SetAside] = field(default_factory=list)
    """Passes that could not be used, where another one could."""

    def fetch_year(self, year: int) -> None:
        """Fetch the scene of a year and its radar.

        Raises
        ------
        TransferError
            The archive broke off; another run goes on.
        """
        is_here = self._has_scene(year)
        if not is_here or not self._is_asked(year):
            self._fetch_scene(year)
            is_here = is_here or self._has_scene(year)
        if self.archivist.shelf.radar and is_here and not self._has_radar(self.record.scenes[year]):
            self._fetch_radar(year)

    def fetch_maps(self) -> None:
        """Fetch land cover and heights.

        Raises
        ------
        TransferError
            The archive broke off; another run goes on.
        """
        shelf = self.archivist.shelf
        for name, collection, write in (
            ("worldcover.tif", shelf.land_cover, write_land_cover), ("dem.tif", shelf.dem, write_heights),
        ):  # fmt: skip
            if not collection or self._has(name, collection):
                continue
            items = self.archivist.catalogue.find(collection, self.place.search, start=_EVER[0], end=_EVER[1])
            if not items:
                self._lacks(name, f"the archive's {collection} has nothing there")
                continue
            try:
                self._note(write(items, self.place, self.folder, self.archivist.carrier), collection)
                self.say(f"{self.place.name}: {name}")
            except TransferError:
                raise
            except SceneError as error:
                self.failed.append(self._named(name, str(error)))

    def _has_scene(self, year: int) -> bool:
        scene = self.record.scenes.get(year)
        return scene is not None and all(
            self._has(f"{scene.date}_{layer}.tif", self.archivist.shelf.optical) for layer in ("s2", "scl")
        )

    def _is_asked(self, year: int) -> bool:
        """Tell whether the scene of a year, which is here, would be taken as things are asked now."""
        scene = self.record.scenes[year]
        reason = scene.against(self.archivist.options)
        if reason:
            self.say(f"{self.place.name} {year}: {scene.date} {reason}; another is looked for to take its place")
        return not reason

    def _has_radar(self, scene: FetchedScene) -> bool:
        """Tell whether the radar of a scene is here, and would be taken as things are asked now."""
        if not self._has(f"{scene.date}_s1.tif", self.archivist.shelf.radar):
            return False
        reason = scene.radar_against(self.archivist.options)
        if reason:
            self.say(f"{self.place.name} {scene.date} radar: {reason}; another is looked for to take its place")
        return not reason

    def _has(self, name: str, collection: str) -> bool:
        """Tell whether a file is here; one that came from elsewhere than is asked now stays, which is said."""
        if not self.record.has(self.folder, name):
            return False
        origin, asked = self.record.files[name].origin, self._origin(collection)
        if origin and origin != asked:
            self.say(f"{self.place.name} {name}: stays, from {origin}; remove it to fetch it from {asked}")
        return True

    def _origin(self, collection: str) -> str:
        return f"{collection} of {self.archivist.shelf.url}"

    def _fetch_scene(self, year: int) -> None:
        choice = optical_choice(self.archivist, self.place, year)
        unusable = [self._named(f"{year}, {name}", reason) for name, reason in choice.failed]
        for candidate in choice.candidates:
            try:
                files = write_optical(candidate.flight, self.place, self.folder, self.archivist.carrier)
            except TransferError:
                raise
            except SceneError as error:
                unusable.append(self._named(f"{year}, {candidate.flight.name}", str(error)))
                continue
            self._note(files, self.archivist.shelf.optical, year, candidate)
            self.passed_over += unusable
            return
        self.failed += unusable
        if choice.reason:
            self._lacks(str(year), choice.reason)

    def _fetch_radar(self, year: int) -> None:
        scene = self.record.scenes[year]
        flights = radar_choice(self.archivist, self.place, scene.begin)
        unusable: list[SetAside] = []
        for flight in flights:
            try:
                files = write_radar(
                    flight, self.place, self.folder, self.archivist.carrier, scene_date=scene.date.isoformat()
                )
            except TransferError:
                raise
            except SceneError as error:
                unusable.append(self._named(f"{scene.date} radar, {flight.name}", str(error)))
                continue
            delay = round(flight.delay_days(scene.begin), DELAY_DIGITS)
            facts = {"radar_date": flight.begin.date(), "radar_delay_days": delay, "radar_direction": flight.direction}
            self.record = self.record.with_scene(year, scene.model_copy(update=facts))
            self._note(files, self.archivist.shelf.radar)
            self.say(f"{self.place.name} {year}: radar of {flight.begin.date()}, {delay:+.1f} days")
            self.passed_over += unusable
            return
        self.failed += unusable
        if not flights:
            days = self.archivist.options.radar_days
            self._lacks(f"{scene.date} radar", f"no pass shows the AOI within {days:g} days; raise --radar-days")

    def _note(self, files: Files, collection: str, year: int | None = None, candidate: Candidate | None = None) -> None:
        """Keep what was written in the record, and drop what was carried for it."""
        for name, file in files.items():
            self.record = self.record.with_file(name, file.model_copy(update={"origin": self._origin(collection)}))
        if year is not None and candidate is not None:
            flight, sight = candidate
            scene = FetchedScene(date=flight.begin.date(), begin=flight.begin, hidden=sight._asdict())
            self.record = self.record.with_scene(year, scene)
            self.say(f"{self.place.name} {year}: {scene.date}, {100 * sight.hidden:.1f} % of the AOI hidden")
        self.record.write(self.folder)
        self.archivist.carrier.release()

    def _lacks(self, what: str, reason: str) -> None:
        self.missing.append(self._named(what, reason))
        self.say(f"{self.place.name} {what}: {reason}")

    def _named(self, what: str, reason: str) -> SetAside:
        return SetAside(f"{self.place.name} {what}", reason)
