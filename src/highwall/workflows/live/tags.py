"""`highwall tags`: issue tags and print their labels."""

import os
import random
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from highwall.core.errors import InputError, OutputError
from highwall.report.tag_sheet import SheetLayout, tag_sheet_pdf, tag_sheet_pngs
from highwall.twin.sql import schema, tags
from highwall.twin.sql.database import Database, open_database
from highwall.twin.tags import new_tags, read_scan

_SUFFIXES: Final = (".pdf", ".png")


class PrintedTags(NamedTuple):
    """What was printed."""

    tag_ids: tuple[str, ...]
    files: tuple[Path, ...]


def issue_tags(
    store: str,
    out: Path,
    *,
    n: int,
    title: str,
    layout: SheetLayout | None = None,
    source: random.Random | None = None,
    now_us: int | None = None,
) -> PrintedTags:
    """Issue new tags into a store and print their labels; either both happen or neither.

    Parameters
    ----------
    store
        Its address, as ``sqlite:///FILE``.
    out
        ``.pdf``, or ``.png``, of which there is one a page.
    source, now_us
        Of chance, by default the system's, which cannot be guessed; the time, by default now.

    Raises
    ------
    ConfigError
        No store can be opened.
    InputError
        The labels do not fit, or the suffix is another.
    OutputError
        The file cannot be written; no tag was issued then.
    """
    now_us = time.time_ns() // 1000 if now_us is None else now_us
    _check_suffix(out)
    database = open_database(store)
    try:
        schema.prepare(database, now_us=now_us)
        with database.begin() as connection:
            taken = {tag.id for tag in tags.tags(connection, limit=2**31)}
            made = new_tags(n, source=source or random.SystemRandom(), taken=taken)
            tags.issue(connection, made, at_us=now_us)
            files = _write(made, out, title=title, layout=layout)
    finally:
        database.close()
    return PrintedTags(tuple(made), files)


def print_again(
    store: str, out: Path, *, scanned: Sequence[str], title: str, layout: SheetLayout | None = None
) -> PrintedTags:
    """Print labels of tags that were issued before, as of one that can no longer be read.

    Raises
    ------
    InputError
        One was never issued, or is no tag.
    """
    _check_suffix(out)
    wanted = [read_scan(each) for each in scanned]
    database = open_database(store)
    try:
        _check_issued(database, wanted)
    finally:
        database.close()
    return PrintedTags(tuple(wanted), _write(wanted, out, title=title, layout=layout))


def _check_issued(database: Database, wanted: Iterable[str]) -> None:
    with database.read() as connection:
        strangers = [tag_id for tag_id in wanted if tags.tag(connection, tag_id) is None]
    if strangers:
        raise InputError(f"never issued from this store: {', '.join(strangers)}; look at the store's address.")


def _check_suffix(out: Path) -> None:
    if out.suffix.lower() not in _SUFFIXES:
        raise InputError(f"{out.name}: labels are written as {' or '.join(_SUFFIXES)}.")


def _write(tag_ids: Sequence[str], out: Path, *, title: str, layout: SheetLayout | None) -> tuple[Path, ...]:
    if out.suffix.lower() == ".pdf":
        pages = [tag_sheet_pdf(tag_ids, title=title, layout=layout)]
    else:
        pages = tag_sheet_pngs(tag_ids, title=title, layout=layout)
    names = [out] if len(pages) == 1 else [out.with_stem(f"{out.stem}-{number}") for number in range(1, len(pages) + 1)]
    for name, page in zip(names, pages, strict=True):
        _write_whole(name, page)
    return tuple(names)


def _write_whole(path: Path, content: bytes) -> None:
    """Write aside, then rename: labels that were half-written are not there."""
    part = path.with_name(f".part-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise OutputError(f"could not write {path}: {error}. Free some disk space or choose another folder.") from error
