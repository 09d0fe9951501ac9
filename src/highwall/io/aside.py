"""Write aside, then rename: no file is ever half-written under its final name."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from highwall.core.errors import HighwallError, OutputError


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; rename it when the block ends well, remove it when it does not.

    The temporary name keeps the suffix, because writers choose formats by it. Folders (Zarr) work like files.

    Raises
    ------
    OutputError
        The disk is full, or the folder cannot be written.
    """
    temporary = path.with_name(f".part-{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _replace(temporary, path)
    except HighwallError:
        raise
    except (OSError, RuntimeError) as error:  # GDAL and Arrow errors derive from these
        if not _looks_like_io(error):
            raise
        raise OutputError(f"could not write {path}: {error}. Free some disk space or choose another folder.") from error
    finally:
        _remove(temporary)


def write_text(text: str, path: Path) -> Path:
    """Write a text file in UTF-8, aside and then renamed."""
    with aside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def _replace(temporary: Path, path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    os.replace(temporary, path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _looks_like_io(error: Exception) -> bool:
    return isinstance(error, OSError) or "write" in str(error).lower() or "space" in str(error).lower()
