from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from highwall.core.errors import MissingInputError, VectorError
from highwall.io.vectors import read_area, read_polygons, write_polygons

UTM = "EPSG:32633"
SQUARE = shapely.box(0, 0, 100, 100)
BOW_TIE = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
SPIKE = shapely.Polygon([(0, 0), (100, 0), (100, 100), (100, 300), (100, 100), (0, 100)])
COLLAPSED = shapely.Polygon([(0, 0), (100, 0), (50, 0)])


def table(*geometries: shapely.Geometry, crs: str | None = UTM, **columns: list) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(geometries), crs=crs)


def saved(frame: gpd.GeoDataFrame, path: Path) -> Path:
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)
    return path


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".parquet", ".shp"])
def test_polygons_that_cross_themselves_are_repaired(tmp_path: Path, suffix: str):
    path = saved(table(SQUARE, BOW_TIE, name=["a", "b"]).to_crs("EPSG:4326"), tmp_path / f"permits{suffix}")
    back = read_polygons(path).to_crs(UTM)
    assert back.is_valid.all()
    assert back["name"].tolist() == ["a", "b"]
    assert back.area.tolist() == pytest.approx([10_000, 5_000], rel=1e-4)


def test_what_a_repair_reduces_to_lines_is_left_out(tmp_path: Path):
    path = saved(table(SPIKE, COLLAPSED, SQUARE, n=[1, 2, 3]), tmp_path / "permits.parquet")
    back = read_polygons(path)
    assert back["n"].tolist() == [1, 3]
    assert set(back.geom_type) <= {"Polygon", "MultiPolygon"}
    assert back.area.tolist() == [10_000, 10_000]


def test_points_beside_polygons_are_left_out_and_alone_refused(tmp_path: Path):
    mixed = saved(table(shapely.Point(1, 1), SQUARE, n=[1, 2]), tmp_path / "mixed.geojson")
    assert read_polygons(mixed)["n"].tolist() == [2]
    points = saved(table(shapely.Point(1, 1)), tmp_path / "points.gpkg")
    with pytest.raises(VectorError, match=r"points\.gpkg holds no polygon \(found Point\)"):
        read_polygons(points)
    assert read_polygons(points, allow_empty=True).empty


def test_records_without_a_geometry_are_left_out(tmp_path: Path):
    found = read_polygons(saved(table(None, SQUARE, name=["a", "b"]), tmp_path / "some.parquet"))
    assert found["name"].tolist() == ["b"]
    assert found.attrs["n_without_polygon"] == 1


def test_a_file_without_crs_is_refused(tmp_path: Path):
    with pytest.raises(VectorError, match="no CRS; save it with one"):
        read_polygons(saved(table(SQUARE, crs=None), tmp_path / "permits.parquet"))


def test_what_is_no_vector_file_is_refused(tmp_path: Path):
    with pytest.raises(MissingInputError, match="no vector file"):
        read_polygons(tmp_path / "permits.gpkg")
    for name in ("permits.gpkg", "permits.geojson", "permits.parquet"):
        (tmp_path / name).write_text("nothing of the kind")
        with pytest.raises(VectorError, match="not a readable vector file"):
            read_polygons(tmp_path / name)
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "plain.parquet")
    with pytest.raises(VectorError):
        read_polygons(tmp_path / "plain.parquet")
    pd.DataFrame({"a": [1]}).to_csv(tmp_path / "plain.csv")
    with pytest.raises(VectorError, match="no geometry"):
        read_polygons(tmp_path / "plain.csv")


def test_the_area_of_a_file_is_the_union_and_carries_its_crs(tmp_path: Path):
    area = read_area(saved(table(SQUARE, shapely.box(50, 0, 150, 100)), tmp_path / "aoi.gpkg"))
    assert area.crs == UTM
    assert area.area == pytest.approx(15_000)


def test_both_formats_agree(tmp_path: Path):
    hole = SQUARE.difference(shapely.box(20, 20, 40, 40))
    frame = table(hole, BOW_TIE.buffer(0), patch_id=["P001", "P002"], area_m2=[9_600.0, 2.5], holder=["Ünal", None])
    geopackage, parquet = write_polygons(frame, tmp_path / "patches")
    first, second = read_polygons(geopackage), read_polygons(parquet)
    assert first.geom_equals(second).all()
    assert first.crs == second.crs == UTM
    assert len(first.geometry[0].interiors) == 1
    for name in ("patch_id", "area_m2"):
        assert first[name].tolist() == second[name].tolist() == frame[name].tolist()
    assert first["holder"].isna().tolist() == second["holder"].isna().tolist() == [False, True]


def test_lists_stay_lists_in_parquet_and_become_text_in_geopackage(tmp_path: Path):
    geopackage, parquet = write_polygons(table(SQUARE, tags=[["a", "b"]]), tmp_path / "patches")
    assert list(read_polygons(parquet)["tags"][0]) == ["a", "b"]
    assert read_polygons(geopackage)["tags"][0] == "['a', 'b']"


def test_an_empty_table_keeps_columns_and_crs(tmp_path: Path):
    frame = gpd.GeoDataFrame({"patch_id": [], "area_m2": [], "geometry": []}, geometry="geometry", crs=UTM)
    for path in write_polygons(frame, tmp_path / "patches"):
        back = read_polygons(path, allow_empty=True)
        assert set(back.columns) == {"patch_id", "area_m2", "geometry"}
        assert back.crs == UTM
        assert back.empty


def test_writing_again_replaces(tmp_path: Path):
    write_polygons(table(SQUARE, SQUARE, n=[1, 2]), tmp_path / "patches")
    for path in write_polygons(table(SQUARE, n=[3]), tmp_path / "patches"):
        assert read_polygons(path)["n"].tolist() == [3]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["patches.gpkg", "patches.parquet"]


def in_layers(path: Path, **layers: gpd.GeoDataFrame) -> Path:
    for name, frame in layers.items():
        frame.to_file(path, layer=name)
    return path


def test_layers_of_the_same_columns_are_read_as_one_table(tmp_path: Path):
    """As KML has folders, and as Highwall's own maps have subsets: the GeoPackage says what the GeoParquet does."""
    whole = table(SQUARE, shapely.box(200, 0, 300, 100), name=["pit", "dump"], remark=[None, "old"])
    layers = {"subset_1": whole[:1], "subset_2": whole[:0], "subset_3": whole[1:]}
    geopackage, parquet = write_polygons(whole, tmp_path / "mining", layers=layers)
    found, expected = read_polygons(geopackage), read_polygons(parquet)
    assert found["name"].tolist() == expected["name"].tolist() == ["pit", "dump"]
    assert found["remark"].isna().tolist() == [True, False]
    assert found.geom_equals(expected).all()
    assert found.crs == UTM
    empty = write_polygons(whole[:0], tmp_path / "none", layers={"subset_1": whole[:0], "subset_2": whole[:0]})[0]
    assert read_polygons(empty, allow_empty=True).empty


def test_layers_without_polygons_are_passed_over(tmp_path: Path):
    wells = table(shapely.Point(1, 1), depth=[40])
    file = in_layers(tmp_path / "project.gpkg", wells=wells, permits=table(SQUARE, name=["a"]))
    assert read_polygons(file)["name"].tolist() == ["a"]
    points = in_layers(tmp_path / "points.gpkg", wells=wells, more=wells)
    with pytest.raises(VectorError, match=r"points\.gpkg holds no polygon \(found Point\)"):
        read_polygons(points)


@pytest.mark.parametrize("other", [table(SQUARE, park=["b"]), table(SQUARE, name=["b"], crs="EPSG:32634")])
def test_layers_of_other_polygons_are_refused_by_their_names(tmp_path: Path, other: gpd.GeoDataFrame):
    file = in_layers(tmp_path / "project.gpkg", permits=table(SQUARE, name=["a"]), parks=other)
    with pytest.raises(VectorError, match=r"project\.gpkg holds several layers .*: permits, parks; save the one"):
        read_polygons(file)


def test_of_a_folder_its_vector_files_are_named(tmp_path: Path):
    saved(table(SQUARE), tmp_path / "aoi.gpkg")
    (tmp_path / "note.txt").write_text("x")
    with pytest.raises(VectorError, match=r"is a folder; give the vector file in it that is meant: aoi\.gpkg\."):
        read_polygons(tmp_path)
