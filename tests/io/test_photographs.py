import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from rasterio.enums import ColorInterp

from highwall.core.errors import MissingInputError, SceneError
from highwall.io.photographs import photographs_in, read_mask, read_photograph

LEVELS = np.arange(3 * 20 * 30, dtype=np.uint32).reshape(3, 20, 30).astype(np.uint8)


def save(path, levels=LEVELS, **options):
    Image.fromarray(np.moveaxis(levels, 0, 2)).save(path, **options)
    return path


def save_raster(path, levels, *, crs=None):
    profile = {"driver": "GTiff", "count": len(levels), "height": 20, "width": 30, "dtype": levels.dtype}
    if crs:
        profile |= {"crs": crs, "transform": Affine(0.5, 0, 100, 0, -0.5, 200)}
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(levels)
    return path


def test_a_png_is_read_as_it_was_saved(tmp_path):
    levels, has_data, grid = read_photograph(save(tmp_path / "a.png"))
    np.testing.assert_array_equal(levels, LEVELS)
    assert has_data is None
    assert grid is None


def test_a_grey_picture_has_three_equal_channels(tmp_path):
    Image.fromarray(LEVELS[0]).save(tmp_path / "grey.png")
    levels = read_photograph(tmp_path / "grey.png").levels
    np.testing.assert_array_equal(levels, np.stack([LEVELS[0]] * 3))


def test_a_camera_held_upright_gives_an_upright_picture(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to see it upright
    levels = read_photograph(save(tmp_path / "a.png", exif=exif)).levels
    assert levels.shape == (3, 30, 20)
    np.testing.assert_array_equal(levels, np.rot90(LEVELS, k=-1, axes=(1, 2)))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_an_orthophoto_keeps_its_place(tmp_path):
    placed = read_photograph(save_raster(tmp_path / "a.tif", LEVELS, crs="EPSG:32633"))
    assert placed.grid is not None
    assert placed.grid.resolution.x == 0.5
    np.testing.assert_array_equal(placed.levels, LEVELS)
    assert read_photograph(save_raster(tmp_path / "b.tif", LEVELS[:1])).grid is None


@pytest.mark.parametrize("name", ["cut.png", "cut.jpg", "text.png", "cut.tif", "text.tif"])
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_damaged_file_is_refused_with_its_name(tmp_path, name):
    path = tmp_path / name
    if name.startswith("text"):
        path.write_text("no picture")
    else:
        if name.endswith("tif"):
            save_raster(path, np.random.default_rng(0).integers(0, 256, (3, 20, 30)).astype(np.uint8))
        else:
            save(path, np.random.default_rng(0).integers(0, 256, (3, 90, 90)).astype(np.uint8))
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SceneError, match=name):
        read_photograph(path)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_sixteen_bits_are_refused(tmp_path):
    Image.fromarray(LEVELS[0].astype(np.uint16)).save(tmp_path / "deep.png")
    save_raster(tmp_path / "deep.tif", LEVELS.astype(np.uint16))
    for name in ("deep.png", "deep.tif"):
        with pytest.raises(SceneError, match="8 bits"):
            read_photograph(tmp_path / name)


def test_a_mask_is_its_first_channel(tmp_path):
    rgba = np.stack([*LEVELS, np.full((20, 30), 255, np.uint8)])
    np.testing.assert_array_equal(read_mask(save(tmp_path / "rgba.png", rgba)), LEVELS[0])
    Image.fromarray(LEVELS[1]).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "grey.png"), LEVELS[1])


def test_folders_give_their_photographs_by_name(tmp_path):
    for name in ("b.png", "a.JPG", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in photographs_in([tmp_path])] == ["a.JPG", "b.png"]
    with pytest.raises(MissingInputError, match="check the path"):
        photographs_in([tmp_path / "gone"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingInputError, match="no photograph"):
        photographs_in([tmp_path / "empty"])
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in photographs_in([tmp_path, tmp_path / "b.png"])] == ["a.JPG", "b.png"]


def test_what_is_transparent_holds_no_data(tmp_path):
    alpha = np.full((20, 30), 255, np.uint8)
    opaque = read_photograph(save(tmp_path / "opaque.png", np.stack([*LEVELS, alpha])))
    assert opaque.has_data is None
    alpha[:, :5] = 0
    cut = read_photograph(save(tmp_path / "cut.png", np.stack([*LEVELS, alpha])))
    np.testing.assert_array_equal(cut.levels, LEVELS)
    np.testing.assert_array_equal(cut.has_data, alpha > 0)


def test_an_orthophoto_tells_where_it_holds_data(tmp_path):
    levels = np.clip(LEVELS, 1, 255)
    levels[:, :, :4] = 0
    path = save_raster(tmp_path / "o.tif", levels, crs="EPSG:32633")
    assert read_photograph(path).has_data is None
    with rasterio.open(path, "r+") as raster:
        raster.nodata = 0
    np.testing.assert_array_equal(read_photograph(path).has_data, levels[0] > 0)


def test_bands_are_taken_by_their_names(tmp_path):
    path = save_raster(tmp_path / "five.tif", np.stack([*LEVELS, LEVELS[0], LEVELS[1]]), crs="EPSG:32633")
    with pytest.raises(SceneError, match="5 bands"):
        read_photograph(path)
    kinds = ("blue", "green", "red", "undefined", "undefined")
    with rasterio.open(path, "r+") as raster:
        raster.colorinterp = [ColorInterp[kind] for kind in kinds]
    np.testing.assert_array_equal(read_photograph(path).levels, LEVELS[::-1])


def test_numbers_of_a_palette_are_refused(tmp_path):
    path = save_raster(tmp_path / "p.tif", LEVELS[:1], crs="EPSG:32633")
    with rasterio.open(path, "r+") as raster:
        raster.write_colormap(1, {0: (255, 0, 0, 255)})
    with pytest.raises(SceneError, match="palette"):
        read_photograph(path)


def test_a_picture_too_large_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)
    with pytest.raises(SceneError, match="sheets"):
        read_photograph(save(tmp_path / "large.png"))


def test_a_mask_of_one_bit_is_black_and_white(tmp_path):
    Image.fromarray(LEVELS[0] > 100).save(tmp_path / "bits.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "bits.png"), 255 * (LEVELS[0] > 100))
    Image.fromarray(LEVELS[0].astype(np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(SceneError, match="uint16"):
        read_mask(tmp_path / "deep.png")
