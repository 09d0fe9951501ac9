import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from highwall.activity.options import ActivityOptions
from highwall.activity.permits import FIELDS, PermitTable, breaches, permit_table
from highwall.core.errors import VectorError

from .tables import TODAY, UTM, permits, square

OPTIONS = ActivityOptions(boundary_tolerance_m=50.0, min_outside_m2=10_000.0)
HECTARE = 10_000.0


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


def test_a_mapped_column_that_is_missing_is_named_with_the_nearest():
    with pytest.raises(VectorError, match=r"permits\.gpkg has no column 'EXPIRI' for valid_to; did you mean 'EXPIRY'"):
        table({"valid_to": "EXPIRI"}, EXPIRY=["2030-01-31"])


def test_permits_without_dates_are_refused_with_columns_and_cure():
    with pytest.raises(VectorError, match=r"no dates: none of its columns LIC, geometry is .*permits\.fields"):
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
    assert breaches(square(0, 0, 100), found.permits, on=TODAY, options=OPTIONS)[0] == "inside"


def test_missing_words_are_none_and_permits_without_a_number_are_counted():
    found = table(permit_id=[12.0, np.nan, 0.0], holder=["Serra", np.nan, None], valid_to=["2030-01-31"] * 3)
    assert found.permits["permit_id"].tolist() == ["12", "permit 2", "0"]
    assert [value if isinstance(value, str) else None for value in found.permits["holder"]] == ["Serra", None, None]


def status(patch, permitted: gpd.GeoDataFrame, **changes: float) -> str:
    return breaches(patch, permitted, on=TODAY, options=OPTIONS.model_copy(update=changes))[0]


PIT = square(0, 0, 1000)


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "expected"),
    [
        ("2000-01-01", "2024-06-14", "permit_expired"),  # yesterday
        ("2000-01-01", "2024-06-15", "inside"),  # today still counts
        ("2024-06-15", "2030-01-01", "inside"),
        ("2024-06-16", "2030-01-01", "permit_not_yet_valid"),
        (None, "2030-01-01", "inside"),
        ("2000-01-01", None, "inside"),
        (None, None, "undetermined"),
    ],
)
def test_validity_includes_both_days(valid_from: str | None, valid_to: str | None, expected: str):
    permitted = permits(PIT, valid_from=[valid_from], valid_to=[valid_to])
    found, rows = breaches(square(100, 100, 300), permitted, on=TODAY, options=OPTIONS)
    assert found == expected
    assert [row.kind for row in rows] == ([expected] if expected.startswith("permit") else [])


def test_a_patch_within_touching_the_edge_or_past_it_by_less_than_the_tolerance_is_inside():
    for patch in (square(100, 100, 300), square(0, 0, 1000), square(0, 0, 1049, 1000), square(700, 0, 300)):
        assert breaches(patch, permits(PIT), on=TODAY, options=OPTIONS) == ("inside", [])


def test_ground_past_the_boundary_is_measured_beyond_the_tolerance():
    patch = square(500, 200, 800, 400)  # 300 m past the eastern edge
    found, (row,) = breaches(patch, permits(PIT), on=TODAY, options=OPTIONS)
    assert (found, row.kind, row.permit["permit_id"]) == ("beyond_boundary", "beyond_boundary", "L-1")
    assert row.geometry.area == pytest.approx(250 * 400)
    assert row.depth_m == pytest.approx(300)
    assert row.geometry.within(patch)


def test_pieces_beyond_are_findings_of_their_own_and_small_ones_none():
    patch = square(-300, 400, 1500, 200)  # 300 m past the west, 200 m past the east
    found, rows = breaches(patch, permits(PIT), on=TODAY, options=OPTIONS)
    assert found == "beyond_boundary"
    assert [row.geometry.area for row in rows] == pytest.approx([250 * 200, 150 * 200])
    assert status(patch, permits(PIT), min_outside_m2=50_001.0) == "inside"


def test_a_patch_outside_any_permit():
    patch = square(1001, 0, 300)
    found, (row,) = breaches(patch, permits(PIT), on=TODAY, options=OPTIONS)
    assert found == row.kind == "outside_any_permit"
    assert row.permit is None
    assert row.geometry.equals(patch)


def test_edges_that_only_touch_share_nothing():
    assert status(square(1000, 0, 300), permits(PIT)) == "outside_any_permit"


def test_a_sliver_of_touch_counts_as_outside_and_a_little_more_does_not():
    assert status(square(952, 0, 1000), permits(PIT)) == "outside_any_permit"  # 4.8 %
    assert status(square(948, 0, 1000), permits(PIT)) == "beyond_boundary"  # 5.2 %


def test_a_hole_in_a_permit_is_not_permitted():
    ring = PIT.difference(square(200, 200, 600))
    found, (row,) = breaches(square(100, 100, 800), permits(ring), on=TODAY, options=OPTIONS)
    assert found == "beyond_boundary"
    assert row.geometry.area == pytest.approx(500 * 500)  # 50 m of tolerance on each side
    assert status(square(100, 100, 800), permits(PIT.difference(square(450, 450, 100)))) == "inside"


def test_the_parts_of_a_permit_count_together():
    parts = shapely.MultiPolygon([square(0, 0, 400, 1000), square(600, 0, 400, 1000)])
    found, (row,) = breaches(square(0, 0, 1000), permits(parts), on=TODAY, options=OPTIONS)
    assert found == "beyond_boundary"
    assert row.geometry.area == pytest.approx(100 * 1000)


def test_two_adjacent_permits_cover_a_patch_together():
    permitted = permits(square(0, 0, 500, 1000), square(500, 0, 500, 1000))
    assert status(square(200, 200, 600), permitted) == "inside"


def test_the_lapsed_neighbour_is_named_where_a_patch_runs_into_it():
    permitted = permits(PIT, square(1000, 0, 1000), valid_to=["2030-01-01", "2020-01-01"])
    found, (row,) = breaches(square(600, 0, 1000), permitted, on=TODAY, options=OPTIONS)
    assert (found, row.kind, row.permit["permit_id"]) == ("permit_expired", "permit_expired", "L-2")
    assert row.geometry.area == pytest.approx(550 * 1000)


def test_ground_of_an_undated_permit_is_neither_allowed_nor_forbidden():
    undated = square(1000, 0, 300, 100)  # 1 % of the patch
    permitted = permits(
        square(0, 0, 1000, 2000), undated, valid_from=["2000-01-01", None], valid_to=["2040-01-01", None]
    )
    patch = square(0, 0, 1300, 2000)
    found, rows = breaches(patch, permitted, on=TODAY, options=OPTIONS)
    assert found == "beyond_boundary"
    assert all(row.geometry.intersection(undated).area == 0 for row in rows)
    assert sum(row.geometry.area for row in rows) == pytest.approx(250 * 1900)


def test_no_permit_at_all_leaves_everything_outside():
    assert status(PIT, permits()) == "outside_any_permit"


boxes = st.builds(square, *(st.integers(0, 20).map(lambda n: 100.0 * n) for _ in range(2)), *(
    st.integers(1, 15).map(lambda n: 100.0 * n) for _ in range(2)
))  # fmt: skip


@given(patch=boxes, first=boxes, more=boxes, tolerance=st.sampled_from([0.0, 50.0]))
@settings(max_examples=100, deadline=None)
def test_a_further_valid_permit_never_adds_a_boundary_finding_on_its_ground(patch, first, more, tolerance: float):
    chosen = OPTIONS.model_copy(update={"boundary_tolerance_m": tolerance})
    _, before = breaches(patch, permits(first), on=TODAY, options=chosen)
    _, after = breaches(patch, permits(first, more), on=TODAY, options=chosen)
    assert all(row.geometry.intersection(more).area < 1e-6 for row in after if row.kind == "beyond_boundary")
    assert sum(row.geometry.area for row in after) <= sum(row.geometry.area for row in before) + 1e-6 or not before
    assert all(row.geometry.area >= HECTARE - 1e-6 for row in after)
