import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from highwall.patches.mosaic import LabelBlock, LabelMosaic
from highwall.patches.outlines import outline


def grid_over(labels):
    return GeoBox(labels.shape, Affine(10.0, 0.0, 500_000.0, 0.0, -10.0, 7_000_000.0), "EPSG:32723")


def in_blocks(labels, *, block, value=None):
    framed = np.pad(labels, 1)
    mosaic = LabelMosaic(grid_over(labels))
    for row in range(0, labels.shape[0], block):
        for col in range(0, labels.shape[1], block):
            rows, cols = min(block, labels.shape[0] - row), min(block, labels.shape[1] - col)
            cut = framed[row : row + rows + 2, col : col + cols + 2]
            inside = None if value is None else value[row : row + rows, col : col + cols]
            mosaic.add(LabelBlock(row, col, cut, inside))
    return mosaic


def blobs(seed, *, side=40, n_labels=3):
    """Labels with lumps of several pixels, so that outlines have long shared edges."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, n_labels + 1, (side // 4, side // 4))
    labels = np.kron(coarse, np.ones((4, 4), dtype=np.int32)).astype(np.int32)
    speckle = rng.random(labels.shape) < 0.08
    labels[speckle] = rng.integers(0, n_labels + 1, speckle.sum())
    return labels


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), block=st.integers(3, 45))
def test_blocks_leave_no_trace(seed, block):
    labels = blobs(seed)
    found = in_blocks(labels, block=block).outlines()
    whole = outline(labels, transform=grid_over(labels).transform)
    for label, polygon in whole.items():
        parts = found[found["label"] == label]
        assert len(parts) == shapely.get_num_geometries(polygon)
        assert shapely.union_all(parts.geometry.values).equals(polygon)
        assert parts["n_px"].sum() == (labels == label).sum()


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), block=st.integers(3, 45), simplify_px=st.sampled_from([0.0, 1.0, 2.0]))
def test_neighbours_share_their_edges(seed, block, simplify_px):
    found = in_blocks(blobs(seed), block=block).outlines(min_area_px=4, simplify_px=simplify_px)
    polygons = np.array(found.geometry.values)
    assert shapely.coverage_is_valid(polygons)
    assert shapely.is_valid(polygons).all()
    assert shapely.union_all(polygons).area == pytest.approx(shapely.area(polygons).sum(), rel=1e-9)


def test_small_outlines_are_left_out_and_small_holes_filled():
    labels = np.zeros((20, 20), dtype=np.int32)
    labels[2:12, 2:12] = 1
    labels[4:6, 4:6] = 2  # a speck inside
    labels[8:11, 4:11] = 0  # a hole of 21 pixels
    labels[16, 16] = 1
    found = in_blocks(labels, block=7).outlines(min_area_px=5)
    assert found["label"].tolist() == [1]
    assert found.geometry.area[0] == pytest.approx(100 * (100 - 21))
    assert found["n_px"][0] == 100 - 21 - 4


def test_the_mean_value_is_that_of_the_pixels():
    labels = blobs(7)
    value = np.random.default_rng(1).random(labels.shape)
    found = in_blocks(labels, block=11, value=value).outlines()
    for label in (1, 2, 3):
        parts = found[found["label"] == label]
        mean = np.average(parts["value_mean"], weights=parts["n_px"])
        assert mean == pytest.approx(value[labels == label].mean())


def test_simplified_outlines_have_fewer_corners_and_nearly_the_same_area():
    labels = blobs(3, side=80)
    exact = in_blocks(labels, block=32).outlines(min_area_px=10)
    simple = in_blocks(labels, block=32).outlines(min_area_px=10, simplify_px=1.0)
    assert simple.geometry.count_coordinates().sum() < 0.7 * exact.geometry.count_coordinates().sum()
    assert simple.geometry.area.sum() == pytest.approx(exact.geometry.area.sum(), rel=0.02)


def test_a_map_without_labels_has_no_outlines():
    found = in_blocks(np.zeros((9, 9), dtype=np.int32), block=4).outlines(min_area_px=1, simplify_px=1)
    assert found.empty
    assert list(found.columns) == ["label", "n_px", "value_mean", "geometry"]
