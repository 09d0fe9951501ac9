"""A scene refined in parcels is the scene refined at once. All of it is made up."""

from collections.abc import Callable
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geom import box
from scipy import ndimage

from highwall.core.errors import InputError
from highwall.core.grid import Window
from highwall.patches.evidence import Surroundings
from highwall.patches.multiresolution import segment
from highwall.patches.options import RefineOptions
from highwall.patches.parcels import RefinedScene, parcels_of, refine_scene
from highwall.patches.radiometry import normalise
from highwall.patches.refine import Refined, refine_patches
from highwall.patches.survey import Layers, Read, survey

from .images import voronoi
from .maps import probability
from .mine_scenes import read_scene, rough

SIDE = 72
OPTIONS = RefineOptions(cut=0.5, min_area_m2=600, max_hole_m2=3000, road_width_m=20, min_road_m=60)


def cut_out(probabilities: xr.DataArray, labels: xr.DataArray, around: Surroundings | None = None) -> Read:
    around = around or Surroundings()

    def read(window: Window) -> Layers:
        part = {"y": window.rows, "x": window.cols}
        layers = {
            name: layer.isel(part)
            for name in ("land_cover", "is_shadow")
            if (layer := getattr(around, name)) is not None
        }
        return Layers(probabilities.isel(part), labels.isel(part), replace(around, **layers))

    return read


def made_up(seed: int, *, n_cells: int = 140, wide: float = 5.0) -> tuple[xr.DataArray, xr.DataArray]:
    """Probability that follows no segment, of two classes, and segments that are the cells of a mosaic."""
    random = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(random.standard_normal((2, SIDE, SIDE)), (0, wide, wide))
    mine, share = (np.clip(0.5 + 0.4 * layer / layer.std(), 0, 1) for layer in noise)
    mine[random.random(mine.shape) < 0.01] = np.nan
    _, cells = voronoi(SIDE, n_cells, noise_std=1.0, seed=seed)
    probabilities = probability(mine, industrial=share)
    labels = numbered(np.where(cells % 17 == 3, -1, cells))  # some are not valid
    return probabilities, probabilities.isel(band=0, drop=True).copy(data=labels)


def numbered(cells: np.ndarray) -> np.ndarray:
    """4-connected parts of cells, by their first pixels, as a segmentation numbers its objects; 0 where below 0."""
    parts = np.zeros(cells.shape, np.int64)
    for cell in np.unique(cells[cells >= 0]):
        found, _ = ndimage.label(cells == cell)
        parts[found > 0] = 100 * cell + found[found > 0]
    values, first, places = np.unique(parts, return_index=True, return_inverse=True)
    first[values == 0] = -1
    return np.argsort(np.argsort(first))[places].reshape(cells.shape).astype(np.int32)


def assert_same(found: RefinedScene, whole: Refined) -> None:
    assert found.cut.source == whole.cut.source
    np.testing.assert_array_equal(found.cut[2:], whole.cut[2:])
    assert found.cut.share == whole.cut.share
    np.testing.assert_array_equal(found.thinned, whole.labels.values)
    for ours, theirs in ((found.kept, whole.kept), (found.dropped, whole.dropped)):
        assert_geodataframe_equal(ours, theirs, check_dtype=False)
    expected = whole.segments.assign(
        mine_class=whole.segments["mine_class"].where(whole.segments["predicted_m2"] > 0, "")
    )
    pd.testing.assert_frame_equal(found.segments, expected, check_dtype=False)


@pytest.mark.parametrize("block_px", [16, 40, SIDE])
@pytest.mark.parametrize("seed", range(3))
def test_parcels_find_what_the_whole_scene_does(seed, block_px):
    scene = made_up(seed)
    whole = refine_patches(*scene, options=OPTIONS)
    found = refine_scene(cut_out(*scene), (SIDE, SIDE), options=OPTIONS, block_px=block_px)
    assert len(whole.kept) > 1
    assert_same(found, whole)


@settings(max_examples=8)
@given(st.integers(10, 10_000), st.sampled_from([18, 30, 50]), st.floats(2.0, 9.0), st.integers(30, 300))
def test_any_scene_in_any_parcels(seed, block_px, wide, n_cells):
    scene = made_up(seed, n_cells=n_cells, wide=wide)
    found = refine_scene(cut_out(*scene), (SIDE, SIDE), options=OPTIONS, block_px=block_px)
    assert_same(found, refine_patches(*scene, options=OPTIONS))


def test_land_cover_shadow_area_and_references_count_over_blocks():
    scene = made_up(5)
    labels = scene[1]
    random = np.random.default_rng(5)
    cover = labels.copy(data=np.kron(random.choice([10, 50, 80], (9, 9)), np.ones((8, 8), int)))
    is_shadow = labels.copy(data=np.kron(random.random((9, 9)) > 0.7, np.ones((8, 8), bool)))
    area = box(500_100, 4_989_200, 500_700, 4_989_900, crs="EPSG:32633")
    around = Surroundings(land_cover=cover, is_shadow=is_shadow, area=area)
    references = gpd.GeoDataFrame(geometry=[shapely.box(500_200, 4_989_400, 500_600, 4_989_800)], crs="EPSG:32633")
    options = RefineOptions(min_area_m2=600)
    whole = refine_patches(*scene, options=options, around=around, references=references)
    found = refine_scene(
        cut_out(*scene, around), (SIDE, SIDE), options=options, references=references, block_px=20
    )  # fmt: skip
    assert found.cut.source == "references"
    assert whole.segments["shadow_share"].between(0.01, 0.99).any()
    assert_same(found, whole)


def nested(of: Callable[[float], bool]) -> tuple[xr.DataArray, xr.DataArray]:
    """Rings about the middle, one segment each, of which some are predicted."""
    row, col = np.mgrid[:SIDE, :SIDE]
    ring = (np.maximum(abs(row - 36), abs(col - 36)) // 3).astype(np.int32)
    mine = np.where(np.vectorize(of)(ring), 0.9, 0.1)
    labels = probability(mine).isel(band=0, drop=True)
    return probability(mine), labels.copy(data=ring + 1)


def test_what_lies_in_the_hole_of_another_is_decided_with_it():
    """A small mine in a hole leaves less of the hole: what is left of it is small enough to be filled."""
    scene = nested(lambda ring: ring in (0, 2, 9))
    options = OPTIONS.model_copy(update={"max_hole_m2": 12_000.0, "road_width_m": 0.0})
    found = refine_scene(cut_out(*scene), (SIDE, SIDE), options=options, block_px=12)
    assert found.segments.loc[2, "reason"].startswith("it is a hole of its patch")
    assert_same(found, refine_patches(*scene, options=options))


def test_parcels_hold_whole_groups_and_outer_ones_come_first():
    scene = nested(lambda ring: ring in (0, 5, 9))
    known = survey(cut_out(*scene), (SIDE, SIDE), options=OPTIONS, block_px=12)
    parcels = parcels_of(known, (SIDE, SIDE), block_px=12)
    assert [parcel.labels.tolist() for parcel in parcels] == [[10], [6], [1]]
    assert parcels[2].window == Window(slice(33, 40), slice(33, 40))


def test_every_nth_label_is_kept():
    scene = made_up(2)
    whole = refine_patches(*scene, options=OPTIONS).labels.values
    found = refine_scene(cut_out(*scene), (SIDE, SIDE), options=OPTIONS, thin=5, block_px=32)
    np.testing.assert_array_equal(found.thinned, whole[::5, ::5])


def test_a_scene_without_a_prediction_has_tables_without_rows():
    none = probability(np.zeros((SIDE, SIDE)))
    _, labels = made_up(1)
    found = refine_scene(cut_out(none, labels), (SIDE, SIDE), options=OPTIONS, block_px=40)
    whole = refine_patches(none, labels, options=OPTIONS)
    assert list(found.kept.columns) == list(whole.kept.columns)
    assert (len(found.kept), len(found.dropped), len(found.segments)) == (0, 0, len(whole.segments))
    assert set(found.segments["reason"]) == {"nothing of it was predicted"}


def test_references_of_another_place_are_refused():
    scene = made_up(3)
    away = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 10, 10)], crs="EPSG:32633")
    with pytest.raises(InputError, match="no reference patch lies on a segment"):
        refine_scene(cut_out(*scene), (SIDE, SIDE), options=RefineOptions(), references=away, block_px=40)


@pytest.mark.real
def test_a_real_scene_in_parcels(real_data):
    drawn = read_scene(real_data, "72-6", mine_class="tailing_storage_facility")
    labels = segment(normalise(drawn.image), scale=25.0).labels
    scene, references = (rough(drawn, seed=1, name="tailing_storage_facility"), labels), drawn.references
    whole = refine_patches(*scene, options=RefineOptions(), references=references)
    found = refine_scene(cut_out(*scene), labels.shape, options=RefineOptions(), references=references, block_px=100)
    assert len(whole.kept) > 1
    assert found.cut.source == "references"
    assert_same(found, whole)
