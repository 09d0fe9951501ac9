import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.errors import GridError, InputError, StackError
from highwall.insar.corrections.coarse import (
    CoarseField,
    Places,
    cos_incidence,
    line_of_sight,
    mean_at_reference,
    places_of,
)
from highwall.insar.geometry import los_enu
from tests.insar.series import make_scene

LONGITUDE, LATITUDE = np.linspace(116.9, 117.2, 7), np.linspace(36.0, 36.3, 5)
SCENE = make_scene(np.zeros((2, 6, 9)), np.array([0, 12]))


def bilinear_field():
    """Values that are linear along each axis and twisted: bilinear reading is exact."""
    x, y = np.meshgrid(LONGITUDE - 117.0, LATITUDE - 36.0)
    return xr.DataArray(
        np.stack([1.0 + 2.0 * x - y + 3.0 * x * y, -x]),
        dims=("epoch", "latitude", "longitude"),
        coords={"latitude": LATITUDE, "longitude": LONGITUDE},
    )


def test_bilinear_values_are_read_exactly_between_nodes():
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(116.9, 117.2, (4, 5)), rng.uniform(36.0, 36.3, (4, 5))
    found = CoarseField.of(bilinear_field()).at(Places(lon, lat))
    x, y = lon - 117.0, lat - 36.0
    assert_allclose(found, [1.0 + 2.0 * x - y + 3.0 * x * y, -x], atol=1e-12)


def test_the_outermost_nodes_belong_to_the_field_and_beyond_is_nan():
    field = CoarseField.of(bilinear_field())
    corners = Places(np.array([[116.9, 117.2, 117.2001]]), np.array([[36.0, 36.3, 36.3]]))
    assert_allclose(field.at(corners)[1], [[0.1, -0.2, np.nan]], atol=1e-12)


def test_axes_may_run_either_way():
    array = bilinear_field()
    one, other = (CoarseField.of(a) for a in (array, array.isel(latitude=slice(None, None, -1))))
    assert_array_equal(one.values, other.values)


def test_other_dims_are_refused():
    with pytest.raises(InputError, match="expected"):
        CoarseField.of(bilinear_field().rename(latitude="y"))


def test_places_come_from_the_crs():
    """Easting 500 km is the central meridian of zone 50, 117° E; 4,000 km north of the equator is 36.14° N."""
    places = places_of(SCENE)
    assert_allclose(places.longitude[:, 0], 117.0, atol=1e-3)
    assert (np.diff(places.longitude, axis=1) > 0).all()
    assert (np.diff(places.latitude, axis=0) < 0).all()
    assert_allclose(places.latitude, 36.144, atol=0.01)


def test_places_of_one_pixel_are_those_in_the_scene():
    one = places_of(SCENE.isel(y=[2], x=[3]))
    whole = places_of(SCENE)
    assert_array_equal(one.longitude, whole.longitude[2:3, 3:4])
    assert_array_equal(one.latitude, whole.latitude[2:3, 3:4])


def test_places_of_radar_coordinates_are_their_layers():
    lon, lat = np.full((6, 9), 117.05), np.full((6, 9), 36.1)
    radar = SCENE.drop_vars("spatial_ref").assign_coords(latitude=(("y", "x"), lat), longitude=(("y", "x"), lon))
    assert_array_equal(places_of(radar).longitude, lon)


def test_a_block_without_place_is_refused():
    with pytest.raises(GridError, match="geocode it"):
        places_of(xr.Dataset({"height": SCENE["height"].drop_vars(["x", "y", "spatial_ref"]).drop_attrs()}))


def test_the_look_comes_from_vectors_or_angles():
    vector = los_enu(39.0, heading_deg=-12.0)
    layer = xr.DataArray(np.broadcast_to(vector[:, None, None], (3, 6, 9)), dims=("component", "y", "x"),
                         coords={"component": ["east", "north", "up"]})  # fmt: skip
    by_vector = SCENE.assign(los_enu=layer)
    by_vector.attrs = {}
    assert_allclose(cos_incidence(by_vector), cos_incidence(SCENE))
    assert_allclose(line_of_sight(by_vector), np.broadcast_to(line_of_sight(SCENE), (3, 6, 9)))


def test_an_unknown_look_is_asked_for_by_name():
    blind = SCENE.copy()
    blind.attrs = {}
    with pytest.raises(StackError, match="incidence_deg"):
        cos_incidence(blind)
    with pytest.raises(StackError, match="incidence_deg and heading_deg"):
        line_of_sight(blind)


def test_the_reference_must_have_a_value():
    layer = np.array([[[1.0, np.nan, 3.0], [9.0, np.nan, 9.0]]])
    counted = np.array([[[0.0, 0.0, 0.0], [np.nan, np.nan, np.nan]]])
    anchor = xr.Dataset({"displacement": (("epoch", "y", "x"), counted)})
    assert_array_equal(mean_at_reference(layer, anchor, what="it"), [2.0])
    with pytest.raises(InputError, match="it has no value at the reference"):
        mean_at_reference(layer * np.nan, anchor, what="it")
