import numpy as np
import pytest
import xarray as xr

from highwall.core.errors import SetAside
from highwall.core.grid import Window, windows_over
from highwall.io.rasters import read_zarr
from highwall.io.stores import CHUNK_PX, BlockStore
from tests.insar.stacks import band_network, make_stack

SHAPE = (2 * CHUNK_PX + 5, CHUNK_PX + 1)


@pytest.fixture
def scene():
    values = np.random.default_rng(1).normal(size=(3, *SHAPE)).astype(np.float32)
    stack = make_stack(values, band_network(3, band=2), days=np.array([0, 12, 24]))
    epochs = np.array(["2020-01-04", "2020-01-16", "2020-01-28"], "datetime64[ns]")
    layers = {"displacement": (("epoch", "y", "x"), values), "decorrelated": (("y", "x"), values[0] > 0)}
    return xr.Dataset(layers, coords={"epoch": epochs} | {name: stack[name] for name in ("x", "y", "spatial_ref")})


def windows():
    return list(windows_over(*SHAPE, rows=CHUNK_PX, cols=CHUNK_PX))


def resumed(path, scene):
    return BlockStore.resume(path, example=Window(slice(0, 1), slice(0, 1)).of(scene), space=scene)


def test_blocks_in_any_order_make_the_whole(tmp_path, scene):
    store = resumed(tmp_path / "work.zarr", scene)
    for window in reversed(windows()):
        store.put(window, window.of(scene))
    store.release(tmp_path / "done.zarr")
    xr.testing.assert_identical(read_zarr(tmp_path / "done.zarr").load().drop_attrs(), scene.drop_attrs())
    assert [path.name for path in tmp_path.iterdir()] == ["done.zarr"]


def test_a_store_that_is_taken_up_again_knows_what_it_holds(tmp_path, scene):
    first, *others = windows()
    resumed(tmp_path / "work.zarr", scene).put(first, first.of(scene))
    store = resumed(tmp_path / "work.zarr", scene)
    assert store.has(first)
    assert not any(store.has(window) for window in others)
    np.testing.assert_array_equal(first.of(read_zarr(store.path))["displacement"], first.of(scene)["displacement"])


def test_what_has_no_place_on_the_map_is_written_beside_the_blocks_and_replaced(tmp_path, scene):
    store = resumed(tmp_path / "work.zarr", scene.assign_attrs(reference="row 5"))
    for window in windows():
        store.put(window, window.of(scene))
    for factor in (1.0, 2.0):
        store.add(xr.Dataset({"date_errors": (("epoch", "other_epoch"), factor * np.eye(3))}))
    found = read_zarr(store.path).load()
    np.testing.assert_array_equal(found["date_errors"], 2.0 * np.eye(3))
    assert found.attrs == {"reference": "row 5"}
    np.testing.assert_array_equal(found["displacement"], scene["displacement"])


def test_what_blocks_were_made_without_outlives_a_stop(tmp_path, scene):
    first, second, third = windows()[:3]
    broken, torn = SetAside("a.tif", "broken"), SetAside("b.tif", "torn")
    store = resumed(tmp_path / "work.zarr", scene)
    store.put(first, first.of(scene), set_aside=[broken])
    store.put(second, second.of(scene), set_aside=[broken, torn])
    store.put(third, third.of(scene))
    assert sorted(resumed(tmp_path / "work.zarr", scene).set_aside()) == [broken, torn]


def test_a_block_that_begins_where_a_smaller_one_did_is_not_taken_for_it(tmp_path, scene):
    first = windows()[0]
    resumed(tmp_path / "work.zarr", scene).put(first, first.of(scene))
    whole = Window(slice(0, SHAPE[0]), slice(0, SHAPE[1]))
    assert not resumed(tmp_path / "work.zarr", scene).has(whole)


def test_a_store_whose_ledger_a_kill_kept_from_being_made_takes_blocks(tmp_path, scene):
    first = windows()[0]
    resumed(tmp_path / "work.zarr", scene)
    (tmp_path / "work.blocks").rmdir()
    store = resumed(tmp_path / "work.zarr", scene)
    assert not store.has(first)
    store.put(first, first.of(scene))
    assert store.has(first)


def test_a_new_store_forgets_the_ledger_of_one_that_was_removed(tmp_path, scene):
    import shutil

    first = windows()[0]
    resumed(tmp_path / "work.zarr", scene).put(first, first.of(scene))
    shutil.rmtree(tmp_path / "work.zarr")
    assert not resumed(tmp_path / "work.zarr", scene).has(first)


def test_the_place_of_a_store_that_is_released_may_be_taken(tmp_path, scene):
    for number in (1.0, 2.0):
        store = resumed(tmp_path / "work.zarr", scene)
        for window in windows():
            store.put(window, xr.full_like(window.of(scene), number))
        store.release(tmp_path / "done.zarr")
    assert float(read_zarr(tmp_path / "done.zarr")["displacement"].max()) == 2.0


@pytest.mark.filterwarnings("error::zarr.errors.UnstableSpecificationWarning")
def test_a_coordinate_that_no_layer_has_stays_out(tmp_path, scene):
    store = resumed(tmp_path / "work.zarr", scene.assign_coords(component=["east", "north", "up"]))
    assert "component" not in read_zarr(store.path).coords


def test_a_store_that_an_earlier_version_began_with_fewer_variables_is_begun_anew(tmp_path, scene):
    first = Window(slice(0, 4), slice(0, 4))
    resumed(tmp_path / "work.zarr", scene).put(first, first.of(scene))
    wider = scene.assign(more=scene["decorrelated"])
    store = resumed(tmp_path / "work.zarr", wider)
    assert not store.has(first)
    store.put(first, first.of(wider))
