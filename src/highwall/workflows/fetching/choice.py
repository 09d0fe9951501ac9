"""Which pass of a year shows a place best: by its scene classification inside the AOI, not that of a whole tile."""

import datetime as dt
from dataclasses import dataclass
from typing import Final, NamedTuple

from highwall.core.errors import SceneError, SetAside, TransferError
from highwall.imagery.mosaic import Sight, overlay, sight_of
from highwall.io.fetching.carrier import Carrier
from highwall.io.fetching.layers import open_classification
from highwall.io.fetching.options import Archive, FetchOptions
from highwall.io.fetching.passes import Pass, least_cloudy_first, nearest_first, passes_over
from highwall.io.fetching.places import Place
from highwall.io.fetching.search import Catalogue, when
from highwall.io.rasters import loaded

_CLEAR: Final = 0.001
"""Hidden share from which no better scene is looked for [1]."""
_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True)
class Archivist:
    """An open archive, what is asked of it, and who carries its files."""

    catalogue: Catalogue
    shelf: Archive
    options: FetchOptions
    carrier: Carrier


class Candidate(NamedTuple):
    """A pass that was looked at."""

    flight: Pass
    sight: Sight


class Choice(NamedTuple):
    """Passes that can be taken, the best first; without any, ``reason`` says why."""

    candidates: list[Candidate]
    reason: str
    failed: list[SetAside]
    """Passes that could not be looked at."""


def optical_choice(archivist: Archivist, place: Place, year: int) -> Choice:
    """Look at the passes of a year, those first of which the archive states little cloud.

    Raises
    ------
    TransferError
        The archive does not answer.
    """
    options = archivist.options
    start, end = dt.datetime(year, 1, 1, tzinfo=dt.UTC), dt.datetime(year, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    items = archivist.catalogue.find(archivist.shelf.optical, place.search, start=start, end=end)
    in_season = [item for item in items if when(item).month in options.months]
    if not in_season:
        return Choice([], f"the archive holds no scene of {_span(year, options)} there", [])
    looked, failed = _look(archivist, place, least_cloudy_first(passes_over(in_season, place.grid)))
    fit = [each for each in looked if each.sight.hidden <= options.max_hidden]
    return Choice(fit, "" if fit else _why_none(looked, failed, options), failed)


def radar_choice(archivist: Archivist, place: Place, time: dt.datetime) -> list[Pass]:
    """Radar passes that show a place, the nearest in time first.

    Raises
    ------
    TransferError
        The archive does not answer.
    """
    reach = archivist.options.radar_days * _DAY
    items = archivist.catalogue.find(archivist.shelf.radar, place.search, start=time - reach, end=time + reach)
    least = 1.0 - archivist.options.max_hidden
    near = nearest_first(passes_over(items, place.grid), time, direction=archivist.options.direction)
    return [each for each in near if each.cover >= least and abs(each.delay_days(time)) <= archivist.options.radar_days]


def _look(archivist: Archivist, place: Place, passes: list[Pass]) -> tuple[list[Candidate], list[SetAside]]:
    """Look at passes until one is clear or enough were looked at: the best first, and what could not be."""
    looked: list[Candidate] = []
    failed: list[SetAside] = []
    for flight in passes[: archivist.options.n_looked_at]:
        try:
            looked.append(Candidate(flight, _sight(archivist, place, flight)))
        except TransferError:
            raise
        except SceneError as error:
            failed.append(SetAside(flight.name, str(error)))
            continue
        if looked[-1].sight.hidden <= _CLEAR:
            break
    return sorted(looked, key=lambda each: (each.sight.hidden, each.flight.begin)), failed


def _sight(archivist: Archivist, place: Place, flight: Pass) -> Sight:
    codes = overlay([open_classification(item, place.grid, archivist.carrier) for item in flight.items], missing=0)
    return archivist.carrier.patiently(lambda: sight_of(loaded(codes)))


def _span(year: int, options: FetchOptions) -> str:
    return str(year) if len(options.months) == 12 else f"{year}, months {', '.join(map(str, options.months))}"


def _why_none(looked: list[Candidate], failed: list[SetAside], options: FetchOptions) -> str:
    if not looked:
        return f"none of {len(failed)} passes could be looked at"
    flight, sight = looked[0]
    causes = ", ".join(f"{100 * share:.0f} % {cause}" for cause, share in sight._asdict().items() if share >= 0.005)
    return (
        f"the clearest of {len(looked)} passes ({flight.begin.date()}) hides {100 * sight.hidden:.0f} % of the AOI "
        f"({causes}), at most {100 * options.max_hidden:g} % are allowed; raise --max-hidden or --look-at"
    )
