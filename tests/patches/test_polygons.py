import numpy as np
import pytest
import shapely
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasterio.features import rasterize
from scipy import ndimage

from highwall.core.errors import ConfigError, GridError, InputError
from highwall.patches.options import PatchOptions
from highwall.patches.polygons import find_patches, label_patches, mine_probability

from .maps import PIXEL_M2, drawn, grid, probability

BARE = PatchOptions(threshold=0.5, seed=0.5, min_area_m2=0.0, max_hole_m2=0.0)
COLUMNS = [
    "patch_id", "mine_class", "probability_mean", "probability_max", "area_m2", "perimeter_m", "geometry", "veto_share",
]  # fmt: skip


def options(**changes: object) -> PatchOptions:
    return BARE.model_copy(update=changes)


def test_mine_probability_is_all_but_none_and_missing_stays_missing():
    mine = mine_probability(probability(drawn("#.? +#.")))
    np.testing.assert_allclose(mine.values, drawn("#.? +#."), rtol=1e-12)


def test_pixels_from_the_threshold_on_belong():
    mine = np.array([[0.49999, 0.5, 0.50001]])
    assert label_patches(mine, pixel_m2=PIXEL_M2, options=BARE).tolist() == [[0, 1, 1]]


def test_diagonal_pixels_are_two_patches():
    found = find_patches(probability(drawn("#. .#")), options=BARE)
    assert found.kept["area_m2"].tolist() == [100.0, 100.0]
    assert found.kept["perimeter_m"].tolist() == [40.0, 40.0]


RING = "..... .###. .#.#. .###. ....."


@pytest.mark.parametrize(("max_hole_m2", "holes", "area"), [(0, 1, 800), (99, 1, 800), (100, 0, 900), (5000, 0, 900)])
def test_holes_are_filled_up_to_their_bound_and_kept_beyond_it(max_hole_m2: float, holes: int, area: float):
    mine = np.pad(drawn(RING), 30, constant_values=0.1)
    (patch,) = find_patches(probability(mine), options=options(max_hole_m2=max_hole_m2)).kept.itertuples()
    assert len(patch.geometry.interiors) == holes
    assert patch.area_m2 == patch.geometry.area == area


def test_missing_pixels_are_never_filled():
    mine = np.pad(drawn("##### ##?## #####"), 30, constant_values=0.1)
    (patch,) = find_patches(probability(mine), options=options(max_hole_m2=5000)).kept.itertuples()
    assert patch.area_m2 == 1400


@pytest.mark.parametrize(("min_area_m2", "left"), [(0, 2), (300, 2), (301, 1), (400, 1), (401, 0)])
def test_patches_below_the_smallest_area_go(min_area_m2: float, left: int):
    mine = drawn("####. ..... ###..")
    assert len(find_patches(probability(mine), options=options(min_area_m2=min_area_m2)).kept) == left


@given(
    mine=arrays("f8", (9, 11), elements=st.sampled_from([0.1, 0.4, 0.5, 0.6, 0.9, float("nan")])),
    min_pixels=st.integers(0, 6),
    max_hole=st.integers(0, 4),
)
@settings(max_examples=80, deadline=None)
def test_patches_partition_the_cleaned_mine_ground(mine: np.ndarray, min_pixels: int, max_hole: int):
    chosen = options(min_area_m2=min_pixels * PIXEL_M2, max_hole_m2=max_hole * PIXEL_M2)
    labels = label_patches(mine, pixel_m2=PIXEL_M2, options=chosen)
    found = find_patches(probability(mine), options=chosen)
    everything = [*found.kept.geometry, *found.dropped.geometry]
    assert all(polygon.is_valid for polygon in everything)
    areas = sorted(polygon.area for polygon in everything)
    assert areas == sorted(np.bincount(labels.ravel())[1:] * PIXEL_M2)
    assert shapely.union_all(everything).area == pytest.approx(sum(areas))
    assert not (labels[np.isnan(mine)] > 0).any()
    assert min(areas, default=np.inf) >= min_pixels * PIXEL_M2
    burnt = rasterize(
        [(polygon, 1) for polygon in everything] or [(shapely.Point(0, 0), 0)],
        mine.shape,
        transform=grid(9, 11).transform,
    )
    np.testing.assert_array_equal(burnt > 0, labels > 0)
    _, parts = ndimage.label(labels > 0)
    assert parts == len(everything)


def test_without_cleaning_patches_are_the_thresholded_pixels():
    mine = np.random.default_rng(0).random((40, 50))
    found = find_patches(probability(mine), options=BARE)
    assert found.dropped.empty
    assert found.kept["area_m2"].sum() == (mine >= 0.5).sum() * PIXEL_M2


def test_a_patch_without_a_seed_is_dropped_with_its_reason():
    found = find_patches(probability(drawn("++.## ++.++")), options=options(seed=0.7))
    assert found.kept["area_m2"].tolist() == [400.0]
    assert found.kept["probability_max"].tolist() == pytest.approx([0.9])
    assert found.dropped["reason"].tolist() == ["its highest probability 0.60 stays below 0.70"]
    assert found.dropped["patch_id"].tolist() == ["D001"]


def cover(codes: list[list[int]]) -> xr.DataArray:
    like = probability(np.zeros((len(codes), len(codes[0])))).isel(band=0, drop=True)
    return like.copy(data=np.array(codes, "f4"))


@pytest.mark.parametrize(
    ("codes", "share", "is_kept"), [([10, 10, 50, 50], 0.5, True), ([10, 50, 40, 80], 0.75, False)]
)
def test_a_patch_mostly_on_vetoed_land_cover_is_dropped(codes: list[int], share: float, is_kept: bool):
    found = find_patches(probability(drawn("####")), options=BARE, land_cover=cover([codes]))
    table = found.kept if is_kept else found.dropped
    assert table["veto_share"].tolist() == [share]
    if not is_kept:
        assert table["reason"].tolist() == ["75 % of it is built_up or cropland or permanent_water"]


def test_land_cover_without_data_vetoes_nothing():
    found = find_patches(probability(drawn("####")), options=BARE, land_cover=cover([[np.nan] * 4]))
    assert found.kept["veto_share"].tolist() == [0.0]


def test_a_veto_of_no_class_is_a_config_error():
    with pytest.raises(ConfigError, match=r"'built-up', no class of the land-cover map, .*; did you mean 'built_up'\?"):
        find_patches(probability(drawn("#")), options=options(veto=("built-up",)))


def test_land_cover_on_another_grid_is_refused():
    with pytest.raises(GridError, match="resample one"):
        find_patches(probability(drawn("###")), options=BARE, land_cover=cover([[10, 10]]))


def test_degrees_are_refused():
    with pytest.raises(GridError, match="projected CRS in metres"):
        find_patches(probability(drawn("## ##"), crs="EPSG:4326"), options=BARE)


def test_other_dims_are_refused():
    with pytest.raises(InputError, match="probability has dims"):
        find_patches(probability(drawn("##")).rename(band="class"), options=BARE)


@pytest.mark.parametrize("picture", ["...", "???", "+.."])
def test_tables_without_a_patch_have_every_column(picture: str):
    found = find_patches(probability(drawn(picture)), options=options(seed=0.7))
    assert found.kept.empty
    assert found.kept.columns.tolist() == COLUMNS
    assert found.dropped.columns.tolist() == [*COLUMNS, "reason"]
    assert found.kept.crs == found.dropped.crs == "EPSG:32633"
    assert found.kept.groupby("mine_class")["area_m2"].sum().empty


def test_patches_are_numbered_from_the_largest_on_and_lie_where_their_pixels_do():
    found = find_patches(probability(drawn("#.. ... .##")), options=BARE).kept
    assert found["patch_id"].tolist() == ["P001", "P002"]
    assert found["area_m2"].tolist() == [200.0, 100.0]
    assert found.geometry[0].bounds == (500_010, 4_989_970, 500_030, 4_989_980)
    assert found.columns.tolist() == COLUMNS


def test_the_most_probable_mine_class_on_average_names_a_patch():
    industrial = np.array([[0.9, 0.9, 0.1, 0.5, 0.2, 0.2]])
    mine = np.array([[0.9, 0.9, 0.9, 0.1, 0.8, 0.6]])
    found = find_patches(probability(mine, industrial=industrial), options=BARE).kept
    assert found["mine_class"].tolist() == ["industrial_mine", "artisanal_mine"]
    assert found["probability_mean"].tolist() == pytest.approx([0.9, 0.7])
    assert found["probability_max"].tolist() == pytest.approx([0.9, 0.8])
