import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from highwall.core.errors import InputError
from highwall.segmentation.change import (
    NOT_SEEN,
    changed,
    changes_of,
    count_changes,
    from_to,
    kind_of,
    names_of,
)

CODES = st.sampled_from([0, 1, 2, 6, 10, 12, 255])
MAPS = arrays(np.uint8, (6, 7), elements=CODES)


@given(before=MAPS, after=MAPS)
def test_every_pixel_that_both_maps_know_is_counted_once(before, after):
    joined = from_to(before, after)
    known = (before != 255) & (after != 255)
    assert np.array_equal(joined == NOT_SEEN, ~known)
    found = changes_of(count_changes(joined))
    assert sum(row.n_px for row in found) == known.sum()
    for code in np.unique(before[known]):
        name = names_of(int(code) * 101)[0]
        assert sum(row.n_px for row in found if row.before == name) == (before[known] == code).sum()
    assert sum(row.n_px for row in found if row.kind) == (changed(joined) > 0).sum()


def test_kinds():
    assert kind_of("background", "dam") == "expansion"
    assert kind_of("dam", "background") == "abandonment"
    assert kind_of("excavation", "dumping_ground") == "conversion"
    assert kind_of("dam", "dam") is None


def test_a_part_of_the_map_is_counted_alone():
    joined = from_to(np.array([[0, 1]], np.uint8), np.array([[1, 1]], np.uint8))
    found = changes_of(count_changes(joined, np.array([[True, False]])))
    assert [(row.before, row.after, row.n_px) for row in found] == [("background", "excavation", 1)]


def test_maps_that_cannot_be_joined_are_refused():
    with pytest.raises(InputError, match="one on the other's grid"):
        from_to(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8))
    with pytest.raises(InputError, match="40 is no code"):
        from_to(np.full((2, 2), 40, np.uint8), np.zeros((2, 2), np.uint8))
