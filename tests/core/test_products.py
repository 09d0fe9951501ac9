import math

import numpy as np
import pytest

from highwall.core.products import LAYERS, RUN_FILES, Layer

LEADING = {"epoch", "pair", "band", "class", "component", "event"}


@pytest.mark.parametrize("layer", LAYERS.values(), ids=str)
def test_a_layer_is_complete_and_can_be_stored(layer: Layer):
    assert LAYERS[layer.name] is layer
    assert layer.dims[-2:] in {("y", "x"), ("epoch", "other_epoch")}
    assert set(layer.dims[:-2]) <= LEADING
    assert len(layer.dims) <= 3
    assert layer.unit.strip()
    assert layer.long_name.strip()
    assert layer.scale > 0
    kind = np.dtype(layer.dtype).kind
    assert math.isnan(layer.fill) == (kind in "fc")
    if kind in "iu":
        info = np.iinfo(layer.dtype)
        assert info.min <= layer.fill <= info.max


@pytest.mark.parametrize("layer", [layer for layer in LAYERS.values() if layer.unit in {"m", "m year-1"}], ids=str)
def test_every_motion_but_an_error_says_what_positive_means(layer: Layer):
    is_signed = not layer.name.endswith(("_std", "_amplitude")) and layer.name != "height"
    assert ("positive" in layer.attrs().get("sign", "")) == is_signed


def test_units_are_si_and_signs_only_where_there_is_one():
    assert {layer.unit for layer in LAYERS.values()} <= {"1", "m", "m year-1", "rad", "day", "dB", "year2"}
    assert "sign" not in LAYERS["coh"].attrs()


def test_a_run_leaves_each_table_in_both_formats():
    stems = {name.removesuffix(".gpkg") for name in RUN_FILES if name.endswith(".gpkg")}
    assert stems == {name.removesuffix(".parquet") for name in RUN_FILES if name.endswith(".parquet")}
    assert all(RUN_FILES.values())
