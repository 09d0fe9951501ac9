import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.learning.windows import Blender, Window, blend_weight, iter_blocks, iter_windows, window_starts

shapes = st.tuples(st.integers(1, 60), st.integers(1, 60))
lattices = st.integers(4, 24).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1)))


@given(shapes, lattices)
def test_windows_cover_everything_and_leave_nothing_out(shape, lattice):
    size, overlap = lattice
    count = np.zeros(shape, dtype=int)
    for window in iter_windows(shape, size=size, overlap=overlap):
        assert window.shape == (min(size, shape[0]), min(size, shape[1]))
        count[window.slices] += 1
    assert count.min() >= 1


@given(shapes, st.integers(1, 30))
def test_blocks_partition_the_extent(shape, block):
    count = np.zeros(shape, dtype=int)
    for window in iter_blocks(shape, block=block):
        count[window.slices] += 1
    assert (count == 1).all()


@pytest.mark.parametrize(("size", "overlap"), [(16, 4), (64, 16), (20, 10)])
def test_blending_is_a_partition_of_unity_inside(size, overlap):
    n = 3 * (size - overlap) + size  # the lattice ends exactly at the edge
    total = np.zeros((n, n))
    for window in iter_windows((n, n), size=size, overlap=overlap):
        total[window.slices] += blend_weight(window.shape, overlap=overlap)
    inside = total[overlap:-overlap, overlap:-overlap]
    np.testing.assert_allclose(inside, 1.0, atol=1e-6)  # float32 products


@given(shapes, lattices, st.floats(-5, 5))
def test_blending_keeps_a_constant(shape, lattice, value):
    size, overlap = lattice
    blender = Blender(Window(0, shape[0], 0, shape[1]), n_layers=1, overlap=overlap)
    for window in iter_windows(shape, size=size, overlap=overlap):
        blender.add(window, np.full((1, *window.shape), value, dtype=np.float32))
    np.testing.assert_allclose(blender.result(), value, rtol=1e-5, atol=1e-6)


def test_a_part_is_blended_as_in_the_whole():
    random = np.random.default_rng(1)
    shape, size, overlap = (70, 55), 20, 6
    said = {w: random.random((2, *w.shape), dtype=np.float32) for w in iter_windows(shape, size=size, overlap=overlap)}
    whole = Blender(Window(0, 70, 0, 55), n_layers=2, overlap=overlap)
    part = Blender(Window(13, 41, 22, 50), n_layers=2, overlap=overlap)
    for window, values in said.items():
        whole.add(window, values)
    for window in iter_windows(shape, size=size, overlap=overlap, touching=part.extent):
        part.add(window, said[window])
    np.testing.assert_array_equal(part.result(), whole.result()[:, 13:41, 22:50])


def test_cells_without_a_window_are_missing():
    blender = Blender(Window(0, 4, 0, 8), n_layers=1, overlap=0)
    blender.add(Window(0, 4, 0, 4), np.ones((1, 4, 4), dtype=np.float32))
    assert np.isnan(blender.result()[:, :, 4:]).all()
    assert (blender.result()[:, :, :4] == 1.0).all()


def test_an_overlap_as_large_as_the_window_is_refused():
    with pytest.raises(InputError, match="make it smaller"):
        window_starts(100, size=10, overlap=10)


def test_growth_stops_at_the_edge():
    assert Window(0, 5, 3, 8).grown(4, within=(8, 20)) == Window(0, 8, 0, 12)


@pytest.mark.parametrize("shape", [(1, 1), (5, 64), (512, 512)])
def test_a_gaussian_weight_falls_from_the_middle_and_is_never_nothing(shape):
    weight = blend_weight(shape, overlap=0, blending="gaussian")
    middle = weight[tuple((side - 1) // 2 for side in shape)]
    assert weight.min() > 0
    assert middle == weight.max()
    assert np.array_equal(weight, weight[::-1, ::-1])


def test_gaussian_windows_keep_a_constant():
    extent = Window(0, 90, 0, 70)
    blender = Blender(extent, n_layers=1, overlap=8, blending="gaussian")
    for window in iter_windows((90, 70), size=32, overlap=8):
        blender.add(window, np.full((1, *window.shape), 0.3, np.float32))
    assert blender.result() == pytest.approx(0.3, abs=1e-6)
