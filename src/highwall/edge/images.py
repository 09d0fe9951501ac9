"""Images on a gateway: found in a folder, hashed, decoded, and read chip by chip.

Pictures (PNG, JPEG; 8 bits) give red, green and blue; arrays (.npy) of (band, y, x) give any number of bands. Both
hold the levels that the network reads. Positions are those of the stored pixels: a camera's note to turn them is not
followed.
"""

import hashlib
import struct
import tokenize
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from highwall.core.errors import InputError, MissingInputError
from highwall.learning.windows import Window

_MIB: Final = 2**20
_MODES: Final = {"1": 1, "L": 1, "P": 1, "LA": 4, "RGB": 4, "RGBA": 4}
"""Pillow's 8-bit modes that turn into red, green, blue without a guess, and the bytes that it keeps for a pixel."""
_UNDECODABLE: Final = (
    OSError, SyntaxError, ValueError, TypeError, EOFError, MemoryError, OverflowError, Warning,
    struct.error, tokenize.TokenError, zlib.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow and numpy raise for broken files; these share no base of their own."""
_PNG_DEPTH_AT: Final = 24
"""Byte of a PNG file that holds the bits of a sample (PNG specification, IHDR)."""


@dataclass(frozen=True)
class Levels:
    """The pixels of one image, read window by window."""

    shape: tuple[int, int]
    """Rows and columns [px]."""
    n_bands: int
    read: Callable[[Window], NDArray[np.generic]]
    """Gives (band, y, x) levels of a window."""


class Listing(NamedTuple):
    """Files of a folder."""

    images: list[Path]
    others: list[Path]
    """Files that are no image by their suffix."""


def list_images(folder: Path) -> Listing:
    """Images in a folder and below it, by name; hidden files and folders are passed over.

    Raises
    ------
    MissingInputError
        There is no such folder.
    """
    if not folder.is_dir():
        raise MissingInputError(f"no folder at {folder}; give the folder that holds the images.")
    visible = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    files = sorted(path for path in visible if not any(part.startswith(".") for part in path.parts))
    images = [folder / path for path in files if path.suffix.lower() in _DECODERS]
    return Listing(images, [folder / path for path in files if path.suffix.lower() not in _DECODERS])


def sha256_of(file: BinaryIO) -> str:
    """SHA-256 of a file from its beginning, in hexadecimal; the file is left at its beginning."""
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(_MIB):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()


def decode(file: BinaryIO, *, name: str, max_mib: int) -> Levels:
    """Pixels of an image.

    Parameters
    ----------
    file
        Open at its beginning.
    name
        Its suffix tells the format.
    max_mib
        Largest decoded size that is taken [MiB].

    Raises
    ------
    InputError
        It cannot be decoded, is too large, or has 16 bits a sample.
    """
    decoder = _DECODERS.get(PurePath(name).suffix.lower())
    if decoder is None:
        raise InputError(f"{name} is no image that a gateway reads; take {', '.join(_DECODERS)}.")
    try:
        return decoder(file, max_mib)
    except InputError:
        raise
    except _UNDECODABLE as error:
        raise InputError(f"cannot be decoded ({error}); send it anew.") from error


def _decode_picture(file: BinaryIO, max_mib: int) -> Levels:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        picture = Image.open(file, formats=("PNG", "JPEG"))
    if picture.mode not in _MODES or (picture.format == "PNG" and _png_depth(file) > 8):
        raise InputError("has more than 8 bits a sample or an uncommon colour space; save it as 8-bit RGB.")
    _check_size(picture.width * picture.height * _MODES[picture.mode], max_mib)
    picture.load()

    def read(window: Window) -> NDArray[np.generic]:
        part = picture.crop((window.x0, window.y0, window.x1, window.y1))
        return np.moveaxis(np.asarray(part.convert("RGB")), 2, 0)

    return Levels((picture.height, picture.width), 3, read)


def _decode_array(file: BinaryIO, max_mib: int) -> Levels:
    _check_size(file.seek(0, 2), max_mib)
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        array = np.load(file, allow_pickle=False)
    if not isinstance(array, np.ndarray) or array.ndim != 3 or array.dtype.kind not in "uif":
        raise InputError("is no array of numbers (band, y, x); save it as one with numpy.save.")

    def read(window: Window) -> NDArray[np.generic]:
        part: NDArray[np.generic] = array[:, *window.slices]
        return part

    return Levels((array.shape[1], array.shape[2]), array.shape[0], read)


def _png_depth(file: BinaryIO) -> int:
    """Bits a sample; the file is left where it was."""
    position = file.tell()
    file.seek(_PNG_DEPTH_AT)
    depth = file.read(1)[0]
    file.seek(position)
    return depth


def _check_size(n_bytes: int, max_mib: int) -> None:
    if n_bytes > max_mib * _MIB:
        raise InputError(
            f"takes {n_bytes / _MIB:.0f} MiB when decoded, more than {max_mib}; cut it, or raise the bound if memory "
            "allows."
        )


_DECODERS: Final[dict[str, Callable[[BinaryIO, int], Levels]]] = {
    ".png": _decode_picture, ".jpg": _decode_picture, ".jpeg": _decode_picture, ".npy": _decode_array,
}  # fmt: skip

SUFFIXES: Final = tuple(_DECODERS)
"""Of the files that a gateway reads."""
