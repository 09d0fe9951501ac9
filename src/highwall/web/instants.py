"""Times as people and other systems write them: ISO 8601 in UTC; inside they are microseconds since 1970."""

import datetime as dt
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from highwall.core.errors import InputError

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LAST_US: Final = 253_402_300_799_999_999
"""The end of the year 9999."""
_MICROSECOND: Final = dt.timedelta(microseconds=1)


def iso(us: int) -> str:
    """Time as ``2024-06-30T12:00:00.000Z``, to the millisecond or, where it has more, the microsecond."""
    moment = _EPOCH + us * _MICROSECOND
    precision = "milliseconds" if us % 1000 == 0 else "microseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def instant_us(text: Any) -> int:
    """Microseconds of an ISO 8601 time; one without a zone is UTC, one before 1970 is 1970.

    Raises
    ------
    ValueError
        It is not such a time.
    """
    if isinstance(text, int) and not isinstance(text, bool) and 0 <= text <= _LAST_US:
        return text
    if not isinstance(text, str):
        raise ValueError("a time is text, as 2024-06-30T12:00:00Z")
    try:
        moment = dt.datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        return min(max((aware - _EPOCH) // _MICROSECOND, 0), _LAST_US)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text[:40]!r} is no time; write it as 2024-06-30T12:00:00Z") from error


def check_span(from_us: int, to_us: int) -> None:
    """Refuse a span of time that ends before it begins.

    Raises
    ------
    InputError
        It does.
    """
    if from_us >= to_us:
        raise InputError(f"the span from {iso(from_us)} to {iso(to_us)} is empty; let it end after it begins.")


Instant = Annotated[
    int,
    BeforeValidator(instant_us),
    PlainSerializer(iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""Microseconds inside, ISO 8601 outside."""
