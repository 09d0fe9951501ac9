import datetime as dt
import sys

import asf_search
import pytest
from pydantic import ValidationError

from highwall.core.errors import InputError, SceneError
from highwall.io.archive.search import SearchOptions, search_scenes
from tests.io.archives import AOI
from tests.io.cmr_server import cmr_server, granule

WINTER = SearchOptions(start=dt.date(2018, 1, 1), end=dt.date(2018, 2, 28))


def test_what_is_asked_and_what_comes_back():
    granules = [granule("2018-01-18", orbit=1175), granule("2018-01-06", orbit=1000), granule("2019-01-06", orbit=9000)]
    with cmr_server(granules) as archive:
        scenes = search_scenes(AOI, options=WINTER, session=archive.session)
    assert [scene.start.date() for scene in scenes] == [dt.date(2018, 1, 6), dt.date(2018, 1, 18)]
    first = scenes[0]
    assert first.name.startswith("S1A_IW_SLC__1SDV_20180106T165005")
    assert (first.track, first.orbit, first.frame, first.direction) == (102, 1000, 145, "ascending")
    assert (first.platform, first.polarization) == ("Sentinel-1A", "VV+VH")
    assert first.url.endswith(f"{first.name}.zip")
    forms = [dict(form) for form in archive.asked]
    assert {form["bounding_box"] for form in forms} == {"13.9,44.9,14.1,45.1"}
    assert forms[0]["temporal"].startswith("2018-01-01T00:00:00Z,2018-02-28T23:59:59Z")
    attributes = {value for form in archive.asked for key, value in form if key == "attribute[]"}
    assert attributes == {"string,BEAM_MODE,IW", "string,POLARIZATION,VV", "string,POLARIZATION,VV+VH"}


def test_direction_track_and_polarization_are_asked_for():
    options = WINTER.model_copy(update={"direction": "descending", "track": 22, "polarization": "HH"})
    with cmr_server([granule("2018-01-06")]) as archive, pytest.raises(SceneError, match="no HH slc over the AOI"):
        search_scenes(AOI, options=options, session=archive.session)
    attributes = {value for form in archive.asked for key, value in form if key == "attribute[]"}
    assert {"string,ASCENDING_DESCENDING,DESCENDING", "int,PATH_NUMBER,22", "string,POLARIZATION,HH"} <= attributes


def test_baselines_are_those_of_the_orbits():
    planted = {"2018-01-06": 0.0, "2018-01-18": 80.0, "2018-01-30": -41.0}
    granules = [granule(day, orbit=number, bperp_m=metres) for number, (day, metres) in enumerate(planted.items())]
    with cmr_server(granules) as archive:
        scenes = search_scenes(AOI, options=WINTER, session=archive.session)
    # asf_search gives whole metres.
    assert {str(scene.start.date()): scene.bperp_m for scene in scenes} == planted


def test_of_two_slices_the_one_like_the_reference_carries_the_baseline():
    granules = [
        granule(day, orbit=number, slice_number=part, bperp_m=number * 50.0)
        for number, day in enumerate(("2018-01-06", "2018-01-18"))
        for part in (0, 1)
    ]
    with cmr_server(granules) as archive:
        scenes = search_scenes(AOI, options=WINTER, session=archive.session)
    assert [scene.bperp_m for scene in scenes] == [0.0, None, 50.0, None]


def test_a_track_without_orbit_vectors_has_no_baselines():
    granules = [granule(day, orbit=number) for number, day in enumerate(("2018-01-06", "2018-01-18"))]
    for each in granules:
        attributes = each["umm"]["AdditionalAttributes"]
        attributes[:] = [attribute for attribute in attributes if not attribute["Name"].startswith("SV_")]
    with cmr_server(granules) as archive:
        scenes = search_scenes(AOI, options=WINTER, session=archive.session)
    assert [scene.bperp_m for scene in scenes] == [None, None]


def test_bursts():
    granules = [granule("2018-01-06", burst="102_217855_IW2"), granule("2018-01-18", burst="102_217855_IW2", orbit=2)]
    with cmr_server(granules) as archive:
        scenes = search_scenes(AOI, options=WINTER.model_copy(update={"granule": "burst"}), session=archive.session)
    assert [scene.burst for scene in scenes] == ["102_217855_IW2"] * 2
    assert all(scene.name.endswith("-BURST") for scene in scenes)
    assert ("shortName", "SENTINEL-1_BURSTS") in archive.asked[0]


def test_an_archive_that_refuses_is_named_and_nobody_else_is_told():
    with cmr_server([], status=400) as archive, pytest.raises(SceneError, match=r"did not answer.*closed for repair"):
        search_scenes(AOI, options=WINTER, session=archive.session)
    assert asf_search.REPORT_ERRORS is False


def test_an_archive_out_of_reach_is_named():
    with cmr_server([]) as archive:
        pass
    with pytest.raises(SceneError, match="did not answer"):
        search_scenes(AOI, options=WINTER, session=archive.session)


def test_without_the_extra_its_name_is_given(monkeypatch):
    monkeypatch.setitem(sys.modules, "asf_search", None)
    with pytest.raises(InputError, match=r"highwall\[archive\]"):
        search_scenes(AOI, options=WINTER)


def test_dates_the_wrong_way_round():
    with pytest.raises(ValidationError, match="swap them"):
        SearchOptions(start=dt.date(2018, 2, 1), end=dt.date(2018, 1, 1))
