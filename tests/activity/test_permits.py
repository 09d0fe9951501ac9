import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from highwall.activity.permits import FIELDS, PermitTable, by_validity, permit_table
from highwall.core.errors import InputError, VectorError

from .tables import TODAY, UTM, square


def table(fields: dict[str, str] | None = None, **columns: list) -> PermitTable:
    count = len(next(iter(columns.values())))
    frame = gpd.GeoDataFrame(columns, geometry=[square(0, 0, 100)] * count, crs=UTM)
    return permit_table(frame, fields=fields or {}, source="permits.gpkg")


def test_columns_of_any_name_are_mapped():
    found = table({"permit_id": "LIC", "valid_to": "EXPIRY"}, LIC=["a"], EXPIRY=["2030-01-31"], colour=["red"])
    assert set(found.permits.columns) == {*FIELDS, "geometry"}
    assert found.permits["permit_id"].tolist() == ["a"]
    assert found.permits["valid_to"][0] == pd.Timestamp("2030-01-31")
    assert found.permits["valid_from"].isna().all()
    assert not found.set_aside


def test_a_mapped_name_that_is_no_field_is_refused_with_those_that_are():
    with pytest.raises(InputError, match=r"is called 'valid_til'; did you mean 'valid_to'\? \(known: permit_id"):
        table({"valid_til": "EXPIRY"}, EXPIRY=["2030-01-31"])


def test_a_mapped_column_that_is_missing_is_named_with_the_nearest():
    with pytest.raises(VectorError, match=r"permits\.gpkg has no column 'EXPIRI' for valid_to; did you mean 'EXPIRY'"):
        table({"valid_to": "EXPIRI"}, EXPIRY=["2030-01-31"])


def test_permits_without_dates_are_refused_with_columns_and_cure():
    with pytest.raises(
        VectorError, match=r"none of its columns LIC, geometry is .*permits\.fields.*--field valid_to=EXPIRY"
    ):
        table(LIC=["a"])


def test_a_date_that_cannot_be_read_undates_its_permit_and_is_reported():
    found = table(valid_from=["2000-01-01"] * 4, valid_to=["2030-01-31", "31/01/2030", "soon", "2030-02-30"])
    assert found.permits["valid_to"].notna().tolist() == [True, False, False, False]
    assert found.permits["valid_from"].notna().tolist() == [True, False, False, False]
    assert [row.name for row in found.set_aside] == [f"permits.gpkg: permit {number}" for number in (2, 3, 4)]
    assert "valid_to '31/01/2030' is not a date (write 2021-12-31)" in found.set_aside[0].reason


@pytest.mark.parametrize(
    "empty", [["2030-01-31", None], ["2030-01-31", ""], pd.to_datetime(["2030-01-31", None]).tolist()]
)
def test_a_permit_without_a_date_is_reported(empty: list):
    found = table(valid_to=empty)
    assert [row.name for row in found.set_aside] == ["permits.gpkg: permit 2"]
    assert "carries no date of validity" in found.set_aside[0].reason


@pytest.mark.parametrize(
    "value",
    [
        "2030-01-31", "20300131", "2030/01/31", "2030-01-31T00:00:00Z", "2030-01-31T23:30:00-05:00",
        "2030-01-31T00:30:00+09:00", dt.date(2030, 1, 31), dt.datetime(2030, 1, 31, 12),
        pd.Timestamp("2030-01-31T23:00", tz="America/Lima"), 20300131,
        20300131.0,
    ],
)  # fmt: skip
def test_a_date_is_the_day_that_was_written(value):
    found = table(valid_to=[value])
    assert found.permits["valid_to"].tolist() == [pd.Timestamp("2030-01-31")]
    assert not found.set_aside


@pytest.mark.parametrize("value", [2030, "2030", "2030-01"])
def test_a_year_is_no_date(value):
    assert len(table(valid_to=[value]).set_aside) == 1


def test_a_permit_for_ever_is_valid():
    found = table(valid_to=["9999-12-31"])
    assert len(by_validity(found.permits, TODAY).valid) == 1


def test_missing_words_are_none_and_permits_without_a_number_are_counted():
    found = table(permit_id=[12.0, np.nan, 0.0], holder=["Serra", np.nan, None], valid_to=["2030-01-31"] * 3)
    assert found.permits["permit_id"].tolist() == ["12", "permit 2", "0"]
    assert [value if isinstance(value, str) else None for value in found.permits["holder"]] == ["Serra", None, None]


def test_a_date_of_restoration_that_cannot_be_read_leaves_the_permit_dated():
    found = table(valid_to=["2030-01-31"], restoration_due=["some day"])
    assert found.permits["valid_to"].notna().all()
    assert found.permits["restoration_due"].isna().all()
    assert [row.reason for row in found.set_aside] == [
        "restoration_due 'some day' is not a date (write 2021-12-31), so that it is unknown"
    ]


@pytest.mark.parametrize(
    ("status", "valid_to", "expected"),
    [
        ("Revoked", "2030-01-31", "undated"),  # since when is not said
        ("revoked", "2020-01-31", "lapsed"),  # it had run out anyway
        ("application", None, "undated"),
        ("expired", None, "undated"),
        ("expired", "2020-01-31", "lapsed"),
        ("expired", "2030-01-31", "valid"),  # it has run out since the scene was taken
        ("active", "2030-01-31", "valid"),
    ],
)
def test_a_permit_that_its_status_voids_does_not_hold(status, valid_to, expected):
    found = table(status=[status], valid_from=["2000-01-01"], valid_to=[valid_to])
    sorted_ = by_validity(found.permits, TODAY)._asdict()
    assert [name for name, group in sorted_.items() if len(group)] == [expected]
    assert bool(found.set_aside) == (expected == "undated" or status == "revoked")


def test_a_permit_that_ends_before_it_begins_is_reported_and_undated():
    found = table(valid_from=["2030-01-01"], valid_to=["2010-12-31"])
    assert len(by_validity(found.permits, TODAY).undated) == 1
    assert [row.reason for row in found.set_aside] == [
        "is valid from 2030-01-01 to 2010-12-31, which ends before it begins; put its dates right"
    ]
