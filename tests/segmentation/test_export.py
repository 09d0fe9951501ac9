import json

import numpy as np
import pytest
import torch

from highwall.core.errors import MissingInputError, ModelError, OutputError
from highwall.learning.mlm import ModelFile
from highwall.learning.onnx_export import TOLERANCE
from highwall.segmentation.export import export_half, export_network, parity
from highwall.segmentation.facts import metadata_of
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.options import TrainOptions
from highwall.segmentation.record import model_item
from highwall.segmentation.segmenter import OnnxSegmenter
from highwall.segmentation.torch_segmenter import TorchSegmenter
from highwall.segmentation.train import train_network
from tests.segmentation.lessons import scenes, tiny_options

SMALLEST = "tu-mobilenetv3_small_050"


def made(**network):
    given = {"architecture": "linknet", "encoder": SMALLEST, "bands": ("B04", "B08", "VV"), "subsets": (1, 3)}
    options = TrainOptions.model_validate({"network": given | network, "batch": 2})
    torch.manual_seed(0)
    network = SegmentationNetwork(options.network).train()
    network.mean.copy_(torch.tensor([0.1, 0.3, -12.0]).reshape(1, 3, 1, 1))
    network.std.copy_(torch.tensor([0.05, 0.1, 3.0]).reshape(1, 3, 1, 1))
    with torch.no_grad():  # so that batch normalisation has its statistics
        for _ in range(20):
            network.logits(network.mean + network.std * torch.randn(4, 3, 64, 64))
    network.temperature.copy_(torch.tensor([0.8, 1.7]))
    facts = {"n_samples": 2, "n_simulated": 0}
    return network.eval(), metadata_of(network, options=options, training=facts, thresholds={"dam": 0.4})


NETWORK, METADATA = made()


def images(height, width, *, n=1):
    random = np.random.default_rng(0)
    noise = random.standard_normal((n, 3, height, width))
    return (NETWORK.mean.numpy() + NETWORK.std.numpy() * noise).astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    whole, half = folder / "whole.onnx", folder / "half.onnx"
    export_network(NETWORK, whole, metadata=METADATA)
    export_half(NETWORK, whole, half, metadata=METADATA)
    return whole, half


@pytest.mark.parametrize("shape", [(32, 32), (64, 160), (224, 96)])
def test_onnx_and_torch_say_the_same_on_any_extent(files, shape):
    given = images(*shape, n=2)
    expected = TorchSegmenter(NETWORK, METADATA).probability(given)
    found = OnnxSegmenter.open(files[0], threads=1)
    assert np.abs(found.probability(given) - expected).max() <= TOLERANCE
    assert found.metadata == METADATA


def test_half_precision_is_smaller_and_nearly_the_same(files):
    whole, half = files
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    found = OnnxSegmenter.open(half, threads=1)
    assert found.metadata.precision == "float16"
    given = images(64, 64)
    expected = TorchSegmenter(NETWORK, METADATA).probability(given)
    assert np.abs(found.probability(given) - expected).max() < 0.05


@pytest.mark.parametrize("architecture", ["unet", "unetplusplus", "fpn", "deeplabv3", "deeplabv3plus"])
def test_every_architecture_leaves_the_same_numbers(tmp_path, architecture):
    network, metadata = made(architecture=architecture, decoder_width=64, subsets=(1, 3))
    assert export_network(network, tmp_path / "model.onnx", metadata=metadata) <= TOLERANCE


def test_facts_of_another_network_are_refused(tmp_path):
    other = METADATA.model_copy(update={"temperature": {1: 1.0, 3: 1.0}})
    with pytest.raises(ModelError, match="of another network"):
        export_network(NETWORK, tmp_path / "model.onnx", metadata=other)
    assert not list(tmp_path.iterdir())


def test_an_export_that_says_something_else_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr("highwall.segmentation.export.parity", lambda *_: float("nan"))
    with pytest.raises(ModelError, match="differs by nan from torch"):
        export_network(NETWORK, tmp_path / "model.onnx", metadata=METADATA)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_none_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="Choose a writable folder"):
        export_network(NETWORK, tmp_path / "file" / "model.onnx", metadata=METADATA)


def test_parity_finds_a_network_that_changed(files):
    other, _ = made()
    other.mean.add_(1.0)
    assert parity(other, files[0]) > 100 * TOLERANCE


def test_a_checkpoint_runs_in_torch(tmp_path):
    trained = train_network(scenes(), options=tiny_options(n_epochs=1, settle=False), out=tmp_path)
    opened = TorchSegmenter.open(tmp_path / "best.ckpt")
    given = np.random.default_rng(0).random((1, 3, 32, 64), dtype=np.float32)
    assert np.array_equal(
        opened.probability(given), TorchSegmenter(trained.network, trained.metadata).probability(given)
    )
    assert opened.metadata == trained.metadata
    with pytest.raises(ModelError, match="Pad them"):
        opened.probability(given[..., :40])
    with pytest.raises(MissingInputError, match="no checkpoint at"):
        TorchSegmenter.open(tmp_path / "none.ckpt")
    torch.save({"weights": 1}, tmp_path / "other.ckpt")
    with pytest.raises(ModelError, match="no checkpoint of a segmentation training"):
        TorchSegmenter.open(tmp_path / "other.ckpt")


def test_the_record_tells_what_goes_in_and_out():
    files = [ModelFile("m.onnx", 10, "ab" * 32, "float32")]
    item = model_item(METADATA, files=files, n_weights=7, created="2024-01-01T00:00:00Z")
    properties = item["properties"]
    assert json.loads(json.dumps(item)) == item
    assert properties["mlm:input"][0]["bands"] == ["B04", "B08", "VV"]
    assert [each["name"] for each in properties["mlm:output"][0]["classification:classes"]] == list(METADATA.classes)
    assert properties["mlm:hyperparameters"]["thresholds"] == {"dam": 0.4}
    assert properties["mlm:pretrained"] is False
    assert item["assets"]["float32"]["file:checksum"] == "1220" + "ab" * 32
