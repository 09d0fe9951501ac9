import geopandas as gpd
import pandas as pd
import pytest

from highwall.activity.options import ActivityOptions
from highwall.activity.plan_check import check_plan
from highwall.core.errors import VectorError

from .tables import TODAY, UTM, square

OPTIONS = ActivityOptions(outline_std_m=10.0, scene_std_m=0.0, permit_std_m=0.0)


def plan() -> gpd.GeoDataFrame:
    """Four strips from west to east: done, in work, next year, the year after."""
    begins = ["2022-01-01", "2024-01-01", "2025-01-01", "2026-01-01"]
    ends = ["2022-12-31", "2024-12-31", "2025-12-31", "2026-12-31"]
    columns = {"plan_id": ["A", "B", "C", "D"], "begins": pd.to_datetime(begins), "ends": pd.to_datetime(ends)}
    return gpd.GeoDataFrame(columns, geometry=[square(500 * i, 0, 500, 1000) for i in range(4)], crs=UTM)


def found(seen) -> dict[str, tuple[float, str | None]]:
    parts = check_plan(seen, plan(), on=TODAY, options=OPTIONS)
    return {part.kind: (part.area_m2, part.plan_id) for part in parts}


def test_advance_is_sorted_by_what_the_plan_says():
    seen = square(250, 0, 1000, 1200)  # half of A, B, half of C, and 200 m past the north of all
    assert found(seen) == {
        "planned": (pytest.approx(250 * 1000 + 500 * 1000), "B"),
        "ahead": (pytest.approx(250 * 1000), "C"),
        "behind": (pytest.approx(250 * 1000), "A"),
        "elsewhere": (pytest.approx(1000 * 200), None),
    }


def test_what_is_certain_is_less_than_what_is_drawn():
    parts = check_plan(square(0, 0, 1200, 1000), plan(), on=TODAY, options=OPTIONS)
    ahead = next(part for part in parts if part.kind == "ahead")
    assert ahead.area_m2 == pytest.approx(200 * 1000)
    assert ahead.least_m2 == pytest.approx((200 - 16.45) * 1000, rel=1e-2)
    planned = next(part for part in parts if part.kind == "planned")
    assert planned.least_m2 < planned.area_m2


def test_a_mine_on_plan_is_neither_ahead_nor_behind():
    assert set(found(square(0, 0, 1000, 1000))) == {"planned"}


def test_a_plan_without_dates_is_refused():
    with pytest.raises(VectorError, match="it lacks ends"):
        check_plan(square(0, 0, 10), plan().drop(columns="ends"), on=TODAY, options=OPTIONS)
