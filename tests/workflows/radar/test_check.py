import json

import numpy as np
import odc.geo.xr
import pandas as pd
import pytest
import xarray as xr
from affine import Affine

from highwall.core.errors import InputError, MissingInputError
from highwall.core.grid import GeoBox
from highwall.insar.geometry import los_layer
from highwall.io.catalog import checksum
from highwall.io.rasters import read_zarr, write_zarr
from highwall.workflows.radar.check import motion_check
from highwall.workflows.radar.sight import Angles

GRID = GeoBox((40, 40), Affine(100, 0, 500_000, 0, -100, 4_990_000), "EPSG:32633")
INCIDENCE = 39.0
PLACES = {"BASE": (500_350.0, 4_989_650.0), "PIT": (502_050.0, 4_987_950.0)}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Ground that sinks by 50 mm a year in its middle; the radar sees it along 39°, with 1 mm of noise."""
    days = pd.date_range("2021-01-03", periods=50, freq="12D")
    years = (days - days[0]).days.to_numpy() / 365.25
    sinking = np.zeros(GRID.shape)
    sinking[15:25, 15:25] = -0.05 * np.cos(np.deg2rad(INCIDENCE))
    noise = np.random.default_rng(1).normal(0, 0.001, (50, *GRID.shape))
    values = (sinking[None] * years[:, None, None] + noise + 0.01 * years[:, None, None]).astype("f4")
    coordinates = odc.geo.xr.xr_coords(GRID, dims=("y", "x")) | {"epoch": days.to_numpy()}
    layers = xr.Dataset(
        {"displacement": (("epoch", "y", "x"), values)}, coords=coordinates, attrs={"incidence_deg": INCIDENCE}
    )
    path = tmp_path_factory.mktemp("stack") / "displacement.zarr"
    write_zarr(layers, path)
    return path


def stations(path, *, gnss: bool = False, rate: float = -0.05, **changes):
    import geopandas as gpd

    rows = []
    for name, (x, y) in PLACES.items():
        place = gpd.GeoSeries(gpd.points_from_xy([x], [y]), crs="EPSG:32633").to_crs("EPSG:4326").iloc[0]
        for day in ("2021-02-01", "2021-07-01", "2021-12-01", "2022-05-01"):
            up = (rate if name == "PIT" else 0.0) * (pd.Timestamp(day) - pd.Timestamp("2021-01-03")).days / 365.25
            moved = {"east": 0.0, "north": 0.0, "up": up} if gnss else {"height": 812.0 + up}
            rows.append({"station": name, "lon": place.x, "lat": place.y, "date": day} | moved)
    table = pd.DataFrame(rows).assign(**changes)
    table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("gnss", [False, True])
def test_radar_that_agrees_has_no_bias_against_a_reference_station(stack, tmp_path, gnss):
    file = stations(tmp_path / "stations.csv", gnss=gnss)
    found = motion_check(stack, file, tmp_path / "out", reference="BASE", given=Angles(heading_deg=-12.0))
    assert list(found.stations) == ["PIT"]
    assert found.stations["PIT"].bias == pytest.approx(0.0, abs=0.003)
    assert found.stations["PIT"].rms < 0.002
    facts = json.loads((tmp_path / "out" / "motion_check.json").read_text())
    assert facts["n_stations"] == 1
    assert facts["motion"] == checksum(stack)
    assert (tmp_path / "out" / "motion_check.png").stat().st_size > 5_000


def test_without_a_reference_the_drift_between_the_two_shows_as_a_bias(stack, tmp_path):
    found = motion_check(stack, stations(tmp_path / "stations.csv"), tmp_path / "out")
    assert found.stations["BASE"].bias == pytest.approx(0.01, abs=0.003)
    assert found.stations["PIT"].bias == pytest.approx(0.01, abs=0.003)


def test_a_radar_that_is_wrong_is_found_out(stack, tmp_path):
    file = stations(tmp_path / "stations.csv", rate=-0.10)
    found = motion_check(stack, file, tmp_path / "out", reference="BASE")
    assert found.stations["PIT"].bias == pytest.approx(0.05 * np.cos(np.deg2rad(INCIDENCE)), abs=0.003)


def test_stations_off_the_map_are_set_aside_and_none_at_all_is_refused(stack, tmp_path):
    file = stations(tmp_path / "stations.csv", lat=10.0)
    with pytest.raises(InputError, match=r"no station could be compared:\n  BASE: it lies at .* off the radar's map"):
        motion_check(stack, file, tmp_path / "out")


def test_a_reference_station_off_the_map_is_named(stack, tmp_path):
    file = stations(tmp_path / "stations.csv", lat=10.0)
    with pytest.raises(InputError, match=r"station BASE cannot be the reference: it lies at .* off the radar's map"):
        motion_check(stack, file, tmp_path / "out", reference="BASE")


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"date": "soon"}, {}, "row 1 holds what is no date or number"),
        ({}, {"reference": "ELSEWHERE"}, "has no station 'ELSEWHERE'; it has BASE, PIT"),
    ],
)
def test_what_cannot_be_used_is_said(stack, tmp_path, changes, options, message):
    with pytest.raises(InputError, match=message):
        motion_check(stack, stations(tmp_path / "s.csv", **changes), tmp_path / "out", **options)


def test_gnss_needs_the_heading_and_files_must_be_there(stack, tmp_path):
    with pytest.raises(InputError, match="give --heading"):
        motion_check(stack, stations(tmp_path / "s.csv", gnss=True), tmp_path / "out")
    with pytest.raises(MissingInputError, match="no stations at"):
        motion_check(stack, tmp_path / "none.csv", tmp_path / "out")
    pd.read_csv(tmp_path / "s.csv").drop(columns="up").to_csv(tmp_path / "s.csv", index=False)
    with pytest.raises(InputError, match="it lacks height"):
        motion_check(stack, tmp_path / "s.csv", tmp_path / "out")


@pytest.fixture(scope="module")
def looking(tmp_path_factory):
    """East moves by 40 mm a year and the rest stands still; look vectors steepen to the east and are alone known."""
    days = pd.date_range("2021-01-03", periods=50, freq="12D")
    years = ((days - days[0]).days.to_numpy() / 365.25)[:, None, None]
    coordinates = odc.geo.xr.xr_coords(GRID, dims=("y", "x")) | {"epoch": days.to_numpy()}
    incidence = xr.DataArray(np.tile(np.linspace(46.0, 30.0, 40), (40, 1)), dims=("y", "x"))
    look = los_layer(incidence, heading_deg=-12.0).astype("f4")
    moved = (0.04 * years * look.sel(component="east").values).astype("f4")
    layers = xr.Dataset({"displacement": (("epoch", "y", "x"), moved), "los_enu": look}, coords=coordinates)
    path = tmp_path_factory.mktemp("looking") / "displacement.zarr"
    write_zarr(layers.assign_coords(component=look["component"].astype(object)), path)
    return path


def eastward(path):
    """GNSS stations that move east by 40 mm a year."""
    table = pd.read_csv(stations(path, gnss=True, rate=0.0))
    table["east"] = 0.04 * (pd.to_datetime(table["date"]) - pd.Timestamp("2021-01-03")).dt.days / 365.25
    table.to_csv(path, index=False)
    return path


def test_look_vectors_of_the_product_are_used_at_each_station_and_told(looking, tmp_path):
    told = []
    found = motion_check(looking, eastward(tmp_path / "s.csv"), tmp_path / "out", say=told.append)
    assert [one.rms for one in found.stations.values()] == pytest.approx([0.0, 0.0], abs=1e-5)
    assert [one.bias for one in found.stations.values()] == pytest.approx([0.0, 0.0], abs=1e-5)
    facts = json.loads((tmp_path / "out" / "motion_check.json").read_text())
    assert facts["line_of_sight"] == ["both angles from the product's look vectors there"]
    assert told[-1] == "line of sight: both angles from the product's look vectors there"
    table = pd.read_csv(tmp_path / "out" / "motion_check.csv").set_index("station")
    incidence = 46.0 - 16.0 * np.array([3, 20]) / 39.0  # in columns 3 and 20
    assert np.rad2deg(np.arccos(table.loc[["BASE", "PIT"], "to_satellite_up"])).to_numpy() == pytest.approx(
        incidence, abs=0.01
    )


def test_an_angle_that_is_given_overrules_the_look_vectors_and_is_told(looking, tmp_path):
    given = Angles(incidence_deg=20.0)
    found = motion_check(looking, eastward(tmp_path / "s.csv"), tmp_path / "out", reference="BASE", given=given)
    assert set(found.sights) == {"BASE", "PIT"}
    unit = found.sights["PIT"].unit
    assert np.rad2deg(np.arccos(unit[2])) == pytest.approx(20.0)
    assert np.rad2deg(np.arctan2(unit[1], -unit[0])) == pytest.approx(-12.0, abs=0.01)
    facts = json.loads((tmp_path / "out" / "motion_check.json").read_text())
    (told,) = facts["line_of_sight"]
    assert told.startswith("incidence angle from --incidence 20, which overrules the product; heading from")
    assert told.endswith("the product's look vectors there")


def test_where_look_vectors_are_missing_the_scene_s_angle_stands_in_and_is_told(looking, tmp_path):
    layers = read_zarr(looking).load().drop_encoding()
    layers["los_enu"][:, 30:, :] = np.nan
    layers["los_enu"][:, :, 15:25] = np.nan
    gap = write_zarr(layers.assign_attrs(incidence_deg=38.0), tmp_path / "gap.zarr")
    found = motion_check(gap, stations(tmp_path / "s.csv"), tmp_path / "out")
    assert found.sights["PIT"].unit[2] == pytest.approx(np.cos(np.deg2rad(38.0)))
    facts = json.loads((tmp_path / "out" / "motion_check.json").read_text())
    assert facts["line_of_sight"] == [
        "BASE: both angles from the product's look vectors there",
        "PIT: incidence angle from the product, for the whole scene",
    ]
    with pytest.raises(InputError, match="PIT: the product does not say its incidence angle"):
        motion_check(
            write_zarr(layers.isel(y=slice(20, None)), tmp_path / "none.zarr"),
            stations(tmp_path / "s.csv"),
            tmp_path / "out",
        )


def test_a_product_without_any_angle_takes_what_is_given(stack, tmp_path):
    bare = write_zarr(read_zarr(stack).load().drop_encoding().drop_attrs(deep=False), tmp_path / "bare.zarr")
    file = stations(tmp_path / "s.csv")
    with pytest.raises(InputError, match=r"^the product does not say its incidence angle; give --incidence"):
        motion_check(bare, file, tmp_path / "out")
    found = motion_check(bare, file, tmp_path / "out", reference="BASE", given=Angles(incidence_deg=INCIDENCE))
    assert found.stations["PIT"].bias == pytest.approx(0.0, abs=0.003)
    assert found.sights["PIT"].origin == "incidence angle from --incidence 39"
