import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from highwall.core.errors import GridError, InputError
from highwall.insar.decomposition import NO_NORTHWARD, decompose
from highwall.insar.geometry import los_enu, los_layer

GRID = GeoBox.from_bbox((500_000, 5_000_000, 500_060, 5_000_045), "EPSG:32633", resolution=15)
ASCENDING, DESCENDING = {"incidence_deg": 39.0, "heading_deg": -12.0}, {"incidence_deg": 34.0, "heading_deg": -168.0}


def on_grid(values, grid=GRID):
    return xr.DataArray(np.broadcast_to(values, grid.shape), coords=xr_coords(grid, dims=("y", "x")), dims=("y", "x"))


def track(motion_enu, attrs, *, std=1e-3, grid=GRID):
    """What one orbit sees of a motion (east, north, up) that may vary over the grid."""
    los = los_enu(attrs["incidence_deg"], heading_deg=attrs["heading_deg"])
    seen = sum(part * share for part, share in zip(motion_enu, los, strict=True))
    return xr.Dataset({"velocity": on_grid(seen, grid), "velocity_std": on_grid(std, grid)}, attrs=attrs)


def test_two_orbits_recover_a_planted_motion():
    east = on_grid(np.linspace(-0.05, 0.05, GRID.shape.x)[None, :])
    up = on_grid(np.linspace(-0.2, 0.1, GRID.shape.y)[:, None])
    planted = (east, 0.0, up)
    found = decompose(track(planted, ASCENDING), track(planted, DESCENDING))
    assert_allclose(found["velocity_up"], up, atol=1e-7)  # float32 of 0.2
    assert_allclose(found["velocity_east"], east, atol=1e-7)
    assert all(found[name].attrs["assumption"] == NO_NORTHWARD for name in found)


def test_the_line_of_sight_may_vary_over_the_scene():
    incidence = on_grid(np.linspace(30.0, 45.0, GRID.shape.x)[None, :])
    up = -0.1
    tracks = []
    for attrs in (ASCENDING, DESCENDING):
        los = los_layer(incidence, heading_deg=attrs["heading_deg"])
        tracks.append(
            xr.Dataset({"velocity": up * los.sel(component="up"), "velocity_std": on_grid(1e-3), "los_enu": los})
        )
    found = decompose(*tracks)
    assert_allclose(found["velocity_up"], up, atol=1e-7)
    assert_allclose(found["velocity_east"], 0.0, atol=1e-7)


def test_northward_motion_leaks_into_the_vertical_as_documented():
    found = decompose(*(track((0.0, 0.1, 0.0), {**attrs, "incidence_deg": 39.0}) for attrs in (ASCENDING, DESCENDING)))
    _, north, up = los_enu(39.0, heading_deg=-12.0)
    assert_allclose(found["velocity_up"], 0.1 * north / up, atol=1e-7)
    assert_allclose(found["velocity_east"], 0.0, atol=1e-7)
    assert north / up == pytest.approx(-0.17, abs=0.005)


def test_standard_errors_are_those_of_repeated_noise():
    rng = np.random.default_rng(4)
    std = {"a": 2e-3, "d": 5e-3}
    grid = GeoBox.from_bbox((0, 0, 1500, 1500), "EPSG:32633", resolution=15)
    noisy = []
    for (_, sigma), attrs in zip(std.items(), (ASCENDING, DESCENDING), strict=True):
        clean = track((0.01, 0.0, -0.02), attrs, std=sigma, grid=grid)
        noisy.append(clean.assign(velocity=clean["velocity"] + sigma * rng.standard_normal(grid.shape)))
    found = decompose(*noisy)
    for name, truth in (("velocity_up", -0.02), ("velocity_east", 0.01)):
        score = (found[name] - truth) / found[f"{name}_std"]
        assert float(score.std()) == pytest.approx(1.0, abs=0.03)  # 10⁴ draws: 3 standard errors are 0.021


def test_a_third_track_is_weighted_by_its_error():
    planted = (0.01, 0.0, -0.02)
    good = [track(planted, attrs) for attrs in (ASCENDING, DESCENDING)]
    wrong = track((0.5, 0.0, 0.5), {"incidence_deg": 44.0, "heading_deg": -12.0}, std=10.0)
    found = decompose(*good, wrong)
    assert_allclose(found["velocity_up"], -0.02, atol=1e-6)
    three = decompose(*good, track(planted, {"incidence_deg": 44.0, "heading_deg": -12.0}))
    assert (three["velocity_up_std"] < decompose(*good)["velocity_up_std"]).all()


def test_a_pixel_that_one_orbit_missed_is_missing():
    ascending, descending = (track((0.0, 0.0, 1.0), attrs) for attrs in (ASCENDING, DESCENDING))
    gappy = descending.assign(velocity=descending["velocity"].where(descending["x"] > descending["x"][0]))
    found = decompose(ascending, gappy)["velocity_up"]
    assert found[:, 0].isnull().all()
    assert found[:, 1:].notnull().all()


def test_the_pixel_of_the_reference_has_no_error_and_is_solved():
    tracks = [track((0.0, 0.0, 0.0), attrs, std=0.0) for attrs in (ASCENDING, DESCENDING)]
    assert_allclose(decompose(*tracks)["velocity_up"], 0.0, atol=1e-12)


def test_two_tracks_of_one_direction_are_refused():
    alike = {"incidence_deg": 38.0, "heading_deg": -12.5}
    with pytest.raises(InputError, match="one ascending and one descending"):
        decompose(track((0.0, 0.0, 1.0), ASCENDING), track((0.0, 0.0, 1.0), alike))


def test_other_grids_and_missing_layers_are_named():
    moved = GRID.translate_pix(1, 0)
    ascending = track((0.0, 0.0, 1.0), ASCENDING)
    with pytest.raises(GridError, match="resample"):
        decompose(ascending, track((0.0, 0.0, 1.0), DESCENDING, grid=moved))
    with pytest.raises(InputError, match="track 2 has no 'velocity_std'"):
        decompose(ascending, track((0.0, 0.0, 1.0), DESCENDING).drop_vars("velocity_std"))
    with pytest.raises(InputError, match="track 1: the line of sight is unknown"):
        decompose(ascending.drop_attrs(deep=False), track((0.0, 0.0, 1.0), DESCENDING))


def test_grids_that_differ_by_rounding_are_one():
    planted = (0.01, 0.0, -0.02)
    descending = track(planted, DESCENDING)
    rounded = descending.assign_coords(x=descending["x"] * (1 + 1e-12))
    assert_allclose(decompose(track(planted, ASCENDING), rounded)["velocity_up"], -0.02, atol=1e-7)
    assert decompose(track(planted, ASCENDING), rounded)["velocity_up"].shape == GRID.shape
