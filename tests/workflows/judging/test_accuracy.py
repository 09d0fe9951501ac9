"""Found mines held against known ones, from files to files. All of it is made up, but for the scene at the end."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import box
from typer.testing import CliRunner

from highwall.cli import app
from highwall.core.errors import GridError, InputError, MissingInputError
from highwall.patches.options import AccuracyOptions
from highwall.workflows.judging.accuracy import ToScore, accuracy_lines
from highwall.workflows.judging.verbs import accuracy_alone
from tests.workflows.conftest import CRS, LEFT, TOP

EAST, NORTH = LEFT, TOP - 1000


def square(x: float, y: float, side: float):
    """Square of a side, its lower left corner x, y metres from the origin."""
    return box(EAST + x, NORTH + y, EAST + x + side, NORTH + y + side)


def written(path, *geometry, crs: str = CRS, **columns):
    gpd.GeoDataFrame(columns, geometry=list(geometry), crs=crs).to_file(path)
    return path


def scored(given: ToScore, out, **options):
    said = []
    facts = accuracy_alone(given, out, options=options, say=said.append)
    return facts, said


@pytest.fixture
def sides(tmp_path):
    """Two references, one found with a quarter beside it, one missed; another patch is invented."""
    known = written(tmp_path / "known.gpkg", square(0, 0, 400), square(600, 0, 200), mine_class=["pit", "dump"])
    found = gpd.GeoDataFrame(
        {"patch_id": ["P001", "P002"], "mine_class": ["industrial_mine", "artisanal_mine"]},
        geometry=[square(100, 0, 400), square(0, 700, 100)], crs=CRS,
    )  # fmt: skip
    (tmp_path / "run").mkdir()
    found.to_parquet(tmp_path / "run" / "patches.parquet")
    return ToScore(known, tmp_path / "run")


def test_objects_and_pixels_are_counted(sides, tmp_path):
    facts, said = scored(sides, tmp_path / "out", n_points=500)
    assert facts == json.loads((tmp_path / "out" / "accuracy.json").read_text())
    whole = facts["objects"]["all"]
    assert (whole["n"], whole["n_identified"], facts["n_commissions"]) == (2, 1, 1)
    assert whole["area_similarity"] == 1.0
    assert whole["iou"] == pytest.approx(300 / 500)
    matrix = facts["pixels"]["matrix"]
    assert matrix["true_positive"] == 300 * 400 / 100
    assert matrix["false_negative"] == (100 * 400 + 200 * 200) / 100
    assert matrix["false_positive"] == (100 * 400 + 100 * 100) / 100
    assert facts["pixels"]["users"] == pytest.approx(1200 / 1700)
    assert sum(facts["points"]["matrix"].values()) == 500
    assert said[-1] == "accuracy.json: all of it"
    assert any("1 of 2 references identified" in line for line in said)


def test_tables_and_a_picture_are_left(sides, tmp_path):
    out = tmp_path / "out"
    scored(sides, out)
    references = pd.read_csv(out / "accuracy_references.csv")
    assert references["is_identified"].tolist() == [True, False]
    assert references["iou"].isna().tolist() == [False, True]
    assert pd.read_csv(out / "accuracy_found.csv")["is_commission"].tolist() == [False, True]
    assert pd.read_csv(out / "accuracy_sizes.csv")["n_references"].sum() == 2
    assert pd.read_csv(out / "accuracy_causes.csv")["cause"].tolist() == ["unexplained"]
    assert (out / "accuracy.png").stat().st_size > 10_000
    assert (out / "stac" / "accuracy.json").exists()
    assert not (out / "accuracy_matrix.csv").exists()


def test_points_that_were_drawn_can_be_read_as_truth(sides, tmp_path):
    facts, _ = scored(sides, tmp_path / "one", n_points=800)
    again, _ = scored(ToScore(tmp_path / "one" / "accuracy_points.csv", sides.found), tmp_path / "two")
    assert again["kind"] == "points"
    assert again["points"]["matrix"] == facts["points"]["matrix"]
    matrix = pd.read_csv(tmp_path / "two" / "accuracy_matrix.csv", index_col="truth")
    assert set(matrix.columns) <= {"artisanal_mine", "industrial_mine", "none"}
    assert (
        matrix.loc["mine"].sum()
        == again["points"]["matrix"]["true_positive"] + (again["points"]["matrix"]["false_negative"])
    )


def test_points_in_degrees_with_weights(sides, tmp_path):
    spots = gpd.GeoSeries(
        [square(x, y, 0.2).centroid for x, y in ((200, 200), (50, 200), (480, 200), (5000, 200))], crs=CRS
    )
    degrees = spots.to_crs("EPSG:4326")
    table = pd.DataFrame(
        {"lon": degrees.x, "lat": degrees.y, "truth": ["Excavation", "1", "none", "0"], "weight": [1, 2, 3, 4]}
    )
    table.to_csv(tmp_path / "points.csv", index=False)
    facts, _ = scored(ToScore(tmp_path / "points.csv", sides.found), tmp_path / "out")
    found = facts["points"]
    assert found["matrix"] == {"true_positive": 1, "false_positive": 1, "false_negative": 1, "true_negative": 1}
    assert found["is_weighted"]
    assert (found["users"], found["producers"], found["overall"]) == pytest.approx((1 / 4, 1 / 3, 5 / 10))


def test_within_an_area_only(sides, tmp_path):
    area = written(tmp_path / "area.gpkg", square(-50, -50, 600))
    facts, _ = scored(sides._replace(area=area), tmp_path / "out")
    assert (facts["n_references"], facts["n_found"]) == (1, 1)
    assert sum(facts["pixels"]["matrix"].values()) == 60 * 60


def test_classes_of_the_references(sides, tmp_path):
    facts, _ = scored(sides, tmp_path / "out", classes=("dump",))
    assert facts["objects"]["all"]["n_identified"] == 0
    with pytest.raises(InputError, match="of the class dam; the file has dump, pit"):
        scored(sides, tmp_path / "none", classes=("dam",))


def test_causes_come_from_a_layer(sides, tmp_path):
    causes = written(tmp_path / "causes.gpkg", square(-10, 690, 200), cause=["wind_farm"])
    scored(sides._replace(causes=causes), tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "accuracy_causes.csv", index_col="cause")
    assert table.loc["wind_farm", "n_commissions"] == 1


def test_a_raster_of_codes(mine, tmp_path):
    codes = mine.write(np.where(mine.is_mine, 2.0, 1.0), "codes.tif", layer="land_cover")
    facts, _ = scored(ToScore(mine.references, codes), tmp_path / "out", codes=(2,))
    assert facts["objects"]["all"]["iou"] > 0.97
    assert facts["pixels"]["f1"] > 0.98
    assert sum(facts["pixels"]["matrix"].values()) == mine.is_mine.size
    every, _ = scored(ToScore(mine.references, codes), tmp_path / "every")
    assert every["pixels"]["users"] == pytest.approx(mine.is_mine.mean(), rel=0.02)


def test_nothing_found_is_a_result(sides, tmp_path):
    empty = gpd.read_parquet(sides.found / "patches.parquet").iloc[:0]
    empty.to_parquet(tmp_path / "none.parquet")
    facts, said = scored(sides._replace(found=tmp_path / "none.parquet"), tmp_path / "out")
    assert facts["objects"]["all"]["n_identified"] == 0
    assert facts["pixels"]["producers"] == 0.0
    assert any("undefined" in line for line in said)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", r"it needs lon and lat \(degrees\) or x and y \(EPSG:\d+\)"),
        ("x,y,truth\n", "0 rows"),
        ("x,y,truth\n0,0,1\n", "no point of"),
        ("x,y,truth\n0,0,\n", "no row with a truth"),
        ("x,y,truth\n0,0,1\n0,0,banana\n", "truth names banana"),
        ("x,y,truth\n0,0,1\n0,east,1\n", "y is 'east' in row 2"),
        ("x,y,truth\n,0,1\n", "x is '' in row 1"),
        ("lon,lat,truth\n15,95,1\n", "lat is '95' in row 1"),
        ("x,y,truth,weight\n0,0,1,-1\n", "weight is '-1' in row 1"),
    ],
)
def test_points_that_cannot_be_used_are_refused(sides, mine, tmp_path, content, message):
    path = tmp_path / "points.csv"
    path.write_text(content)
    codes = mine.write(np.ones((96, 96)), "ones.tif", layer="land_cover")
    with pytest.raises(InputError, match=message):
        scored(ToScore(path, codes), tmp_path / "out")


def test_classes_say_which_points_are_mines(sides, tmp_path):
    path = tmp_path / "points.csv"
    rows = [(200, 200, "pit"), (150, 200, "forest"), (700, 100, "pit"), (5000, 200, "")]
    path.write_text("x,y,truth\n" + "".join(f"{EAST + x},{NORTH + y},{truth}\n" for x, y, truth in rows))
    facts, _ = scored(ToScore(path, sides.found), tmp_path / "out", classes=("Pit",))
    assert facts["n_points"] == 3
    assert facts["points"]["matrix"] == {
        "true_positive": 1, "false_positive": 1, "false_negative": 1, "true_negative": 0
    }  # fmt: skip
    with pytest.raises(InputError, match=r"of the class dump; .* has forest, pit"):
        scored(ToScore(path, sides.found), tmp_path / "none", classes=("dump",))


def test_points_without_a_map_are_said_to_be_left_out(sides, tmp_path):
    area = written(tmp_path / "area.gpkg", square(0, 0, 600))
    path = tmp_path / "points.csv"
    path.write_text(f"x,y,truth\n{EAST + 5},{NORTH + 5},1\n{EAST + 900},{NORTH + 5},1\n")
    facts, said = scored(ToScore(path, sides.found, area), tmp_path / "out")
    assert (facts["n_points"], facts["n_points_left_out"]) == (1, 1)
    assert "accuracy: 1 of 2 points are left out: the map says nothing there" in said


def test_points_beside_a_run_that_found_nothing(sides, tmp_path):
    empty = gpd.read_parquet(sides.found / "patches.parquet").iloc[:0]
    empty.to_parquet(tmp_path / "none.parquet")
    path = tmp_path / "points.csv"
    path.write_text(f"x,y,truth\n{EAST},{NORTH},1\n{EAST + 900},{NORTH + 500},0\n")
    facts, _ = scored(ToScore(path, tmp_path / "none.parquet"), tmp_path / "out")
    assert (facts["points"]["producers"], facts["points"]["overall"]) == (0.0, 0.5)


def test_held_out_references_have_a_line_of_their_own(sides, tmp_path):
    marked = gpd.read_file(sides.reference).assign(is_held_out=[False, True])
    marked.to_parquet(tmp_path / "marked.parquet")
    _, said = scored(sides._replace(reference=tmp_path / "marked.parquet"), tmp_path / "out", n_points=10)
    assert "held out: 0 of 1 identified" in said
    marked.assign(is_held_out=["no", "yes"]).to_parquet(tmp_path / "texts.parquet")
    with pytest.raises(InputError, match="is_held_out holds no, yes"):
        scored(sides._replace(reference=tmp_path / "texts.parquet"), tmp_path / "refused")


def test_sides_of_different_places_are_refused(sides, tmp_path):
    away = written(tmp_path / "away.gpkg", square(90_000, 0, 100))
    with pytest.raises(InputError, match="lie 90 km apart"):
        scored(sides._replace(reference=away), tmp_path / "a")
    web = gpd.read_parquet(sides.found / "patches.parquet").to_crs("EPSG:3857")
    web.to_parquet(tmp_path / "web.parquet")
    with pytest.raises(GridError, match="areas in EPSG:3857"):
        scored(sides._replace(found=tmp_path / "web.parquet"), tmp_path / "b")
    wide = written(tmp_path / "wide.gpkg", square(0, 0, 100), square(300_000, 300_000, 100))
    with pytest.raises(InputError, match="choose an area"):
        scored(sides._replace(reference=wide), tmp_path / "c")


def test_what_cannot_be_compared_is_refused(sides, mine, tmp_path):
    away = written(tmp_path / "away.gpkg", square(90_000, 0, 100))
    codes = mine.write(np.ones((96, 96)), "ones.tif", layer="land_cover")
    with pytest.raises(InputError, match="no reference of"):
        scored(ToScore(away, codes), tmp_path / "a")
    with pytest.raises(InputError, match="the area does not meet"):
        scored(ToScore(mine.references, codes, area=away), tmp_path / "b")
    with pytest.raises(InputError, match="has 3 bands"):
        scored(ToScore(mine.references, mine.probability), tmp_path / "c")
    degrees = written(tmp_path / "degrees.gpkg", shapely.box(15, 45, 15.01, 45.01), crs="EPSG:4326")
    with pytest.raises(GridError, match="not a projected CRS"):
        scored(ToScore(sides.reference, degrees), tmp_path / "d")
    with pytest.raises(MissingInputError):
        scored(sides._replace(reference=tmp_path / "no.csv"), tmp_path / "e")


def test_options_describe_the_defaults_of_the_paper():
    assert AccuracyOptions().min_overlap == 0.5
    assert AccuracyOptions(codes=("2", "3")).codes == (2, 3)


def test_lines_without_a_boundary_say_so():
    nothing = {"n": 1, "n_identified": 0, "area_similarity": None, "iou": None}
    scores = dict.fromkeys(("users", "producers", "overall", "f1", "kappa"))
    objects = {"all": nothing, "held_out": nothing, "training": {"n": 0}}
    facts = {"kind": "polygons", "objects": objects, "n_commissions": 0, "n_found": 0,
             "boundary": {"mean_m": None}, "pixels": scores}  # fmt: skip
    assert "IoU undefined, boundaries undefined m apart" in accuracy_lines(facts)[1]


@pytest.mark.real
def test_two_annotators_of_a_real_scene_at_the_command_line(real_data, tmp_path):
    """The tailings surfaces that one person drew, held against another's; the README there has 0.88 over six scenes."""
    crs = "EPSG:32721"
    drawn = [gpd.read_file(real_data / "mine-classes" / f"107-{number}.geojson").to_crs(crs) for number in (2, 3)]
    (tmp_path / "found").mkdir()
    surface = "tailing_storage_facility"
    drawn[1][drawn[1]["class"] == surface][["class", "geometry"]].to_parquet(tmp_path / "found" / "patches.parquet")
    arguments = ["accuracy", str(real_data / "mine-classes" / "107-2.geojson"), str(tmp_path / "found"),
                 "--classes", surface, "--points", "1000", "--out", str(tmp_path / "out")]  # fmt: skip
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    facts = json.loads((tmp_path / "out" / "accuracy.json").read_text())
    assert facts["n_references"] > 3
    assert 0.8 < facts["pixels"]["f1"] < 1.0
    assert facts["points"]["f1"] == pytest.approx(facts["pixels"]["f1"], abs=0.05)  # some 300 points lie in mines


def test_codes_are_refused_where_what_was_found_is_no_raster(sides, tmp_path):
    with pytest.raises(InputError, match=r"--codes are those of a raster, and .*patches\.parquet holds polygons"):
        scored(sides, tmp_path / "out", codes=("7",))


def test_what_only_polygons_use_is_refused_beside_points(sides, tmp_path):
    points = tmp_path / "points.csv"
    points.write_text(f"x,y,truth\n{EAST + 50},{NORTH + 50},1\n")
    given = ToScore(points, sides.found, causes=sides.reference)
    with pytest.raises(InputError, match="only a comparison with polygons uses --causes and --points and --seed, and"):
        scored(given, tmp_path / "out", n_points=100, seed=0)
    assert scored(given._replace(causes=None), tmp_path / "out")[0]["n_points"] == 1
