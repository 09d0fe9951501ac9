"""Dates of acquisition and the spans between them."""

import datetime as dt
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from highwall.core.constants import DAYS_PER_YEAR

_DATE = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])(?!\d)")


def dates_in(text: str) -> list[dt.date]:
    """Calendar dates written in a file name (``20180106``, ``2018-01-06``, ``2018_01_06``), in their order."""
    found = []
    for year, month, day in _DATE.findall(text.replace("T", " ")):
        try:
            found.append(dt.date(int(year), int(month), int(day)))
        except ValueError:  # 30 February is not a date
            continue
    return found


def days_since(start: dt.date, dates: Sequence[dt.date]) -> NDArray[np.float64]:
    """Days from ``start`` to each date: (epoch,) float64 [day]."""
    return np.array([(date - start).days for date in dates], dtype=np.float64)


def years_since(start: dt.date, dates: Sequence[dt.date]) -> NDArray[np.float64]:
    """Julian years from ``start`` to each date: (epoch,) float64 [year]."""
    return days_since(start, dates) / DAYS_PER_YEAR


def as_dates(values: NDArray[np.datetime64]) -> list[dt.date]:
    """Turn an epoch coordinate (epoch,) datetime64 into dates."""
    return [dt.date.fromisoformat(str(np.datetime64(value, "D"))) for value in values]
