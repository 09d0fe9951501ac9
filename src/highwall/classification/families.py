"""What the name of a mosaic says: its family, the level of its pixels, and whether its chips hold artisanal mines.

``v2.4_amazon_positives_S2L1C_clear0.75_2019-01-01_2020-01-01.png`` is of family ``v2.4_amazon_positives``, Level-1C.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from highwall.core.errors import InputError

_NAME = re.compile(r"^(?P<family>.+?)_S2(?P<level>L\w\w)(?:_|$)")
_POSITIVE = re.compile(r"positives?|MinesPos|(?:^|[^a-z])pos(?:$|[^a-z])", re.IGNORECASE)
_NEGATIVE = re.compile(r"negatives?|(?:^|[^a-z])neg(?:$|[^a-z])", re.IGNORECASE)
_MISTAKES = re.compile(r"false[-_ ]?(?:positives?|negatives?|pos|neg)(?![a-z])", re.IGNORECASE)
"""What a detector got wrong: false positives hold no mine, false negatives hold one."""
_SPEAKS_OF_MINES = re.compile(r"min(?:e|es|ing)(?:$|[^a-z])|garimp|quarr|dredg|open.?pit|tailing", re.IGNORECASE)


class MosaicName(NamedTuple):
    """What a file name tells."""

    family: str
    """All variants of one family (cloudier, clearer, of other dates) are judged together."""
    level: str
    """``L1C``, ``L2A``, or ``unknown``."""


class Label(NamedTuple):
    """What a family's chips are, and how that is known."""

    is_positive: bool
    why: str
    is_assumed: bool = False
    """The name says neither positives nor negatives."""


def read_name(stem: str) -> MosaicName:
    """Take a mosaic's name apart; one without a sensor in it is a family of its own."""
    match = _NAME.match(stem)
    return MosaicName(match["family"], match["level"].upper()) if match else MosaicName(stem, "unknown")


@dataclass(frozen=True)
class LabelRule:
    """Which families hold the mines that are looked for: by patterns of the user, then by their names.

    A family that says neither, such as ``landslides_andes``, is one of look-alikes: negatives. One that says neither
    but speaks of mines could be either, and is not guessed.
    """

    positives: str | None = None
    """Regular expression, sought anywhere in the family's name, in any case."""
    negatives: str | None = None

    def __post_init__(self) -> None:
        for pattern in (self.positives, self.negatives):
            try:
                re.compile(pattern or "")
            except re.error as error:
                raise InputError(f"{pattern!r} is no regular expression ({error}); a plain word is one.") from error

    def label(self, family: str) -> Label:
        """Label a family.

        Raises
        ------
        InputError
            Its name could mean either.
        """
        given = ((self.positives, True, "--positives"), (self.negatives, False, "--negatives"))
        for pattern, is_positive, option in given:
            if pattern and re.search(pattern, family, re.IGNORECASE):
                return Label(is_positive, f"{option} {pattern}")
        mistakes = _MISTAKES.findall(family)
        rest = _MISTAKES.sub("", family)
        says_positive = bool(_POSITIVE.search(rest)) or any("neg" in found.lower() for found in mistakes)
        says_negative = bool(_NEGATIVE.search(rest)) or any("pos" in found.lower() for found in mistakes)
        if says_positive != says_negative:
            return Label(says_positive, "its name says so")
        if says_positive or _SPEAKS_OF_MINES.search(family):
            raise InputError(
                f"family {family!r} may be positives or negatives; say which: --positives or --negatives PATTERN."
            )
        return Label(False, "its name says neither and speaks of no mine: look-alikes", is_assumed=True)
