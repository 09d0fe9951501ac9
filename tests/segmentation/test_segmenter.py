import numpy as np
import onnx
import pytest

from highwall.core.errors import MissingInputError, ModelError
from highwall.segmentation.metadata import SegmentationMetadata
from highwall.segmentation.segmenter import Bundle, MemorySegmenter, OnnxSegmenter
from tests.segmentation.networks_made import facts as metadata
from tests.segmentation.networks_made import write_network

SEEN = {"dumping_ground": "B04"}


def images(n_bands=2, *, side=64):
    return np.random.default_rng(0).random((2, n_bands, side, side), dtype=np.float32)


@pytest.fixture(params=["onnx", "half", "memory", "bundle"])
def segmenter(request, tmp_path):
    known = metadata()
    in_memory = MemorySegmenter(known, lambda given: given[:, :1])
    if request.param == "memory":
        return in_memory
    if request.param == "bundle":
        return Bundle.of([in_memory])
    path = write_network(tmp_path / "model.onnx", known, seen=SEEN, half=request.param == "half")
    return OnnxSegmenter.open(path, threads=1)


def test_every_segmenter_keeps_the_contract(segmenter):
    given = images()
    found = segmenter.probability(given)
    assert found.dtype == np.float32
    assert found.shape == (2, len(segmenter.metadata.classes), 64, 64)
    assert found == pytest.approx(given[:, :1], abs=1e-3)  # half precision has three digits
    with pytest.raises(ModelError, match="B04, B03"):
        segmenter.probability(images(3))
    with pytest.raises(ModelError, match="Pad them to 64 × 64"):
        segmenter.probability(images(side=40))
    with pytest.raises(ModelError, match="shape"):
        segmenter.probability(images()[0])


def test_a_file_without_facts_is_refused(tmp_path):
    path = write_network(tmp_path / "model.onnx", metadata(), seen=SEEN)
    model = onnx.load(str(path))
    del model.metadata_props[:]
    onnx.save(model, str(path))
    with pytest.raises(ModelError, match="segmentation network"):
        OnnxSegmenter.open(path)
    with pytest.raises(MissingInputError):
        OnnxSegmenter.open(tmp_path / "none.onnx")


def test_a_bundle_joins_subsets_in_order_and_gives_each_member_its_bands():
    seen = {}

    def answer(name, n_classes):
        def function(given):
            seen[name] = given
            return np.repeat(given[:, :1], n_classes, axis=1)

        return function

    third = MemorySegmenter(metadata(name="c", subsets=(3,), bands=("B08", "B03"), stride=32), answer("c", 7))
    first = MemorySegmenter(metadata(name="a", subsets=(1, 2), window_px=128), answer("a", 3))
    bundle = Bundle.of([third, first])
    facts = bundle.metadata
    assert facts.subsets == (1, 2, 3)
    assert facts.bands == ("B04", "B03", "B08")
    assert facts.window_px == 128
    assert facts.name == "a + c"
    given = images(3)
    found = bundle.probability(given)
    assert np.array_equal(seen["a"], given[:, :2])
    assert np.array_equal(seen["c"], given[:, [2, 1]])
    assert np.array_equal(found[:, :3], np.repeat(given[:, :1], 3, axis=1))
    assert np.array_equal(found[:, 3:], np.repeat(given[:, 2:], 7, axis=1))
    SegmentationMetadata.model_validate(facts.model_dump())


def test_a_bundle_with_a_simulated_member_is_a_demo():
    real = MemorySegmenter(metadata(), lambda given: given[:, :1])
    simulated = MemorySegmenter(metadata(name="demo one", subsets=(4,), is_simulated=True), lambda given: given[:, :1])
    facts = Bundle.of([real, simulated]).metadata
    assert facts.is_simulated
    SegmentationMetadata.model_validate(facts.model_dump())


@pytest.mark.parametrize(("changes", "words"), [
    ([], "without a model"),
    ([{}, {"name": "other"}], "both know subset 2"),
    ([{}, {"subsets": (4,), "pixel_m": 1.0}], "differ in pixel_m"),
    ([{"level": "L1C"}, {"subsets": (4,), "level": "L2A"}], "differ in level"),
])  # fmt: skip
def test_members_that_do_not_go_together_are_refused(changes, words):
    members = [MemorySegmenter(metadata(**change), lambda given: given[:, :1]) for change in changes]
    with pytest.raises(ModelError, match=words):
        Bundle.of(members)
