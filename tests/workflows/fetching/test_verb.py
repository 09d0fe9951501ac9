"""`highwall fetch` as it is typed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from odc.geo.geom import box
from typer.testing import CliRunner

from highwall.cli import app
from highwall.core.errors import ConfigError, InputError, SceneError, TransferError
from highwall.io.backscatter import read_backscatter
from highwall.io.scenes import FolderSource
from tests.io.archive_made import LEFT, TOP, UTM, add_maps, add_optical, add_radar
from tests.io.archive_server import Archive, archive_server

CENTRE = box(LEFT + 100, TOP - 500, LEFT + 500, TOP - 100, crs=UTM).to_crs("EPSG:4326").centroid.coords[0]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    held = Archive(tmp_path / "server")
    add_optical(held, "july", "2021-07-01T10:00:00+00:00", cloud_percent=9)
    add_radar(held, "radar", "2021-06-29T05:00:00+00:00")
    add_maps(held)
    with archive_server(held):
        yield held


def typed(archive: Archive, folder: Path, *more: str, years: str = "2021") -> str:
    """Run the verb; an error comes as it is raised."""
    table = folder / "sites.csv"
    table.write_text(f"site,lon,lat,side_m,material\nSerra Velha,{CENTRE[0]},{CENTRE[1]},400,MO\n")
    words = ["fetch", str(table), "--out", str(folder / "out"), "--archive", archive.url, "--years", years, *more]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_from_a_table_to_scenes_that_the_readers_take(archive: Archive, tmp_path: Path) -> None:
    output = typed(archive, tmp_path)
    assert "Serra Velha 2021: 2021-07-01, 0.0 % of the AOI hidden" in output
    assert "1 scene(s) of 1 site(s), 1 with radar; the archive lacks 0, 0 could not be fetched" in output
    folder = tmp_path / "out" / "Serra Velha"
    reading = FolderSource((folder,)).read(box(-180, -90, 180, 90, crs="EPSG:4326"))
    scene = next(each for each in reading.scenes if each.attrs["scene_id"] == "2021-07-01_s2")
    assert (scene.attrs["acquired"], scene.attrs["level"], scene.attrs["offset"]) == ("2021-07-01", "L2A", 0.0)
    radar = read_backscatter(folder / "2021-07-01_s1.tif")
    assert (radar.attrs["units"], radar.attrs["acquired"]) == ("dB", "2021-06-29")


def test_parts_may_be_left_out(archive: Archive, tmp_path: Path) -> None:
    typed(archive, tmp_path, "--leave-out", "radar,dem")
    names = {path.name for path in (tmp_path / "out" / "Serra Velha").glob("*.tif")}
    assert names == {"2021-07-01_s2.tif", "2021-07-01_scl.tif", "worldcover.tif"}


def test_a_collection_may_have_another_name(archive: Archive, tmp_path: Path) -> None:
    for item in archive.items:
        item["collection"] = item["collection"].replace("sentinel-1-rtc", "s1-gamma0")
    typed(archive, tmp_path, "--collection", "radar=s1-gamma0")
    assert (tmp_path / "out" / "Serra Velha" / "2021-07-01_s1.tif").exists()


def test_what_could_not_be_fetched_fails_and_the_rest_stays(archive: Archive, tmp_path: Path) -> None:
    archive.faults["radar/vh.tif"] = ["404"]
    with pytest.raises(TransferError, match=r"1 of what was asked could not be fetched.*\n.*radar.*404"):
        typed(archive, tmp_path)
    assert (tmp_path / "out" / "Serra Velha" / "2021-07-01_s2.tif").exists()
    assert "1 with radar" in typed(archive, tmp_path)


def test_the_users_own_table_is_not_overwritten(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="would be overwritten"):
        typed(archive, tmp_path, "--out", str(tmp_path))
    assert "side_m" in (tmp_path / "sites.csv").read_text()


def test_no_scene_at_all_is_an_error(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="no scene of any site"):
        typed(archive, tmp_path, "--leave-out", "land_cover,dem", years="2019")


@pytest.mark.parametrize(
    ("more", "years", "reason"),
    [
        (["--leave-out", "radr"], "2021", "did you mean 'radar'"),
        (["--collection", "sar=x"], "2021", "'sar' is nothing to fetch"),
        ([], "2012", "flies since 2015"),
        ([], "2016-99999999", "longer than"),
        (["--months", "13"], "2021", "1 to 12"),
        (["--transfer", "fast"], "2021", "'auto', 'whole' or 'window'"),
        (["--direction", "up"], "2021", "'ascending' or 'descending'"),
        (["--archive", "planetary-computr"], "2021", "did you mean 'planetary-computer'"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(
    archive: Archive, tmp_path: Path, more: list[str], years: str, reason: str
) -> None:
    with pytest.raises((ConfigError, InputError), match=reason):
        typed(archive, tmp_path, *more, years=years)
    assert not archive.asked
