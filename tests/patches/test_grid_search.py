"""Searching shape, compactness and scale against references."""

from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from shapely.geometry import box

from highwall.core.errors import InputError
from highwall.patches.grid_search import TENTHS, agreement, burn, grid_search
from highwall.patches.multiresolution import segment
from highwall.patches.options import GridSearchOptions
from highwall.patches.radiometry import normalise
from tests.patches.images import voronoi
from tests.patches.maps import probability
from tests.patches.mine_scenes import read_scene


def test_area_difference_is_that_of_the_merged_objects():
    references = np.array([[1, 1, 1, 1, 0, 2, 2, 0]])
    labels = np.array([[1, 1, 2, 2, 2, 3, 3, 3]], dtype=np.int32)
    # object 1 lies in reference 1, object 2 by two thirds, object 3 in reference 2 by two thirds
    found = agreement(labels, references)
    assert found.area_difference == pytest.approx((abs(5 - 4) / 4 + abs(3 - 2) / 2) / 2)
    assert found.iou == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert (found.n_inside, found.n_unmatched) == (3, 0)


def test_a_reference_without_objects_differs_by_all_of_it():
    found = agreement(np.array([[1, 1, 1, 1]], dtype=np.int32), np.array([[0, 0, 1, 1]]))
    assert found == (1.0, 0.0, 0, 1)


def test_pixels_that_are_not_valid_and_numbers_without_pixels_do_not_count():
    found = agreement(np.array([[0, 0, 1, 1]], dtype=np.int32), np.array([[3, 3, 1, 1]]))
    assert found.area_difference == pytest.approx(0.5)
    assert (found.n_inside, found.n_unmatched) == (1, 1)


@pytest.fixture(scope="module")
def cells() -> tuple[xr.DataArray, np.ndarray]:
    image, truth = voronoi(80, 30, noise_std=6.0)
    return image, np.where(truth < 6, truth + 1, 0)


def test_the_search_takes_the_least_area_difference_and_the_fewest_objects(cells):
    image, references = cells
    options = GridSearchOptions(shapes=(0.1, 0.9), compactnesses=(0.1, 0.5))
    found = grid_search(image, references, scales=[5.0, 40.0, 2000.0], options=options)
    assert len(found.table) == 4
    best = found.table.loc[found.table["area_difference"].idxmin()]
    assert (found.shape, found.compactness) == (best["shape"], best["compactness"])
    expected = segment(image, scale=50.0, shape=found.shape, compactness=found.compactness)
    assert best["area_difference"] == agreement(expected.labels.values, references).area_difference
    # at 5 noise splits the cells; at 2000 few objects are left, but none of them lies in a reference
    assert found.by_scale.loc[5.0, "n_inside"] > found.by_scale.loc[40.0, "n_inside"]
    assert found.by_scale.loc[2000.0, "n_unmatched"] > 0
    assert found.scale == 40.0


def test_an_executor_changes_nothing(cells):
    image, references = cells
    some = GridSearchOptions(shapes=TENTHS[::4], compactnesses=TENTHS[::4])
    with ThreadPoolExecutor(2) as pool:
        found = grid_search(image, references, map_trials=pool.map, options=some)
    pd.testing.assert_frame_equal(found.table, grid_search(image, references, options=some).table)
    assert found.scale is None
    assert found.by_scale.empty


def test_candidates_may_be_found_for_the_chosen_parameters(cells):
    asked = []

    def candidates(shape: float, compactness: float) -> list[float]:
        asked.append((shape, compactness))
        return [30.0, 50.0]

    found = grid_search(*cells, scales=candidates, options=GridSearchOptions(shapes=(0.1,), compactnesses=(0.5,)))
    assert asked == [(0.1, 0.5)]
    assert found.by_scale.index.tolist() == [30.0, 50.0]


def test_polygons_are_burnt_on_the_grid_of_the_image():
    image = probability(np.zeros((6, 8)))
    squares = [box(500_000, 4_989_970, 500_020, 4_990_000), box(500_050, 4_989_940, 500_080, 4_989_960)]
    polygons = gpd.GeoDataFrame(geometry=squares, crs="EPSG:32633").to_crs("EPSG:4326")
    found = burn(polygons, image)
    expected = np.zeros((6, 8), np.int32)
    expected[:3, :2], expected[4:, 5:] = 1, 2
    np.testing.assert_array_equal(found, expected)
    assert found.odc.geobox == image.odc.geobox
    assert not burn(polygons.iloc[:0], image).any()


@pytest.mark.parametrize(
    ("references", "message"),
    [
        (np.zeros((80, 80), int), "no patch"),
        (np.ones((3, 3), int), "image's grid"),
        (np.ones((80, 80)), "whole numbers"),
    ],
)
def test_references_that_cannot_be_used_are_refused(cells, references, message):
    with pytest.raises(InputError, match=message):
        grid_search(cells[0], references)


@pytest.mark.real
def test_on_a_real_scene_the_best_cell_beats_the_papers(real_data):
    """160 × 160 pixels of one scene; over whole scenes see benchmarks/patches_search.py."""
    image, references = surfaces(real_data)
    options = GridSearchOptions(shapes=(0.1, 0.2, 0.5), compactnesses=(0.1, 0.5, 0.9))
    found = grid_search(image, references, scales=[15.0, 30.0, 60.0, 120.0], options=options)
    papers = found.table.set_index(["shape", "compactness"]).loc[(0.2, 0.5)]
    best = found.table["area_difference"].min()
    assert 0 < best <= papers["area_difference"] < 1
    assert found.by_scale["n_inside"].is_monotonic_decreasing
    # the fewest objects inside the references are those of the coarsest scale that loses none of them
    kept = found.by_scale[found.by_scale["n_unmatched"] == found.by_scale["n_unmatched"].min()]
    assert found.scale == kept["n_inside"].idxmin()
    assert found.by_scale["iou"].iloc[0] > 0.8  # fine objects follow a boundary that was drawn by eye to 3 pixels


def surfaces(real_data) -> tuple[xr.DataArray, xr.DataArray]:
    """Middle of the ponds of scene 107, and the tailings surfaces that were drawn there."""
    drawn = read_scene(real_data, "107-2", mine_class="tailing_storage_facility")
    rows, cols = np.nonzero(drawn.is_reference)
    top, left = int(np.median(rows)) - 80, int(np.median(cols)) - 80
    image = normalise(drawn.image).isel(y=slice(top, top + 160), x=slice(left, left + 160))
    return image, burn(drawn.references, image)
