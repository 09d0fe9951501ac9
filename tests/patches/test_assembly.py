import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from scipy import ndimage

from highwall.core.grid import windows_over
from highwall.patches.assembly import COLUMNS, Assembly, MapPart
from highwall.patches.options import PatchOptions
from highwall.patches.polygons import find_patches

CLASSES = ("none", "artisanal_mine", "industrial_mine")


def grid_over(height: int, width: int) -> GeoBox:
    return GeoBox.from_bbox((500_000, 7_000_000, 500_000 + 10 * width, 7_000_000 + 10 * height), "EPSG:32723",
                            resolution=10)  # fmt: skip


def blobs(seed: int, shape: tuple[int, int], *, missing: bool = False) -> np.ndarray:
    """Probability of three classes with blobs of all sizes, holes and thin bridges."""
    random = np.random.default_rng(seed)
    mine = ndimage.gaussian_filter(random.random(shape), 1.2)
    mine = (mine - mine.min()) / np.ptp(mine)
    share = ndimage.gaussian_filter(random.random(shape), 4.0)
    probability = np.stack([1 - mine, mine * share, mine * (1 - share)]).astype(np.float32)
    if missing:
        probability[:, random.random(shape) < 0.02] = np.nan
    return probability


def assembled(probability: np.ndarray, *, rows: int, cols: int, threshold: float = 0.5, chip=None) -> Assembly:
    _, height, width = probability.shape
    chip = np.zeros((height, width), np.float32) if chip is None else chip
    assembly = Assembly(grid_over(height, width), classes=CLASSES, threshold=threshold)
    for window in windows_over(height, width, rows=rows, cols=cols):
        cut = probability[:, window.rows, window.cols]
        assembly.add(MapPart(window.rows.start, window.cols.start, cut, chip[window.rows, window.cols]))
    return assembly


def in_memory(probability: np.ndarray, *, threshold: float = 0.5):
    """The same patches by the operator that holds the whole map, nothing removed or filled."""
    _, height, width = probability.shape
    y, x = (grid_over(height, width).coordinates[name].values for name in ("y", "x"))
    array = xr.DataArray(probability, dims=("band", "y", "x"), coords={"band": list(CLASSES), "y": y, "x": x})
    options = PatchOptions(threshold=threshold, seed=threshold, min_area_m2=0.0, max_hole_m2=0.0)
    return find_patches(array.odc.assign_crs("EPSG:32723"), options=options).kept


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(3, 40), st.integers(3, 40), st.booleans())
def test_blocks_of_any_size_give_the_objects_of_the_whole_map(seed, rows, cols, missing):
    probability = blobs(seed, (37, 41), missing=missing)
    found = assembled(probability, rows=rows, cols=cols).objects()
    expected = in_memory(probability)
    assert len(found) == len(expected)
    assert found.geometry.is_valid.all()
    numbers = {geometry.normalize().wkb: k for k, geometry in enumerate(expected.geometry.simplify(0.0))}
    order = [numbers[geometry.normalize().wkb] for geometry in found.geometry.simplify(0.0)]
    expected = expected.iloc[order]
    assert found["mine_class"].tolist() == expected["mine_class"].tolist()
    for name in ("probability_mean", "probability_max", "area_m2", "perimeter_m"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)  # float32 sums in another order


def test_an_object_around_a_block_corner_stays_one_with_its_hole():
    probability = np.zeros((3, 8, 8), np.float32)
    probability[0] = 1.0
    ring = np.zeros((8, 8), bool)
    ring[1:7, 1:7], ring[3:5, 3:5] = True, False
    probability[:, ring] = np.array([0.1, 0.2, 0.7], np.float32)[:, None]
    found = assembled(probability, rows=4, cols=4).objects()
    assert len(found) == 1
    assert found.area_m2[0] == 3200.0
    assert len(found.geometry[0].interiors) == 1
    assert len(found.geometry[0].exterior.coords) == 5  # the block's edges left no corner
    assert found.mine_class[0] == "industrial_mine"


def test_small_objects_are_left_out_by_their_whole_area():
    probability = blobs(5, (40, 40))
    everything = assembled(probability, rows=7, cols=9).objects()
    kept = assembled(probability, rows=7, cols=9).objects(min_area_m2=1000.0)
    assert 0 < len(kept) < len(everything)
    assert kept["area_m2"].tolist() == everything.loc[everything["area_m2"] >= 1000.0, "area_m2"].tolist()


def test_each_object_bears_the_greatest_chip_probability_over_it():
    probability = np.zeros((3, 6, 12), np.float32)
    probability[0] = 1.0
    probability[:, 2:4, 1:4] = probability[:, 2:4, 7:11] = np.array([0.2, 0.8, 0.0], np.float32)[:, None, None]
    chip = np.full((6, 12), 0.3, np.float32)
    chip[3, 9], chip[0, 0] = 0.9, 1.0
    found = assembled(probability, rows=3, cols=5, chip=chip).objects()
    assert found["chip_probability_max"].tolist() == pytest.approx([0.9, 0.3])


def test_a_map_without_mines_has_a_table_without_rows():
    probability = np.zeros((3, 5, 5), np.float32)
    probability[0] = 1.0
    found = assembled(probability, rows=5, cols=5).objects()
    assert len(found) == 0
    assert tuple(found.columns) == COLUMNS
    assert found.crs.to_epsg() == 32723


def test_what_is_mine_is_said_of_each_block():
    probability = blobs(2, (10, 10), missing=True)
    assembly = Assembly(grid_over(10, 10), classes=CLASSES, threshold=0.6)
    found = assembly.add(MapPart(0, 0, probability, np.zeros((10, 10))))
    np.testing.assert_array_equal(found, probability[1:].sum(axis=0) >= 0.6)
