"""Images as a gateway reads them: right pixels, or a reason."""

import contextlib
import hashlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from highwall.core.errors import InputError, MissingInputError
from highwall.edge.images import decode, list_images, sha256_of
from highwall.learning.windows import Window
from tests.edge.tiny import picture

LEVELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
PNG = picture(LEVELS).getvalue()


def read(file, window, name="a.png"):
    return decode(file, name=name, max_mib=1).read(window)


def test_a_window_of_a_png_holds_its_pixels_bands_first():
    window = Window(3, 11, 5, 13)
    np.testing.assert_array_equal(read(picture(LEVELS), window), np.moveaxis(LEVELS[3:11, 5:13], 2, 0))


def test_shape_and_bands_are_known_before_reading():
    levels = decode(picture(LEVELS), name="a.PNG", max_mib=1)
    assert (levels.shape, levels.n_bands) == ((20, 30), 3)


def test_a_jpeg_is_read_too():
    flat = np.full((16, 16, 3), (10, 200, 90), np.uint8)
    found = read(picture(flat, "JPEG"), Window(0, 8, 0, 8), "a.jpeg")
    assert np.abs(found.astype(int) - np.array([10, 200, 90])[:, None, None]).max() <= 3  # lossy by a level or two


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA"])
def test_other_modes_become_red_green_blue(mode):
    file = io.BytesIO()
    image = Image.fromarray(LEVELS).convert(mode)
    image.save(file, "PNG")
    file.seek(0)
    expected = np.moveaxis(np.asarray(image.convert("RGB")), 2, 0)
    np.testing.assert_array_equal(read(file, Window(0, 20, 0, 30)), expected)


def test_an_array_gives_its_bands():
    array = np.arange(6 * 9 * 9, dtype=np.uint16).reshape(6, 9, 9)
    file = io.BytesIO()
    np.save(file, array)
    file.seek(0)
    levels = decode(file, name="a.npy", max_mib=1)
    assert (levels.shape, levels.n_bands) == ((9, 9), 6)
    np.testing.assert_array_equal(levels.read(Window(1, 5, 2, 9)), array[:, 1:5, 2:9])


@pytest.mark.parametrize("array", [np.zeros((4, 4)), np.zeros((3, 4, 4), complex), np.array([{}], object)])
def test_other_arrays_are_refused(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    file.seek(0)
    with pytest.raises(InputError):
        decode(file, name="a.npy", max_mib=1)


def test_sixteen_bits_are_refused_and_not_cut_to_eight():
    with pytest.raises(InputError, match="8-bit"):
        decode(io.BytesIO(_png_of_16_bits(8, 8)), name="a.png", max_mib=1)


def test_an_image_too_large_for_memory_is_refused_before_it_is_decoded():
    header_only = picture(np.zeros((2000, 2000, 3), np.uint8)).getvalue()[:60]
    with pytest.raises(InputError, match="15 MiB when decoded, more than 1"):
        decode(io.BytesIO(header_only), name="a.png", max_mib=1)


def test_a_bomb_is_refused():
    with pytest.raises(InputError):
        decode(io.BytesIO(_png(30_000, 30_000, bits=8, rows=b"")), name="a.png", max_mib=65_536)


def test_an_unknown_suffix_is_refused():
    with pytest.raises(InputError, match=r"take \.png"):
        decode(picture(LEVELS), name="a.tif", max_mib=1)


@given(st.integers(0, len(PNG) - 1), st.binary(min_size=1, max_size=40), st.booleans())
def test_garbage_gives_a_reason_and_never_another_error(at, garbage, cut):
    broken = PNG[:at] + garbage + (b"" if cut else PNG[at + len(garbage) :])
    with contextlib.suppress(InputError):
        found = decode(io.BytesIO(broken), name="a.png", max_mib=1)
        assert found.read(Window(0, 1, 0, 1)).shape == (3, 1, 1)


@given(st.integers(0, 100), st.binary(min_size=1, max_size=3))
@example(59, b"[")  # numpy reads the header as Python, and complains as Python does
def test_garbage_in_an_array_gives_a_reason_and_never_another_error(at, garbage):
    file = io.BytesIO()
    np.save(file, np.zeros((1, 2, 2)))
    broken = file.getvalue()[:at] + garbage + file.getvalue()[at + len(garbage) :]
    with contextlib.suppress(InputError):
        assert decode(io.BytesIO(broken), name="a.npy", max_mib=1).n_bands >= 0


def test_an_array_that_claims_to_be_huge_is_refused():
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**5, 10**6, 10**6)}
    np.lib.format.write_array_header_1_0(file, header)
    file.seek(0)
    with pytest.raises(InputError, match="cannot be decoded"):
        decode(file, name="a.npy", max_mib=1)


def test_the_hash_is_that_of_the_file():
    file = io.BytesIO(PNG * 4000)  # more than one block
    file.seek(7)
    assert sha256_of(file) == hashlib.sha256(PNG * 4000).hexdigest()
    assert file.tell() == 0


def test_a_folder_is_listed_by_name_without_what_is_hidden(tmp_path):
    for name in ("b.png", "a/c.JPG", "a/d.npy", ".hidden.png", ".cache/e.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = list_images(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in found.images] == ["a/c.JPG", "a/d.npy", "b.png"]
    assert [path.name for path in found.others] == ["notes.txt"]


def test_no_folder_is_an_error(tmp_path):
    with pytest.raises(MissingInputError, match="no folder"):
        list_images(tmp_path / "gone")


def _png_of_16_bits(width, height):
    return _png(width, height, bits=16, rows=(b"\0" + b"\x12\x34" * 3 * width) * height)


def _png(width, height, *, bits, rows):
    def part(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
