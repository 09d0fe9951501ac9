"""What the command line says for files that do not say it themselves; refused where every file says another thing."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from highwall.core.errors import InputError

_BESIDE: Final = ("B10", "SCL")
"""Bands that a file may hold and not every reader keeps."""


class Said(NamedTuple):
    """What is said of scenes, or what a scene was read as."""

    bands: Sequence[str] = ()
    level: str | None = None
    date: Any = None
    """ISO date, or what prints as one."""

    @property
    def by_option(self) -> dict[str, str]:
        """What is said, in the words of the command line."""
        names = [re.sub(r"^B(\d)$", r"B0\1", str(name).strip().upper()) for name in self.bands]
        texts = {"--bands": ",".join(name for name in names if name not in _BESIDE), "--level": self.level}
        texts |= {"--date": None if self.date is None else str(self.date)}
        return {option: text for option, text in texts.items() if text}


def check_taken(given: Said, read: Iterable[tuple[str, Said]]) -> None:
    """Refuse what no scene has taken, for all of them say another thing.

    Parameters
    ----------
    read
        Name of each scene, and as what it was read: what it says, else what was given. No more are asked for than
        it takes.

    Raises
    ------
    InputError
        An option would be passed over; the message tells what the first scene says.
    """
    first: tuple[str, Said] | None = None
    open_ = given.by_option
    for name, said in read:
        first = first or (name, said)
        open_ = {option: text for option, text in open_.items() if said.by_option.get(option) != text}
        if not open_:
            return
    if first is None:
        return
    name, said = first
    for option, text in open_.items():
        raise InputError(
            f"{option} {text} is for files that do not say; {name} says {said.by_option.get(option)} itself: leave "
            f"{option} out, or correct what the file says."
        )
