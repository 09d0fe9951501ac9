import numpy as np
import pytest
import torch

from highwall.classification.export import export_network, metadata_of
from highwall.classification.extract import ChipModel
from highwall.classification.metadata import ModelMetadata, check_known, check_scene
from highwall.classification.network import ChipNetwork
from highwall.classification.options import NetworkOptions
from highwall.core.errors import ModelError, OutputError
from highwall.learning.onnx import OnnxModel, largest_difference
from tests.classification.synthetic import SMALL_NETWORK

FACTS = metadata_of(name="test", version="1", training_data="nothing")


@pytest.mark.parametrize("options", [SMALL_NETWORK, NetworkOptions()], ids=["small", "default"])
def test_the_exported_network_says_the_same(tmp_path, options):
    torch.manual_seed(0)
    network = ChipNetwork(options)
    assert export_network(network, tmp_path / "m.onnx", metadata=FACTS) < 1e-4
    levels = np.random.default_rng(1).integers(0, 256, (5, 3, 64, 80)).astype(np.float32)
    with torch.no_grad():
        expected = tuple(part.numpy() for part in network(torch.from_numpy(levels)))
    assert largest_difference(expected, OnnxModel.open(tmp_path / "m.onnx", threads=1).run(levels)) < 1e-4
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]


def test_facts_travel_with_the_file(tmp_path):
    export_network(ChipNetwork(SMALL_NETWORK), tmp_path / "m.onnx", metadata=FACTS)
    assert ChipModel.open(tmp_path / "m.onnx").metadata == FACTS


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(OutputError, match="writable folder"):
        export_network(ChipNetwork(SMALL_NETWORK), tmp_path / "absent" / "m.onnx", metadata=FACTS)


@pytest.mark.parametrize("key", sorted(FACTS.to_properties()))
def test_a_file_without_a_fact_is_refused(key):
    properties = FACTS.to_properties()
    del properties[key]
    with pytest.raises(ModelError, match=key):
        ModelMetadata.from_properties(properties)


@pytest.mark.parametrize(
    "changed",
    [{"classes": "none,mine"}, {"radiometry": "float-1"}, {"cell_px": "four"}],
    ids=["classes", "levels", "cell"],
)
def test_a_network_for_other_things_is_refused(changed):
    with pytest.raises(ModelError):
        check_known(ModelMetadata.from_properties({**FACTS.to_properties(), **changed}))


def test_the_right_scene_passes():
    check_scene(FACTS, bands=("B04", "B03", "B02"), level="L1C")


def test_another_order_of_bands_is_refused_always():
    with pytest.raises(ModelError, match="Select and order"):
        check_scene(FACTS, bands=("B02", "B03", "B04"), level="L1C", allow_other=True)


def test_another_level_is_refused_unless_told():
    with pytest.raises(ModelError, match="L2A"):
        check_scene(FACTS, bands=("B04", "B03", "B02"), level="L2A")
    check_scene(FACTS, bands=("B04", "B03", "B02"), level="L2A", allow_other=True)


def test_a_level_that_is_not_said_is_asked_for():
    with pytest.raises(ModelError, match=r"scenes\.level"):
        check_scene(FACTS, bands=("B04", "B03", "B02"), level="unknown")
