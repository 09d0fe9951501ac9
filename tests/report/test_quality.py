"""Pictures of flagged readings: a panel a series, and every mark where its reading is."""

import datetime as dt
import io

import numpy as np
import pytest
from PIL import Image

from highwall.core.errors import InputError
from highwall.report.quality import Judged, quality_plot

DATES = [dt.datetime(2026, 3, 1) + dt.timedelta(hours=n) for n in range(48)]
VALUES = np.sin(np.arange(48.0))


def _pixels(picture: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(picture)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def _n_orange(picture: bytes) -> int:
    """Pixels near the colour of a failed reading, #d55e00."""
    return int((np.abs(_pixels(picture) - (0xD5, 0x5E, 0x00)).sum(axis=2) < 12).sum())


def test_every_series_has_a_panel() -> None:
    one = Judged("a", "x [1]", DATES, VALUES, np.ones(48))
    assert _pixels(quality_plot([one] * 3)).shape[0] > 2 * _pixels(quality_plot([one])).shape[0]


def test_failed_readings_are_marked_and_passed_ones_are_not() -> None:
    flags = np.ones(48)
    assert _n_orange(quality_plot([Judged("a", "x [1]", DATES, VALUES, flags)])) == 0
    flags[[5, 20, 30]] = 4
    assert _n_orange(quality_plot([Judged("a", "x [1]", DATES, VALUES, flags)])) > 20


def test_windows_and_estimates_are_drawn() -> None:
    bare = Judged("a", "x [1]", DATES, VALUES, np.ones(48))
    full = bare._replace(windows=[(DATES[3], DATES[9])], estimate=VALUES + 0.3)
    assert not np.array_equal(_pixels(quality_plot([bare])), _pixels(quality_plot([full])))


def test_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        quality_plot([])
