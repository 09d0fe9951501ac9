"""Mosaics of chips: PNG files without a place on Earth, read whole or refused."""

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

from highwall.core.errors import MissingInputError, SceneError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CURE = "fetch it again or leave it out"
_N_COLOURS = 3


def mosaics_in(folder: Path) -> list[Path]:
    """PNG files of a folder, by name.

    Raises
    ------
    MissingInputError
        There is no such folder, or none in it.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() == ".png")
    if not paths:
        raise MissingInputError(f"no mosaics *.png in {folder}; give the folder that holds them.")
    return paths


def read_mosaic(path: Path) -> NDArray[np.uint8]:
    """Red, green and blue of a PNG: (y, x, 3) uint8.

    GDAL fills what is missing in a damaged file with black, silently; so the checksum of every part is held against
    its content first.

    Raises
    ------
    SceneError
        The file is damaged, no PNG, or not of 8-bit colours.

    Source: PNG specification (W3C), section 5.
    """
    _check_parts(path.read_bytes(), name=path.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            with rasterio.open(path) as raster:
                if raster.count < _N_COLOURS or raster.dtypes[0] != "uint8":
                    raise SceneError(
                        f"{path.name} has {raster.count} bands of {raster.dtypes[0]}; a mosaic is red, green and blue "
                        "of 8 bits: convert it, or leave it out."
                    )
                levels: NDArray[np.uint8] = raster.read((1, 2, 3))
        except RasterioIOError as error:
            raise SceneError(f"{path.name} cannot be read ({error}); {_CURE}.") from error
    return np.ascontiguousarray(levels.transpose(1, 2, 0))


def _check_parts(content: bytes, *, name: str) -> None:
    """Walk through the chunks of a PNG: length, type, data, checksum of type and data; the last is IEND."""
    if not content.startswith(_SIGNATURE):
        raise SceneError(f"{name} is no PNG; {_CURE}.")
    at, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        if at + 12 > len(content):
            raise SceneError(f"{name} is truncated after {len(content)} bytes; {_CURE}.")
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        end = at + 8 + length
        if content[end : end + 4] != struct.pack(">I", zlib.crc32(content[at + 4 : end])):
            raise SceneError(f"{name} is damaged or truncated at byte {at}; {_CURE}.")
        at = end + 4
