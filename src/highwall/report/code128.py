"""Code 128, the one-dimensional barcode that every scanner reads.

Source: ISO/IEC 15417, table 1; code set B, which holds all printable ASCII.
"""

from typing import Final

from highwall.core.errors import InputError

QUIET: Final = 10
"""Modules that must stay white on each side."""
_PATTERNS: Final = (
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213", "221312",
    "231212", "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132", "221231", "213212",
    "223112", "312131", "311222", "321122", "321221", "312212", "322112", "322211", "212123", "212321", "232121",
    "111323", "131123", "131321", "112313", "132113", "132311", "211313", "231113", "231311", "112133", "112331",
    "132131", "113123", "113321", "133121", "313121", "211331", "231131", "213113", "213311", "213131", "311123",
    "311321", "331121", "312113", "312311", "332111", "314111", "221411", "431111", "111224", "111422", "121124",
    "121421", "141122", "141221", "112214", "112412", "122114", "122411", "142112", "142211", "241211", "221114",
    "413111", "241112", "134111", "111242", "121142", "121241", "114212", "124112", "124211", "411212", "421112",
    "421211", "212141", "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311",
    "113141", "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
)  # fmt: skip
"""Widths of bars and gaps in turn, of symbols 0 to 105 and the stop."""
_START_B, _STOP = 104, 106
_FIRST, _LAST = 32, 126
"""Characters that code set B holds, less its control codes."""
_MODULUS: Final = 103


def bars(text: str) -> list[tuple[int, int]]:
    """Bars of a text: where each begins and how wide it is [modules], the quiet zones left out.

    Raises
    ------
    InputError
        The text is empty or holds something else than printable ASCII.
    """
    if not text or any(not _FIRST <= ord(character) <= _LAST for character in text):
        raise InputError(f"{text[:60]!r} cannot be a Code 128; give printable ASCII.")
    values = [ord(character) - _FIRST for character in text]
    check = (_START_B + sum(place * value for place, value in enumerate(values, start=1))) % _MODULUS
    found, at = [], 0
    for symbol in (_START_B, *values, check, _STOP):
        for number, width in enumerate(map(int, _PATTERNS[symbol])):
            if number % 2 == 0:
                found.append((at, width))
            at += width
    return found


def n_modules(text: str) -> int:
    """Width of a text's barcode [modules], quiet zones left out."""
    begin, width = bars(text)[-1]
    return begin + width
