"""Cracks from sensors at the server: an hour's windows out of the store, their probabilities into the journal.

The twin speaks to itself as a gateway would. Each place is a sequence of its own in which the number of an hour is
fixed, so that what is said twice, after a crash or by two processes, is a duplicate that the journal ignores. An hour
of which too little was read says *missing*: whatever is set on it goes blind instead of silent.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from highwall.classification.crack_windows.classifier import CrackWindowClassifier
from highwall.edge.crack_watch import PROPERTY
from highwall.telemetry.live_windows import HOUR_US, window_of
from highwall.telemetry.messages import Priority, Range, Reading, readings_message
from highwall.telemetry.window_options import CrackPlace, WindowOptions
from highwall.twin.sql import journal
from highwall.twin.sql.database import Database
from highwall.twin.sql.hourly import hours

GATEWAY: Final = "twin-cracks"
"""Under which the twin speaks to itself."""
_MOST_HOURS: Final = 48
"""Hours that one message catches up with."""


class WatchedPlaces(BaseModel):
    """A file of places to watch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    places: tuple[CrackPlace, ...] = Field(min_length=1)


class _Due(NamedTuple):
    """Hours of one place that are to be told."""

    place: CrackPlace
    numbers: Range
    first_hour: int


def tell_cracks(
    database: Database, classifier: CrackWindowClassifier, places: Sequence[CrackPlace], *, site: str, now_us: int
) -> int:
    """Say the probability of a crack at each place for each hour that is over, and count the hours."""
    options = WindowOptions(n_hours=classifier.n_samples)
    with database.read() as connection:
        waiting = list(_due(connection, places, now_us=now_us, options=options))
        said = [(due, _said(connection, due, classifier, options=options)) for due in waiting]
    messages = [readings_message(site, GATEWAY, due.numbers, readings) for due, readings in said]
    if messages:
        with database.begin() as connection:
            journal.append_all(connection, messages, site=site, received_us=now_us)
    return sum(due.numbers.n for due in waiting)


def _due(
    connection: Connection, places: Sequence[CrackPlace], *, now_us: int, options: WindowOptions
) -> Iterator[_Due]:
    last = (now_us - round(options.settle_s * 1e6)) // HOUR_US - 1
    begun = {thing: (int(hour), upto) for thing, hour, upto in _sequences(connection)}
    for place in places:
        first_ever, upto = begun.get(place.thing, (last, 0))
        first = first_ever + upto
        n = min(last - first + 1, _MOST_HOURS)
        if n > 0:
            epoch = f"{place.thing}:{first_ever}"
            yield _Due(place, Range(Priority.TELEMETRY, epoch, upto + 1, upto + n), first)


def _sequences(connection: Connection) -> Iterator[tuple[str, str, int]]:
    """Place, first hour ever told and count of hours told, of each sequence."""
    for stream in journal.streams(connection, GATEWAY):
        thing, _, hour = stream.boot_epoch.rpartition(":")
        yield thing, hour, stream.watermark


def _said(
    connection: Connection, due: _Due, classifier: CrackWindowClassifier, *, options: WindowOptions
) -> list[Reading]:
    last = due.first_hour + due.numbers.n - 1
    found = hours(connection, due.place.streams(), first=due.first_hour - options.n_hours + 1, last=last)
    windows = [window_of(found, hour, options=options) for hour in range(due.first_hour, last + 1)]
    known = [window.values for window in windows if window is not None]
    said = iter(classifier.probability(np.stack(known)).tolist() if known else ())
    return [
        Reading(f"{due.place.thing}/{PROPERTY}", (hour + 1) * HOUR_US, None if window is None else _rounded(next(said)))
        for hour, window in enumerate(windows, start=due.first_hour)
    ]


def _rounded(probability: float) -> float | None:
    return None if np.isnan(probability) else round(probability, 6)
