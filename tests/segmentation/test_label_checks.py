"""Each fault of a label file is found, said and, where a machine can, repaired."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from highwall.core.grid import GeoBox
from highwall.core.taxonomy import PRECEDENCE, SUBSETS
from highwall.segmentation.label_options import LabelCheckOptions
from highwall.segmentation.label_report import check_drawing, kinds_of, report_of
from highwall.segmentation.labels import rasterise, target_of
from tests.segmentation.drawings import CRS, box, drawn, grid_of

BOW_TIE = shapely.Polygon([(600_000, 7_800_000), (600_100, 7_799_900), (600_100, 7_800_000), (600_000, 7_799_900)])


def found(*shapes, scene=None, crs=CRS):
    return check_drawing(drawn(*shapes, crs=crs), scene=scene)


def kinds(checked):
    return [(issue.kind, issue.severity, issue.polygon) for issue in checked.issues]


def test_a_sound_file_stays_as_it_is():
    table = drawn(
        ("excavation", box(0, 0, 20, 20)), ("exploitation_slope", box(5, 5, 8, 18)), ("blank", box(25, 0, 30, 9))
    )
    checked = check_drawing(table, scene=grid_of())
    assert checked.issues == ()
    assert checked.repaired.geometry.geom_equals(table.geometry).all()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Excavation", "excavation"), ("dumping ground", "dumping_ground"), ("TSF", "tailing_storage_facility"),
        ("tailing storage facilities (TSF)", "tailing_storage_facility"), ("transport slope", "transportation_slope"),
        ("settling-pond", "settling_pond"), ("stokpile", "stockpile"), (" dam ", "dam"), (9, "dam"), ("11", "blank"),
    ],
)  # fmt: skip
def test_a_misspelt_class_takes_the_name_that_was_meant(said, meant):
    checked = found((said, box(0, 0, 9, 9)))
    assert kinds(checked)[0] == ("unknown_class", "error", 0)
    assert checked.issues[0].repair == f"named {meant}"
    assert checked.repaired["class"].tolist() == [meant]


@pytest.mark.parametrize("said", ["quarry lake", "", None, 12])
def test_a_class_that_nobody_can_guess_is_left_out(said):
    checked = found((said, box(0, 0, 9, 9)), ("dam", box(10, 0, 19, 9)))
    assert kinds(checked) == [("unknown_class", "error", 0)]
    assert checked.repaired["class"].tolist() == ["dam"]
    assert not checked.is_lost


def test_a_file_without_classes_is_lost():
    checked = check_drawing(drawn(("dam", box(0, 0, 9, 9))).rename(columns={"class": "kind"}))
    assert kinds(checked) == [("no_class", "error", None)]
    assert checked.is_lost
    assert "found kind" in checked.issues[0].message


def test_a_column_with_a_capital_is_taken():
    checked = check_drawing(drawn(("dam", box(0, 0, 9, 9))).rename(columns={"class": "Class"}))
    assert checked.issues[0].repair == "taken as class"
    assert checked.repaired["class"].tolist() == ["dam"]
    assert not checked.is_lost


def test_an_empty_file_says_that_there_is_no_mine():
    assert kinds(found()) == [("empty", "notice", None)]


def test_crossed_rings_are_untied():
    checked = found(("dam", BOW_TIE))
    assert kinds(checked) == [("self_intersection", "error", 0)]
    assert checked.repaired.geometry[0].is_valid
    assert checked.repaired.geometry[0].area == pytest.approx(2 * 2500.0)  # two triangles of 100 m by 50 m / 2


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (None, "no_geometry"), (shapely.Polygon(), "no_geometry"), (shapely.Point(600_000, 7_800_000), "no_area"),
        (shapely.LineString([(600_000, 7_800_000), (600_100, 7_800_000)]), "no_area"),
        (shapely.Polygon([(600_000, 7_800_000), (600_100, 7_800_000), (600_050, 7_800_000)]), "no_area"),
        (shapely.Polygon([(600_000, np.inf), (600_100, 7_800_000), (600_050, 7_700_000)]), "no_geometry"),
    ],
)  # fmt: skip
def test_what_is_no_polygon_is_left_out(shape, kind):
    checked = found(("dam", shape), ("dam", box(10, 10, 20, 20)))
    assert kinds(checked) == [(kind, "error", 0)]
    assert len(checked.repaired) == 1


def test_the_polygons_of_a_collection_are_kept():
    mixed = shapely.GeometryCollection([box(0, 0, 9, 9), shapely.Point(600_500, 7_799_900)])
    checked = found(("dam", mixed))
    assert kinds(checked) == [("not_polygon", "warning", 0)]
    assert checked.repaired.geometry[0].equals(box(0, 0, 9, 9))


def test_a_polygon_below_a_pixel_is_told_of_and_kept():
    checked = found(("settling_pond", box(0, 0, 0.5, 1)))
    assert kinds(checked) == [("tiny", "notice", 0)]
    assert len(checked.repaired) == 1


def test_a_polygon_drawn_twice_is_kept_once():
    checked = found(("dam", box(0, 0, 20, 20)), ("dam", box(0, 0, 20, 20.2)), ("blank", box(30, 0, 35, 9)))
    assert kinds(checked) == [("drawn_twice", "warning", 1)]
    assert checked.repaired["class"].tolist() == ["dam", "blank"]


def test_of_two_classes_of_one_subset_the_first_in_precedence_keeps_the_ground():
    checked = found(("tailing_storage_facility", box(0, 0, 20, 20)), ("dam", box(15, 0, 25, 20)),
                    ("dumping_ground", box(0, 0, 30, 30)))  # fmt: skip
    assert kinds(checked) == [("overlap", "warning", 0)]
    assert "10,0" in checked.issues[0].message  # 100 m × 200 m, in UTM's own square metres
    tailings, dam, dump = checked.repaired.geometry
    assert tailings.equals(box(0, 0, 15, 20))
    assert dam.equals(box(15, 0, 25, 20))
    assert dump.equals(box(0, 0, 30, 30))  # of another subset


def test_small_overlaps_are_let_be():
    options = LabelCheckOptions(least_overlap_m2=1000.0)
    table = drawn(("infrastructure", box(0, 0, 20, 20)), ("stockpile", box(19, 0, 25, 5)))
    assert check_drawing(table, options=options).issues == ()
    assert kinds(check_drawing(table, options=LabelCheckOptions(least_overlap_m2=400.0))) == [("overlap", "warning", 0)]


def test_a_repair_changes_no_target():
    """Cutting overlaps by precedence is what a target does with them anyway."""
    rng = np.random.default_rng(4)
    names = [name for name in PRECEDENCE if name in SUBSETS[3]]
    corners = rng.integers(0, 30, (12, 2))
    shapes = [(str(rng.choice(names)), box(top, left, top + 9, left + 12)) for top, left in corners.tolist()]
    table = drawn(*shapes)
    repaired = check_drawing(table, options=LabelCheckOptions(least_overlap_m2=0.0)).repaired
    before, after = (target_of(rasterise(each, grid_of()), 3) for each in (table, repaired))
    assert np.array_equal(before, after)
    assert np.unique(before).size > 3


def test_a_slope_outside_its_excavation_is_cut_or_told_of():
    pit = ("excavation", box(0, 0, 20, 20))
    mostly_in = found(pit, ("exploitation_slope", box(5, 10, 9, 24)))
    assert kinds(mostly_in) == [("outside_container", "error", 1)]
    assert mostly_in.repaired.geometry[1].equals(box(5, 10, 9, 20))
    mostly_out = found(pit, ("transportation_slope", box(5, 18, 9, 40)))
    assert kinds(mostly_out) == [("outside_container", "error", 1)]
    assert mostly_out.issues[0].repair == ""
    assert "draw the excavation around it" in mostly_out.issues[0].message
    assert kinds(found(("exploitation_slope", box(5, 18, 9, 40)))) == [("outside_container", "error", 0)]


def test_tailings_without_a_dumping_ground_are_for_a_look():
    assert kinds(found(("tailing_storage_facility", box(0, 0, 9, 9)))) == [("outside_container", "notice", 0)]


def test_blank_under_a_class_is_for_a_look():
    checked = found(("blank", box(0, 0, 20, 20)), ("dumping_ground", box(10, 10, 30, 30)))
    assert kinds(checked) == [("blank_overlap", "notice", 0)]


def test_degrees_that_are_metres_are_taken_as_the_scenes_own():
    checked = found(("dam", box(5, 5, 20, 20)), scene=grid_of(), crs="EPSG:4326")
    assert kinds(checked) == [("wrong_crs", "error", None)]
    assert np.count_nonzero(rasterise(checked.repaired, grid_of())) == 15 * 15


def test_a_missing_crs_is_taken_from_the_scene_or_as_degrees():
    assert found(("dam", box(5, 5, 20, 20)), scene=grid_of(), crs=None).repaired.crs == CRS
    degrees = drawn(("dam", box(5, 5, 20, 20))).to_crs("EPSG:4326").set_crs(None, allow_override=True)
    assert check_drawing(degrees).repaired.crs == "EPSG:4326"
    lost = found(("dam", box(5, 5, 20, 20)), crs=None)
    assert lost.is_lost
    assert "give the CRS in which they were drawn" in lost.issues[0].message


def test_metres_of_the_utm_zone_are_known_on_a_scene_in_degrees():
    scene = GeoBox.from_bbox((-44.1, -20.0, -43.9, -19.8), crs="EPSG:4326", resolution=0.0001)
    metric = gpd.GeoDataFrame(
        {"class": ["dam"]}, geometry=[shapely.box(-44.0, -19.9, -43.99, -19.89)], crs="EPSG:4326"
    ).to_crs("EPSG:32723")
    checked = check_drawing(metric.set_crs("EPSG:4326", allow_override=True), scene=scene)
    assert checked.issues[0].repair == "taken as WGS 84 / UTM zone 23S"
    assert checked.repaired.crs == "EPSG:32723"


def test_latitude_before_longitude_is_turned_where_the_scene_tells():
    table = drawn(("dam", box(5, 5, 20, 20))).to_crs("EPSG:4326")
    turned = table.set_geometry(
        table.geometry.map(lambda each: shapely.transform(each, lambda xy: xy[:, ::-1])), crs=4326
    )
    checked = check_drawing(turned, scene=grid_of())
    assert "exchanged" in checked.issues[0].repair
    assert np.count_nonzero(rasterise(checked.repaired, grid_of())) == 15 * 15


def test_polygons_of_another_place_are_lost_and_those_that_reach_out_told_of():
    away = found(("dam", box(5, 5, 20, 20)), scene=grid_of(east_m=50_000.0))
    assert away.is_lost
    assert away.repaired.empty
    half = found(("dam", box(5, -20, 20, 20)), scene=grid_of())
    assert kinds(half) == [("outside_scene", "notice", 0)]
    assert "50 % outside" in half.issues[0].message


def test_the_report_counts_by_severity_and_kind():
    checked = found(("dam", BOW_TIE), ("quarry lake", box(0, 0, 5, 5)), ("settling_pond", box(30, 30, 30.5, 31)))
    report = report_of(checked, n_polygons=3)
    assert (report["n_errors"], report["n_warnings"], report["n_notices"]) == (2, 0, 1)
    assert (report["n_polygons"], report["n_repaired_copy"]) == (3, 2)
    assert kinds_of([checked, found(("dam", BOW_TIE))]) == {"self_intersection": 2, "unknown_class": 1, "tiny": 1}
