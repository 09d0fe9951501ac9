import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.epochs import as_dates, dates_in

JANUARY, LATER = dt.date(2018, 1, 6), dt.date(2018, 1, 18)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("20180106-20180118_unw.tif", [JANUARY, LATER]),
        ("geo_20180106_20180118", [JANUARY, LATER]),
        ("2018-01-06", [JANUARY]),
        ("2018_01_06", [JANUARY]),
        ("S2A_MSIL2A_20180106T101031_N0400_R022_T32TQM_20180118T120000", [JANUARY, LATER]),
        ("20180118-20180106", [LATER, JANUARY]),
        ("20180230", []),  # February has no thirtieth
        ("20181301", []),
        ("S2_20180106103045_B02", [JANUARY]),  # the time of day follows at once
        ("20180106253045", []),  # there is no 25 o'clock
        ("120180106", []),  # digits on either side belong to another number
        ("201801061", []),
        ("33UUP_87_48", []),
        ("", []),
    ],
)
def test_dates_in_file_names(text: str, found: list[dt.date]):
    assert dates_in(text) == found


@given(
    st.lists(st.dates(dt.date(1980, 1, 1), dt.date(2099, 12, 31)), max_size=3), st.sampled_from(["%Y%m%d", "%Y-%m-%d"])
)
def test_any_dates_written_into_a_name_are_found_in_order(dates: list[dt.date], pattern: str):
    assert dates_in("_".join(["pair", *(date.strftime(pattern) for date in dates), "unw"])) == dates


def test_an_epoch_coordinate_becomes_dates():
    assert as_dates(np.array(["2018-01-06T10:11:12", "2018-01-18"], dtype="datetime64[ns]")) == [JANUARY, LATER]
