import datetime as dt

import pytest
from odc.geo.geom import box

from highwall.core.errors import SceneError
from highwall.io.archive.tracks import choose_track, tracks_over
from tests.io.archives import AOI, scene

DAYS = ("2018-01-06", "2018-01-18", "2018-01-30")


def test_scenes_of_one_orbit_are_one_pass():
    aoi = box(13.9, 45.8, 14.1, 46.2, "EPSG:4326")
    scenes = [
        scene(day, second=second, south=south, north=south + 2.0, orbit=number)
        for number, day in enumerate(DAYS, start=1)
        for second, south in ((35, 45.5), (10, 44.0))
    ]
    (track,) = tracks_over(scenes, aoi=aoi)
    assert [acquisition.date for acquisition in track.acquisitions] == [dt.date.fromisoformat(day) for day in DAYS]
    assert [len(acquisition.scenes) for acquisition in track.acquisitions] == [2, 2, 2]
    assert all(first.start < second.start for first, second in (each.scenes for each in track.acquisitions))


def test_a_pass_over_midnight_has_the_date_on_which_it_began():
    scenes = [scene("2018-01-06", hour=23, second=59, orbit=7), scene("2018-01-07", hour=0, second=24, orbit=7)]
    (track,) = tracks_over(scenes, aoi=AOI)
    assert [acquisition.date for acquisition in track.acquisitions] == [dt.date(2018, 1, 6)]


def test_a_pass_that_sees_a_part_is_set_aside():
    scenes = [scene(DAYS[0]), scene(DAYS[1], south=45.0), scene(DAYS[2])]
    (track,) = tracks_over(scenes, aoi=AOI)
    assert [str(acquisition.date) for acquisition in track.acquisitions] == [DAYS[0], DAYS[2]]
    assert track.set_aside[0].name == DAYS[1]
    assert "50%" in track.set_aside[0].reason


def test_a_slice_that_was_made_twice_counts_once():
    again = scene(DAYS[0], name="S1A_reprocessed")
    (track,) = tracks_over([scene(DAYS[0]), again, scene(DAYS[1])], aoi=AOI)
    assert [len(acquisition.scenes) for acquisition in track.acquisitions] == [1, 1]


def test_a_baseline_of_any_scene_is_that_of_the_pass():
    scenes = [scene(DAYS[0], orbit=1), scene(DAYS[0], second=35, orbit=1, bperp_m=12.0)]
    (track,) = tracks_over(scenes, aoi=AOI)
    assert track.acquisitions[0].bperp_m == 12.0


def test_the_track_with_most_dates_comes_first():
    many = [scene(day, track=102) for day in DAYS]
    few = [scene(day, track=22, direction="descending") for day in DAYS[:2]]
    tracks = tracks_over([*few, *many], aoi=AOI)
    assert [track.number for track in tracks] == [102, 22]
    assert choose_track(tracks).number == 102
    assert choose_track(tracks, direction="descending").number == 22
    assert choose_track(tracks, number=22).number == 22
    assert tracks[0].describe() == "track 102 ascending: 3 dates, 2018-01-06 to 2018-01-30"


def test_no_track_that_fits_lists_what_there_is():
    tracks = tracks_over([scene(DAYS[0]), scene(DAYS[1], south=45.0)], aoi=AOI)
    with pytest.raises(SceneError, match=r"There is track 102 ascending: 1 dates.*1 partial"):
        choose_track(tracks)
