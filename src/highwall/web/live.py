"""The hub between the engine and whoever watches live: the last of everything that changed, in order of change.

A watcher who knows the number of the last word it heard is given what changed since, however long ago that was; each
thing is there once, with its newest state, so that a slow watcher is never behind, and a fast engine never floods.
"""

import secrets
import threading
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from highwall.twin.roles import Action, Person
from highwall.web.reach import Owner

LATEST_MOST: Final = 5000
"""Most latest values in one word, the newest; the others are asked for when they are looked at."""
OVER_MOST: Final = 1000
"""Most ended alarms that are kept; a watcher who was away while more of them ended begins anew."""
_STEP: Final = 2048
"""Numbers of one hub lie so far apart, so that those of two processes on one store are hardly ever the same."""


class Topic(StrEnum):
    """What a change is about; the key under which browsers are told."""

    ASSETS = "assets"
    ALARMS = "alarms"
    LATEST = "latest"
    GATEWAYS = "gateways"


_NEEDED: Final[dict[Topic, Action]] = {
    Topic.ASSETS: Action.SEE_ASSETS,
    Topic.ALARMS: Action.SEE_ALARMS,
    Topic.LATEST: Action.SEE_READINGS,
    Topic.GATEWAYS: Action.SEE_GATEWAYS,
}


class Change(NamedTuple):
    """The newest state of one thing."""

    topic: Topic
    key: str
    content: Mapping[str, Any]
    """As JSON has it."""
    asset_id: str | None = None
    """Whose it is: by this and the location it is kept from those whom it does not concern."""
    location_id: str | None = None
    is_over: bool = False
    """An alarm that has ended, or is none any more: whoever begins anew need not be told of it."""
    earlier: tuple[Owner, ...] = ()
    """Whose else it was since the watcher's number."""

    def concerns(self, person: Person) -> bool:
        """Whether a person may see it."""
        return self._is_within(person, Owner(self.asset_id, self.location_id))

    def is_lost_to(self, person: Person) -> bool:
        """Whether a person may see it no more, and could when it last was another's."""
        return not self.concerns(person) and any(self._is_within(person, owner) for owner in self.earlier)

    def _is_within(self, person: Person, owner: Owner) -> bool:
        return person.reaches(_NEEDED[self.topic], **owner._asdict())


class _Kept(NamedTuple):
    """The last of one thing."""

    number: int
    change: Change
    left: Mapping[Owner, int]
    """Whose it was before, and the number of the change by which it was that no more."""


class Word(NamedTuple):
    """What changed since a number."""

    number: int
    changes: list[Change]
    is_reset: bool
    """The watcher's number is of an earlier life of the server, or of another one: this is everything."""


class Hub:
    """Keeps the last of everything; the engine's thread puts, the sockets of the server take."""

    def __init__(self, *, start_us: int) -> None:
        self._lock = threading.Lock()
        self._first = self._number = start_us // 1000 * _STEP + secrets.randbelow(_STEP)
        """Numbers begin at the time of the start: those of an earlier life are smaller. A browser is exact to 2^53."""
        self._changes: dict[tuple[Topic, str], _Kept] = {}
        self._over: dict[tuple[Topic, str], None] = {}
        """Keys of what has ended, in order of change."""
        self._forgotten = self._first
        """Number of the last change that is kept no more."""

    @property
    def number(self) -> int:
        """Of the last change."""
        return self._number

    def lasting(self, topic: Topic) -> list[str]:
        """Keys of what was told of a topic and has not ended since."""
        with self._lock:
            return [key for about, key in self._changes if about is topic and (about, key) not in self._over]

    def put(self, changes: Iterable[Change]) -> None:
        """Tell watchers of changes, which count as one."""
        with self._lock:
            self._number += _STEP
            for change in changes:
                key = (change.topic, change.key)
                left = self._left(self._changes.pop(key, None), change)
                self._changes[key] = _Kept(self._number, change, left)
                self._over.pop(key, None)
                if change.is_over:
                    self._over[key] = None
            self._forget()

    def since(self, number: int | None) -> Word:
        """Give what changed after a number, oldest first; everything if it is None or of another life or hub."""
        with self._lock:
            is_ours = number is not None and (number - self._first) % _STEP == 0
            is_reset = number is None or not is_ours or not self._forgotten <= number <= self._number
            after = self._first if is_reset or number is None else number
            newest: list[Change] = []
            n_latest = 0
            for at, change, left in reversed(self._changes.values()):
                if at <= after:
                    break
                if is_reset and change.is_over:
                    continue
                n_latest += change.topic is Topic.LATEST
                if change.topic is not Topic.LATEST or n_latest <= LATEST_MOST:
                    earlier = tuple(owner for owner, number in left.items() if number > after and not is_reset)
                    newest.append(change._replace(earlier=earlier))
            return Word(self._number, newest[::-1], is_reset)

    def _forget(self) -> None:
        """Drop the oldest of what has ended."""
        while len(self._over) > OVER_MOST:
            key = next(iter(self._over))
            del self._over[key]
            self._forgotten = max(self._forgotten, self._changes.pop(key).number)

    def _left(self, known: _Kept | None, change: Change) -> Mapping[Owner, int]:
        """Whose a thing was before this change."""
        if known is None:
            return {}
        was, now = (Owner(one.asset_id, one.location_id) for one in (known.change, change))
        return known.left if was == now else {**known.left, was: self._number}
