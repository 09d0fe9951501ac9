import numpy as np
import pytest
import xarray as xr

from highwall.core.errors import InputError, SceneError
from highwall.imagery.scaling import require_bands, to_reflectance

from .scenes import grid, scene

ATTRS = {"quantification": 10_000.0, "offset": -1000.0, "nodata": 0.0, "scene_id": "S2A"}


def numbers(*values: int, dtype: str = "u2", **attrs: object) -> xr.DataArray:
    stack = np.array(values, dtype).reshape(2, 1, -1)
    return scene(stack, grid(1, stack.shape[2]), bands=("B02", "SCL"), **(ATTRS | attrs))


def test_reflectance_is_number_plus_offset_over_quantification():
    reflectance = to_reflectance(numbers(0, 1, 900, 1000, 11_000, 65_535, 4, 4, 4, 4, 4, 4))
    assert reflectance.dtype == np.float32
    assert reflectance["band"].values.tolist() == ["B02"]  # SCL is no reflectance
    expected = [np.nan, -0.0999, -0.01, 0.0, 1.0, 6.4535]
    np.testing.assert_allclose(reflectance.values[0, 0], expected, rtol=1e-6)
    assert (reflectance.attrs["units"], reflectance.attrs["offset_applied"]) == ("1", -1000.0)
    assert "nodata" not in reflectance.attrs


def test_nan_is_missing_whatever_nodata_is():
    reflectance = to_reflectance(numbers(np.nan, 2000, 4, 4, dtype="f4", nodata=-9999.0))
    np.testing.assert_allclose(reflectance.values[0, 0], [np.nan, 0.1], rtol=1e-6)


def test_scaling_twice_is_refused():
    with pytest.raises(SceneError, match="S2A is reflectance already"):
        to_reflectance(to_reflectance(numbers(1, 2)))


def test_a_scene_that_does_not_say_how_is_refused():
    bare = numbers(1, 2)
    bare.attrs = {"nodata": 0}
    with pytest.raises(SceneError, match="lacks the attributes offset, quantification"):
        to_reflectance(bare)


def test_other_dims_are_refused():
    with pytest.raises(InputError, match="scene has dims"):
        to_reflectance(numbers(1, 2).transpose("y", "x", "band"))


def test_a_lazy_scene_stays_lazy():
    lazy = numbers(1100, 2000, 4, 4).chunk({"x": 1})
    assert to_reflectance(lazy).chunks is not None
    xr.testing.assert_equal(to_reflectance(lazy).compute(), to_reflectance(numbers(1100, 2000, 4, 4)))


def test_bands_are_selected_in_order_or_missed_by_name():
    stack = scene(np.zeros((3, 1, 1), "f4"), grid(1, 1), bands=("B02", "B03", "B04"), scene_id="S2A")
    assert require_bands(stack, ("B04", "B02"), purpose="a map")["band"].values.tolist() == ["B04", "B02"]
    with pytest.raises(SceneError, match=r"S2A has bands B02, B03, B04; a map needs B08, B11 too\."):
        require_bands(stack, ("B04", "B08", "B11"), purpose="a map")
