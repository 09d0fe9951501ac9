"""Names of tags: issued at random, spelled so that a person can type them, proof against one slip of the finger.

A name is ``tag-`` and eight letters of Crockford's base 32, which leaves out i, l, o and u; the last is a check digit.
With letters as elements of GF(2⁵) and α a root of x⁵ + x² + 1, names are the words with Σ αᵏ dₖ = 0: every single wrong
letter and every exchange of two letters is found. Who holds which tag is for ``sql.tags``.
"""

import random
from collections.abc import Container
from typing import Final

from highwall.core.errors import InputError

PREFIX: Final = "tag-"
LETTERS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
N_LETTERS: Final = 8
"""Letters after the prefix; seven of them random, 3.4e10 names."""
_MISREAD: Final = str.maketrans({"o": "0", "i": "1", "l": "1"})
_IGNORED: Final = str.maketrans("", "", " -\t\r\n")
_POLYNOMIAL: Final = 0b100101


def new_tags(n: int, *, source: random.Random, taken: Container[str] = ()) -> list[str]:
    """Names for so many new tags, none of them twice or taken.

    Parameters
    ----------
    source
        Of chance; ``secrets.SystemRandom()`` for tags that are worn, since who guesses a name can claim its tag.

    Raises
    ------
    InputError
        None, or fewer, were asked for.
    """
    if n < 1:
        raise InputError(f"{n} tags were asked for; give 1 or more.")
    made: dict[str, None] = {}
    while len(made) < n:
        letters = "".join(source.choice(LETTERS) for _ in range(N_LETTERS - 1))
        tag_id = PREFIX + letters + check_letter(letters)
        if tag_id not in taken:
            made[tag_id] = None
    return list(made)


def read_scan(scanned: str) -> str:
    """Name of a tag from what a scanner read or a person typed, in small letters or capitals, spaced or not.

    Raises
    ------
    InputError
        It is no name of a tag, or a letter of it is wrong.
    """
    bare = scanned.lower().translate(_IGNORED).removeprefix(PREFIX.rstrip("-")).translate(_MISREAD)
    if len(bare) != N_LETTERS or any(letter not in LETTERS for letter in bare):
        raise InputError(f"{scanned[:60]!r} is no tag; a tag has {N_LETTERS} letters, as TAG-{'0' * N_LETTERS}.")
    if check_letter(bare[:-1]) != bare[-1]:
        raise InputError(f"tag {scanned[:60]!r} holds a wrong letter; scan it again, or look at it closely.")
    return PREFIX + bare


def printed(tag_id: str) -> str:
    """Text of both barcodes: capitals, which make the two-dimensional one smaller."""
    return tag_id.upper()


def spelled(tag_id: str) -> str:
    """Letters of a name in two groups, for people."""
    letters = tag_id.removeprefix(PREFIX).upper()
    half = N_LETTERS // 2
    return f"{letters[:half]} {letters[half:]}"


def check_letter(letters: str) -> str:
    """Letter that completes a name."""
    total = 0
    for letter in letters:
        total = _times_alpha(total ^ LETTERS.index(letter))
    return LETTERS[total]


def _times_alpha(element: int) -> int:
    """Multiply an element of GF(2⁵) by α."""
    shifted = element << 1
    return shifted ^ _POLYNOMIAL if shifted >= len(LETTERS) else shifted
