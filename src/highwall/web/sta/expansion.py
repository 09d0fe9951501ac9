"""What a request wants of each entity: ``$select``, and ``$expand`` with options of its own, nested.

Grammar::

    expansions = expansion ("," expansion)*
    expansion  = name ("/" name)* ["(" option (";" option)* ")"]
    option     = "$expand=" expansions | "$select=" names | "$top=" number | "$orderby=" words

A path is a chain of expansions, of which the last one has the options.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from highwall.core.errors import QueryError

MOST_TOP: Final = 1000
USUAL_TOP: Final = 100
_MOST_DEPTH: Final = 4
_MOST_NAMES: Final = 20
_NAME: Final = re.compile(r"@?[A-Za-z][A-Za-z0-9_.@]*")
_CLAUSE: Final = re.compile(r"\s*([A-Za-z]+(?:/[A-Za-z]+)*)\s*(?:\((.*)\))?\s*", re.DOTALL)
_OPTIONS: Final = ("$expand", "$select", "$top", "$orderby")


class Expansion(NamedTuple):
    """Entities that are told with the one that leads to them."""

    name: str
    select: frozenset[str] = frozenset()
    """Properties that are told; none: all."""
    top: int = USUAL_TOP
    order: str = ""
    inner: tuple["Expansion", ...] = ()

    @property
    def query(self) -> dict[str, str]:
        """Options under which the set itself goes on."""
        told = {
            "$top": str(self.top), "$orderby": self.order, "$select": ",".join(sorted(self.select)),
            "$expand": ",".join(one.text for one in self.inner),
        }  # fmt: skip
        return {name: value for name, value in told.items() if value}

    @property
    def text(self) -> str:
        """As :func:`parse_expand` reads it."""
        return f"{self.name}({';'.join(f'{name}={value}' for name, value in self.query.items())})"


def parse_select(text: str) -> frozenset[str]:
    """Read names of properties.

    Raises
    ------
    QueryError
        It is no list of names, or too long.
    """
    names = [name.strip() for name in text.split(",")]
    wrong = [name for name in names if not _NAME.fullmatch(name)]
    if wrong or len(names) > _MOST_NAMES:
        raise QueryError(
            f"$select {text[:80]!r}; give up to {_MOST_NAMES} names of properties, as in: name,properties."
        )
    return frozenset(names)


def parse_expand(text: str, *, depth: int = 1) -> tuple[Expansion, ...]:
    """Read expansions.

    Raises
    ------
    QueryError
        It is not of the grammar, an option is not offered inside, or it is nested too deep.
    """
    if depth > _MOST_DEPTH:
        raise QueryError(f"$expand is nested deeper than {_MOST_DEPTH}; ask for less, and follow the navigation links.")
    return _by_name(_expansion(clause, depth=depth) for clause in _parts(text, ","))


def _by_name(given: Iterable[Expansion]) -> tuple[Expansion, ...]:
    """Expansions, each name once."""
    found: dict[str, Expansion] = {}
    for one in given:
        known = found.get(one.name)
        found[one.name] = one if known is None else _joined(known, one)
    return tuple(found.values())


def _joined(known: Expansion, given: Expansion) -> Expansion:
    """One expansion of two under one name, with the options of the one that has any."""
    options, others = known._replace(inner=()), given._replace(inner=())
    if options == Expansion(known.name):
        options = others
    elif others not in (options, Expansion(known.name)):
        raise QueryError(f"$expand names {known.name} twice with different options; name it once.")
    return options._replace(inner=_by_name((*known.inner, *given.inner)))


def _expansion(clause: str, *, depth: int) -> Expansion:
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        raise QueryError(f"$expand near {clause[:40]!r}; write it as in: Datastreams($top=5;$expand=Observations).")
    *path, last = match[1].split("/")
    if depth + len(path) > _MOST_DEPTH:
        raise QueryError(f"$expand is nested deeper than {_MOST_DEPTH}; ask for less, and follow the navigation links.")
    given = _with_options(last, match[2], depth=depth + len(path))
    for name in reversed(path):
        given = Expansion(name, inner=(given,))
    return given


def _with_options(name: str, options: str | None, *, depth: int) -> Expansion:
    told = dict(_option(part) for part in _parts(options, ";")) if options is not None else {}
    return Expansion(
        name,
        parse_select(told["$select"]) if "$select" in told else frozenset(),
        _top(told["$top"]) if "$top" in told else USUAL_TOP,
        told.get("$orderby", "").strip(),
        parse_expand(told["$expand"], depth=depth + 1) if "$expand" in told else (),
    )


def _option(text: str) -> tuple[str, str]:
    name, _, value = text.strip().partition("=")
    if name not in _OPTIONS or not value:
        raise QueryError(f"{name[:40]!r} is not offered inside $expand; use {', '.join(_OPTIONS)}.")
    return name, value


def _top(text: str) -> int:
    if not text.strip().isdecimal() or not 1 <= int(text) <= MOST_TOP:
        raise QueryError(f"$top {text[:20]!r} inside $expand; give 1 to {MOST_TOP}.")
    return int(text)


def _parts(text: str, mark: str) -> Iterator[str]:
    """Pieces of a text between marks that stand in no parentheses."""
    depth = start = 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == mark and depth == 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]
