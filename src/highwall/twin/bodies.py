"""People and machines whose tags send raw acceleration: man-down and motion state, worked out at the server.

A gateway that works these out itself says so by its events, and is then believed alone: it goes on while the link is
cut, and knows of cancellations that the server does not.
"""

import heapq
from typing import Final, NamedTuple

import msgspec

from highwall.telemetry import mandown, motion
from highwall.telemetry.acceleration import Vector
from highwall.telemetry.tag_options import MACHINE, PERSON, ManDownOptions
from highwall.twin.state import Stamp, Told

WORN_BY: Final = frozenset({"person", "machine"})
"""Assets whose motion state is worked out; man-down is for persons."""
_N_TOLD: Final = 2
"""Things that a gateway may work out itself: health and motion."""


class Body(msgspec.Struct):
    """What is remembered of one tag."""

    asset_id: str
    kind: str
    watch: mandown.Watch = mandown.Watch()
    moving: motion.Moving = motion.Moving()
    stamp: Stamp = Stamp(0, "", 0)
    """Of its last sample."""
    seen_us: int = 0
    """Engine's time of its last sample."""
    told_of: tuple[str, ...] = ()
    """What a gateway works out itself, of ``health`` and ``motion``."""
    judges: tuple[str, ...] = ()
    """Gateways that work out ``health``."""
    counts: dict[str, int] = {}
    """By gateway: how many changes of this tag's health it has told, by its own count."""


class Judging(NamedTuple):
    """A gateway that works out a person's health by a tag."""

    thing: str
    gateway: str
    n_told: int
    """Changes that it has told, by its own count; 0: it counts none."""


class Word(NamedTuple):
    """Something about an asset that follows from its tag's motion."""

    asset_id: str
    told: Told


class Bodies:
    """All tags that send acceleration."""

    def __init__(self, options: ManDownOptions) -> None:
        self._options = options
        self.known: dict[str, Body] = {}
        self.dirty: set[str] = set()
        self._timers: list[tuple[int, str]] = []
        self._due: dict[str, int] = {}

    def restore(self, known: dict[str, Body]) -> None:
        """Take up what was remembered."""
        self.known.update(known)
        for thing in known:
            self._schedule(thing, known[thing])

    def believe(self, thing: str, asset_id: str, kind: str, *, of: str, gateway: str, count: int | None = None) -> None:
        """Take it that a gateway works out ``health`` or ``motion`` of this tag itself.

        Parameters
        ----------
        count
            How many changes of health it has told, where it counts them.
        """
        body = self.known.setdefault(thing, Body(asset_id, kind))
        before = body.asset_id, body.told_of, body.judges, body.counts.get(gateway)
        body.asset_id = asset_id
        if of not in body.told_of:
            body.told_of = (*body.told_of, of)
        if of == "health" and gateway not in body.judges:
            body.judges = (*body.judges, gateway)
        if count is not None:
            body.counts[gateway] = count
        if before != (body.asset_id, body.told_of, body.judges, body.counts.get(gateway)):
            self.dirty.add(thing)

    def judges(self, asset_id: str) -> list["Judging"]:
        """Tags of a person, each with every gateway that has told of the person's health by it, in order."""
        return sorted(
            Judging(thing, gateway, body.counts.get(gateway, 0))
            for thing, body in self.known.items()
            if body.asset_id == asset_id
            for gateway in body.judges
        )

    def on_sample(
        self, thing: str, asset_id: str, kind: str, *, sample: Vector, stamp: Stamp, now_us: int
    ) -> list[Word]:
        """Take one sample of acceleration in [m s⁻²]."""
        body = self.known.get(thing)
        if body is None:
            body = self.known[thing] = Body(asset_id, kind)
        if len(body.told_of) == _N_TOLD:
            return []
        self.dirty.add(thing)
        body.stamp, body.seen_us = max(body.stamp, stamp), now_us
        words = [] if "motion" in body.told_of else self._moved(body, sample, stamp)
        if kind == "person" and "health" not in body.told_of:
            step = mandown.observe(body.watch, stamp.at_us, sample, options=self._options)
            words += self._taken(thing, body, step)
        return words

    def cancel(self, asset_id: str, at_us: int) -> None:
        """Take a pre-alarm of a person back, or stand the person down, as people have done who looked."""
        for thing, body in self.known.items():
            if body.asset_id == asset_id and body.watch.phase in (mandown.Phase.PRE_ALARM, mandown.Phase.DOWN):
                body.watch = mandown.stand_down(body.watch, at_us).watch
                self.dirty.add(thing)

    def next_due(self) -> int | None:
        """Engine's time at which silence or an unanswered pre-alarm may change something."""
        return self._timers[0][0] if self._timers else None

    def on_clock(self, now_us: int) -> list[Word]:
        """Let the timers ring that are due by now."""
        words: list[Word] = []
        while self._timers and self._timers[0][0] <= now_us:
            due_us, thing = heapq.heappop(self._timers)
            if self._due.get(thing) != due_us:
                continue
            del self._due[thing]
            body = self.known[thing]
            if "health" in body.told_of:
                continue
            step = mandown.advance(body.watch, due_us - body.seen_us + body.stamp.at_us, options=self._options)
            words += self._taken(thing, body, step)
            self.dirty.add(thing)
        return words

    def _moved(self, body: Body, sample: Vector, stamp: Stamp) -> list[Word]:
        options = PERSON if body.kind == "person" else MACHINE
        moved = motion.observe(body.moving, stamp.at_us, sample, options=options)
        body.moving = moved.moving
        return [Word(body.asset_id, Told("motion", str(moved.moving.motion), stamp))] if moved.changed else []

    def _taken(self, thing: str, body: Body, step: mandown.Step) -> list[Word]:
        body.watch = step.watch
        self._schedule(thing, body)
        return [
            Word(
                body.asset_id,
                Told("health", mandown.HEALTH[change.phase], _later(body.stamp, change.at_us, place)),
            )
            for place, change in enumerate(step.changes)
        ]

    def _schedule(self, thing: str, body: Body) -> None:
        """Ring when time alone may bring a change: the phase's limit, counted by the engine's clock."""
        event_us = mandown.due_us(body.watch, options=self._options)
        if "health" in body.told_of or event_us is None:
            return
        due_us = max(event_us - body.stamp.at_us + body.seen_us, body.seen_us + 1)
        known = self._due.get(thing)
        if known is None or due_us < known:
            self._due[thing] = due_us
            heapq.heappush(self._timers, (due_us, thing))


def _later(stamp: Stamp, at_us: int, place: int) -> Stamp:
    """Stamp of the change at this place among those that one sample brought."""
    return Stamp(at_us, f"{stamp.source}~{place}", stamp.number)
