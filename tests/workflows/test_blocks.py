from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from highwall.core.errors import InputError, SetAside
from highwall.core.grid import Window
from highwall.io.radar.faults import Faults
from highwall.io.rasters import read_zarr
from highwall.io.stores import BlockStore
from highwall.workflows.blocks import Crew, crew
from tests.insar.stacks import band_network, make_stack

SHAPE = (300, 200)


@dataclass(frozen=True)
class Doubling:
    """Doubles what it reads; may be told to break."""

    scene: xr.Dataset
    breaks_at: str = ""
    bytes_per_pixel: float = 4.0

    def __call__(self, window: Window) -> xr.Dataset:
        if window.name == self.breaks_at:
            raise KeyboardInterrupt
        return 2 * window.of(self.scene)[["velocity"]]


@pytest.fixture
def scene():
    values = np.random.default_rng(0).normal(size=(1, *SHAPE)).astype(np.float32)
    stack = make_stack(values, band_network(2, band=1), days=np.array([0, 12]))
    return stack.assign(velocity=(("y", "x"), values[0])).drop_dims("pair")


def filled(tmp_path, work, hands):
    windows = hands.windows(work.scene, work)
    store = BlockStore.resume(tmp_path / "store.zarr", example=work(windows[-1]), space=work.scene)
    hands.fill(store, work, windows, what="doubled")
    return read_zarr(store.path)["velocity"].values


@pytest.mark.parametrize("memory_mib", [1, 512])
def test_the_result_does_not_depend_on_the_memory(tmp_path, scene, memory_mib):
    with crew(memory_mib=memory_mib) as hands:
        np.testing.assert_array_equal(filled(tmp_path, Doubling(scene), hands), 2 * scene["velocity"].values)


def test_little_memory_makes_small_blocks_and_none_is_smaller_than_a_chunk(scene):
    with crew(memory_mib=1) as hands:
        small = hands.windows(scene, Doubling(scene, bytes_per_pixel=1000.0))
        large = hands.windows(scene, Doubling(scene, bytes_per_pixel=0.1))
    assert len(small) == 3 * 2
    assert len(large) == 1


def test_blocks_that_do_not_fit_together_are_not_in_work_together(scene):
    with crew(memory_mib=64) as hands:
        many = Crew(hands.executor, 16, 64)
        heavy, light = Doubling(scene, bytes_per_pixel=1500.0), Doubling(scene, bytes_per_pixel=10.0)
        small = many.windows(scene, heavy)
        assert len(small) == 3 * 2
        assert many.at_once(small, heavy) == 2  # 128 × 128 pixels of 1500 B are 23.4 MiB
        assert many.at_once(small, light) == 6
        assert many.at_once(small, Doubling(scene, bytes_per_pixel=1e6)) == 1


def test_what_was_done_before_a_stop_is_not_done_again(tmp_path, scene):
    done = []
    with crew(memory_mib=1, advance=lambda what, n, total: done.append(n)) as hands:
        small = Crew(hands.executor, 1, 1, hands.advance)
        with pytest.raises(KeyboardInterrupt):
            filled(tmp_path, Doubling(scene, breaks_at="row128-col128", bytes_per_pixel=2000.0), small)
        n_before = done[-1]
        assert 0 < n_before < 6
        np.testing.assert_array_equal(
            filled(tmp_path, Doubling(scene, bytes_per_pixel=2000.0), small), 2 * scene["velocity"].values
        )
    assert done[n_before + 1] == n_before


def test_a_cluster_gives_the_same(tmp_path, scene):
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster,
        crew(cluster.scheduler_address, memory_mib=1) as hands,
    ):
        found = filled(tmp_path, Doubling(scene, bytes_per_pixel=500.0), hands)
    np.testing.assert_array_equal(found, 2 * scene["velocity"].values)


class Travelling:
    """Work that counts how often it is packed for travel."""

    bytes_per_pixel = 500.0
    packed = 0

    def __init__(self, scene: xr.Dataset) -> None:
        self.scene = scene

    def __reduce__(self):
        Travelling.packed += 1
        return Travelling, (self.scene,)

    def __call__(self, window: Window) -> xr.Dataset:
        Faults([]).report(Path(f"{window.cols.start}.tif"), OSError("torn"), consequence="missing")
        return Doubling(self.scene)(window)


def test_work_travels_to_a_cluster_once_and_faults_come_back(tmp_path, scene):
    from distributed import LocalCluster

    work = Travelling(scene)
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster,
        crew(cluster.scheduler_address, memory_mib=1) as hands,
    ):
        assert len(hands.windows(scene, work)) == 6
        np.testing.assert_array_equal(filled(tmp_path, work, hands), 2 * scene["velocity"].values)
    assert Travelling.packed <= 1
    assert sorted(BlockStore(tmp_path / "store.zarr").set_aside()) == [
        SetAside(f"{col}.tif", "torn; missing; download or convert it again") for col in (0, 128)
    ]


def test_a_cluster_that_does_not_answer_is_named():
    with (
        pytest.raises(InputError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"),
        crew("tcp://127.0.0.1:1"),
    ):
        pass
