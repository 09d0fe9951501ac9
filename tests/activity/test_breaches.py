import geopandas as gpd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from highwall.activity.breaches import breaches
from highwall.activity.options import ActivityOptions

from .tables import EAST, TODAY, permits, square

OPTIONS = ActivityOptions(outline_std_m=30.0, scene_std_m=0.0, permit_std_m=0.0, min_outside_m2=10_000.0)
"""95 % of boundaries lie less than 49 m farther out than drawn."""
HECTARE = 10_000.0


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


def test_ground_past_the_boundary_is_measured_as_drawn_and_as_what_is_certain():
    patch = square(500, 200, 800, 400)  # 300 m past the eastern edge
    found, (row,) = breaches(patch, permits(PIT), on=TODAY, options=OPTIONS)
    assert (found, row.kind, row.permit["permit_id"]) == ("beyond_boundary", "beyond_boundary", "L-1")
    assert row.past.area_m2 == pytest.approx(row.geometry.area) == pytest.approx(300 * 400)
    assert row.past.least_m2 == pytest.approx((300 - 1.645 * 30) * 400, rel=1e-3)
    assert row.past.depth_m == pytest.approx(300)
    assert row.past.probability == 1.0
    assert row.geometry.within(patch)


def test_pieces_beyond_are_findings_of_their_own_and_small_ones_none():
    patch = square(-300, 400, 1500, 200)  # 300 m past the west, 200 m past the east
    found, rows = breaches(patch, permits(PIT), on=TODAY, options=OPTIONS)
    assert found == "beyond_boundary"
    assert [row.geometry.area for row in rows] == pytest.approx([300 * 200, 200 * 200])
    assert status(patch, permits(PIT), min_outside_m2=55_000.0) == "inside"


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
    assert row.geometry.area == pytest.approx(600 * 600)
    assert status(square(100, 100, 800), permits(PIT.difference(square(450, 450, 100)))) == "inside"


def test_the_parts_of_a_permit_count_together():
    parts = shapely.MultiPolygon([square(0, 0, 400, 1000), square(600, 0, 400, 1000)])
    found, (row,) = breaches(square(0, 0, 1000), permits(parts), on=TODAY, options=OPTIONS)
    assert found == "beyond_boundary"
    assert row.geometry.area == pytest.approx(200 * 1000)


def test_two_adjacent_permits_cover_a_patch_together():
    permitted = permits(square(0, 0, 500, 1000), square(500, 0, 500, 1000))
    assert status(square(200, 200, 600), permitted) == "inside"


def test_the_lapsed_neighbour_is_named_where_a_patch_runs_into_it():
    permitted = permits(PIT, square(1000, 0, 1000), valid_to=["2030-01-01", "2020-01-01"])
    found, (row,) = breaches(square(600, 0, 1000), permitted, on=TODAY, options=OPTIONS)
    assert (found, row.kind, row.permit["permit_id"]) == ("permit_expired", "permit_expired", "L-2")
    assert row.geometry.area == pytest.approx(600 * 1000)


def test_ground_of_an_undated_permit_is_neither_allowed_nor_forbidden():
    undated = square(1000, 0, 300, 100)  # 1 % of the patch
    permitted = permits(
        square(0, 0, 1000, 2000), undated, valid_from=["2000-01-01", None], valid_to=["2040-01-01", None]
    )
    patch = square(0, 0, 1300, 2000)
    found, rows = breaches(patch, permitted, on=TODAY, options=OPTIONS)
    assert found == "beyond_boundary"
    assert all(row.geometry.intersection(undated).area == 0 for row in rows)
    assert sum(row.geometry.area for row in rows) == pytest.approx(300 * 1900)


def test_no_permit_at_all_leaves_everything_outside():
    assert status(PIT, permits()) == "outside_any_permit"


boxes = st.builds(square, *(st.integers(0, 20).map(lambda n: 100.0 * n) for _ in range(2)), *(
    st.integers(1, 15).map(lambda n: 100.0 * n) for _ in range(2)
))  # fmt: skip


@given(patch=boxes, first=boxes, more=boxes, std_m=st.sampled_from([0.0, 30.0]))
@settings(max_examples=60, deadline=None)
def test_a_further_valid_permit_never_adds_a_boundary_finding_on_its_ground(patch, first, more, std_m: float):
    chosen = OPTIONS.model_copy(update={"outline_std_m": std_m})
    _, before = breaches(patch, permits(first), on=TODAY, options=chosen)
    _, after = breaches(patch, permits(first, more), on=TODAY, options=chosen)
    assert all(row.geometry.intersection(more).area < 1e-6 for row in after if row.kind == "beyond_boundary")
    assert sum(row.geometry.area for row in after) <= sum(row.geometry.area for row in before) + 1e-6 or not before
    assert all(row.past.probability >= chosen.certainty for row in after)
    assert all(row.past.least_m2 >= HECTARE * (1 - 1e-6) for row in after)


def test_ground_inside_the_former_boundary_of_the_same_permit_says_so():
    permitted = permits(
        PIT, square(0, 0, 1600, 1000), permit_id=["L-1", "L-1"], valid_from=["2020-01-01", "2000-01-01"],
        valid_to=["2030-01-01", "2019-12-31"],
    )  # fmt: skip
    found, (row,) = breaches(square(600, 0, 800), permitted, on=TODAY, options=OPTIONS)
    assert (found, row.permit["permit_id"]) == ("beyond_boundary", "L-1")
    assert row.note == "Inside the boundary that this permit had until 2019-12-31."


@pytest.mark.parametrize(
    ("crs", "x"),
    [("EPSG:32633", 832_000.0), ("EPSG:32634", 168_000.0), ("EPSG:32601", 300_000.0), ("EPSG:32660", 700_000.0)],
)
def test_borders_of_zones_and_the_date_line_change_nothing(crs: str, x: float):
    """The same ground at the edge of a UTM zone, and beside 180°, with permits given in degrees."""
    there = shapely.affinity.translate(square(600, 200, 700, 400), x - EAST, 0.0)
    permitted = permits(shapely.affinity.translate(PIT, x - EAST, 0.0)).set_crs(crs, allow_override=True)
    found, (row,) = breaches(there, permitted.to_crs("EPSG:4326").to_crs(crs), on=TODAY, options=OPTIONS)
    assert found == "beyond_boundary"
    assert row.past.area_m2 == pytest.approx(300 * 400, rel=1e-3)


QUARRIES = (
    "vectors/swiss_quarries/examples/mineral-extract-sites-detection/data/labels/mes_swisstlm3d_swissimage2020.shp"
)


@pytest.mark.real
def test_real_quarries_keep_their_own_boundary_and_a_wide_belt_around_them_does_not(real_data):
    """Real outlines (Swiss extraction sites) with made-up dates: the largest 30, and all others as neighbours."""
    ground = gpd.read_file(real_data / QUARRIES)
    dates = {"valid_from": ["2000-01-01"] * len(ground), "valid_to": ["2040-12-31"] * len(ground)}
    permitted = permits(*ground.geometry, **dates, holder=["made up"] * len(ground))
    for outline in ground.geometry.loc[ground.area.nlargest(30).index]:
        assert status(outline, permitted) == "inside"
        assert status(outline.buffer(20.0), permitted) == "inside"
        assert status(outline.buffer(200.0), permitted) == "beyond_boundary"


def test_the_last_of_several_lapsed_records_tells_since_when():
    """The record of before is named neither for being first in the file nor for being larger."""
    permitted = permits(
        square(0, 0, 1500), PIT, permit_id=["L-1", "L-1"], valid_from=["2000-01-01", "2010-01-01"],
        valid_to=["2009-12-31", "2020-12-31"],
    )  # fmt: skip
    _, (row,) = breaches(square(100, 100, 300), permitted, on=TODAY, options=OPTIONS)
    assert (row.kind, row.permit["valid_to"].date().isoformat()) == ("permit_expired", "2020-12-31")


def test_the_first_of_several_permits_to_come_is_named():
    permitted = permits(PIT, PIT, valid_from=["2030-01-01", "2025-01-01"])
    _, (row,) = breaches(square(100, 100, 300), permitted, on=TODAY, options=OPTIONS)
    assert (row.kind, row.permit["permit_id"]) == ("permit_not_yet_valid", "L-2")


def test_ground_past_an_undated_permit_is_judged_though_the_patch_is_undetermined():
    undated = permits(PIT, valid_from=[None], valid_to=[None])
    found, (row,) = breaches(square(800, 0, 1000), undated, on=TODAY, options=OPTIONS)  # 20 % of it inside
    assert (found, row.kind) == ("undetermined", "outside_any_permit")
    assert row.geometry.area == pytest.approx(800 * 1000)


def test_a_piece_of_a_patch_that_lies_apart_is_named_for_itself():
    """The piece on the permit goes 300 m past it; the other, two kilometres off, is past no boundary."""
    both = shapely.MultiPolygon([square(500, 0, 800, 400), square(3000, 0, 500)])
    _, rows = breaches(both, permits(PIT), on=TODAY, options=OPTIONS)
    assert [(row.kind, row.geometry.area) for row in rows] == [
        ("outside_any_permit", pytest.approx(500**2)), ("beyond_boundary", pytest.approx(300 * 400))
    ]  # fmt: skip
    split = shapely.MultiPolygon([square(500, 0, 495, 400), square(1000, 0, 300, 400)])  # 5 m are no gap
    assert status(split, permits(PIT)) == "beyond_boundary"
