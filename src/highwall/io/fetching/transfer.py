"""One file over HTTP, whole: it goes on where it was cut off, and is kept only if it is what the archive states.

``NAME.part`` holds what came so far and ``NAME.part.tag`` the server's mark of that version of the file: a file that
has changed meanwhile is begun anew, never joined from two versions.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import requests

from highwall.core.errors import OutputError, SceneError, TransferError
from highwall.io.fetching.checks import Expected, fault_of
from highwall.io.fetching.options import TransferOptions

Sleep = Callable[[float], None]
Advance = Callable[[int, int], None]

_PART_BYTES: Final = 1 << 16
"""byte, written at once; of what a broken-off server sent, less than this is lost."""
_FOR_GOOD: Final = frozenset({400, 404, 405, 410, 451})
"""Answers that another try does not change; 401 and 403 may be a token that ran out, and are tried again."""


class Remote(NamedTuple):
    """A file on a server."""

    address: Callable[[], str]
    """Gives the address to ask, signed anew for each try."""
    name: str
    """For messages: the address without its signature."""


def download(
    remote: Remote,
    path: Path,
    *,
    expected: Expected,
    options: TransferOptions,
    sleep: Sleep = time.sleep,
    advance: Advance | None = None,
) -> Path:
    """Fetch a file to ``path``, which exists only when it is whole and right.

    Parameters
    ----------
    sleep
        What waits between tries [s].
    advance
        Told of bytes that are here and bytes in all.

    Raises
    ------
    TransferError
        The server breaks off every time.
    SceneError
        It has no such file, or the file is not what the archive states.
    OutputError
        The disk is full.
    """
    part, fault, is_broken_off = path.with_name(f"{path.name}.part"), "", True
    path.parent.mkdir(parents=True, exist_ok=True)
    for number in range(options.attempts):
        if number:
            sleep(options.pause_s * 2 ** (number - 1))
        try:
            _go_on(remote, part, patience_s=options.patience_s, advance=advance)
        except requests.RequestException as error:
            fault, is_broken_off = _reason(error), not _is_for_good(error)
            if is_broken_off:
                continue
            break
        fault, is_broken_off = fault_of(part, expected) or "", False
        if not fault:
            os.replace(part, path)
            _forget(part)
            return path
        _forget(part)
    if is_broken_off:
        raise TransferError(f"{remote.name} could not be fetched: {fault}. What came is kept; run again to go on.")
    raise SceneError(f"{remote.name} cannot be used: {fault}. Tell the archive, or choose another one.")


def size_and_ranges(remote: Remote, *, patience_s: float) -> tuple[int | None, bool]:
    """Ask a server for the size of a file [byte], None if it does not say, and whether it gives parts of it."""
    try:
        answer = requests.head(remote.address(), allow_redirects=True, timeout=patience_s, headers=_PLAIN)
        answer.raise_for_status()
    except requests.RequestException:
        return None, True
    length = answer.headers.get("Content-Length")
    return (int(length) if length else None), answer.headers.get("Accept-Ranges", "none").lower() == "bytes"


_PLAIN: Final = {"Accept-Encoding": "identity"}


def _go_on(remote: Remote, part: Path, *, patience_s: float, advance: Advance | None) -> None:
    """Add to ``part`` what it lacks.

    Raises
    ------
    requests.RequestException
        The server refused, or broke off.
    """
    tag = _tag_file(part).read_text(encoding="utf-8") if _tag_file(part).is_file() and part.is_file() else ""
    have = part.stat().st_size if tag else 0
    headers = _PLAIN | ({"Range": f"bytes={have}-", "If-Range": tag} if have else {})
    with requests.get(remote.address(), stream=True, timeout=patience_s, headers=headers) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            return _forget_if_longer(part, answer)
        answer.raise_for_status()
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            raise requests.ConnectionError("a page came instead of the file, perhaps one for login")
        begin = have if answer.status_code == requests.codes.partial_content else 0
        _note_tag(part, answer)
        _write(answer, part, begin=begin, advance=advance)
    return None


def _write(answer: requests.Response, part: Path, *, begin: int, advance: Advance | None) -> None:
    total = begin + int(answer.headers.get("Content-Length", 0))
    try:
        with part.open("r+b" if begin else "wb") as file:
            file.seek(begin)
            file.truncate()
            for piece in answer.iter_content(chunk_size=_PART_BYTES):
                file.write(piece)
                if advance is not None:
                    advance(file.tell(), total)
    except requests.RequestException:
        raise
    except OSError as error:
        raise OutputError(f"could not write {part}: {error}. Free some disk space or choose another folder.") from error
    if part.stat().st_size < total:
        raise requests.ConnectionError(f"the server broke off after {part.stat().st_size} of {total} bytes")


def _forget_if_longer(part: Path, answer: requests.Response) -> None:
    """Nothing is left to give: ``part`` is whole, or longer than the file, and then worth nothing."""
    total = answer.headers.get("Content-Range", "").rpartition("/")[2]
    if total != str(part.stat().st_size):
        _forget(part)
        raise requests.ConnectionError("what came before is longer than the file; it is fetched anew")


def _note_tag(part: Path, answer: requests.Response) -> None:
    """Keep a strong mark of the file's version; without one a cut-off file is begun anew."""
    tag = answer.headers.get("ETag", "")
    mark = answer.headers.get("Last-Modified", "") if not tag or tag.startswith("W/") else tag
    if mark:
        _tag_file(part).write_text(mark, encoding="utf-8")
    else:
        _tag_file(part).unlink(missing_ok=True)


def _tag_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.tag")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _tag_file(part).unlink(missing_ok=True)


def _is_for_good(error: requests.RequestException) -> bool:
    return error.response is not None and error.response.status_code in _FOR_GOOD


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the server broke off in the middle of the file"
    return f"the connection failed ({type(error).__name__}: {str(error)[:200]})"


def plain_address(address: str) -> str:
    """Address without its query, which may hold a signature: for records and messages."""
    parts = urlsplit(address)
    return parts._replace(query="", fragment="").geturl()
