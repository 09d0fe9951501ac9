import numpy as np
import pytest
import xarray as xr

from highwall.core.errors import ConfigError
from highwall.patches.land_cover import veto_share

LABELS = np.array([[1, 1, 0, 2, 2, 2]], "i4")


def test_the_share_is_of_each_patchs_own_pixels():
    cover = xr.DataArray([[50, 10, 50, 40, 80, 10]], dims=("y", "x"))
    assert veto_share(LABELS, cover, veto=("built_up",)).tolist() == [0.5, 0.0]
    assert veto_share(LABELS, cover, veto=("cropland", "permanent_water")).tolist() == pytest.approx([0.0, 2 / 3])
    assert veto_share(LABELS, cover, veto=()).tolist() == [0.0, 0.0]


def test_without_a_map_or_a_patch_nothing_is_vetoed():
    assert veto_share(LABELS, None, veto=("built_up",)).tolist() == [0.0, 0.0]
    assert veto_share(np.zeros((1, 6), "i4"), None, veto=("built_up",)).size == 0


def test_a_wrong_name_is_refused_even_without_a_map():
    with pytest.raises(ConfigError, match="'crops'"):
        veto_share(LABELS, None, veto=("crops",))
