"""`highwall fetch`: what was asked on the command line, and what is told of the outcome."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from highwall.core.checks import nearest_name
from highwall.core.errors import InputError, SceneError, SetAside, TransferError
from highwall.io.fetching.carrier import Tell
from highwall.io.fetching.options import FetchOptions
from highwall.workflows.config_files import checked
from highwall.workflows.fetching.fetch import SCENES, SITES, Fetched, fetch
from highwall.workflows.fetching.table import read_wanted
from highwall.workflows.run import Say

_COLLECTIONS: Final = ("optical", "radar", "land_cover", "dem")
_LEFT_OUT: Final = {"radar": "with_radar", "land_cover": "with_land_cover", "dem": "with_dem"}
_RANGE: Final = re.compile(r"(\d+)(?:\s*(?:-|–|\.\.)\s*(\d+))?")
_LONGEST_SPAN: Final = 100
_TOLD: Final = 3
"""Failures that a message names one by one."""


def fetch_alone(
    sites: Path,
    out: Path,
    *,
    asked: Mapping[str, Any],
    collections: Mapping[str, str],
    leave_out: Sequence[str],
    say: Say,
    advance: Tell,
) -> Fetched:
    """Fetch what a table of sites asks for.

    Parameters
    ----------
    asked
        Fields of :class:`FetchOptions`.
    collections
        Names at the archive, by what they hold.
    leave_out
        What is not fetched.

    Raises
    ------
    InputError
        The table or an option cannot be used.
    SceneError
        No site has any scene.
    TransferError
        Some files could not be fetched; all others are there, and another run goes on.
    """
    for given, known in ((collections, _COLLECTIONS), (leave_out, tuple(_LEFT_OUT))):
        for name in given:
            if name not in known:
                raise InputError(f"{name!r} is nothing to fetch{nearest_name(name, known)}; choose {', '.join(known)}.")
    wanted = dict(asked) | dict(collections) | {_LEFT_OUT[name]: False for name in leave_out}
    options = checked(FetchOptions, wanted, source="the command line")
    if sites.resolve() == (out / SITES).resolve():
        raise InputError(
            f"{sites} would be overwritten by the table of what was found; choose another folder than {out}."
        )
    fetched = fetch(read_wanted(sites), out, options=options, say=say, advance=advance)
    n_radar = sum(
        scene.radar_date is not None for record in fetched.records.values() for scene in record.scenes.values()
    )
    say(
        f"{out / SCENES}: {fetched.n_scenes} scene(s) of {len(fetched.records)} site(s), {n_radar} with radar; the "
        f"archive lacks {len(fetched.missing)}, {len(fetched.failed)} could not be fetched"
    )
    for name, reason in fetched.passed_over:
        say(f"passed over: {name}: {reason}")
    _judge(fetched)
    return fetched


def years_of(text: str, *, cycle: int | None = None) -> tuple[int, ...]:
    """Read numbers and spans, as 2016-2022 or 2016,2019; of months (``cycle`` 12) a span may go over the new year.

    Raises
    ------
    InputError
        It is neither.
    """
    numbers: list[int] = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise InputError(f"{part.strip()!r} is neither a number nor a span; write 2016-2022 or 2016,2019.")
        first, last = int(match[1]), int(match[2] or match[1])
        if max(first, last) - min(first, last) > _LONGEST_SPAN:
            raise InputError(f"{part.strip()!r} is longer than {_LONGEST_SPAN}; write 2016-2022.")
        if last < first and cycle is None:
            raise InputError(f"{part.strip()!r} runs backwards; write {last}-{first}.")
        numbers += range(first, last + 1) if last >= first else [*range(first, (cycle or 0) + 1), *range(1, last + 1)]
    return tuple(numbers)


def _judge(fetched: Fetched) -> None:
    if fetched.failed:
        raise TransferError(
            f"{len(fetched.failed)} of what was asked could not be fetched; run the same command again to go on:\n"
            f"{_listed(fetched.failed)}"
        )
    if not fetched.n_scenes:
        raise SceneError(f"there is no scene of any site:\n{_listed(fetched.missing)}")


def _listed(rows: Sequence[SetAside]) -> str:
    lines = [f"  {name}: {reason}" for name, reason in rows[:_TOLD]]
    return "\n".join(lines + ([f"  and {len(rows) - _TOLD} more"] if len(rows) > _TOLD else []))
