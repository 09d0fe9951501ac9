"""What a gateway concludes by itself, link or no link: who is down, who moves, and which local alarms hold."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from highwall.edge.guard import Guard
from highwall.edge.local_alarms import LocalAlarms
from highwall.edge.means import Means
from highwall.edge.options import AutonomyOptions
from highwall.telemetry import motion
from highwall.telemetry.messages import Event, Priority, Reading
from highwall.telemetry.motion import Moving
from highwall.telemetry.observed import stream_name
from highwall.telemetry.tag_options import MotionOptions

MOTION_EVENT: Final = "motion"
BUTTON: Final = "button"
"""Kind of the event of a pressed tag button."""
_ACCELERATION: Final = "acceleration"
_SET_BACK_US: Final = 60_000_000
"""A sample that is older than the last by more than this is not late: the clock that stamps them was set back."""
_PERSON: Final = "person/"
"""Before the name of a tag: what is remembered of whoever wears it."""
_ALARM: Final = "alarm/"
"""Before a criterion and a sensor: what is remembered of its watch."""
_MOTION: Final = "motion/"
"""Before the name of a tag: what whoever wears or carries it does."""
_MEAN: Final = "mean/"
"""Before a datastream: what was gathered of it."""


class Concluded(NamedTuple):
    """What readings lead to."""

    readings: list[Reading]
    """What is to be sent of them."""
    events: dict[Priority, list[Event]]


class Autonomy:
    """Concludes from all that is heard, whatever options change.

    Who may be down, what everyone does, which local alarms hold, and what was gathered for means outlives the process.
    """

    def __init__(self, options: AutonomyOptions) -> None:
        self._options = options
        self._guard = Guard(options.man_down)
        self._moving: dict[str, Moving] = {}
        self._turned: set[str] = set()
        """Tags whose motion changed since that was last asked for."""
        self._alarms = LocalAlarms(options.criteria)
        self._means = Means(options.mean_over_s)

    def change(self, options: AutonomyOptions) -> list[Reading]:
        """Go on by other options; gives the means that were going on."""
        if options.criteria != self._options.criteria:
            known, self._alarms = self._alarms, LocalAlarms(options.criteria)
            self._alarms.recall(known.memory(is_all=True))
        self._guard.options = options.man_down
        self._options = options
        return self._means.change(options.mean_over_s)

    def take(self, readings: Iterable[Reading], now_us: int) -> Concluded:
        """Judge readings as they come, and let time pass for those who are silent."""
        readings = list(readings)
        down: list[Event] = []
        moved: list[Event] = []
        for reading in readings:
            name = stream_name(reading.datastream)
            sample = reading.result
            if name.observed == _ACCELERATION and not name.qualifier and isinstance(sample, list) and len(sample) == 3:
                if name.thing.startswith(self._options.people):
                    acceleration = (sample[0], sample[1], sample[2])
                    down += self._guard.observe(name.thing, reading.phenomenon_us, acceleration, now_us=now_us)
                moved += self._motion(name.thing, reading.phenomenon_us, (sample[0], sample[1], sample[2]))
            elif name.observed == "speed" and isinstance(sample, float) and name.thing in self._moving:
                self._moving[name.thing] = motion.observe_speed(self._moving[name.thing], reading.phenomenon_us, sample)
        down += self._guard.advance(now_us)
        down += self._alarms.take(readings, now_us)
        down += self._alarms.advance(now_us)
        return Concluded(list(self._means.take(readings, now_us)), {Priority.ALARM: down, Priority.TELEMETRY: moved})

    def pressed(self, events: Iterable[Event], now_us: int) -> list[Event]:
        """Take back the pre-alarm of everyone who pressed the button of the tag; a press without one means nothing."""
        presses = (event.subject for event in events if event.kind == BUTTON)
        return [answer for thing in presses for answer in self._guard.cancel(thing, now_us)]

    def stand_down(self, thing: str, now_us: int, *, upto: int | None = None) -> list[Event]:
        """End a pre-alarm or a person's being down, as people do who have looked.

        Parameters
        ----------
        upto
            Count of the last change that they knew: what came later, while the word was on its way, stays.

        Raises
        ------
        InputError
            There is nothing to end, or it is later than they knew.
        """
        return self._guard.stand_down(thing, now_us, upto=upto)

    def memory(self) -> dict[str, bytes]:
        """What must outlive the process and changed since this was last asked for, by name; empty: it is over."""
        people = {_PERSON + thing: kept for thing, kept in self._guard.memory().items()}
        return people | {_ALARM + name: kept for name, kept in self._alarms.memory().items()}

    def moved(self) -> dict[str, bytes]:
        """As :meth:`memory`, of what everyone does: to be kept together with the events that tell it.

        The seconds that are judged are left out: they would be those of long ago.
        """
        turned, self._turned = self._turned, set()
        kept = {thing: _settled(self._moving[thing]) for thing in turned}
        return {_MOTION + thing: msgspec.msgpack.encode(moving) for thing, moving in kept.items()}

    def gathered(self) -> dict[str, bytes]:
        """As :meth:`memory`, of what goes into means: to be kept together with the readings that were given."""
        return {_MEAN + name: kept for name, kept in self._means.memory().items()}

    def recall(self, memory: Mapping[str, bytes]) -> None:
        """Go on from what outlived an earlier process; names of others mean nothing here."""
        self._means.recall(_behind(_MEAN, memory))
        self._guard.recall(_behind(_PERSON, memory))
        self._alarms.recall(_behind(_ALARM, memory))
        decode = msgspec.msgpack.Decoder(Moving).decode
        self._moving.update((thing, decode(kept)) for thing, kept in _behind(_MOTION, memory).items())

    def _motion(self, thing: str, at_us: int, sample: tuple[float, float, float]) -> Iterator[Event]:
        options = self._motion_options(thing)
        if options is None:
            return
        known = self._moving.get(thing, Moving())
        if known.gathering is not None and known.gathering.start_us - at_us > _SET_BACK_US:
            known = _settled(known)
        moved = motion.observe(known, at_us, sample, options=options)
        self._moving[thing] = moved.moving
        if moved.changed:
            self._turned.add(thing)
            yield Event(MOTION_EVENT, moved.moving.since_us, thing, {"motion": str(moved.moving.motion)})

    def _motion_options(self, thing: str) -> MotionOptions | None:
        if thing.startswith(self._options.people):
            return self._options.person
        return self._options.machine if thing.startswith(self._options.machines) else None


def _settled(moving: Moving) -> Moving:
    """What someone does, without what it is judged on."""
    return Moving(moving.motion, moving.since_us)


def _behind(prefix: str, memory: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name.removeprefix(prefix): kept for name, kept in memory.items() if name.startswith(prefix)}
