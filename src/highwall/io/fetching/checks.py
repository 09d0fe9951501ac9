"""Is a file what the archive says it is? Size and checksum of a STAC asset against what came."""

import hashlib
from pathlib import Path
from typing import Final, NamedTuple

import pystac

_CODES: Final[dict[str, str]] = {"1114": "sha1", "1220": "sha256", "1340": "sha512", "d50110": "md5"}
"""Multihash prefixes (code and length) of the hashes that archives use (multiformats, table of codes)."""


class Expected(NamedTuple):
    """What an archive states of a file; what it does not state is None."""

    size: int | None = None
    """byte"""
    multihash: str | None = None
    """Checksum as a hexadecimal multihash (STAC file extension)."""

    @property
    def algorithm(self) -> str | None:
        """Name of the checksum's hash, where it is one that we know."""
        return next((name for code, name in _CODES.items() if (self.multihash or "").startswith(code)), None)


def expected_of(asset: pystac.Asset) -> Expected:
    """Read what an asset states (``file:size``, ``file:checksum``, or the older ``checksum:multihash``)."""
    fields = asset.extra_fields
    size = fields.get("file:size")
    stated = fields.get("file:checksum") or fields.get("checksum:multihash")
    return Expected(int(size) if size else None, str(stated).lower() if stated else None)


def fault_of(path: Path, expected: Expected) -> str | None:
    """Say what is wrong with a file, or None where it is as the archive states."""
    size = path.stat().st_size
    if expected.size is not None and size != expected.size:
        return f"it has {size} bytes, the archive states {expected.size}"
    if expected.algorithm is None or expected.multihash is None:
        return None
    found = _multihash(path, expected.algorithm)
    if found == expected.multihash:
        return None
    return f"its checksum is {found[:16]}…, the archive states {expected.multihash[:16]}… ({expected.algorithm})"


def how_checked(expected: Expected) -> str:
    """Name what a file was held against, for records."""
    return expected.algorithm or ("size" if expected.size is not None else "nothing")


def _multihash(path: Path, algorithm: str) -> str:
    code = next(code for code, name in _CODES.items() if name == algorithm)
    with path.open("rb") as file:
        return code + hashlib.file_digest(file, algorithm).hexdigest()
