"""A fetch against an archive on this machine, with what goes wrong in real ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from odc.geo.geom import box

from highwall.core.bands import OPTICAL, RADAR
from highwall.core.errors import InputError, TransferError
from highwall.io.fetching.options import FetchOptions
from highwall.io.fetching.record import RECORD, Record
from highwall.workflows.fetching.fetch import DOWNLOADS, Fetched, fetch
from highwall.workflows.fetching.table import WantedSite
from highwall.workflows.run import Say, silent
from tests.io.archive_made import LEFT, SIDE_M, TOP, UTM, add_maps, add_optical, add_radar, numbers_of, powers_of, tif
from tests.io.archive_server import Archive, archive_server

AREA = box(LEFT + 100, TOP - 500, LEFT + 500, TOP - 100, crs=UTM)
"""40 × 40 pixels from row and column 10 of the tile."""
CUT = slice(10, 50)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    held = Archive(tmp_path / "server")
    with archive_server(held):
        yield held


def site(name: str = "mine", area: Any = AREA, **facts: str) -> WantedSite:
    return WantedSite(name, area, facts)


def run(
    archive: Archive, out: Path, *sites: WantedSite, years: tuple[int, ...] = (2021,), say: Say = silent, **asked: Any
) -> Fetched:
    transfer = {"pause_s": 0, "attempts": 2, "patience_s": 10} | asked.pop("transfer", {})
    options = FetchOptions(archive=archive.url, years=years, transfer=transfer, **asked)
    return fetch(
        sites or (site(),), out, options=options, say=say, advance=lambda *how: None,
        sleep=lambda pause_s: None,
    )  # fmt: skip


def bare(archive: Archive, out: Path, *sites: WantedSite, **asked: Any) -> Fetched:
    """Fetch optical scenes alone."""
    left_out = {"with_radar": False, "with_land_cover": False, "with_dem": False}
    return run(archive, out, *sites, **(left_out | asked))


def codes(*, cloud_rows: int = 0, code: int = 9) -> np.ndarray:
    """Scene classification at 20 m with cloud over its first rows; the site has rows 5 to 24."""
    scl = np.full((60, 60), 4)
    scl[:cloud_rows] = code
    return scl


def read(path: Path) -> tuple[np.ndarray, list[str], dict[str, str]]:
    with rasterio.open(path) as dataset:
        return dataset.read(), list(dataset.descriptions), dataset.tags()


def test_a_site_gets_everything_on_one_grid(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "july", "2021-07-01T10:00:00+00:00", cloud_percent=9, seed=2)
    add_radar(archive, "before", "2021-06-29T05:00:00+00:00", seed=1)
    add_radar(archive, "after", "2021-07-11T05:00:00+00:00", seed=2)
    add_maps(archive)
    fetched = run(archive, tmp_path / "out", site(material="RR", mine_type="OC"))
    assert (fetched.n_scenes, fetched.missing, fetched.failed) == (1, [], [])
    folder = tmp_path / "out" / "mine"
    names = ["2021-07-01_s1.tif", "2021-07-01_s2.tif", "2021-07-01_scl.tif", "dem.tif", RECORD, "worldcover.tif"]
    assert sorted(path.name for path in folder.iterdir()) == names

    stored, bands, tags = read(folder / "2021-07-01_s2.tif")
    assert tuple(bands) == OPTICAL
    np.testing.assert_array_equal(stored[3], numbers_of("B04", 2)[CUT, CUT] - 1000)  # the offset of baseline 05.09
    swir = numbers_of("B11", 2).repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(stored[10], swir[CUT, CUT] - 1000)
    assert (tags["ACQUISITION_DATE"], tags["LEVEL"], tags["OFFSET"]) == ("2021-07-01", "L2A", "0")

    decibels, bands, tags = read(folder / "2021-07-01_s1.tif")
    vv, vh = (10.0 * np.log10(powers_of(1, number)[CUT, CUT]) for number in (0, 1))
    assert tuple(bands) == RADAR
    np.testing.assert_allclose(decibels, [vv, vh, vv - vh - 10.0], atol=2e-5)
    assert (tags["ACQUISITION_DATE"], tags["SCENE_DATE"]) == ("2021-06-29", "2021-07-01")
    assert (read(folder / "2021-07-01_scl.tif")[0] == 4).all()
    assert (read(folder / "worldcover.tif")[0] == 60).all()  # the map of 2021, not that of 2020
    with rasterio.open(folder / "dem.tif") as heights, rasterio.open(folder / "2021-07-01_s2.tif") as optical:
        assert (heights.transform, heights.shape) == (optical.transform, optical.shape)

    assert (tmp_path / "out" / "sites.csv").read_text() == "site,material,mine_type,dates\nmine,RR,OC,2021-07-01\n"
    lines = (tmp_path / "out" / "scenes.csv").read_text().splitlines()
    assert lines[1].startswith("mine,2021-07-01,2021,RR,OC,mine/2021-07-01_s2.tif")


def test_the_clearest_inside_the_aoi_is_taken_whatever_the_tile_says(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "covered", "2021-05-01T10:00:00+00:00", cloud_percent=1, scl=codes(cloud_rows=20))
    add_optical(archive, "snowy", "2021-02-01T10:00:00+00:00", cloud_percent=2, scl=codes(cloud_rows=20, code=11))
    add_optical(archive, "clear", "2021-08-01T10:00:00+00:00", cloud_percent=40, scl=codes(cloud_rows=4))
    add_optical(archive, "unseen", "2021-09-01T10:00:00+00:00", cloud_percent=50)
    record = bare(archive, tmp_path / "out").records["mine"]
    assert record.files["2021-08-01_s2.tif"].items == ("clear",)
    assert record.scenes[2021].hidden["cloud"] == 0.0
    assert not any("unseen" in path for _, path, _ in archive.asked)  # nothing is clearer than clear


def test_a_year_without_a_clear_scene_is_said_and_the_others_go_on(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "cloudy", "2020-05-01T10:00:00+00:00", cloud_percent=30, scl=codes(cloud_rows=15))
    add_optical(archive, "good", "2021-05-01T10:00:00+00:00", cloud_percent=30)
    fetched = bare(archive, tmp_path / "out", years=(2019, 2020, 2021))
    assert list(fetched.records["mine"].scenes) == [2021]
    assert [row.name for row in fetched.missing] == ["mine 2019", "mine 2020"]
    assert "no scene of 2019" in fetched.missing[0].reason
    assert "hides 50 % of the AOI (50 % cloud)" in fetched.missing[1].reason
    assert not fetched.failed


def test_months_narrow_the_choice(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "winter", "2021-01-01T10:00:00+00:00", cloud_percent=0)
    add_optical(archive, "summer", "2021-07-01T10:00:00+00:00", cloud_percent=5)
    record = bare(archive, tmp_path / "out", months=(6, 7, 8)).records["mine"]
    assert str(record.scenes[2021].date) == "2021-07-01"


def test_a_second_run_fetches_nothing_and_a_damaged_file_again(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "july", "2021-07-01T10:00:00+00:00", cloud_percent=9)
    add_maps(archive)
    out = tmp_path / "out"
    first = run(archive, out, with_radar=False)
    asked = len(archive.asked)
    assert run(archive, out, with_radar=False).records == first.records
    assert len(archive.asked) == asked
    (out / "mine" / "dem.tif").write_bytes(b"damaged")
    (out / "mine" / ".part-7-2021-07-01_s2.tif").write_bytes(b"of a run that was killed")
    assert run(archive, out, with_radar=False).records == first.records
    assert [path for _, path, _ in archive.asked[asked:]] == ["/files/dem.tif"]
    assert not list((out / "mine").glob(".part-*"))


def test_another_season_takes_the_place_of_what_an_earlier_run_took(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "winter", "2021-01-01T10:00:00+00:00", cloud_percent=0)
    add_optical(archive, "summer", "2021-07-01T10:00:00+00:00", cloud_percent=5)
    bare(archive, tmp_path / "out")
    said: list[str] = []
    summer = bare(archive, tmp_path / "out", months=(6, 7, 8), say=said.append)
    assert str(summer.records["mine"].scenes[2021].date) == "2021-07-01"
    assert any("2021-01-01 is of month 1; another is looked for" in line for line in said)
    autumn = bare(archive, tmp_path / "out", months=(9, 10, 11))
    assert "no scene of 2021, months 9, 10, 11" in autumn.missing[0].reason
    assert str(autumn.records["mine"].scenes[2021].date) == "2021-07-01"  # it stays where there is none


def test_a_lower_bound_of_cloud_holds_for_scenes_that_are_here(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "clouded", "2021-05-01T10:00:00+00:00", cloud_percent=1, scl=codes(cloud_rows=6))
    assert bare(archive, tmp_path / "out").n_scenes == 1
    add_optical(archive, "clear", "2021-08-01T10:00:00+00:00", cloud_percent=3)
    assert str(bare(archive, tmp_path / "out").records["mine"].scenes[2021].date) == "2021-05-01"
    record = bare(archive, tmp_path / "out", max_hidden=0.04).records["mine"]
    assert str(record.scenes[2021].date) == "2021-08-01"


def test_what_came_from_another_collection_stays_and_that_is_said(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "july", "2021-07-01T10:00:00+00:00", cloud_percent=9)
    bare(archive, tmp_path / "out")
    said: list[str] = []
    asked = len(archive.asked)
    bare(archive, tmp_path / "out", optical="sentinel-2-c1-l2a", radar="none", with_radar=True, say=said.append)
    assert len(archive.asked) == asked
    (line,) = [each for each in said if "_s2.tif" in each]
    assert line.startswith("mine 2021-07-01_s2.tif: stays, from sentinel-2-l2a of http")
    assert "to fetch it from sentinel-2-c1-l2a of" in line


@pytest.mark.parametrize("asked", [{"radar_days": 5.0}, {"direction": "ascending"}])
def test_radar_that_is_asked_otherwise_is_fetched_anew(archive: Archive, tmp_path: Path, asked: dict[str, Any]) -> None:
    add_optical(archive, "july", "2021-07-01T10:00:00+00:00", cloud_percent=9)
    add_radar(archive, "far", "2021-07-09T05:00:00+00:00")
    alone = {"with_land_cover": False, "with_dem": False}
    assert str(run(archive, tmp_path / "out", **alone).records["mine"].scenes[2021].radar_date) == "2021-07-09"
    add_radar(archive, "near", "2021-07-03T05:00:00+00:00", **{"sat:orbit_state": "ascending"})
    assert str(run(archive, tmp_path / "out", **alone).records["mine"].scenes[2021].radar_date) == "2021-07-09"
    again = run(archive, tmp_path / "out", **alone, **asked)
    assert str(again.records["mine"].scenes[2021].radar_date) == "2021-07-03"
    assert read(tmp_path / "out" / "mine" / "2021-07-01_s1.tif")[2]["ACQUISITION_DATE"] == "2021-07-03"


def test_a_server_cut_in_the_middle_and_the_next_run_goes_on(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "may", "2020-05-01T10:00:00+00:00", cloud_percent=3)
    add_optical(archive, "july", "2021-07-01T10:00:00+00:00", cloud_percent=9)
    archive.faults["may/B04.tif"] = ["cut", "cut"]
    out = tmp_path / "out"
    broken = bare(archive, out, years=(2020, 2021))
    assert list(broken.records["mine"].scenes) == [2021]
    assert [row.name for row in broken.failed] == ["mine 2020"]
    assert "broke off in the middle" in broken.failed[0].reason
    whole = bare(archive, out, years=(2020, 2021))
    assert list(whole.records["mine"].scenes) == [2020, 2021]
    assert not whole.failed
    assert not (out / "mine" / DOWNLOADS).exists()
    np.testing.assert_array_equal(read(out / "mine" / "2020-05-01_s2.tif")[0][3], numbers_of("B04", 0)[CUT, CUT] - 1000)


def test_what_came_before_a_stop_does_not_come_twice(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "may", "2020-05-01T10:00:00+00:00", cloud_percent=3)
    archive.faults["may/B09.tif"] = ["cut", "cut"]
    bare(archive, tmp_path / "out", years=(2020,))
    asked = len(archive.asked)
    bare(archive, tmp_path / "out", years=(2020,))
    later = [path for _, path, _ in archive.asked[asked:]]
    assert later == [f"/files/may/{band}.tif" for band in ("B09", "B11", "B12")]


def test_a_wrong_checksum_gives_way_to_the_next_clearest(archive: Archive, tmp_path: Path) -> None:
    item = add_optical(archive, "wrong", "2021-05-01T10:00:00+00:00", cloud_percent=1, scl=codes(cloud_rows=6))
    add_optical(archive, "right", "2021-08-01T10:00:00+00:00", cloud_percent=3, scl=codes(cloud_rows=6))
    item["assets"]["B03"]["file:checksum"] = "1220" + "0" * 64
    fetched = bare(archive, tmp_path / "out", max_hidden=0.1)
    assert fetched.records["mine"].files["2021-08-01_s2.tif"].items == ("right",)
    assert [row.name for row in fetched.passed_over] == ["mine 2021, wrong"]
    assert "its checksum is" in fetched.passed_over[0].reason
    assert not fetched.failed


def test_an_archive_that_is_down_is_given_up_with_what_is_there_kept(archive: Archive, tmp_path: Path) -> None:
    for year in (2018, 2019, 2020, 2021):
        add_optical(archive, f"a{year}", f"{year}-05-01T10:00:00+00:00", cloud_percent=3)
        if year > 2018:
            archive.faults[f"a{year}/B02.tif"] = ["503"] * 9
    with pytest.raises(TransferError, match=r"3 transfers in a row broke off.*503"):
        bare(archive, tmp_path / "out", years=(2018, 2019, 2020, 2021))
    assert list(Record.model_validate_json((tmp_path / "out" / "mine" / RECORD).read_text()).scenes) == [2018]
    assert "2018-05-01" in (tmp_path / "out" / "scenes.csv").read_text()


def test_two_tiles_of_one_pass_fill_the_aoi(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "ab_west", "2021-05-01T10:00:00+00:00", cloud_percent=1, seed=1)
    add_optical(archive, "cd_east", "2021-05-01T10:00:14+00:00", cloud_percent=3, seed=2, left=LEFT + SIDE_M)
    middle = box(LEFT + SIDE_M - 200, TOP - 300, LEFT + SIDE_M + 200, TOP - 100, crs=UTM)
    fetched = bare(archive, tmp_path / "out", site(area=middle))
    stored, _, _ = read(tmp_path / "out" / "mine" / "2021-05-01_s2.tif")
    assert (stored > 0).all()
    np.testing.assert_array_equal(stored[3, :, :20], numbers_of("B04", 1)[10:30, 100:] - 1000)
    np.testing.assert_array_equal(stored[3, :, 20:], numbers_of("B04", 2)[10:30, :20] - 1000)
    assert fetched.records["mine"].scenes[2021].hidden["nodata"] == 0.0


def test_an_aoi_over_two_zones_is_on_one_grid(archive: Archive, tmp_path: Path) -> None:
    """Zones 33 and 34 meet at 18° E; the tile of zone 34 reaches 200 m beyond its edge, into 33."""
    edge = box(17.999, 45.0, 18.001, 45.0002, crs="EPSG:4326").to_crs("EPSG:32634").boundingbox
    add_optical(
        archive, "xy", "2021-05-01T10:00:00+00:00", cloud_percent=1, left=edge.left // 60 * 60 - 480,
        top=edge.top // 60 * 60 + 480, crs="EPSG:32634",
    )  # fmt: skip
    in_33 = box(17.9985, 44.9985, 18.0005, 45.0005, crs="EPSG:4326")
    fetched = bare(archive, tmp_path / "out", site(area=in_33))
    assert fetched.records["mine"].crs == "EPSG:32633"
    stored, _, _ = read(tmp_path / "out" / "mine" / "2021-05-01_s2.tif")
    assert (stored > 0).all()
    assert set(np.unique(stored[3])) <= set((numbers_of("B04", 0) - 1000).ravel().tolist())  # nearest: no new value


def test_an_aoi_over_the_dateline(archive: Archive, tmp_path: Path) -> None:
    ground = box(179.999, -17.003, 180.001, -17.001, crs="EPSG:4326")
    corner = ground.to_crs("EPSG:32701").boundingbox
    place = {"left": corner.left // 60 * 60 - 240, "top": corner.top // 60 * 60 + 240, "crs": "EPSG:32701"}
    item = add_optical(archive, "xy", "2021-05-01T10:00:00+00:00", cloud_percent=1, **place)
    west, south, east, north = 179.99, -17.01, -179.99, -16.99
    halves = [shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)]
    item["geometry"] = shapely.MultiPolygon(halves).__geo_interface__
    bare(archive, tmp_path / "out", site(area=ground))
    stored, _, _ = read(tmp_path / "out" / "mine" / "2021-05-01_s2.tif")
    assert (stored > 0).all()


def test_radar_too_far_in_time_is_said_and_fetched_when_it_may_be(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "july", "2021-07-01T10:00:00+00:00", cloud_percent=9)
    add_radar(archive, "late", "2021-07-20T05:00:00+00:00")
    alone = {"with_land_cover": False, "with_dem": False}
    fetched = run(archive, tmp_path / "out", **alone)
    assert [row.name for row in fetched.missing] == ["mine 2021-07-01 radar"]
    assert fetched.records["mine"].scenes[2021].radar_date is None
    asked = len(archive.asked)
    again = run(archive, tmp_path / "out", radar_days=20.0, **alone)
    assert again.records["mine"].scenes[2021].radar_delay_days == pytest.approx(18.79, abs=0.01)
    assert all("/late/" in path for _, path, _ in archive.asked[asked:])  # the scene itself stays


def test_windows_give_the_same_pixels_as_whole_files(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "july", "2021-07-01T10:00:00+00:00", cloud_percent=9)
    for mode in ("whole", "window"):
        bare(archive, tmp_path / mode, transfer={"mode": mode})
    whole, window = (read(tmp_path / mode / "mine" / "2021-07-01_s2.tif")[0] for mode in ("whole", "window"))
    np.testing.assert_array_equal(whole, window)
    noted = Record.model_validate_json((tmp_path / "window" / "mine" / RECORD).read_text())
    assert set(noted.files["2021-07-01_s2.tif"].sources.values()) == {"window"}


def test_a_tile_that_shows_nothing_of_the_aoi_is_no_scene(archive: Archive, tmp_path: Path) -> None:
    item = add_optical(archive, "liar", "2021-07-01T10:00:00+00:00", cloud_percent=0)
    for band, asset in item["assets"].items():
        path = archive.folder / "liar" / f"{band}.tif"
        with rasterio.open(path) as dataset:
            step, empty = dataset.res[0], np.zeros(dataset.shape, dataset.dtypes[0])
        tif(path, empty, step=step, left=LEFT, top=TOP, crs=UTM)
        asset.pop("file:checksum"), asset.pop("file:size")
    fetched = bare(archive, tmp_path / "out")
    assert "(100 % nodata)" in fetched.missing[0].reason
    assert not list((tmp_path / "out" / "mine").glob("*.tif"))


def test_no_usable_pass_at_all_is_a_failure(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "gone", "2021-05-01T10:00:00+00:00", cloud_percent=1)
    archive.faults["gone/B12.tif"] = ["404"]
    fetched = bare(archive, tmp_path / "out")
    assert [row.name for row in fetched.failed] == ["mine 2021, gone"]
    assert "404 Not Found" in fetched.failed[0].reason
    assert bare(archive, tmp_path / "out").n_scenes == 1  # it was there again


def test_the_tables_hold_all_sites_of_the_folder(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "july", "2021-07-01T10:00:00+00:00", cloud_percent=9)
    bare(archive, tmp_path / "out", site("one", material="RR"))
    bare(archive, tmp_path / "out", site("two"))
    lines = (tmp_path / "out" / "sites.csv").read_text().splitlines()
    assert lines == ["site,material,dates", "one,RR,2021-07-01", "two,,2021-07-01"]


def test_another_area_under_the_same_name_is_refused(archive: Archive, tmp_path: Path) -> None:
    add_optical(archive, "july", "2021-07-01T10:00:00+00:00", cloud_percent=9)
    bare(archive, tmp_path / "out")
    moved = box(LEFT + 200, TOP - 500, LEFT + 600, TOP - 100, crs=UTM)
    with pytest.raises(InputError, match="scenes of another area"):
        bare(archive, tmp_path / "out", site(area=moved))
