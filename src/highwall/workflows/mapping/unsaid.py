"""What the command line says for files that do not say it themselves; refused where every file says another thing."""

import re
from collections.abc import Mapping, Sequence
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


def check_taken(given: Said, read: Mapping[str, Said]) -> None:
    """Refuse what no scene has taken, for all of them say another thing.

    Parameters
    ----------
    read
        As what each scene was read, by its name: what it says, else what was given.

    Raises
    ------
    InputError
        An option would be passed over; the message tells what the first scene says.
    """
    for option, text in given.by_option.items():
        own = {name: said.by_option.get(option) for name, said in read.items()}
        if own and text not in own.values():
            name, found = next(iter(own.items()))
            raise InputError(
                f"{option} {text} is for files that do not say; {name} says {found} itself: leave {option} out, or "
                "correct what the file says."
            )
