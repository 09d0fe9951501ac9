"""One image through one network, against a network worked out by hand."""

import hashlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from highwall.core.errors import InputError, MissingInputError, ModelError
from highwall.edge.images import Levels, decode
from highwall.edge.inference import EdgeModel, infer
from highwall.edge.options import InferOptions
from tests.edge.tiny import CHIP_PX, CLASSES, chip_probability, open_network, picture, write_network

OPTIONS = InferOptions()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return open_network(tmp_path_factory.mktemp("network"))


def levels_of(array):
    """(band, y, x) levels as if decoded."""
    return Levels(array.shape[1:], array.shape[0], lambda window: array[:, *window.slices])


def board(rows):
    """An image of flat chips, one level each."""
    return levels_of(np.kron(np.array(rows, float), np.ones((CHIP_PX, CHIP_PX)))[None].repeat(3, axis=0))


def test_a_quiet_image_is_of_the_first_class(model):
    verdict = infer(board([[128, 128], [128, 130]]), model, options=OPTIONS)
    assert (verdict.class_name, verdict.n_chips, verdict.finds) == ("none", 4, ())
    assert verdict.probability == verdict.class_probability["none"]


def test_finds_are_told_with_place_class_and_probability(model):
    verdict = infer(board([[128, 60], [250, 128]]), model, options=OPTIONS)
    assert [(find.y, find.x, find.class_name) for find in verdict.finds] == [
        (0, CHIP_PX, "dark_crack"),
        (CHIP_PX, 0, "bright_crack"),
    ]
    expected = chip_probability(np.full((1, 3, CHIP_PX, CHIP_PX), 60.0))[0, 1]
    assert verdict.finds[0].probability == pytest.approx(expected, abs=5e-5)  # four decimals
    assert verdict.class_name == "bright_crack"  # 122 levels away beat 68


def test_the_threshold_is_on_all_classes_but_the_first(model):
    at = chip_probability(np.full((1, 3, CHIP_PX, CHIP_PX), 140.0))[0]
    alarm = 1 - at[0]
    assert at[2] < alarm
    low, high = (InferOptions(threshold=alarm + step) for step in (-1e-3, 1e-3))
    assert infer(board([[140]]), model, options=low).class_name == "bright_crack"
    assert infer(board([[140]]), model, options=high).class_name == "none"


def test_by_default_the_threshold_is_the_networks(tmp_path):
    strict = open_network(tmp_path, threshold=0.99)
    assert infer(board([[140]]), strict, options=OPTIONS).class_name == "none"
    assert infer(board([[140]]), strict, options=InferOptions(threshold=0.4)).class_name == "bright_crack"


def test_a_network_of_an_unknown_radiometry_is_refused(tmp_path):
    with pytest.raises(ModelError, match="radiometry"):
        open_network(tmp_path, radiometry="uint16-thermal")


@settings(max_examples=30)
@given(
    array=hnp.arrays(np.uint8, st.tuples(st.just(3), st.integers(8, 30), st.integers(8, 30))),
    overlap=st.integers(0, 12),
    n_at_once=st.integers(1, 9),
)
def test_every_pixel_is_seen_and_batches_change_nothing(model, array, overlap, n_at_once):
    options = InferOptions(overlap_px=overlap, n_chips_at_once=n_at_once, threshold=1e-6)
    verdict = infer(levels_of(array), model, options=options)
    seen = np.zeros(array.shape[1:], bool)
    for find in verdict.finds:  # at this threshold every chip is one
        seen[find.y : find.y + CHIP_PX, find.x : find.x + CHIP_PX] = True
        chip = array[None, :, find.y : find.y + CHIP_PX, find.x : find.x + CHIP_PX].astype(float)
        assert find.probability == pytest.approx(chip_probability(chip)[0, 1:].max(), abs=1e-4)
    assert seen.all()
    assert len(verdict.finds) == verdict.n_chips


def test_a_picture_gives_what_its_pixels_give(model):
    pixels = np.random.default_rng(1).integers(0, 256, (20, 17, 3)).astype(np.uint8)
    from_file = infer(decode(picture(pixels), name="a.png", max_mib=1), model, options=OPTIONS)
    assert from_file == infer(levels_of(np.moveaxis(pixels, 2, 0)), model, options=OPTIONS)


def test_an_array_of_six_bands_runs_through_a_network_of_six(tmp_path):
    file = io.BytesIO()
    np.save(file, np.full((6, 8, 8), 250, np.uint8))
    file.seek(0)
    verdict = infer(decode(file, name="a.npy", max_mib=1), open_network(tmp_path, n_bands=6), options=OPTIONS)
    assert verdict.class_name == "bright_crack"


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((6, 8, 8)), "has 6 bands"),
        (np.zeros((3, 8, 7)), "is 8×7 px"),
        (np.full((3, 8, 8), 2500.0), "such as 2500"),
        (np.full((3, 8, 8), -1.0), "such as -1"),
        (np.full((3, 8, 8), 0.25), "bring reflectance to levels"),
        (np.full((3, 8, 8), np.nan), "without gaps"),
    ],
)
def test_what_the_network_cannot_read_is_refused(model, array, message):
    with pytest.raises(InputError, match=message):
        infer(levels_of(array), model, options=OPTIONS)


def test_a_network_that_gives_other_classes_than_it_says_is_refused(tmp_path):
    with pytest.raises(ModelError, match="3 classes"):
        infer(board([[1]]), open_network(tmp_path, n_outputs=4), options=OPTIONS)


def test_a_network_is_known_by_the_hash_of_its_file(tmp_path):
    path = write_network(tmp_path / "a.onnx")
    model = EdgeModel.open(path)
    assert model.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert model.metadata.classes == CLASSES


def test_no_network_is_an_error(tmp_path):
    with pytest.raises(MissingInputError):
        EdgeModel.open(tmp_path / "gone.onnx")
