"""Pages that go on behind a key and read no more rows than they may."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from highwall.web.sta.filters import Filter, Record

MOST_ROWS: Final = 20_000
"""Rows that one request reads at most."""
_BATCH: Final = 1000


class Item(NamedTuple):
    """An entity, where it stands, and what a filter can ask of it."""

    key: str
    entity: dict[str, Any]
    record: Record
    told: Any = None
    """What it was made from: expansions begin there."""


class Page(NamedTuple):
    """Entities, and the key behind which the next page begins."""

    items: list[Item]
    next_key: str | None


Fetch = Callable[[str | None, int], Sequence[Item]]
"""Key behind which to begin, and how many → items in order; fewer than asked for: there are no more."""


def page(fetch: Fetch, wanted: Filter, *, after: str | None, top: int) -> Page:
    """Gather the items that pass a filter, up to ``top``, reading at most :data:`MOST_ROWS`."""
    found: list[Item] = []
    n_read, key = 0, after
    while n_read < MOST_ROWS:
        items = fetch(key, _BATCH)
        for item in items:
            if wanted.holds(item.record):
                if len(found) == top:
                    return Page(found, key)
                found.append(item)
            key = item.key
        n_read += len(items)
        if len(items) < _BATCH:
            return Page(found, None)
    return Page(found, key)


def next_link(address: str, query: Mapping[str, str], key: str) -> str:
    """Address of the page behind a key."""
    return f"{address}?{urlencode({**query, '$skiptoken': key}, safe='$')}"
