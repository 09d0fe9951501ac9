import numpy as np
import pytest

from highwall.core.errors import MissingInputError, SceneError
from highwall.io.mosaics import mosaics_in, read_mosaic
from tests.io.mosaics_made import mosaic


@pytest.fixture
def levels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 96, 48)).astype(np.uint8)


def test_a_mosaic_comes_back_as_it_was_written(tmp_path, levels):
    mosaic(tmp_path / "a.png", levels)
    np.testing.assert_array_equal(read_mosaic(tmp_path / "a.png"), levels.transpose(1, 2, 0))


def test_a_fourth_band_is_left_out(tmp_path, levels):
    mosaic(tmp_path / "a.png", np.concatenate([levels, np.full((1, 96, 48), 255, np.uint8)]))
    assert read_mosaic(tmp_path / "a.png").shape == (96, 48, 3)


@pytest.mark.parametrize("kept", [4, 20, 60, 5000, -3])
def test_a_file_cut_off_anywhere_is_refused(tmp_path, levels, kept):
    mosaic(tmp_path / "a.png", levels)
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:kept])
    with pytest.raises(SceneError, match=r"b\.png .*fetch it again"):
        read_mosaic(tmp_path / "b.png")


@pytest.mark.parametrize("at", [18, 5000, -5])
def test_a_single_wrong_byte_is_found(tmp_path, levels, at):
    mosaic(tmp_path / "a.png", levels)
    content = bytearray((tmp_path / "a.png").read_bytes())
    content[at] ^= 1
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(SceneError, match="damaged"):
        read_mosaic(tmp_path / "a.png")


def test_other_pictures_are_refused(tmp_path, levels):
    mosaic(tmp_path / "grey.png", levels[:1])
    with pytest.raises(SceneError, match="1 bands of uint8"):
        read_mosaic(tmp_path / "grey.png")
    mosaic(tmp_path / "deep.png", levels.astype(np.uint16))
    with pytest.raises(SceneError, match="uint16"):
        read_mosaic(tmp_path / "deep.png")


def test_a_folder_without_mosaics_is_said(tmp_path):
    with pytest.raises(MissingInputError, match="no mosaics"):
        mosaics_in(tmp_path)
    with pytest.raises(MissingInputError, match="no mosaics"):
        mosaics_in(tmp_path / "nowhere")
