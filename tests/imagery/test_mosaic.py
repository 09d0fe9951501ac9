import numpy as np
import pytest

from highwall.core.errors import GridError, SceneError
from highwall.imagery.mosaic import overlay, sight_of

from .scenes import grid, scene


def layer(values: list[list[float]], **attrs: object):
    array = np.array(values, dtype="f4")
    return scene(array[None], grid(*array.shape), bands=("B04",), **attrs)


def test_the_first_layer_lies_on_top() -> None:
    merged = overlay([layer([[1, np.nan, np.nan]], level="L2A"), layer([[5, 6, np.nan]])])
    np.testing.assert_array_equal(merged.values[0], [[1, 6, np.nan]])
    assert merged.attrs["level"] == "L2A"


def test_codes_have_their_own_mark_of_missing() -> None:
    top, below = layer([[0, 4, 0]]).astype("u1"), layer([[5, 6, 0]]).astype("u1")
    merged = overlay([top, below], missing=0)
    assert merged.dtype == np.uint8
    assert merged.values[0].tolist() == [[5, 4, 0]]


def test_nothing_and_different_grids_are_refused() -> None:
    with pytest.raises(SceneError, match="no layer"):
        overlay([])
    with pytest.raises(GridError):
        overlay([layer([[1, 2]]), layer([[1, 2, 3]])])


def test_sight_counts_each_cause() -> None:
    codes = [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 4, 4, np.nan]]
    sight = sight_of(layer(codes).isel(band=0, drop=True))
    assert sight.nodata == pytest.approx(3 / 15)
    assert sight.cloud == pytest.approx(3 / 15)
    assert (sight.shadow, sight.snow) == (pytest.approx(1 / 15), pytest.approx(1 / 15))
    assert sight.hidden == pytest.approx(8 / 15)
