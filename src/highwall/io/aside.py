"""Write aside, then rename: no file is ever half-written under its final name."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyogrio.errors import DataSourceError, FeatureError
from rasterio._err import CPLE_BaseError  # has no public name, and a full disk raises it

from highwall.core.errors import HighwallError, InputError, OutputError

PART = ".part-"
"""How the name of a file begins while it is being written."""

_FAILED_WRITES = (OSError, CPLE_BaseError, DataSourceError, FeatureError)
"""What Python, GDAL and Arrow raise when a file cannot be written; sometimes it is only one of the two below."""
_PERHAPS_FAILED_WRITES = (RuntimeError, SystemError)
_IDENTITY = ".made-of"
"""File that marks what an unfinished folder is to become."""
_COMPANIONS = (
    "-journal", "-wal", "-shm", ".aux.xml", ".tmp.aux.xml", ".ovr", ".ovr.tmp", ".msk", ".msk.ovr.tmp",
    ".warped.tif.tmp", ".strips.tif",
)  # fmt: skip
"""How the names end of files that SQLite, GDAL and our own writers leave beside a file, after that file's name."""
_WORDS_OF_IO = ("write", "space", "disk", "i/o", "gdal")


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; rename it when the block ends well, remove it when it does not.

    The temporary name keeps the suffix, because writers choose formats by it. Folders (Zarr) work like files.

    Raises
    ------
    OutputError
        The disk is full, the folder cannot be written, or a folder stands where a file is to be.
    """
    temporary = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _replace(temporary, path)
    except HighwallError:
        raise
    except (*_FAILED_WRITES, *_PERHAPS_FAILED_WRITES) as error:
        if not _looks_like_io(error):
            raise
        raise OutputError(f"could not write {path}: {error}. Free some disk space or choose another folder.") from error
    finally:
        remove(temporary)


@contextmanager
def resumable(path: Path, *, identity: str) -> Iterator[Path]:
    """Give a folder beside ``path`` that outlives a stop; rename it when the block ends well.

    The next call with the same identity is given the folder as it was left; with another one, an empty folder.

    Parameters
    ----------
    identity
        Digest of all that decides the content.

    Raises
    ------
    OutputError
        The disk is full, or the folder cannot be written; what is there is kept for another run.
    """
    folder = path.with_name(f"{PART}{path.name}")
    mark = folder / _IDENTITY
    try:
        if not mark.is_file() or mark.read_text(encoding="utf-8") != identity:
            remove(folder)
            folder.mkdir(parents=True)
            mark.write_text(identity, encoding="utf-8")
        yield folder
        mark.unlink()
        _replace(folder, path)
    except InputError:
        remove(folder)
        raise
    except _FAILED_WRITES as error:
        if isinstance(error, HighwallError):
            raise
        raise OutputError(f"could not write {path}: {error}. Free some disk space; another run goes on.") from error


def write_text(text: str, path: Path) -> Path:
    """Write a text file in UTF-8, aside and then renamed."""
    with aside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def _beside(path: Path, role: str = "") -> Path:
    return path.with_name(f"{PART}{os.getpid()}-{role}{path.name}")


def _replace(temporary: Path, path: Path) -> None:
    """Rename ``temporary`` to ``path``; a folder there is moved away first, for it cannot be replaced."""
    if not path.is_dir() or path.is_symlink():
        os.replace(temporary, path)
        return
    if not temporary.is_dir():
        raise OutputError(f"could not write {path}: it is a folder; name a file in it.")
    former = _beside(path, "former-")
    os.replace(path, former)
    os.replace(temporary, path)
    remove(former)


def remove(path: Path, *, tries: int = 20) -> None:
    """Remove a file or folder, and the journals and overviews that a writer left beside it; nothing else."""
    for leftover in (path, *(path.with_name(f"{path.name}{end}") for end in _COMPANIONS)):
        if leftover.is_file() or leftover.is_symlink():
            leftover.unlink(missing_ok=True)
            continue
        for _ in range(tries if leftover.is_dir() else 0):  # threads of a broken-off Zarr write may fill it anew
            shutil.rmtree(leftover, ignore_errors=True)
            time.sleep(0.05)
            if not leftover.exists():
                break


def _looks_like_io(error: Exception) -> bool:
    return isinstance(error, _FAILED_WRITES) or any(word in str(error).lower() for word in _WORDS_OF_IO)
