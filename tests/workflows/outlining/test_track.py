"""Patches of two runs, told apart. All of it is made up."""

import geopandas as gpd
import pytest
from shapely.geometry import box

from highwall.core.errors import InputError, MissingInputError
from highwall.io.vectors import write_polygons
from highwall.workflows.console import track_table
from highwall.workflows.outlining.track import patches_file
from highwall.workflows.outlining.verbs import track_alone

CRS = "EPSG:32633"


def patches(folder, *bounds, crs=CRS):
    columns = {"patch_id": [f"P{number:03d}" for number in range(1, len(bounds) + 1)]}
    folder.mkdir(parents=True, exist_ok=True)
    frame = gpd.GeoDataFrame(columns, geometry=[box(*sides) for sides in bounds], crs=CRS).to_crs(crs)
    write_polygons(frame, folder / "patches")
    return folder


@pytest.fixture
def two_runs(tmp_path):
    """One patch grows eastward by half, one goes, one is new."""
    east, north = 500_000, 4_990_000
    before = patches(
        tmp_path / "before", (east, north, east + 400, north + 400), (east, north + 5000, east + 300, north + 5300)
    )
    after = patches(
        tmp_path / "after", (east, north, east + 600, north + 400), (east, north - 3000, east + 200, north - 2800)
    )
    return before, after


def test_runs_of_two_places_are_refused(two_runs, tmp_path):
    far = patches(tmp_path / "far", (700_000, 4_990_000, 700_400, 4_990_400))
    with pytest.raises(InputError, match="lie 200 km apart; give those of one place"):
        track_alone(two_runs[0], far, tmp_path / "out", say=lambda text: None)


def test_runs_are_compared_by_their_folders(two_runs, tmp_path):
    said = []
    facts = track_alone(*two_runs, tmp_path / "out", say=said.append)
    assert {change: row["n"] for change, row in facts["changes"].items()} == {"grown": 1, "new": 1, "gone": 1}
    assert facts["changes"]["grown"]["gained_m2"] == pytest.approx(80_000.0)
    tracks = gpd.read_parquet(tmp_path / "out" / "tracks.parquet")
    assert len(tracks) == len(gpd.read_file(tmp_path / "out" / "tracks.gpkg")) == 3
    assert said[-1].startswith("tracks.gpkg: 3 ")
    assert (tmp_path / "out" / "stac" / "track.json").exists()


def test_the_table_has_a_row_for_each_change(two_runs, tmp_path):
    facts = track_alone(*two_runs, tmp_path / "out", say=lambda line: None)
    table = track_table(facts["changes"])
    assert table.row_count == 3
    assert list(table.columns[0].cells) == ["grown", "new", "gone"]
    assert next(iter(table.columns[4].cells)) == "8.0 ha"


def test_files_in_another_crs_are_brought_to_the_later_one(two_runs, tmp_path):
    before = gpd.read_parquet(two_runs[0] / "patches.parquet").to_crs("EPSG:4326")
    file = tmp_path / "before.gpkg"
    before.to_file(file)
    facts = track_alone(file, two_runs[1] / "patches.parquet", tmp_path / "out", say=lambda line: None)
    assert facts["changes"]["grown"]["gained_m2"] == pytest.approx(80_000.0, rel=1e-3)


def test_a_folder_without_patches(two_runs, tmp_path):
    (tmp_path / "bare" / "stac").mkdir(parents=True)
    with pytest.raises(MissingInputError, match=r"patches\.parquet"):
        track_alone(tmp_path / "bare", two_runs[1], tmp_path / "out", say=lambda line: None)


def test_all_patches_may_be_gone(two_runs, tmp_path):
    none = patches(tmp_path / "none")
    facts = track_alone(two_runs[0], none, tmp_path / "out", say=lambda line: None)
    assert {change: row["n"] for change, row in facts["changes"].items()} == {"gone": 2}


def test_two_runs_without_a_patch_have_nothing_to_track(two_runs, tmp_path):
    empty = patches(tmp_path / "empty")
    with pytest.raises(InputError, match="holds a patch"):
        track_alone(empty, empty, tmp_path / "out", say=print)
    facts = track_alone(empty, two_runs[1], tmp_path / "some", say=print)
    assert facts["changes"]["new"]["n"] == 2


def test_a_folder_that_vector_files_are_is_read_as_one(tmp_path):
    shapes = tmp_path / "shapes"
    shapes.mkdir()
    (shapes / "a.shp").touch()
    assert patches_file(shapes) == shapes
    assert patches_file(tmp_path / "mines.gdb") == tmp_path / "mines.gdb"
