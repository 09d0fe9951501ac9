"""Polygons to masks, masks to targets: bits, precedence, what counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import GridError, InputError, VectorError
from highwall.core.grid import GeoBox
from highwall.core.taxonomy import BLANK, CLASS_NAMES, MINING_AREA, PRECEDENCE, SUBSETS
from highwall.segmentation.labels import (
    BITS,
    MINING_BITS,
    NOT_COUNTED,
    OUTSIDE,
    UNSURE,
    bits_of,
    from_codes,
    from_layers,
    has_class,
    label_weight,
    rasterise,
    target_of,
)
from tests.segmentation.drawings import box, drawn, grid_of

any_mask = st.lists(st.integers(0, 2047) | st.just(OUTSIDE), min_size=1, max_size=40).map(
    lambda values: np.array([values], dtype=np.uint16)
)


def test_a_pixel_belongs_to_the_polygons_that_hold_its_centre():
    mask = rasterise(drawn(("dam", box(2, 3, 5, 7)), ("infrastructure", box(9.4, 0, 10.6, 1))), grid_of())
    expected = np.zeros((40, 50), dtype=bool)
    expected[2:5, 3:7] = True
    assert np.array_equal(has_class(mask, "dam"), expected)
    assert np.flatnonzero(has_class(mask, "infrastructure")[:, 0]).tolist() == [9, 10]  # centres at 9.5 and 10.5


def test_classes_of_different_subsets_overlap_in_one_pixel():
    mask = rasterise(
        drawn(("dumping_ground", box(0, 0, 9, 9)), ("tailing_storage_facility", box(2, 2, 5, 5))), grid_of()
    )
    assert mask[3, 3] == BITS["dumping_ground"] | BITS["tailing_storage_facility"]
    assert mask[1, 1] == BITS["dumping_ground"]
    assert mask[20, 20] == 0


def test_unsure_ground_counts_for_nothing_whatever_else_is_drawn_there():
    mask = rasterise(drawn((UNSURE, box(0, 0, 4, 4)), ("dam", box(2, 2, 9, 9))), grid_of())
    assert mask[3, 3] == OUTSIDE
    assert not has_class(mask, "dam")[3, 3]
    assert target_of(mask, 3)[3, 3] == NOT_COUNTED
    assert label_weight(mask)[3, 3] == 0.0


def test_polygons_in_degrees_fall_on_the_same_pixels():
    metric = drawn(("excavation", box(5, 5, 20, 30)))
    assert np.array_equal(rasterise(metric.to_crs("EPSG:4326"), grid_of()), rasterise(metric, grid_of()))


def test_a_file_without_polygons_is_background():
    assert not rasterise(drawn(), grid_of()).any()


def test_unknown_classes_missing_columns_and_places_are_refused():
    with pytest.raises(VectorError, match="'excavatoin' is unknown; did you mean 'excavation'"):
        rasterise(drawn(("excavatoin", box(0, 0, 1, 1))), grid_of())
    with pytest.raises(VectorError, match="need a column class; found kind, geometry"):
        rasterise(drawn(("dam", box(0, 0, 1, 1))).rename(columns={"class": "kind"}), grid_of())
    with pytest.raises(VectorError, match="no CRS"):
        rasterise(drawn(("dam", box(0, 0, 1, 1)), crs=None), grid_of())
    with pytest.raises(GridError, match="no CRS"):
        rasterise(drawn(), GeoBox((2, 2), grid_of().transform, None))


@pytest.mark.parametrize("subset", SUBSETS)
def test_a_target_numbers_the_classes_of_its_subset_in_their_order(subset):
    names = SUBSETS[subset]
    for number, name in enumerate(names, start=1):
        mask = np.array([[bits_of(name), 0]], dtype=np.uint16)
        assert target_of(mask, subset).tolist() == [[number, 0]]


@given(any_mask, st.sampled_from(sorted(SUBSETS)))
def test_each_pixel_takes_the_class_of_highest_precedence_or_background(mask, subset):
    target, names = target_of(mask, subset), SUBSETS[subset]
    for value, found in zip(mask[0].tolist(), target[0].tolist(), strict=True):
        claims = [] if value == OUTSIDE else [name for name in names if value & bits_of(name)]
        first = min(claims, key=PRECEDENCE.index) if len(claims) > 1 else (claims or [None])[0]
        expected = NOT_COUNTED if value == OUTSIDE else 0 if first is None else 1 + names.index(first)
        assert found == expected


def test_the_footprint_is_any_class_and_never_blank():
    mask = np.array([[bits_of(name) for name in (*CLASS_NAMES, BLANK)]], dtype=np.uint16)
    assert target_of(mask, 4).tolist() == [[1] * len(CLASS_NAMES) + [0]]
    assert bits_of(MINING_AREA) == MINING_BITS == 1023 + 0xF000  # the ten classes and four types of mines


def test_blank_and_unlabelled_ground_can_be_left_out():
    mask = np.array([[0, BITS[BLANK], BITS[BLANK] | BITS["dam"]]], dtype=np.uint16)
    assert target_of(mask, 3).tolist() == [[0, 0, 6]]
    assert target_of(mask, 3, blank_counts=False).tolist() == [[0, NOT_COUNTED, 6]]
    assert target_of(mask, 3, background_counts=False).tolist() == [[NOT_COUNTED, 0, 6]]


def test_weights_tell_certain_from_unlabelled_background():
    mask = np.array([[0, BITS[BLANK], BITS[BLANK] | BITS["dam"], BITS["dam"], OUTSIDE]], dtype=np.uint16)
    weight = label_weight(mask, blank=0.75, background=0.25)
    assert weight.tolist() == [[0.25, 0.75, 1.0, 1.0, 0.0]]
    assert weight.dtype == np.float32


def test_codes_and_layers_become_the_same_mask():
    codes = np.array([[0, 1, 10, 11, 255]], dtype=np.uint8)
    expected = [[0, BITS["excavation"], BITS["tailing_storage_facility"], BITS[BLANK], OUTSIDE]]
    assert from_codes(codes).tolist() == expected
    names = ("excavation", "tailing_storage_facility", BLANK)
    layers = np.stack([codes == 1, codes == 10, codes == 11]).astype(np.uint8)
    layers[:, codes == 255] = 255
    assert from_layers(layers, names).tolist() == expected


def test_unknown_codes_subsets_and_classes_are_refused():
    with pytest.raises(InputError, match="codes 12, 17 are unknown"):
        from_codes(np.array([[1, 12, 17]], dtype=np.uint8))
    with pytest.raises(InputError, match="no subset 6"):
        target_of(np.zeros((1, 1), dtype=np.uint16), 6)
    with pytest.raises(InputError, match="did you mean 'dam'"):
        bits_of("dams")
