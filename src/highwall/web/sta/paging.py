"""Pages that go on behind a key and read no more rows than they may."""

from collections.abc import Callable, Sequence
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


class Page(NamedTuple):
    """Entities, and the key behind which the next page begins."""

    entities: list[dict[str, Any]]
    next_key: str | None


Fetch = Callable[[str | None, int], Sequence[Item]]
"""Key behind which to begin, and how many → items in order; fewer than asked for: there are no more."""


def page(fetch: Fetch, wanted: Filter, *, after: str | None, top: int) -> Page:
    """Gather the items that pass a filter, up to ``top``, reading at most :data:`MOST_ROWS`."""
    found: list[dict[str, Any]] = []
    n_read, key = 0, after
    while n_read < MOST_ROWS:
        items = fetch(key, _BATCH)
        for item in items:
            if wanted.holds(item.record):
                if len(found) == top:
                    return Page(found, key)
                found.append(item.entity)
            key = item.key
        n_read += len(items)
        if len(items) < _BATCH:
            return Page(found, None)
    return Page(found, key)


def answer(found: Page, *, base: str, path: str, query: dict[str, str]) -> dict[str, Any]:
    """Give a page as SensorThings has it, with the address of the next one."""
    told: dict[str, Any] = {"value": found.entities}
    if found.next_key is not None:
        told["@iot.nextLink"] = f"{base}/{path}?{urlencode(query | {'$skiptoken': found.next_key}, safe='$')}"
    return told
