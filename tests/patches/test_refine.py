import geopandas as gpd
import numpy as np
import pytest
import shapely
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from odc.geo.geom import box
from rasterio.features import rasterize
from scipy import ndimage

from highwall.core.errors import ConfigError, GridError, InputError
from highwall.patches.attributes import COLUMNS
from highwall.patches.evidence import Surroundings
from highwall.patches.options import RefineOptions
from highwall.patches.refine import refine_patches

from .maps import PIXEL_M2, drawn, grid, probability

EVERY_COLUMN = {"patch_id", *COLUMNS, "veto_share", "known_share", "n_segments", "road_m2", "reason"} - {"label"}
BARE = RefineOptions(cut=0.5, min_area_m2=0, max_hole_m2=0, road_width_m=0)


def segments(labels: list[list[int]] | np.ndarray) -> xr.DataArray:
    array = np.asarray(labels, dtype="i4")
    return probability(np.zeros(array.shape)).isel(band=0, drop=True).copy(data=array)


QUARTERS = segments(np.kron([[1, 2], [3, 4]], np.ones((2, 3), int)))


def refined(picture: str, labels: xr.DataArray = QUARTERS, **changes):
    around = changes.pop("around", None)
    references = changes.pop("references", None)
    options = BARE.model_copy(update=changes)
    return refine_patches(probability(drawn(picture)), labels, options=options, references=references, around=around)


def test_segments_that_the_prediction_fills_become_one_patch_with_their_boundary():
    found = refined("##.... ##..#. #####. ......")
    (patch,) = found.kept.itertuples()
    assert patch.geometry.equals(shapely.box(500_000, 4_989_960, 500_030, 4_990_000))
    assert (patch.patch_id, patch.area_m2, patch.n_segments) == ("P001", 1200.0, 2)
    assert patch.mine_class == "industrial_mine"
    assert patch.reason == "2 segments; 58 % of the patch was predicted"
    assert set(found.kept.columns) == set(found.dropped.columns) == EVERY_COLUMN
    assert found.kept.crs == "EPSG:32633"


def test_every_segment_has_a_reason():
    found = refined("##.... ##..#. #####. ......")
    assert found.segments["reason"].tolist() == [
        "66.7 % of it was predicted, at least the cut of 50.0 %",
        "16.7 % of it was predicted, less than the cut of 50.0 %",
        "50.0 % of it was predicted, at least the cut of 50.0 %",
        "33.3 % of it was predicted, less than the cut of 50.0 %",
    ]
    assert found.segments["patch_id"].tolist() == ["P001", "", "P001", ""]
    assert found.dropped["reason"].tolist() == found.segments["reason"].iloc[[1, 3]].tolist()
    assert found.dropped["patch_id"].tolist() == ["D001", "D002"]


def test_classes_that_touch_are_patches_of_their_own():
    """The left two quarters are artisanal, though one pixel of them is industrial; the right two are industrial."""
    industrial = np.full((4, 6), 0.8)
    industrial[:, :3] = 0.2
    industrial[0, 0] = 0.9
    found = refine_patches(probability(np.full((4, 6), 0.9), industrial=industrial), QUARTERS, options=BARE)
    assert found.kept["mine_class"].tolist() == ["artisanal_mine", "industrial_mine"]
    left, right = found.kept.geometry
    assert left.equals(shapely.box(500_000, 4_989_960, 500_030, 4_990_000))
    assert right.equals(shapely.box(500_030, 4_989_960, 500_060, 4_990_000))
    assert found.segments["mine_class"].tolist() == ["artisanal_mine", "industrial_mine"] * 2
    assert found.segments["patch_id"].tolist() == ["P001", "P002"] * 2


def test_a_patch_that_is_nowhere_sure_is_dropped():
    found = refined("+++... +++... ...... ......", seed=0.65)
    assert found.kept.empty
    assert found.dropped["reason"].tolist() == ["nowhere in its patch is the probability 0.65 or more"]


def test_the_share_that_has_a_probability_is_told():
    found = refined("##?... ##?... ...... ......")
    assert found.kept["known_share"].tolist() == pytest.approx([2 / 3])
    assert found.segments["known_share"].tolist() == pytest.approx([2 / 3, 1, 1, 1])


def test_neighbours_share_their_edges_when_simplified():
    labels = np.random.default_rng(3).integers(1, 30, (6, 6))
    picture = np.random.default_rng(4).random((60, 60))
    whole = refine_patches(
        probability(picture), segments(np.kron(labels, np.ones((10, 10), int))),
        options=BARE.model_copy(update={"cut": 0.01, "simplify_m": 20.0}),
    )  # fmt: skip
    assert shapely.coverage_is_valid(whole.kept.geometry.to_numpy())


def test_references_find_the_cut():
    references = gpd.GeoDataFrame(geometry=[shapely.box(500_000, 4_989_960, 500_060, 4_989_980)], crs="EPSG:32633")
    found = refined("##.... ##..#. #####. ......", references=references, cut=None)
    assert found.cut.source == "references"
    assert found.cut.share == pytest.approx(1 / 3)  # segments 3 and 4, 1200 m² each way
    assert found.kept["area_m2"].sum() == 1800.0


def test_land_cover_and_shadow_remove_segments():
    cover = segments(np.kron([[40, 10], [10, 10]], np.ones((2, 3), int)))
    shadow = segments(np.kron([[0, 0], [1, 0]], np.ones((2, 3), int))) > 0
    found = refined("###### ###### ###### ######", around=Surroundings(land_cover=cover, is_shadow=shadow))
    assert found.segments["reason"].iloc[[0, 2]].tolist() == [
        "100 % of it is built_up or cropland or permanent_water",
        "100 % of it lies in terrain shadow",
    ]
    assert found.kept["area_m2"].tolist() == [1200.0]
    assert found.dropped["veto_share"].tolist() == [1.0, 0.0]


RING = segments(np.pad(np.array([[2]]), 2, constant_values=1))


@pytest.mark.parametrize(("max_hole_m2", "holes"), [(99.0, 1), (100.0, 0)])
def test_a_segment_in_a_small_hole_is_kept_and_told_so(max_hole_m2: float, holes: int):
    found = refined("##### ##### ##.## ##### #####", RING, max_hole_m2=max_hole_m2)
    assert len(found.kept.geometry.iloc[0].interiors) == holes
    assert found.segments["is_kept"].tolist() == [True, holes == 0]
    if not holes:
        assert found.segments["reason"].iloc[1] == "it is a hole of its patch, no larger than 100 m²"


def test_small_patches_and_those_outside_the_area_are_dropped_with_their_reason():
    picture = "###### ###... ...... ......"
    assert refined(picture, min_area_m2=1300).dropped["reason"].iloc[0] == "its patch is smaller than 1300 m²"
    elsewhere = Surroundings(area=box(500_000, 4_980_000, 500_010, 4_980_010, crs="EPSG:32633"))
    assert refined(picture, around=elsewhere).dropped["reason"].iloc[0] == "its patch lies outside the area of interest"


def test_a_road_is_cut_off_and_counted():
    shape = np.zeros((12, 40), int)
    shape[1:11, :10] = shape[1:11, 30:] = shape[5:7, 10:30] = 1
    predicted = np.where(shape > 0, 0.9, 0.1)
    options = BARE.model_copy(update={"road_width_m": 30.0, "min_road_m": 80.0})
    found = refine_patches(probability(predicted), segments(shape), options=options)
    assert len(found.kept) == 2
    assert 200 < found.kept["road_m2"].sum() <= 2 * 14 * PIXEL_M2
    assert (
        found.kept["reason"].str.contains("^1 segment; 100 % of the patch was predicted; .* m² of road cut off").all()
    )
    assert found.segments["patch_id"].tolist() == ["P001"]  # the first of two that hold as much of it
    assert found.kept["area_m2"].sum() + found.kept["road_m2"].sum() == shape.sum() * PIXEL_M2


@given(
    mine=arrays("f8", (8, 9), elements=st.sampled_from([0.1, 0.9, float("nan")])),
    labels=arrays("i4", (8, 9), elements=st.integers(0, 6)),
    cut=st.sampled_from([0.2, 0.5, 1.0]),
    max_hole=st.integers(0, 4),
    min_pixels=st.integers(0, 4),
)
@settings(max_examples=40, deadline=None)
def test_patches_are_whole_segments_and_burn_back(mine, labels, cut, max_hole, min_pixels):
    options = RefineOptions(cut=cut, max_hole_m2=max_hole * PIXEL_M2, min_area_m2=min_pixels * PIXEL_M2)
    found = refine_patches(probability(mine), segments(labels), options=options)
    assert (found.segments["reason"].astype(str) != "").all()
    shapes = [(shape, number) for number, shape in enumerate(found.kept.geometry, start=1)]
    burnt = rasterize(shapes or [(shapely.Point(0, 0), 0)], mine.shape, transform=grid(8, 9).transform)
    np.testing.assert_array_equal(burnt, found.labels.values)
    assert not (found.labels.values[labels == 0] > 0).any()
    assert found.kept["area_m2"].is_monotonic_decreasing
    assert all(ndimage.label(found.labels.values == number)[1] == 1 for number in range(1, len(found.kept) + 1))
    assert found.kept["probability_mean"].notna().all()
    is_plain = found.segments["predicted_share"] >= cut
    added = found.segments[found.segments["is_kept"] & ~is_plain]
    lost = found.segments[~found.segments["is_kept"] & is_plain]
    assert added["reason"].str.startswith("it is a hole").all()
    assert lost["reason"].str.startswith(("its patch is smaller", "of what is left", "nowhere in its patch")).all()


def test_no_prediction_gives_tables_with_every_column():
    found = refined("...... ...... ...... ......")
    assert found.kept.empty
    assert found.dropped.empty
    assert set(found.kept.columns) == set(found.dropped.columns) == EVERY_COLUMN
    assert found.segments["reason"].tolist() == ["nothing of it was predicted"] * 4


def test_layers_must_fit():
    with pytest.raises(GridError, match="resample one"):
        refined("######", QUARTERS)
    with pytest.raises(InputError, match="segments are float64"):
        refined("###### ###### ###### ######", QUARTERS.astype(float))
    flat = probability(drawn("## ##"), crs="EPSG:4326")
    with pytest.raises(GridError, match="projected CRS in metres"):
        refine_patches(flat, flat.isel(band=0, drop=True).astype(int), options=BARE)
    with pytest.raises(ConfigError, match="did you mean 'cropland'"):
        refined("###### ###### ###### ######", veto=("croplands",))


def test_what_a_road_parts_from_all_that_was_predicted_is_no_patch():
    """Two squares joined by a road are one segment; nothing is known of the right one."""
    labels = np.zeros((60, 120), int)
    labels[20:40, 5:35] = labels[29:31, 35:80] = labels[20:40, 80:110] = 1
    share = np.where(np.arange(120) < 60, 0.9, np.nan) * np.ones((60, 1))
    found = refine_patches(probability(share), segments(labels), options=RefineOptions(cut=0.4))
    (patch,) = found.kept.itertuples()
    assert patch.probability_mean == pytest.approx(0.9)
    assert patch.area_m2 < 70 * 100 * 10


def test_a_segment_that_is_half_lost_says_why():
    """Half of segment 1 joins segment 2; the other half is a patch too small."""
    labels = np.zeros((3, 5), int)
    labels[0, [0, 3]], labels[0, 1] = 1, 2
    found = refine_patches(
        probability(np.full((3, 5), 0.9)), segments(labels), options=BARE.model_copy(update={"min_area_m2": 200})
    )
    assert found.segments["is_kept"].tolist() == [False, True]
    assert found.segments.loc[1, "reason"] == "its patch is smaller than 200 m²"
