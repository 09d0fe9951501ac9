import json

import pytest
import torch

from highwall.core.errors import MissingInputError, ModelError
from highwall.segmentation.beginning import begun
from highwall.segmentation.dataset import SampleSet
from highwall.segmentation.facts import metadata_of, training_facts
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.record import model_item
from highwall.segmentation.train import train_network
from tests.segmentation.lessons import scene, tiny_options

REAL = SampleSet([scene("real")])
SIMULATED = SampleSet([scene("made", is_simulated=True)])


def train(out, samples, **changes):
    options = tiny_options(**{"keep": "last", "n_epochs": 1, **changes})
    return train_network(samples, options=options, out=out)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """Checkpoint of a network that saw simulation alone, and the network."""
    folder = tmp_path_factory.mktemp("first")
    trained = train(folder, SIMULATED, name="first", seed=5)
    return folder / "last.ckpt", trained.network


def begin(path, *, resumed=None, **network):
    options = tiny_options(begin_from=str(path), network=network)
    made = SegmentationNetwork(options.network)
    return made, begun(made, options, resumed=resumed)


def metadata_after(origin, samples, **changes):
    options = tiny_options(**changes)
    facts = training_facts(samples) | origin
    return metadata_of(SegmentationNetwork(options.network), options=options, training=facts)


@pytest.mark.parametrize("network", [{}, {"dropout": 0.3}])
def test_every_weight_is_that_of_the_beginning(first, network):
    path, before = first
    made, _ = begin(path, **network)
    pairs = list(zip(made.state_dict().values(), before.state_dict().values(), strict=True))
    assert len(pairs) > 100
    assert all(torch.equal(value, kept) for value, kept in pairs)


def test_training_goes_on_from_there_and_normalises_by_its_own_scenes(first, tmp_path):
    path, before = first
    still = {"learning_rate": 1e-12}
    found = train(tmp_path, REAL, begin_from=str(path), optimiser=still).network
    kernels = [name for name, value in before.named_parameters() if value.ndim > 1]
    for name in kernels:
        torch.testing.assert_close(found.get_parameter(name), before.get_parameter(name), rtol=0.0, atol=1e-6)
    assert not torch.equal(found.mean, before.mean)


def test_a_resumed_training_knows_its_beginning_without_the_file(first, tmp_path):
    beginning, out = tmp_path / "beginning.ckpt", tmp_path / "out"
    beginning.write_bytes(first[0].read_bytes())
    train(out, REAL, begin_from=str(beginning))
    beginning.unlink()
    resumed = train(out, REAL, begin_from=str(beginning), n_epochs=2)
    assert [row["epoch"] for row in resumed.history] == [1, 2]
    assert resumed.metadata.begun_from.startswith("demo-first ")


def test_the_facts_tell_where_it_began(first):
    _, origin = begin(first[0])
    metadata = metadata_after(origin, REAL)
    assert metadata.begun_from.startswith("demo-first ")
    told = json.loads(metadata.training_data)["begun_from"]
    assert (told["name"], told["file"], len(told["sha256"])) == ("demo-first", "last.ckpt", 64)
    assert (told["training_data"]["n_samples"], told["training_data"]["n_simulated"]) == (1, 1)
    properties = model_item(metadata, files=[], n_weights=1, created="2026-01-01T00:00:00Z")["properties"]
    assert (properties["mlm:pretrained"], properties["mlm:pretrained_source"]) == (True, metadata.begun_from)


def test_only_simulation_upon_simulation_is_a_demo(first):
    _, origin = begin(first[0])
    assert not metadata_after(origin, REAL).is_simulated
    upon = metadata_after(origin, SIMULATED, name="second")
    assert (upon.is_simulated, upon.name) == (True, "demo-second")
    saw_real = {"begun_from": {**origin["begun_from"], "training_data": training_facts(REAL)}}
    assert not metadata_after(saw_real, SIMULATED).is_simulated


@pytest.mark.parametrize(
    ("network", "says"),
    [
        ({"subsets": (1,)}, "subsets 1 2, not 1"),
        ({"bands": ("B04", "B03", "B08")}, "bands B04 B03 B02, not B04 B03 B08"),
        ({"architecture": "unet"}, "architecture linknet, not unet"),
    ],
)
def test_weights_for_other_classes_or_bands_are_refused(first, network, says):
    with pytest.raises(ModelError, match=says):
        begin(first[0], **network)


def test_a_beginning_that_cannot_be_read_says_so(tmp_path):
    with pytest.raises(MissingInputError, match=r"no checkpoint at .*gone\.ckpt"):
        begin(tmp_path / "gone.ckpt")
    (tmp_path / "text.ckpt").write_text("nothing")
    with pytest.raises(ModelError, match="cannot be read as a checkpoint"):
        begin(tmp_path / "text.ckpt")
