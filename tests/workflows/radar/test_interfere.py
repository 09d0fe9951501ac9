import numpy as np
import pytest
import rasterio
from numpy.testing import assert_allclose, assert_array_equal
from rasterio.errors import NotGeoreferencedWarning

from highwall.core.errors import InputError, OutputError, StackError
from highwall.insar.forming.unwrapping import SpanningTree
from highwall.insar.inversion import invert
from highwall.insar.options import (
    InterferogramOptions,
    InversionOptions,
    NetworkOptions,
    PixelReference,
    UnwrappingOptions,
)
from highwall.io.radar.interferograms import open_stack
from highwall.workflows.radar.interfere import interfere, unwrapper_named
from tests.insar.images import DATES, WAVELENGTH, bowl, make_slcs

SHAPE = (64, 80)
SINKING = np.stack([bowl(SHAPE, depth=depth, width=12.0) for depth in (0.0, 0.012, 0.02, 0.035)])
"""Range that grows in a bowl, image by image [m]."""
OPTIONS = InterferogramOptions(looks_y=2, looks_x=2, samples_per_look=1.0)
TREE = UnwrappingOptions(method="spanning_tree")

pytestmark = pytest.mark.filterwarnings(f"ignore::{NotGeoreferencedWarning.__module__}.NotGeoreferencedWarning")


@pytest.fixture
def folder(tmp_path):
    images = tmp_path / "slc"
    images.mkdir()
    for date, image in zip(DATES, make_slcs(SINKING)["slc"].values, strict=True):
        path = images / f"{str(date)[:10]}.tif"
        profile = {"driver": "GTiff", "height": SHAPE[0], "width": SHAPE[1], "count": 1, "dtype": "complex64"}
        with rasterio.open(path, "w", **profile) as dataset:
            dataset.write(image, 1)
            dataset.update_tags(WAVELENGTH_METRES=str(WAVELENGTH))
    return images


def run(folder, **changes):
    said = []
    given = {"options": OPTIONS, "unwrapping": TREE} | changes
    return interfere(folder, folder.parent / "stack.zarr", say=said.append, **given), said


def test_ground_that_sinks_moves_away_from_the_satellite(folder):
    done, said = run(folder)
    assert (done.n_made, done.n_kept, done.set_aside) == (6, 0, [])
    assert said[0].startswith("interfere: pair 1 of 6, 2023-03-19 to 2023-03-31: mean coherence 0.99, 100% unwrapped")
    stack = open_stack(done.stack).stack
    assert stack["unw"].dtype == np.float32
    assert stack["conncomp"].dtype == np.uint16
    assert stack.attrs["wavelength_m"] == WAVELENGTH
    assert stack.attrs["looks"] == 4.0
    result = invert(stack, options=InversionOptions(reference=PixelReference(row=0, col=0)))
    centre = result["displacement"][:, 16, 20]
    # mean of 2×2 samples at the bottom of the bowl: less than a hundredth short of its depth
    assert_allclose(centre, [0.0, -0.012, -0.020, -0.035], rtol=0.01)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["slc", "stack.zarr"]


def test_a_stopped_pass_goes_on_where_it_was(folder, monkeypatch):
    whole = open_stack(run(folder)[0].stack).stack.load()
    (folder.parent / "stack.zarr").rename(folder.parent / "whole.zarr")
    unwrap, calls = SpanningTree.unwrap, []

    def stops_at_the_fifth(self, ifg, coh, *, looks):
        calls.append(looks)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return unwrap(self, ifg, coh, looks=looks)

    monkeypatch.setattr(SpanningTree, "unwrap", stops_at_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        run(folder)
    assert not (folder.parent / "stack.zarr").exists()
    done, said = run(folder)
    assert (done.n_made, done.n_kept) == (2, 4)
    assert len(calls) == 7
    assert sum(line.endswith("kept") for line in said) == 4
    assert open_stack(done.stack).stack.load().identical(whole)
    again, said = run(folder)
    assert (again.n_made, again.n_kept, len(calls)) == (0, 6, 7)
    assert said == ["interfere: stack.zarr stands, kept"]


def test_other_options_make_another_stack(folder):
    run(folder)
    done, _ = run(folder, network=NetworkOptions(n_nearest=1))
    assert done.n_made == 3
    stack = open_stack(done.stack).stack
    assert_array_equal(stack["first"], DATES[:3])
    assert_array_equal(stack["second"], DATES[1:])


def test_pairs_that_fail_are_set_aside(folder, monkeypatch):
    unwrap, calls = SpanningTree.unwrap, []

    def fails_once(self, ifg, coh, *, looks):
        calls.append(looks)
        if len(calls) == 2:
            raise OSError("read error on disk")
        return unwrap(self, ifg, coh, looks=looks)

    monkeypatch.setattr(SpanningTree, "unwrap", fails_once)
    done, _ = run(folder)
    assert done.n_made == 5
    assert [(left_out.name, left_out.reason) for left_out in done.set_aside] == [
        ("2023-03-19_2023-04-12", "read error on disk")
    ]
    assert open_stack(done.stack).stack.sizes["pair"] == 5
    again, _ = run(folder)
    assert (again.n_made, again.n_kept, again.set_aside) == (1, 5, [])
    assert open_stack(done.stack).stack.sizes["pair"] == 6
    monkeypatch.setattr(SpanningTree, "unwrap", lambda *_, **__: (_ for _ in ()).throw(OSError("gone")))
    with pytest.raises(StackError, match="no pair could be made"):
        run(folder, network=NetworkOptions(n_nearest=1))


def test_a_full_disk_stops_the_work(folder, monkeypatch):
    def full(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr("xarray.Dataset.to_zarr", full)
    with pytest.raises(OutputError, match="Free some disk space"):
        run(folder)


@pytest.mark.real
def test_amsterdam(real_data, tmp_path):
    done = interfere(real_data / "insar" / "amsterdam-slc-pair", tmp_path / "amsterdam.zarr")
    stack = open_stack(done.stack).stack.load()
    assert stack["unw"].shape == (1, 42, 42)
    assert {"latitude", "longitude", "bperp"} <= set(stack.coords)
    # a still city: where it is coherent, phase keeps to one level within half a turn
    unw = stack["unw"].values[0][stack["coh"].values[0] > 0.8]
    assert unw.size > 500
    assert (np.abs(unw - np.median(unw)) < np.pi).mean() > 0.99
    wrapped = np.angle(np.exp(1j * unw).mean())
    assert_allclose(wrapped, 1.3, atol=0.2)  # the mean phase of the two images' cross product is 1.31 rad


def test_unwrappers_by_name():
    assert isinstance(unwrapper_named("spanning_tree"), SpanningTree)
    assert unwrapper_named("snaphu", options=UnwrappingOptions(min_coherence=0.3)).min_coherence == 0.3
    with pytest.raises(InputError, match="choose one of whirlwind, spanning_tree, snaphu"):
        unwrapper_named("magic")
