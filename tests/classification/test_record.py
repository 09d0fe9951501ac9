import json
import math
from dataclasses import replace

import pystac
import pytest
from pystac.extensions.mlm import MLMExtension

from highwall.classification.radiometry import CAMERA_RGB, L2A_SIX
from highwall.classification.record import model_item
from highwall.learning.mlm import ModelFile
from tests.classification.test_metadata import FACTS

FILES = (ModelFile("m.onnx", 400_000, "ab" * 32, "float32"), ModelFile("m.int8.onnx", 150_000, "cd" * 32, "int8"))


def item(metadata=FACTS) -> pystac.Item:
    made = model_item(metadata, files=FILES, n_weights=90_000, created="2026-01-02T03:04:05Z", licence="Apache-2.0")
    return pystac.Item.from_dict(json.loads(json.dumps(made)))


def test_a_catalogue_can_read_what_goes_in_and_what_comes_out():
    mlm = MLMExtension.ext(item())
    assert mlm.mlm_name == "test"
    (given,) = mlm.input
    assert [band if isinstance(band, str) else band.name for band in given.bands] == ["B04", "B03", "B02"]
    assert given.input.shape == [-1, 3, 48, 48]
    cells, chip = mlm.output
    assert (cells.name, cells.result.shape) == ("cells", [-1, 3, 12, 12])
    assert (chip.name, chip.result.shape) == ("chip", [-1, 3])
    assert [entry.name for entry in chip.classes] == list(FACTS.classes)


def test_weights_that_it_began_from_are_named():
    assert item().properties["mlm:pretrained"] is False
    begun = item(replace(FACTS, begun_from="lite0.pth")).properties
    assert (begun["mlm:pretrained"], begun["mlm:pretrained_source"]) == (True, "lite0.pth")


def test_files_are_named_with_size_and_hash():
    assets = item().assets
    assert list(assets) == ["float32", "int8"]
    assert assets["int8"].href == "./m.int8.onnx"
    assert assets["float32"].extra_fields["file:size"] == 400_000
    assert assets["float32"].extra_fields["file:checksum"] == "1220" + "ab" * 32
    assert "mlm:model" in assets["float32"].roles


@pytest.mark.parametrize(
    ("radiometry", "expression"),
    [
        (L2A_SIX, "numpy.rint(255 * numpy.clip(x / 0.6, 0, 1))"),
        (CAMERA_RGB, "numpy.rint(255 * numpy.clip(x / 255, 0, 1))"),
    ],
    ids=["L2A", "camera"],
)
def test_it_says_how_levels_are_made(radiometry, expression):
    facts = replace(FACTS, bands=radiometry.bands, radiometry=radiometry.name, level=radiometry.level, pixel_m=math.nan)
    (given,) = item(facts).properties["mlm:input"]
    assert given["description"] == f"{radiometry.level}, as whole levels 0 to 255"
    assert given["value_scaling"] == [{"type": "processing", "format": "python", "expression": expression}]


def test_it_carries_what_probabilities_mean():
    assert item().properties["mlm:hyperparameters"] == {
        "threshold": 0.62,
        "cell_threshold": 0.5,
        "temperature": 1.3,
        "cell_temperature": 0.8,
    }
