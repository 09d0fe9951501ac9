"""The whole simulation: everyone in one pit, played in order of time."""

import itertools
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from highwall.telemetry.messages import Event, Reading
from highwall.twin.simulator.body import body_of
from highwall.twin.simulator.crews import timeline_of
from highwall.twin.simulator.ground import FIT_TO_FAIL, SENSORS, Ground, ground_of
from highwall.twin.simulator.layout import Layout, layout_of
from highwall.twin.simulator.options import SimulationOptions
from highwall.twin.simulator.radio import link_of
from highwall.twin.simulator.script import Script, script_of
from highwall.twin.simulator.sources import (
    Clockwork,
    Source,
    Stretch,
    flood_source,
    ground_source,
    housekeeping_source,
    machine_source,
    person_source,
    radio_source,
)
from highwall.twin.simulator.timeline import Timeline

BLOCK_S: Final = 60.0
"""s, made at once; chance is drawn by block, so that any stretch can be made alone."""
_FLOODED_GATEWAY: Final = "gw-plant"
BUTTON: Final = "button"
"""Kind of the event of a pressed tag button."""


class Batch(NamedTuple):
    """What one gateway hears in one step of time."""

    gateway: str
    until_s: float
    """End of the step [s]."""
    readings: tuple[Reading, ...]
    """In the order in which they were sensed."""
    events: tuple[Event, ...] = ()


class Simulation(NamedTuple):
    """A simulated pit; asked for any stretch of time it says the same."""

    options: SimulationOptions
    layout: Layout
    script: Script
    timelines: dict[str, Timeline]
    """By asset."""
    ground: Ground
    sources: tuple[Source, ...]

    def play(self, start_us: int, *, step_s: float = 1.0, from_s: float = 0.0) -> Iterator[Batch]:
        """Give everything that is said, step by step, until the duration is over.

        Parameters
        ----------
        start_us
            When the simulation starts [µs since 1970 UTC].
        step_s
            Length of a step [s], at most a block of a minute.
        from_s
            What was said before is left out [s].
        """
        blocks = range(int(from_s // BLOCK_S), int(np.ceil(self.options.duration_s / BLOCK_S)))
        for block in blocks:
            for batch in self._block(block, start_us, min(step_s, BLOCK_S)):
                if batch.until_s > from_s:
                    yield batch

    def _block(self, block: int, start_us: int, step_s: float) -> Iterator[Batch]:
        end_s = min((block + 1) * BLOCK_S, self.options.duration_s)
        stretch = Stretch(block, block * BLOCK_S, end_s)
        series = [one for source in self.sources for one in source(stretch)]
        said = [(one.gateway, reading) for one in series for reading in one.readings(start_us)]
        sensed = np.concatenate([one.sensed_s for one in series])
        order = np.argsort(sensed, kind="stable")
        n_steps = int(np.ceil((end_s - stretch.begin_s) / step_s - 1e-9))
        ends = np.minimum(stretch.begin_s + step_s * np.arange(1, n_steps + 1), end_s)
        bounds = [0, *np.searchsorted(sensed[order], ends).tolist()]
        begins = [stretch.begin_s, *ends[:-1].tolist()]
        for begin_s, until_s, (first, last) in zip(begins, ends.tolist(), itertools.pairwise(bounds), strict=True):
            in_step = [said[index] for index in order[first:last].tolist()]
            for gateway in self.layout.gateways:
                readings = tuple(reading for speaker, reading in in_step if speaker == gateway)
                events = self._pressed(gateway, start_us, begin_s=begin_s, until_s=until_s)
                if readings or events:
                    yield Batch(gateway, until_s, readings, events)

    def _pressed(self, gateway: str, start_us: int, *, begin_s: float, until_s: float) -> tuple[Event, ...]:
        """Buttons that were pressed in a step."""
        bearers = {bearer.asset_id: bearer for bearer in self.layout.bearers if bearer.gateway_id == gateway}
        return tuple(
            Event(BUTTON, start_us + round(incident.button_s * 1e6), bearers[incident.asset_id].tag_id, {"says": "ok"})
            for incident in self.script.incidents
            if incident.button_s is not None and begin_s <= incident.button_s < until_s and incident.asset_id in bearers
        )


def simulate(options: SimulationOptions | None = None) -> Simulation:
    """Set a pit up from its options; nothing is played yet."""
    options = options or SimulationOptions()
    layout = layout_of(options)
    script = script_of(options, layout, fit_to_fail=FIT_TO_FAIL)
    timelines = {bearer.asset_id: timeline_of(bearer, layout=layout, options=options) for bearer in layout.bearers}
    for incident in script.incidents:
        timeline = timelines[incident.asset_id]
        timelines[incident.asset_id] = timeline.interrupted(incident.at_s, incident.down_s)
    silent = Simulation(options, layout, script, timelines, ground_of(options.seed, script.crack), ())
    return silent._replace(sources=(*_of_bearers(silent), *_of_ground(silent)))


def _of_bearers(pit: Simulation) -> Iterator[Source]:
    clockwork, options = Clockwork(pit.options.seed), pit.options
    for bearer in pit.layout.bearers:
        timeline = pit.timelines[bearer.asset_id]
        if bearer.kind == "person":
            body = body_of(bearer.asset_id, seed=options.seed, timeline=timeline, incidents=pit.script.incidents)
            links = tuple(link_of(bearer.tag_id, beacon, seed=options.seed) for beacon in pit.layout.beacons)
            yield person_source(bearer, body, clockwork=clockwork, options=options)
            yield radio_source(bearer, timeline, clockwork=clockwork, links=links, options=options)
        else:
            yield machine_source(bearer, timeline, clockwork=clockwork, layout=pit.layout, options=options)
        yield housekeeping_source(bearer, clockwork=clockwork, ground=pit.ground, options=options)


def _of_ground(pit: Simulation) -> Iterator[Source]:
    clockwork, options = Clockwork(pit.options.seed), pit.options
    for sensor in SENSORS:
        yield ground_source(
            sensor, clockwork=clockwork, ground=pit.ground, faults=pit.script.faults,
            interval_s=options.ground_interval_s,
        )  # fmt: skip
    for flood in pit.script.floods:
        yield flood_source(flood, clockwork=clockwork, gateway=_FLOODED_GATEWAY, rate_hz=options.flood_hz)
