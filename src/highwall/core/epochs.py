"""Dates of acquisition."""

import datetime as dt
import re

import numpy as np
from numpy.typing import NDArray

_TIME = r"(?:[01]\d|2[0-3])[0-5]\d[0-5]\d"
_DATE = re.compile(rf"(?<!\d)((?:19|20)\d{{2}})[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])(?=(?:{_TIME})?(?!\d))")


def dates_in(text: str) -> list[dt.date]:
    """Calendar dates written in a file name (``20180106``, ``2018-01-06``, ``2018_01_06``), in their order.

    A time of day may follow at once (``20180106103045``).
    """
    found = []
    for year, month, day in _DATE.findall(text.replace("T", " ")):
        try:
            found.append(dt.date(int(year), int(month), int(day)))
        except ValueError:  # 30 February is not a date
            continue
    return found


def as_dates(values: NDArray[np.datetime64]) -> list[dt.date]:
    """Turn an epoch coordinate (epoch,) datetime64 into dates."""
    return [dt.date.fromisoformat(str(np.datetime64(value, "D"))) for value in values]
