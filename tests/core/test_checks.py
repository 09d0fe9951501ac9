import numpy as np
import pytest
import xarray as xr

from highwall.core.checks import check_dims, nearest_name
from highwall.core.errors import InputError


def test_dims_in_order_pass_and_others_are_named():
    array = xr.DataArray(np.zeros((2, 3)), dims=("x", "y"))
    check_dims(array, ("x", "y"), name="coh")
    with pytest.raises(InputError, match=r"coh has dims \('x', 'y'\); expected \('y', 'x'\)"):
        check_dims(array, ("y", "x"), name="coh")


def test_the_nearest_name_is_offered_only_when_near():
    assert nearest_name("valid_too", ["valid_to", "holder"]) == "; did you mean 'valid_to'?"
    assert nearest_name("zzz", ["valid_to", "holder"]) == ""
