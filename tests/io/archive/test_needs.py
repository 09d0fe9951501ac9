import fnmatch

import pytest

from highwall.io.archive.needs import dem_tiles, gacos_requests, precise_orbits
from tests.io.archives import BBOX, acquisition


def test_published_orbit_files_match_the_patterns():
    # Names of files of ESA's archive, before and after the leap second of 2017.
    passes = [acquisition("2016-12-20"), acquisition("2018-01-06")]
    published = [
        "S1A_OPER_AUX_POEORB_OPOD_20170109T122005_V20161219T225943_20161221T005943.EOF",
        "S1A_OPER_AUX_POEORB_OPOD_20180126T120555_V20180105T225942_20180107T005942.EOF",
    ]
    patterns = precise_orbits(passes)
    assert [fnmatch.fnmatchcase(name, pattern) for name, pattern in zip(published, patterns, strict=True)] == [True] * 2
    assert not fnmatch.fnmatchcase(published[1].replace("S1A", "S1B"), patterns[1])
    assert not fnmatch.fnmatchcase(published[0], patterns[1])


def test_slices_of_one_day_need_one_orbit_file():
    assert len(precise_orbits([acquisition("2018-01-06", slices=3)])) == 1


@pytest.mark.parametrize(
    ("bbox", "tiles"),
    [
        ((14.2, 45.2, 14.8, 45.8), ["N45_00_E014"]),
        ((13.95, 45.2, 14.8, 45.8), ["N45_00_E013", "N45_00_E014"]),
        ((-99.8, -0.5, -99.2, -0.3), ["S01_00_W100"]),
    ],
)
def test_dem_tiles_are_named_by_their_south_western_corner(bbox, tiles):
    assert list(dem_tiles(bbox)) == [f"Copernicus_DSM_COG_10_{tile}_00_DEM" for tile in tiles]


def test_gacos_takes_twenty_dates_at_a_time():
    passes = [acquisition(f"2018-{month:02d}-{day:02d}") for month in (1, 2, 3) for day in range(1, 16)]
    requests = gacos_requests(passes, bbox=BBOX)
    assert [len(request.dates) for request in requests] == [20, 20, 5]
    assert requests[0].dates[0] == "20180101"
    assert [date for request in requests for date in request.dates] == [f"{each.date:%Y%m%d}" for each in passes]
    assert {request.time_utc for request in requests} == {"16:50"}
    assert (requests[0].north, requests[0].west, requests[0].east, requests[0].south) == (45.3, 13.7, 14.3, 44.7)
    assert gacos_requests([], bbox=BBOX) == ()
