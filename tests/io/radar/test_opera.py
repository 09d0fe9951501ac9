import numpy as np
import pytest
from numpy.testing import assert_allclose

from highwall.core.constants import SENTINEL1_WAVELENGTH
from highwall.io.radar.interferograms import open_stack
from tests.io import stacks_made as made

MOVING = ((0, 1), (0, 2), (2, 3))
"""First two products against the first date; then the reference moves on to the third."""


def moving() -> tuple[np.ndarray, object]:
    """Series (epoch, y, x) [m] toward the satellite, and the stack whose products it would be."""
    rng = np.random.default_rng(3)
    series = np.concatenate([np.zeros((1, *made.SHAPE)), rng.normal(0.0, 0.02, (3, *made.SHAPE)).cumsum(axis=0)])
    first, second = np.array(MOVING).T
    stack = made.little_stack().isel(pair=[0, 1, 3]).copy()
    unw = -4 * np.pi / SENTINEL1_WAVELENGTH * (series[second] - series[first])
    stack["unw"] = (stack["unw"].dims, unw.astype(np.float32))
    return series, stack


def test_moving_references_are_rebased_exactly(tmp_path):
    series, products = moving()
    stack, set_aside = open_stack(made.as_opera(products, tmp_path))
    assert set_aside == []
    design = np.zeros((3, 4))
    for row, (first, second) in enumerate(MOVING):
        design[row, [first, second]] = -1.0, 1.0
    metres = -SENTINEL1_WAVELENGTH / (4 * np.pi) * stack["unw"].values.reshape(3, -1)
    found = np.linalg.solve(design[:, 1:], metres)  # a tree: as many products as unknowns
    assert_allclose(found, series[1:].reshape(3, -1), atol=1e-7)  # float32 of some centimetres


def test_of_one_pair_made_twice_the_newer_stays(tmp_path):
    products = made.little_stack()
    made.as_opera(products, tmp_path)
    old = next(tmp_path.glob("*_20200101T140756Z_20200113T*.nc"))
    newer = old.with_name(old.name.replace("_v1.0_20250403", "_v1.1_20260101"))
    made.opera_file(newer, products.isel(pair=0).assign(unw=products["unw"][0] + 1.0))
    stack, set_aside = open_stack(tmp_path)
    assert_allclose(stack["unw"][0], products["unw"][0] + 1.0, rtol=1e-6)
    assert [item.name for item in set_aside] == [str(old)]
    assert newer.name in set_aside[0].reason


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all"])
def test_a_broken_product_is_set_aside(tmp_path, content):
    made.as_opera(made.little_stack(), tmp_path)
    broken = next(tmp_path.glob("*.nc"))
    broken.write_bytes(content)
    stack, set_aside = open_stack(tmp_path)
    assert stack.sizes["pair"] == 3
    assert [item.name for item in set_aside] == [str(broken)]


def test_the_mask_takes_the_component_and_leaves_the_phase(tmp_path):
    products = made.little_stack()
    products["conncomp"][1, 0, 0] = 0
    stack = open_stack(made.as_opera(products, tmp_path)).stack
    assert stack["conncomp"].values[1, 0, 0] == 0
    assert np.isfinite(stack["unw"].values[1, 0, 0])
