"""The filter language of SensorThings: comparisons, ``and``, ``or``, ``not``, parentheses, two functions on text.

Grammar, loosest first::

    either   = both ("or" both)*
    both     = negation ("and" negation)*
    negation = "not" negation | "(" either ")" | function | path operator literal
    function = ("startswith" | "substringof") "(" operand "," operand ")"
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from highwall.core.errors import QueryError
from highwall.web.instants import instant_us

MOST_TOKENS: Final = 200
_MOST_DEPTH: Final = 20
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<time>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:?\d\d)?)|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|'(?P<text>(?:[^']|'')*)'|(?P<word>[A-Za-z@][A-Za-z0-9_.@]*(?:/[A-Za-z@][A-Za-z0-9_.@]*)*)|(?P<mark>[(),]))"
)
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
_FUNCTIONS: Final[dict[str, Callable[[str, str], bool]]] = {
    "startswith": lambda text, start: text.startswith(start),
    "substringof": lambda part, text: part in text,
}


Record = Mapping[str, Any]
"""Path → value: what a filter can ask of an entity. Times are microseconds."""


@dataclass(frozen=True)
class Comparison:
    """A value compared with a literal."""

    path: str
    operation: str
    literal: Any

    def holds(self, record: Record) -> bool:
        """Whether it is so; what is missing, or of another kind, is not."""
        value = _value(record, self.path)
        if value is None or isinstance(value, str) is not isinstance(self.literal, str):
            return False
        return _COMPARE[self.operation](value, self.literal)


@dataclass(frozen=True)
class Function:
    """A function on two texts, each a path or a literal."""

    name: str
    operands: tuple[tuple[bool, str], tuple[bool, str]]
    """Whether it is a path, and which."""

    def holds(self, record: Record) -> bool:
        """Whether it is so; of what is no text it is not."""
        first, second = (_value(record, text) if is_path else text for is_path, text in self.operands)
        return isinstance(first, str) and isinstance(second, str) and _FUNCTIONS[self.name](first, second)


@dataclass(frozen=True)
class Joined:
    """All, or any, of several."""

    parts: tuple["Filter", ...]
    is_all: bool

    def holds(self, record: Record) -> bool:
        """Whether it is so."""
        told = (part.holds(record) for part in self.parts)
        return all(told) if self.is_all else any(told)


@dataclass(frozen=True)
class Negation:
    """Not this."""

    part: "Filter"

    def holds(self, record: Record) -> bool:
        """Whether it is so."""
        return not self.part.holds(record)


Filter = Comparison | Function | Joined | Negation
EVERYTHING: Final = Joined((), is_all=True)


def parse(text: str) -> Filter:
    """Read a filter.

    Raises
    ------
    QueryError
        It is not of the grammar, or too long.
    """
    return _Parser(_tokens(text)).whole()


def conjuncts(given: Filter) -> Sequence[Comparison]:
    """Comparisons that must hold whatever else does: what bounds a query."""
    if isinstance(given, Comparison):
        return [given]
    if isinstance(given, Joined) and given.is_all:
        return [one for part in given.parts for one in conjuncts(part)]
    return []


def is_conjunction(given: Filter) -> bool:
    """Whether a filter is nothing but comparisons that must all hold: what :func:`conjuncts` gives is all of it."""
    if isinstance(given, Joined):
        return given.is_all and all(is_conjunction(part) for part in given.parts)
    return isinstance(given, Comparison)


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[tuple[str, Any]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Filter:
        found = self._either()
        if self._at < len(self._tokens):
            self._fail("the end")
        return found

    def _either(self) -> Filter:
        parts = [self._both()]
        while self._takes("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Joined(tuple(parts), is_all=False)

    def _both(self) -> Filter:
        parts = [self._negation()]
        while self._takes("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else Joined(tuple(parts), is_all=True)

    def _negation(self) -> Filter:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise QueryError(f"$filter is nested deeper than {_MOST_DEPTH}; write it flatter.")
        found = self._inner()
        self._depth -= 1
        return found

    def _inner(self) -> Filter:
        if self._takes("not"):
            return Negation(self._negation())
        if self._takes("("):
            found = self._either()
            self._expect(")")
            return found
        kind, word = self._next("a property")
        if kind != "word":
            self._fail("a property")
        return self._function(word) if word in _FUNCTIONS else self._comparison(word)

    def _comparison(self, path: str) -> Comparison:
        _, operation = self._next("an operator")
        if operation not in _COMPARE:
            self._fail(f"one of {', '.join(_COMPARE)}")
        kind, literal = self._next("a value")
        if kind in ("word", "mark"):
            self._fail("a number, a time, or a text in quotes")
        return Comparison(path, operation, literal)

    def _function(self, name: str) -> Function:
        self._expect("(")
        first = self._operand()
        self._expect(",")
        second = self._operand()
        self._expect(")")
        return Function(name, (first, second))

    def _operand(self) -> tuple[bool, str]:
        kind, value = self._next("a property or a text in quotes")
        if kind not in ("word", "text"):
            self._fail("a property or a text in quotes")
        return kind == "word", value

    def _takes(self, wanted: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] in (("word", wanted), ("mark", wanted)):
            self._at += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._takes(mark):
            self._fail(repr(mark))

    def _next(self, wanted: str) -> tuple[str, Any]:
        if self._at >= len(self._tokens):
            self._fail(wanted)
        self._at += 1
        return self._tokens[self._at - 1]

    def _fail(self, wanted: str) -> NoReturn:
        found = str(self._tokens[min(self._at, len(self._tokens) - 1)][1])[:40] if self._tokens else "nothing"
        raise QueryError(f"$filter near {found!r}; expected {wanted}, as in: result gt 3.5 and name eq 'x'.")


def _tokens(text: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    at, text = 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or len(found) >= MOST_TOKENS:
            raise QueryError(f"$filter cannot be read from {text[at : at + 20]!r} on; use numbers, times, 'texts'.")
        kind = match.lastgroup or ""
        found.append((kind, _READ.get(kind, str)(match[kind])))
        at = match.end()
    return found


def _time(text: str) -> int:
    try:
        return instant_us(text)
    except ValueError as error:
        raise QueryError(f"$filter holds a wrong time; {error}.") from error


_READ: Final[dict[str, Callable[[str], Any]]] = {
    "time": _time, "number": float, "text": lambda text: text.replace("''", "'"),
}  # fmt: skip


def _value(record: Record, path: str) -> Any:
    return record.get({"@iot.id": "id"}.get(path, path))
