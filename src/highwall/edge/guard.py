"""People whom a gateway watches over: man-down of every worn tag, remembered over a restart or a kill.

No two clocks are compared. Time passes for a tag as its own samples say, and while it is silent as the gateway's clock
runs on from the last of them. Either clock may be set back: a sample older than the last is late, unless the last was
the last for long enough, or the gateway's clock was set back since; then time runs on from it.

What was told is counted, tag by tag, and people who stand somebody down name the count that they knew: what came later,
while their word was on its way, stays.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from highwall.core.errors import InputError
from highwall.telemetry import mandown
from highwall.telemetry.acceleration import Vector
from highwall.telemetry.mandown import Phase, Watch
from highwall.telemetry.messages import Event
from highwall.telemetry.tag_options import ManDownOptions

_S: Final = 1_000_000
COUNT: Final = "change"
"""In an event ``man_down``: how many changes of this tag the gateway has told, this one included."""


class Guarded(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is remembered of one tag."""

    watch: Watch = Watch()
    n_told: int = 0
    """Changes that were told."""
    sample_us: int = 0
    """Time of its newest sample, by whichever clock stamps its samples."""
    came_us: int = 0
    """When that came, by the gateway's clock."""

    def time_us(self, now_us: int) -> int:
        """What the clock of its samples shows now."""
        return self.sample_us + now_us - self.came_us


class Guard:
    """Watches over every tag that a person wears; :meth:`memory` and :meth:`recall` carry it over a restart."""

    def __init__(self, options: ManDownOptions) -> None:
        self.options = options
        self._known: dict[str, Guarded] = {}
        self._changed: set[str] = set()
        self._set_back: set[str] = set()
        """Tags of which no sample came since the gateway's clock was set back that this clock may have stamped."""

    def observe(self, thing: str, at_us: int, sample: Vector, *, now_us: int) -> list[Event]:
        """Take one sample of acceleration in [m s⁻²]."""
        known = self._found(thing, now_us)
        if at_us < known.sample_us and self._may_be_set_back(thing, known, now_us):
            watch = mandown.set_back(known.watch, known.time_us(now_us) - at_us)
            known = msgspec.structs.replace(known, watch=watch, sample_us=at_us, came_us=now_us)
            self._set_back.discard(thing)
        if at_us >= known.sample_us:
            known = msgspec.structs.replace(known, sample_us=at_us, came_us=now_us)
        return self._told(thing, known, mandown.observe(known.watch, at_us, sample, options=self.options))

    def advance(self, now_us: int) -> list[Event]:
        """Let time pass for those who are silent."""
        return [event for thing in list(self._known) for event in self._waited(thing, now_us)]

    def cancel(self, thing: str, now_us: int) -> list[Event]:
        """Take back the pre-alarm of a person who pressed the tag's button; a press without one means nothing."""
        known = self._known.get(thing)
        if known is None or known.watch.phase is not Phase.PRE_ALARM:
            return []
        return self._told(thing, known, mandown.cancel(known.watch, known.time_us(now_us)))

    def stand_down(self, thing: str, now_us: int, *, upto: int | None = None) -> list[Event]:
        """End a pre-alarm or a person's being down, as people do who have looked.

        Parameters
        ----------
        upto
            Count of the last change that they knew; None: whatever there is.

        Raises
        ------
        InputError
            There is nothing to end, or it is later than they knew.
        """
        known = self._known.get(thing)
        if known is None:
            raise InputError(f"nothing was heard of {thing!r}; nobody to stand down.")
        if upto is not None and known.n_told > upto:
            raise InputError(f"the person is {known.watch.phase} since then; look again.")
        return self._told(thing, known, mandown.stand_down(known.watch, known.time_us(now_us)))

    def memory(self) -> dict[str, bytes]:
        """What changed since this was last asked for, tag by tag; to be kept together with what was told."""
        changed, self._changed = self._changed, set()
        return {thing: msgspec.msgpack.encode(self._known[thing]) for thing in changed}

    def recall(self, memory: Mapping[str, bytes]) -> None:
        """Go on from what was kept."""
        decode = msgspec.msgpack.Decoder(Guarded).decode
        self._known.update((thing, decode(kept)) for thing, kept in memory.items())

    def _waited(self, thing: str, now_us: int) -> list[Event]:
        known = self._found(thing, now_us)
        return self._told(thing, known, mandown.advance(known.watch, known.time_us(now_us), options=self.options))

    def _found(self, thing: str, now_us: int) -> Guarded:
        """What is known of a tag; where the gateway's clock was set back, it runs on from here."""
        known = self._known.get(thing, Guarded())
        if now_us < known.came_us:
            known = msgspec.structs.replace(known, came_us=now_us)
            self._set_back.add(thing)
        return known

    def _may_be_set_back(self, thing: str, known: Guarded, now_us: int) -> bool:
        """Whether an older sample than the last is more than late."""
        return thing in self._set_back or now_us - known.came_us >= self.options.silence_s * _S

    def _told(self, thing: str, known: Guarded, step: mandown.Step) -> list[Event]:
        """Keep what a step leads to, and tell its changes under the next counts."""
        n_told = known.n_told + len(step.changes)
        if self._must_be_kept(known.watch, step):
            self._changed.add(thing)
        self._known[thing] = msgspec.structs.replace(known, watch=step.watch, n_told=n_told)
        events = (mandown.as_event(thing, change) for change in step.changes)
        return [
            msgspec.structs.replace(event, data={**event.data, COUNT: count})
            for count, event in enumerate(events, start=known.n_told + 1)
        ]

    def _must_be_kept(self, before: Watch, step: mandown.Step) -> bool:
        """Whether a kill now would cost more than a part of a quiet second."""
        gathering = step.watch.gathering
        is_struck = gathering is not None and gathering.peak >= self.options.impact_limit
        return is_struck or bool(step.changes) or step.watch.heard_us != before.heard_us
