"""Multiresolution segmentation against brute force, against its own laws, and at its edges."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from highwall.core.errors import InputError
from highwall.patches import region_graph
from highwall.patches.multiresolution import begin, levels, rule_of, segment
from highwall.patches.region_graph import RegionGraph
from tests.oracles import mrs
from tests.patches.images import as_image, chain, noise, scene, voronoi

PARAMETERS = {
    "scale": st.sampled_from([2.0, 8.0, 20.0, 60.0]),
    "shape": st.sampled_from([0.0, 0.1, 0.5, 0.9]),
    "compactness": st.sampled_from([0.0, 0.5, 1.0]),
}


@st.composite
def small_images(draw: st.DrawFn, side: int = 12) -> xr.DataArray:
    rows, cols = draw(st.integers(1, side)), draw(st.integers(1, side))
    kind, seed = draw(st.sampled_from([np.uint8, np.uint16])), draw(st.integers(0, 2**32 - 1))
    levels = draw(st.sampled_from([1, 2, 4, 256, 65536 if kind is np.uint16 else 256]))
    values = np.random.default_rng(seed).integers(0, levels, (draw(st.integers(1, 3)), rows, cols))
    return as_image(values.astype(kind))


@settings(max_examples=60, deadline=None)
@given(small_images(), st.data())
def test_labels_are_those_of_brute_force(image, data):
    parameters = {name: data.draw(values, label=name) for name, values in PARAMETERS.items()}
    weights = data.draw(st.sampled_from([[1.0] * len(image), [0.3] + [2.0] * (len(image) - 1)]), label="weights")
    valid = np.random.default_rng(data.draw(st.integers(0, 99))).random(image.shape[1:]) > data.draw(
        st.sampled_from([0.0, 0.3]), label="share not valid"
    )
    found = segment(image, valid=valid, weights=weights, **parameters)
    expected = mrs.segment(image.values, valid=valid, weights=weights, **parameters)
    np.testing.assert_array_equal(found.labels, expected)


@pytest.mark.parametrize("few", [0.0, 1.0])
def test_sweeps_and_worklists_do_the_same(monkeypatch, few):
    expected = segment(scene(90, 70), scale=30)
    monkeypatch.setattr(region_graph, "FEW", few)
    monkeypatch.setattr(region_graph, "SLACK", 0.01)
    found = segment(scene(90, 70), scale=30)
    xr.testing.assert_identical(found.labels, expected.labels)
    pd.testing.assert_frame_equal(found.table, expected.table)
    for one, other in zip(found.neighbours, expected.neighbours, strict=True):
        np.testing.assert_array_equal(one, other)


def _state(image: xr.DataArray, scale: float) -> tuple[RegionGraph, np.ndarray]:
    rule = rule_of(image, shape=0.2, compactness=0.5, weights=None)
    state, labels = begin(image, rule=rule, scale=scale)
    state.fit(scale**2)
    return state, state.take_numbers()[labels]


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 40), st.integers(2, 40), st.integers(0, 1000), st.sampled_from([5.0, 20.0, 80.0]))
def test_objects_partition_the_valid_area_into_connected_regions(rows, cols, seed, scale):
    image = scene(rows, cols, seed=seed)
    valid = noise(1, rows, cols, seed=seed).values[0] > 40
    found = segment(image, scale=scale, valid=valid)
    labels = found.labels.values
    np.testing.assert_array_equal(labels > 0, valid)
    np.testing.assert_array_equal(np.unique(labels[valid]), np.arange(1, len(found) + 1))
    firsts = [np.flatnonzero(labels == label)[0] for label in range(1, len(found) + 1)]
    assert firsts == sorted(firsts)
    assert all(ndimage.label(labels == label)[1] == 1 for label in range(1, len(found) + 1))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 1000), st.sampled_from([5.0, 20.0, 80.0]))
def test_no_pair_is_left_that_would_merge(rows, cols, seed, scale):
    image = scene(rows, cols, seed=seed)
    state, labels = _state(image, scale)
    regions = [frozenset(map(tuple, np.argwhere(labels == number).tolist())) for number in range(len(state))]
    one, other, _, cost = state.edges
    best = [min((f for i, j, f in zip(one, other, cost, strict=True) if k in (i, j)), default=np.inf)
            for k in range(len(state))]  # fmt: skip
    own = [mrs.heterogeneity(region, image.values, 0.2, 0.5, [1.0] * 3) for region in regions]
    for i, j, f in zip(one, other, cost, strict=True):
        joint = mrs.heterogeneity(regions[i] | regions[j], image.values, 0.2, 0.5, [1.0] * 3)
        assert f == joint - (own[i] + own[j])
        assert f >= scale**2 or f > best[i] or f > best[j]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 1000))
def test_attributes_are_those_of_the_pixels(rows, cols, seed):
    image = scene(rows, cols, seed=seed)
    found = segment(image, scale=25.0)
    labels = found.labels.values
    for label, row in found.table.iterrows():
        inside = labels == label
        ys, xs = np.nonzero(inside)
        pixels = frozenset(zip(ys.tolist(), xs.tolist(), strict=True))
        assert (row.area_px, row.perimeter_px) == (len(ys), mrs.perimeter(pixels))
        assert (row.row_min, row.row_max, row.col_min, row.col_max) == (ys.min(), ys.max(), xs.min(), xs.max())
        for band in image:
            values, name = band.values[inside].astype(float), str(band["band"].item())
            # the sums are exact; what is left is the rounding of one division and one root
            assert row[f"mean_{name}"] == pytest.approx(values.mean(), rel=1e-12)
            assert row[f"std_{name}"] == pytest.approx(values.std(), rel=1e-12, abs=1e-6)


def test_neighbours_share_the_pixel_sides_between_them():
    found = segment(scene(40, 50), scale=25.0)
    labels = found.labels.values
    expected: dict[tuple[int, int], int] = {}
    for a, b in ((labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])):
        for i, j in zip(a[a != b].tolist(), b[a != b].tolist(), strict=True):
            for pair in ((i, j), (j, i)):
                expected[pair] = expected.get(pair, 0) + 1
    listed = {
        (label, other): length for label in found.table.index for other, length in found.neighbours.of(label).items()
    }
    assert listed == expected


def test_levels_are_nested_and_begin_with_the_first_scale_alone():
    image = scene(80, 60)
    found = levels(image, [10.0, 25.0, 60.0])
    xr.testing.assert_identical(found[0].labels, segment(image, scale=10.0).labels)
    assert len(found[0]) > len(found[1]) > len(found[2]) > 1
    for finer, coarser in pairwise(found):
        pairs = np.unique(np.stack([finer.labels.values.ravel(), coarser.labels.values.ravel()]), axis=1)
        assert pairs.shape[1] == len(finer)
        assert finer.table["area_px"].sum() == coarser.table["area_px"].sum() == 80 * 60


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (64, 64), (150, 150)])
def test_a_flat_image_merges_everywhere_at_once(shape):
    image = as_image(np.full((3, *shape), 7, np.uint8))
    rule = rule_of(image, shape=0.2, compactness=0.5, weights=None)
    state, _ = begin(image, rule=rule, scale=1000.0)
    state.fit(1e6)
    # with ties to the lowest number one region would grow by one a time: rows × columns iterations
    assert state.n_iterations <= 8 * (1 + int(np.log2(shape[0] * shape[1])))
    assert segment(image, scale=1000.0).table["area_px"].sum() == shape[0] * shape[1]


def test_a_chain_costs_only_what_changes(monkeypatch):
    sweeps = []
    sweep = RegionGraph.sweep
    monkeypatch.setattr(RegionGraph, "sweep", lambda self, threshold: sweeps.append(1) or sweep(self, threshold))
    state, _ = _state(chain(300), 1e6)
    assert state.n_iterations > 100
    assert len(sweeps) == 1


def test_missing_pixels_belong_to_no_object():
    values = scene(20, 20).astype(float)
    values[0, 3:6, 4] = np.nan
    values[2, 9, 9] = np.inf
    values[1, 15, 2] = -1.0
    found = segment(values.assign_attrs(nodata=-1.0), scale=20.0)
    missing = np.zeros((20, 20), bool)
    missing[3:6, 4] = missing[9, 9] = missing[15, 2] = True
    np.testing.assert_array_equal(found.labels.values == 0, missing)
    assert np.isfinite(found.table.to_numpy(dtype=float)).all()


def test_an_image_without_a_valid_pixel_has_no_object():
    found = segment(scene(4, 5).astype(float) * np.nan, scale=20.0)
    assert len(found) == 0
    assert not found.labels.values.any()


def test_band_weights_decide_which_border_is_seen():
    values = np.zeros((2, 8, 8), np.uint8)
    values[0, :, 4:] = 200
    values[1, 4:] = 200
    vertical = segment(as_image(values), scale=15.0, weights=[1.0, 0.0]).labels.values
    assert (vertical[:, :4] == 1).all()
    assert (vertical[:, 4:] == 2).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_voronoi_cells_are_found_again(seed):
    image, truth = voronoi(200, 60, noise_std=4.0, seed=seed)
    found = segment(image, scale=50.0, shape=0.1).labels.values
    overlaps = np.histogram2d(truth.ravel(), found.ravel(), bins=(60, found.max()))[0]
    union = overlaps.sum(1)[:, None] + overlaps.sum(0)[None] - overlaps
    assert (overlaps / union).max(axis=1).mean() >= 0.98


def test_labels_keep_the_grid_and_record_the_parameters():
    image = scene(6, 7).assign_coords(y=np.arange(6.0), x=np.arange(7.0), spatial_ref=0)
    labels = segment(image.assign_attrs(normalisation="by hand"), scale=9.0).labels
    assert set(labels.coords) == {"y", "x", "spatial_ref"}
    assert labels.attrs == {
        "scale": 9.0, "shape": 0.2, "compactness": 0.5, "weights": [1.0, 1.0, 1.0], "normalisation": "by hand"
    }  # fmt: skip
    assert labels.dtype == np.int32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 0.0}, "rising from above 0"),
        ({"scale": 10.0, "shape": 1.0}, "0 ≤ shape < 1"),
        ({"scale": 10.0, "compactness": 1.5}, "compactness"),
        ({"scale": 10.0, "weights": [1.0]}, "give one each"),
        ({"scale": 10.0, "weights": [0.0, 0.0, 0.0]}, "not all 0"),
        ({"scale": 10.0, "valid": np.ones((2, 2), bool)}, "on the image's grid"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        segment(scene(5, 5), **arguments)


def test_levels_must_rise():
    with pytest.raises(InputError, match="rising"):
        levels(scene(5, 5), [10.0, 10.0])


def test_an_image_of_truth_values_is_refused():
    with pytest.raises(InputError, match="integers or floats"):
        segment(scene(5, 5) > 3, scale=10.0)


def test_an_image_too_large_for_its_edges_to_be_counted_is_sent_to_tiles():
    with pytest.raises(InputError, match="in tiles"):
        segment(as_image(np.broadcast_to(np.uint8(0), (1, 2**15, 2**15 + 1))), scale=10.0)
