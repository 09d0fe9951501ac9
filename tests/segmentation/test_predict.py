import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from highwall.core.errors import ModelError
from highwall.learning.windows import Window
from highwall.segmentation.map_options import SegmentOptions
from highwall.segmentation.metadata import SegmentationMetadata
from highwall.segmentation.predict import probability_map, stream_strips, strips_of
from highwall.segmentation.segmenter import MemorySegmenter

RGB = ("B04", "B03", "B02")


def metadata(*, window_px=64, stride=32, bands=RGB, subsets=(1,)):
    return SegmentationMetadata(
        name="test", version="0", subsets=subsets, bands=bands, window_px=window_px, stride=stride, level="any"
    )


def pointwise(images):
    """Probability that depends on the pixel alone: windows cannot matter."""
    first = np.nan_to_num(images[:, :1], nan=0.5)
    return np.concatenate([0.6 * first, 0.4 * first], axis=1)


def blurred(images):
    """Probability that depends on the surroundings, with zeros beyond the window: what padding does in a network."""
    first = np.nan_to_num(images[:, :1], nan=0.5)
    smooth = ndimage.gaussian_filter(first, (0, 0, 3, 3), mode="constant")
    return np.concatenate([0.6 * smooth, 0.4 * smooth], axis=1).astype(np.float32)


POINTWISE = MemorySegmenter(metadata(), pointwise)
BLURRED = MemorySegmenter(metadata(), blurred)


def scene(height=200, width=230, *, n_bands=3, seed=0):
    return np.random.default_rng(seed).random((n_bands, height, width), dtype=np.float32)


def options(**changes):
    return SegmentOptions(**({"strip_px": 32} | changes))


@settings(max_examples=25)
@given(
    height=st.integers(1, 150), width=st.integers(1, 150), overlap=st.integers(0, 40), strip=st.sampled_from([32, 70]),
    blending=st.sampled_from(["cosine", "gaussian"]),
)  # fmt: skip
def test_windows_do_not_matter_to_what_depends_on_the_pixel_alone(height, width, overlap, strip, blending):
    image = scene(height, width)
    found = probability_map(image, POINTWISE, options(overlap_px=overlap, strip_px=strip, blending=blending))
    assert found == pytest.approx(pointwise(image[None])[0], abs=1e-5)


@pytest.mark.parametrize("blending", ["cosine", "gaussian"])
def test_a_window_edge_shows_no_more_than_the_inside(blending):
    """Shift the lattice by half a step: what was a window's edge is now inside, and the map stays nearly the same."""
    image = scene(320, 320)
    chosen = options(overlap_px=32, blending=blending)
    whole = probability_map(image, BLURRED, chosen)
    cut = 16
    shifted = probability_map(image[:, cut:, cut:], BLURRED, chosen)
    difference = np.abs(whole[:, cut:, cut:] - shifted)[:, 32:-64, 32:-64]  # the scene's own edges differ rightly
    starts = np.arange(0, 320, 32) - cut - 32
    rows = np.zeros(difference.shape[1], dtype=bool)
    for start in starts:
        rows[max(start - 2, 0) : max(start + 2, 0)] = True
    near = rows[:, None] | rows[None, : difference.shape[2]]
    assert difference[:, near].max() <= 1.5 * max(difference[:, ~near].max(), 1e-6)
    assert difference.max() < 0.02

    hard = probability_map(image, BLURRED, options(overlap_px=0))
    hard_shifted = probability_map(image[:, cut:, cut:], BLURRED, options(overlap_px=0))
    assert np.abs(hard[:, cut:, cut:] - hard_shifted)[:, 32:-64, 32:-64].max() > 0.1  # what blending is for


def test_what_misses_a_band_is_missing_and_windows_without_data_are_not_asked():
    image = scene(200, 200)
    image[1, 50:60, 20:30] = np.nan
    image[:, :, 128:] = np.inf
    asked = []

    def count(images):
        asked.append(len(images))
        return pointwise(images)

    found = probability_map(image, MemorySegmenter(metadata(), count), options(overlap_px=0))
    missing = np.isnan(found[0])
    expected = np.zeros((200, 200), dtype=bool)
    expected[50:60, 20:30] = True
    expected[:, 128:] = True
    assert np.array_equal(missing, expected)
    assert sum(asked) == 4 * 2  # of 4 × 4 windows


def test_a_panel_or_a_part_equals_the_whole_value_for_value():
    image = scene(200, 900)
    whole = probability_map(image, BLURRED, options(overlap_px=20))
    panels = options(overlap_px=20, panel_px=256)
    in_panels = probability_map(image, BLURRED, panels)
    assert np.array_equal(whole, in_panels)
    strips = strips_of((200, 900), options=panels)
    assert len({strip.x0 for strip in strips}) == 4

    finished = set(strips) - {strips[3], strips[-1]}
    read = lambda y0, y1, x0, x1: image[:, y0:y1, x0:x1]  # noqa: E731
    rest = list(stream_strips(read, (200, 900), BLURRED, options=panels, finished=finished))
    assert [strip.window for strip in rest] == [strips[3], strips[-1]]
    for strip in rest:
        assert np.array_equal(strip.probability, whole[:, *strip.window.slices])


def test_windows_that_touch_only_finished_strips_are_not_asked():
    asked = []

    def count(images):
        asked.append(images.shape)
        return pointwise(images)

    chosen = options(overlap_px=16)
    strips = strips_of((640, 64), options=chosen)
    image = scene(640, 64)
    read = lambda y0, y1, x0, x1: image[:, y0:y1, x0:x1]  # noqa: E731
    rest = list(
        stream_strips(read, (640, 64), MemorySegmenter(metadata(), count), options=chosen, finished=set(strips[1:]))
    )
    assert [strip.window for strip in rest] == [Window(0, 32, 0, 64)]
    assert len(asked) == 1


def test_no_more_is_read_than_a_row_of_windows():
    shapes = []

    def read(y0, y1, x0, x1):
        shapes.append((y1 - y0, x1 - x0))
        return np.full((3, y1 - y0, x1 - x0), 0.1, dtype=np.float32)

    pixels = 0
    for strip in stream_strips(read, (600, 4500), POINTWISE, options=options(strip_px=256)):
        pixels += strip.probability[0].size
    assert pixels == 600 * 4500
    assert max(height for height, _ in shapes) == 64
    assert max(width for _, width in shapes) <= 2048 + 64


def test_memory_does_not_grow_with_the_scene():
    """Twice the rows, the same peak; the whole answer alone would take 11 × 4 bytes a pixel."""
    segmenter = MemorySegmenter(
        metadata(window_px=256, subsets=(1, 2, 3, 4)), lambda given: np.repeat(given[:, :1], 11, axis=1)
    )
    read = lambda y0, y1, x0, x1: np.full((3, y1 - y0, x1 - x0), 0.1, dtype=np.float32)  # noqa: E731
    peaks = []
    for height in (1024, 2048):
        tracemalloc.start()
        for _ in stream_strips(read, (height, 2048), segmenter, options=options(strip_px=256)):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.05 * peaks[0]
    assert peaks[1] < 2048 * 2048 * 11 * 4


def test_batches_change_nothing():
    image = scene()
    assert np.array_equal(probability_map(image, BLURRED, options()), probability_map(image, BLURRED, options(batch=5)))


def test_digital_numbers_are_refused():
    with pytest.raises(ModelError, match="digital numbers"):
        probability_map(3000 * scene(), POINTWISE)


def test_decibels_are_no_digital_numbers():
    segmenter = MemorySegmenter(metadata(bands=("VV",)), pointwise)
    assert np.isfinite(probability_map(20 * scene(64, 64, n_bands=1), segmenter)).all()


@pytest.mark.parametrize(("changes", "words"), [
    ({"window_px": 50}, "multiples of 32"), ({"window_px": 64, "overlap_px": 64}, "does not fit"),
])  # fmt: skip
def test_windows_that_do_not_suit_are_refused(changes, words):
    with pytest.raises(ModelError, match=words):
        probability_map(scene(), POINTWISE, options(**changes))


@pytest.mark.parametrize("shape", [(3, 64), (2, 64, 64)])
def test_an_image_of_another_shape_is_refused(shape):
    with pytest.raises(ModelError, match="shape"):
        probability_map(np.zeros(shape, dtype=np.float32), POINTWISE)


def test_a_network_that_answers_with_nan_is_refused():
    broken = MemorySegmenter(metadata(), lambda images: np.full((len(images), 2, *images.shape[2:]), np.nan))
    with pytest.raises(ModelError, match="half precision"):
        probability_map(scene(), broken)
