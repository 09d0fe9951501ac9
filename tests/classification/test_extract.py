import numpy as np
import pytest

from highwall.classification.extract import (
    SHIPPED_FOOTPRINTS,
    ChipModel,
    block_of,
    blocks_of,
    cells_to_pixels,
    class_probability,
    fill_missing,
    stream_probability,
)
from highwall.classification.judging import chip_scores
from highwall.classification.options import ExtractOptions
from highwall.classification.radiometry import to_model_input
from highwall.core.errors import ModelError

SMALL = ExtractOptions(window_px=96, overlap_px=32, block_px=128)


@pytest.fixture(scope="module")
def model() -> ChipModel:
    return ChipModel.open(SHIPPED_FOOTPRINTS, threads=1)


@pytest.fixture(scope="module")
def judge() -> ChipModel:
    return ChipModel.open(threads=1)


def scene(shape: tuple[int, int], *, seed: int = 0) -> np.ndarray:
    """Reflectance with structure at the scale of fields."""
    coarse = np.random.default_rng(seed).uniform(0.03, 0.25, (3, shape[0] // 16 + 1, shape[1] // 16 + 1))
    return coarse.repeat(16, axis=1).repeat(16, axis=2)[:, : shape[0], : shape[1]].astype(np.float32)


@pytest.mark.parametrize("shape", [(64, 96), (101, 203), (30, 300), (3, 5)])
def test_any_extent_gives_a_distribution_at_every_pixel(model, shape):
    found = class_probability(scene(shape), model, SMALL)
    assert found.shape == (3, *shape)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=0), 1.0, atol=1e-5)


def test_blocks_equal_the_whole_value_for_value(model):
    whole = class_probability(scene((310, 277)), model, SMALL.model_copy(update={"block_px": 512}))
    blocks = class_probability(scene((310, 277)), model, SMALL)
    np.testing.assert_array_equal(blocks, whole)


def test_the_map_of_chips_says_what_was_said_of_the_chip_around(judge):
    """Of a scene that is one chip, every cell bears the chip's own answer; blocks do not show."""
    reflectance = scene((48, 48))

    def read(y0: int, y1: int, x0: int, x1: int) -> np.ndarray:
        return reflectance[:, y0:y1, x0:x1]

    (block,) = stream_probability(read, (48, 48), model=judge)
    chip = np.moveaxis(to_model_input(reflectance), 0, 2).astype(np.uint8)[None]
    expected = np.broadcast_to(chip_scores(chip, judge)[0][:, None, None], (3, 12, 12))
    np.testing.assert_allclose(block.chip_probability, expected, atol=1e-5)


def test_blocks_of_the_map_of_chips_tile_the_cells(judge):
    reflectance = scene((150, 202))
    reflectance[:, :100, :100] = np.nan

    def read(y0: int, y1: int, x0: int, x1: int) -> np.ndarray:
        return reflectance[:, y0:y1, x0:x1]

    def mapped(block_px: int) -> np.ndarray:
        whole = np.full((3, 38, 51), -1.0, np.float32)
        options = ExtractOptions(block_px=block_px)
        for block in stream_probability(read, (150, 202), model=judge, options=options):
            whole[:, *block.cells.slices] = block.chip_probability
        return whole

    found = mapped(96)
    np.testing.assert_allclose(found, mapped(1024), atol=1e-5)
    assert np.isnan(found[:, 0, 0]).all()
    known = np.isfinite(found[0])
    assert 0.5 < known.mean() < 1.0
    np.testing.assert_allclose(found[:, known].sum(axis=0), 1.0, atol=1e-5)


def test_windows_are_as_wide_as_the_models_chips_unless_told_otherwise(judge):
    reflectance = scene((96, 96))
    said = ExtractOptions(window_px=judge.metadata.chip_px, overlap_px=16)
    np.testing.assert_array_equal(class_probability(reflectance, judge), class_probability(reflectance, judge, said))


def test_one_network_draws_and_another_judges(model, judge):
    """Each in windows of its own, as if it were alone; what is under both is read once a block."""
    reflectance = scene((150, 202))
    asked = []

    def read(y0, y1, x0, x1):
        asked.append((y0, y1, x0, x1))
        return reflectance[:, y0:y1, x0:x1]

    options = ExtractOptions(block_px=100)
    for window in blocks_of((150, 202), options=options):
        given = {"read": read, "shape": (150, 202), "options": options}
        asked.clear()
        both = block_of(window, model=model, ranker=judge, **given)
        assert len(asked) == 1
        drawn, judged = (block_of(window, model=one, **given) for one in (model, judge))
        np.testing.assert_array_equal(both.probability, drawn.probability)
        np.testing.assert_array_equal(both.chip_probability, judged.chip_probability)


def test_the_window_that_is_asked_for_is_that_of_maps_not_of_the_judge(model, judge):
    reflectance = scene((150, 202))

    def read(y0, y1, x0, x1):
        return reflectance[:, y0:y1, x0:x1]

    (window,) = blocks_of((150, 202), options=ExtractOptions())
    given = {"read": read, "shape": (150, 202)}
    both = block_of(window, model=model, ranker=judge, options=SMALL, **given)
    np.testing.assert_array_equal(both.probability, block_of(window, model=model, options=SMALL, **given).probability)
    alone = block_of(window, model=judge, options=ExtractOptions(), **given)
    np.testing.assert_array_equal(both.chip_probability, alone.chip_probability)


def test_memory_is_bounded_by_the_block(model):
    reflectance = scene((400, 400))
    asked = []

    def read(y0: int, y1: int, x0: int, x1: int) -> np.ndarray:
        asked.append((y1 - y0, x1 - x0))
        return reflectance[:, y0:y1, x0:x1]

    blocks = list(stream_probability(read, (400, 400), model=model, options=SMALL))
    assert len(blocks) == len(asked) == 16
    assert max(max(extent) for extent in asked) <= SMALL.block_px + 2 * SMALL.window_px


def test_where_windows_lie_does_not_show(model):
    """The same ground, cut at another offset, gets about the same answer away from the scene's edge."""
    reflectance = scene((320, 320))
    whole = class_probability(reflectance, model, ExtractOptions(window_px=192, overlap_px=96))
    moved = class_probability(reflectance[:, 40:, 24:], model, ExtractOptions(window_px=192, overlap_px=96))
    difference = np.abs(whole[:, 136:-64, 120:-64] - moved[:, 96:-64, 96:-64])
    assert difference.mean() < 0.01
    assert np.quantile(difference, 0.99) < 0.1


def test_missing_pixels_are_missing_and_harm_no_other(model):
    reflectance = scene((160, 160))
    holed = reflectance.copy()
    holed[1, 20:24, 30:34] = np.nan
    found, full = class_probability(holed, model, SMALL), class_probability(reflectance, model, SMALL)
    missing = np.isnan(found)
    assert missing[:, 20:24, 30:34].all()
    assert missing.sum() == 3 * 16
    assert np.abs(found[:, 128:, 128:] - full[:, 128:, 128:]).mean() < 0.01


def test_a_scene_without_data_gives_nothing(model):
    assert np.isnan(class_probability(np.full((3, 150, 150), np.nan, dtype=np.float32), model, SMALL)).all()


@pytest.mark.parametrize("shape", [(2, 64, 64), (64, 64)])
def test_other_shapes_are_refused(model, shape):
    with pytest.raises(ModelError, match="band, y, x"):
        class_probability(np.zeros(shape, dtype=np.float32), model)


def test_chips_and_scenes_read_the_same_levels(model):
    reflectance = scene((48, 48))
    chip = np.moveaxis(to_model_input(reflectance), 0, 2).astype(np.uint8)[None]
    scores = chip_scores(chip, model)
    assert scores.shape == (1, 3)
    np.testing.assert_allclose(scores.sum(), 1.0, atol=1e-5)
    cells = class_probability(reflectance, model)
    assert cells[1:].sum(axis=0).mean() <= 1 - scores[0, 0] + 1e-3  # the power mean is at least the mean


def test_cells_are_interpolated_between_their_centres():
    ramp = np.arange(5, dtype=np.float32)[None, None, :].repeat(2, axis=1)
    pixels = cells_to_pixels(ramp, cell=4)
    expected = np.clip((np.arange(20) + 0.5) / 4 - 0.5, 0, 4)
    np.testing.assert_allclose(pixels[0, 3], expected, atol=1e-6)
    assert cells_to_pixels(np.ones((1, 1, 1), np.float32), cell=4).shape == (1, 4, 4)


def test_missing_levels_take_the_mean_of_their_channel():
    levels = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    levels[0, 0, 0] = np.nan
    assert fill_missing(levels)[0, 0, 0] == pytest.approx(2.0)
    assert fill_missing(np.full((3, 2, 2), np.nan, np.float32)).max() == 0.0
