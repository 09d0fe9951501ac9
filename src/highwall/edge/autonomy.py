"""What a gateway concludes by itself, link or no link: who is down, who moves, and which local alarms hold."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from highwall.core.errors import InputError
from highwall.edge.local_alarms import LocalAlarms
from highwall.edge.means import Means
from highwall.edge.options import AutonomyOptions
from highwall.telemetry import mandown, motion
from highwall.telemetry.mandown import Phase, Watch
from highwall.telemetry.messages import Event, Priority, Reading
from highwall.telemetry.motion import Moving
from highwall.telemetry.observed import stream_name
from highwall.telemetry.tag_options import MotionOptions

MOTION_EVENT: Final = "motion"
BUTTON: Final = "button"
"""Kind of the event of a pressed tag button."""
_ACCELERATION: Final = "acceleration"


class Concluded(NamedTuple):
    """What readings lead to."""

    readings: list[Reading]
    """What is to be sent of them."""
    events: dict[Priority, list[Event]]


class Autonomy:
    """Watches over everyone that is heard; forgets them when the process ends, not when options change."""

    def __init__(self, options: AutonomyOptions) -> None:
        self._options = options
        self._watches: dict[str, Watch] = {}
        self._moving: dict[str, Moving] = {}
        self._alarms = LocalAlarms(options.criteria)
        self._means = Means(options.mean_over_s)

    def change(self, options: AutonomyOptions) -> list[Reading]:
        """Go on by other options; gives the means that were going on."""
        left = list(self._means.finish())
        if options.criteria != self._options.criteria:
            self._alarms = LocalAlarms(options.criteria)
        self._means = Means(options.mean_over_s)
        self._options = options
        return left

    def take(self, readings: Iterable[Reading], now_us: int) -> Concluded:
        """Judge readings as they come, and let time pass for those who are silent."""
        readings = list(readings)
        down: list[Event] = []
        moved: list[Event] = []
        for reading in readings:
            name = stream_name(reading.datastream)
            sample = reading.result
            if name.observed == _ACCELERATION and not name.qualifier and isinstance(sample, list) and len(sample) == 3:
                down += self._fallen(name.thing, reading.phenomenon_us, (sample[0], sample[1], sample[2]))
                moved += self._motion(name.thing, reading.phenomenon_us, (sample[0], sample[1], sample[2]))
            elif name.observed == "speed" and isinstance(sample, float) and name.thing in self._moving:
                self._moving[name.thing] = motion.observe_speed(self._moving[name.thing], reading.phenomenon_us, sample)
        down += [event for thing in list(self._watches) for event in self._waited(thing, now_us)]
        down += self._alarms.take(readings, now_us)
        down += self._alarms.advance(now_us)
        return Concluded(list(self._means.take(readings)), {Priority.ALARM: down, Priority.TELEMETRY: moved})

    def pressed(self, events: Iterable[Event]) -> list[Event]:
        """Take back the pre-alarm of everyone who pressed the button of the tag; a press without one means nothing."""
        return [
            answer
            for event in events
            if event.kind == BUTTON and self._phase(event.subject) is Phase.PRE_ALARM
            for answer in self._told(event.subject, mandown.cancel(self._watches[event.subject], event.event_us))
        ]

    def stand_down(self, thing: str, now_us: int, *, upto_us: int | None = None) -> list[Event]:
        """End a pre-alarm or a person's being down, as people do who have looked.

        Parameters
        ----------
        upto_us
            Time of the last that they knew: what came later, while the word was on its way, stays.

        Raises
        ------
        InputError
            There is nothing to end, or it is later than they knew.
        """
        watch = self._watches.get(thing)
        if watch is None:
            raise InputError(f"nothing was heard of {thing!r}; nobody to stand down.")
        if upto_us is not None and watch.since_us > upto_us:
            raise InputError(f"the person is {watch.phase} since then; look again.")
        return self._told(thing, mandown.stand_down(watch, now_us))

    def _phase(self, thing: str) -> Phase:
        return self._watches.get(thing, Watch()).phase

    def _fallen(self, thing: str, at_us: int, sample: tuple[float, float, float]) -> list[Event]:
        if not thing.startswith(self._options.people):
            return []
        watch = self._watches.get(thing, Watch())
        return self._told(thing, mandown.observe(watch, at_us, sample, options=self._options.man_down))

    def _waited(self, thing: str, now_us: int) -> list[Event]:
        return self._told(thing, mandown.advance(self._watches[thing], now_us, options=self._options.man_down))

    def _told(self, thing: str, step: mandown.Step) -> list[Event]:
        self._watches[thing] = step.watch
        return [mandown.as_event(thing, change) for change in step.changes]

    def _motion(self, thing: str, at_us: int, sample: tuple[float, float, float]) -> Iterator[Event]:
        options = self._motion_options(thing)
        if options is None:
            return
        moved = motion.observe(self._moving.get(thing, Moving()), at_us, sample, options=options)
        self._moving[thing] = moved.moving
        if moved.changed:
            yield Event(MOTION_EVENT, moved.moving.since_us, thing, {"motion": str(moved.moving.motion)})

    def _motion_options(self, thing: str) -> MotionOptions | None:
        if thing.startswith(self._options.people):
            return self._options.person
        return self._options.machine if thing.startswith(self._options.machines) else None
