import geopandas as gpd
import numpy as np
import odc.geo.xr
import pytest
import shapely
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from shapely.affinity import translate

from highwall.activity.deformation import COLUMNS, MOTION_CLASSES, classify_motion, exceedance
from highwall.activity.options import ActivityOptions
from highwall.core.grid import GeoBox

from .tables import UTM, motion, patches, square

OPTIONS = ActivityOptions(radius_m=0.0)
WHOLE = square(0, -1000, 1000)  # all 10 × 10 pixels


def field(value: float = 0.0) -> np.ndarray:
    return np.full((10, 10), value)


@given(velocity=st.floats(-0.5, 0.5), std=st.floats(1e-4, 0.1), bound=st.floats(1e-3, 0.05))
def test_exceedance_is_that_of_the_normal_distribution(velocity: float, std: float, bound: float):
    up, down = exceedance(np.array([velocity]), np.array([std]), bound=bound)
    np.testing.assert_allclose(up, norm.sf(bound, loc=velocity, scale=std), rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(down, norm.cdf(-bound, loc=velocity, scale=std), rtol=1e-9, atol=1e-300)


def test_exceedance_of_exact_and_missing_rates():
    velocity = np.array([0.01, 0.0, -0.01, np.nan], "f4")
    up, down = exceedance(velocity, np.zeros(4, "f4"), bound=0.005)
    np.testing.assert_array_equal(up, [1, 0, 0, np.nan])
    np.testing.assert_array_equal(down, [0, 0, 1, np.nan])


@pytest.mark.parametrize(
    ("velocity", "std", "name"),
    [
        (0.02, 0.001, "uplift"),
        (-0.02, 0.001, "subsidence"),
        (0.004, 0.0001, "none"),  # certain, and slower than the bound
        (0.0066, 0.001, "none"),  # 1.6 standard errors past the bound: 94.5 %
        (0.0067, 0.001, "uplift"),  # 1.7: 95.5 %
        (-0.02, 0.02, "none"),
        (np.nan, 0.001, "not_measured"),
    ],
)
def test_a_patch_takes_the_class_of_its_pixels(velocity: float, std: float, name: str):
    (row,) = classify_motion(patches(WHOLE), motion(field(velocity), std=std), options=OPTIONS).itertuples()
    assert row.motion_class == name
    assert row.n_motion_pixels == (0 if np.isnan(velocity) else 100)


def test_the_strongest_cluster_wins_and_the_papers_rule_counts_pixels():
    velocity = field()
    velocity[0, :] = 0.02  # ten pixels, 0.2
    velocity[1, :6] = -0.05  # six pixels, 0.3
    velocity[9, :] = np.nan
    (row,) = classify_motion(patches(WHOLE), motion(velocity), options=OPTIONS).itertuples()
    assert (row.motion_class, row.paper_class) == ("subsidence", "uplift")
    assert (row.share_up, row.share_down) == (pytest.approx(10 / 90), pytest.approx(6 / 90))
    assert row.share_still == pytest.approx(74 / 90)
    assert row.n_motion_pixels == 90
    assert (row.cluster_velocity, row.cluster_m2) == (pytest.approx(-0.05), pytest.approx(6 * 100.0**2, rel=2e-3))
    assert (row.p_up, row.p_down) == (pytest.approx(1.0), pytest.approx(1.0))


def test_a_cluster_in_reach_of_two_patches_counts_for_both_and_is_said_to_be_nearest_to_one():
    velocity = field()
    velocity[4:6, 1:4] = -0.05
    table = patches(square(0, -1000, 400), square(600, -1000, 400))
    found = classify_motion(table, motion(velocity), options=ActivityOptions(radius_m=500.0))
    assert found["motion_class"].tolist() == ["subsidence", "subsidence"]
    assert found["cluster_patch"].tolist() == ["P001", "P001"]


def test_a_rate_whose_error_is_large_has_a_probability_of_its_own():
    (row,) = classify_motion(patches(WHOLE), motion(field(-0.02), std=0.008), options=OPTIONS).itertuples()
    assert row.p_down == pytest.approx(norm.cdf((0.02 - 0.005) / 0.008), abs=1e-6)


def test_a_rate_without_an_error_is_no_measurement():
    (row,) = classify_motion(patches(WHOLE), motion(field(-0.1), std=np.nan), options=OPTIONS).itertuples()
    assert (row.motion_class, row.paper_class, row.n_motion_pixels) == ("not_measured", "not_measured", 0)
    assert row.share_still == 0.0


def test_patches_beyond_the_grid_are_not_measured():
    (row,) = classify_motion(patches(square(50_000, 0, 300)), motion(field(-0.02)), options=OPTIONS).itertuples()
    assert row.motion_class == row.paper_class == "not_measured"


def test_the_papers_count_of_228_patches_comes_out():
    """A constructed region: 22 patches rise, 38 sink, 4 lost coherence, 164 stay, 1.5 km from one another."""
    kinds = ["uplift"] * 22 + ["subsidence"] * 38 + ["decorrelated"] * 4 + ["none"] * 164
    side, step = 16, 15  # patches in a row; pixels of 100 m from one to the next
    velocity, lost = np.zeros((side * step, side * step)), np.zeros((side * step, side * step), bool)
    ground = []
    for number, kind in enumerate(kinds):
        row, col = (step * place + 5 for place in divmod(number, side))
        here = (slice(row, row + 3), slice(col, col + 3))
        velocity[here] = {"uplift": 0.012, "subsidence": -0.014}.get(kind, 0.002)
        lost[here] = kind == "decorrelated"
        ground.append(square(100.0 * col, -100.0 * (row + 3), 300.0))
    found = classify_motion(patches(*ground), motion(velocity, decorrelated=lost), options=ActivityOptions())
    assert found["motion_class"].tolist() == kinds
    assert found["paper_class"].tolist() == kinds


def test_the_fastest_point_is_where_it_is():
    velocity = field()
    velocity[3, 7] = -0.05
    velocity[0, :4] = -0.02
    (row,) = classify_motion(patches(WHOLE), motion(velocity), options=OPTIONS).itertuples()
    assert row.fastest_velocity == pytest.approx(-0.05)
    assert (row.fastest_x, row.fastest_y) == (500_750.0, 4_989_650.0)


@pytest.mark.parametrize(("pixels", "name"), [(3, "none"), (4, "subsidence")])
def test_a_few_pixels_make_no_motion(pixels: int, name: str):
    velocity = field()
    velocity[0, :pixels] = -0.05
    (row,) = classify_motion(patches(WHOLE), motion(velocity), options=OPTIONS).itertuples()
    assert row.motion_class == name


@pytest.mark.parametrize(("rows", "name"), [(5, "decorrelated"), (4, "subsidence")])
def test_lost_coherence_on_its_own_ground_is_a_class(rows: int, name: str):
    lost = np.zeros((10, 10), bool)
    lost[:rows] = True
    (row,) = classify_motion(patches(WHOLE), motion(field(-0.05), decorrelated=lost), options=OPTIONS).itertuples()
    assert row.motion_class == name
    assert row.share_decorrelated == rows / 10
    assert row.n_motion_pixels == 100 - 10 * rows  # decorrelated pixels are not measured


def test_a_little_lost_coherence_beside_missing_pixels_is_not_stillness():
    lost = np.zeros((10, 10), bool)
    lost[0, :5] = True
    velocity = field(np.nan)
    (row,) = classify_motion(patches(WHOLE), motion(velocity, decorrelated=lost), options=OPTIONS).itertuples()
    assert row.motion_class == "not_measured"
    assert row.share_decorrelated == 0.05


def test_a_pixel_near_two_patches_counts_for_both():
    velocity = field()
    velocity[4:6, 4:6] = -0.05  # 400 to 600 m east
    two = patches(square(0, -1000, 300, 1000), square(700, -1000, 300, 1000))
    near = classify_motion(two, motion(velocity), options=OPTIONS.model_copy(update={"radius_m": 310.0}))
    assert near["motion_class"].tolist() == ["subsidence", "subsidence"]
    far = classify_motion(two, motion(velocity), options=OPTIONS)
    assert far["motion_class"].tolist() == ["none", "none"]


def test_a_patch_thinner_than_a_pixel_takes_those_that_it_touches():
    sliver = patches(square(101, -1000, 5, 1000))
    (row,) = classify_motion(sliver, motion(field(0.02)), options=OPTIONS).itertuples()
    assert (row.motion_class, row.n_motion_pixels) == ("uplift", 10)


def test_a_patch_beyond_the_map_is_not_measured():
    (row,) = classify_motion(patches(square(5000, 5000, 100)), motion(field(0.02)), options=OPTIONS).itertuples()
    assert row.motion_class == "not_measured"


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32634"])
def test_motion_may_lie_in_another_crs(crs: str):
    rates = motion(field(0.02), crs=crs)
    (row,) = classify_motion(patches(square(200, -800, 600)), rates, options=OPTIONS).itertuples()
    assert row.motion_class == "uplift"
    assert row.n_motion_pixels == pytest.approx(36, rel=0.35)  # pixels of about 100 m, turned against the patch
    assert float(rates.x.min()) <= row.fastest_x <= float(rates.x.max())


def test_on_a_grid_in_degrees_the_nearest_patch_is_nearest_in_metres():
    """At 60° north a degree of longitude is half one of latitude: 350 m east is more degrees than 470 m north."""
    place = GeoBox.from_bbox((14.98, 59.98, 15.04, 60.02), "EPSG:4326", resolution=0.0005)
    layers = xr.Dataset(coords=odc.geo.xr.xr_coords(place, dims=("y", "x")))
    x, y = np.meshgrid(layers["x"].values, layers["y"].values)
    velocity = np.where((np.abs(x - 15.0) < 0.001) & (np.abs(y - 60.0) < 0.001), -0.1, 0.0)
    values = {"velocity_vertical": velocity, "velocity_vertical_std": np.full_like(velocity, 0.001)}
    values["decorrelated"] = np.zeros(velocity.shape, bool)
    layers = layers.assign({name: (("y", "x"), layer) for name, layer in values.items()})
    middle = gpd.GeoSeries([shapely.Point(15.0, 60.0)], crs="EPSG:4326").to_crs(UTM).iloc[0]
    ground = middle.buffer(50)
    ground = [translate(ground, yoff=470), translate(ground, xoff=350)]
    table = gpd.GeoDataFrame({"patch_id": ["north", "east"]}, geometry=ground, crs=UTM)
    found = classify_motion(table, layers, options=ActivityOptions(radius_m=500.0))
    assert found["cluster_patch"].tolist() == ["east", "east"]


def test_without_motion_nothing_is_measured():
    found = classify_motion(patches(WHOLE), None, options=OPTIONS)
    assert found["motion_class"].tolist() == ["not_measured"]
    assert set(found.columns) >= set(COLUMNS)
    assert found["fastest_velocity"].isna().all()


@pytest.mark.parametrize("rates", [None, motion(field())])
def test_an_empty_table_gets_every_column(rates):
    found = classify_motion(patches(), rates, options=OPTIONS)
    assert found.empty
    assert set(found.columns) >= set(COLUMNS)
    assert found.crs == UTM


def test_classes_are_those_that_are_listed():
    assert MOTION_CLASSES == ("uplift", "subsidence", "decorrelated", "none", "not_measured")
