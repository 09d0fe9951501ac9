"""Who speaks when: each source gives the series of its datastreams for a stretch of time."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.twin.simulator.body import Body, acceleration
from highwall.twin.simulator.chance import Floats, chance
from highwall.twin.simulator.faults import Sensed, failed
from highwall.twin.simulator.ground import Ground, GroundSensor
from highwall.twin.simulator.layout import Bearer, Layout
from highwall.twin.simulator.machines import fix, shaking, vibration
from highwall.twin.simulator.options import SimulationOptions
from highwall.twin.simulator.radio import Link, heard
from highwall.twin.simulator.script import Fault, Span
from highwall.twin.simulator.series import Series, ticks
from highwall.twin.simulator.timeline import Timeline

DAY_S: Final = 86_400.0
_BATTERY_V: Final = (3.0, 0.02)
"""V at the start, and its loss a day."""
_VIBRATION_S: Final = 10.0
_BABBLE: Final = 0.004
"""m s⁻¹, what the babbling logger says."""


class Stretch(NamedTuple):
    """A stretch of time, and its number for chance."""

    block: int
    begin_s: float
    end_s: float


Source = Callable[[Stretch], Iterator[Series]]


class Clockwork(NamedTuple):
    """When and with which chance the datastreams of one simulation are sampled."""

    seed: int

    def times(self, datastream: str, stretch: Stretch, *, interval_s: float) -> Floats:
        """Times at which a datastream speaks in a stretch [s]; each has an offset of its own."""
        offset = float(chance(self.seed, f"{datastream}/offset").random())
        return ticks(interval_s, offset=offset, begin_s=stretch.begin_s, end_s=stretch.end_s)

    def random(self, datastream: str, stretch: Stretch) -> np.random.Generator:
        """Random numbers of a datastream in a stretch."""
        return chance(self.seed, datastream, stretch.block)


def person_source(bearer: Bearer, body: Body, *, clockwork: Clockwork, options: SimulationOptions) -> Source:
    """A person's tag: acceleration."""
    name = f"{bearer.tag_id}/acceleration"

    def speak(stretch: Stretch) -> Iterator[Series]:
        times = clockwork.times(name, stretch, interval_s=1.0 / options.people_hz)
        yield Series(name, bearer.gateway_id, times, acceleration(body, times, block=stretch.block))

    return speak


def machine_source(
    bearer: Bearer, timeline: Timeline, *, clockwork: Clockwork, layout: Layout, options: SimulationOptions
) -> Source:
    """A machine's unit: acceleration, vibration, position, speed."""
    names = {what: f"{bearer.tag_id}/{what}" for what in ("acceleration", "vibration", "position", "speed")}

    def speak(stretch: Stretch) -> Iterator[Series]:
        for what, interval, sense in (
            ("acceleration", 1.0 / options.machine_hz, shaking), ("vibration", _VIBRATION_S, vibration),
        ):  # fmt: skip
            times = clockwork.times(names[what], stretch, interval_s=interval)
            values = sense(timeline, times, random=clockwork.random(names[what], stretch))
            yield Series(names[what], bearer.gateway_id, times, values)
        times = clockwork.times(names["position"], stretch, interval_s=options.position_interval_s)
        found = fix(timeline, times, layout=layout, random=clockwork.random(names["position"], stretch))
        yield Series(names["position"], bearer.gateway_id, times, found.position)
        yield Series(names["speed"], bearer.gateway_id, times, found.speed)

    return speak


def radio_source(
    bearer: Bearer, timeline: Timeline, *, clockwork: Clockwork, links: tuple[Link, ...], options: SimulationOptions
) -> Source:
    """A tag's scans for beacons."""

    def speak(stretch: Stretch) -> Iterator[Series]:
        times = clockwork.times(f"{bearer.tag_id}/rssi", stretch, interval_s=options.rssi_interval_s)
        local = timeline.at(times).local
        for link in links:
            name = f"{bearer.tag_id}/rssi/{link.beacon.beacon_id}"
            found = heard(link, times, local, random=clockwork.random(name, stretch))
            if found.is_heard.any():
                yield Series(name, bearer.gateway_id, times[found.is_heard], found.rssi[found.is_heard])

    return speak


def housekeeping_source(bearer: Bearer, *, clockwork: Clockwork, ground: Ground, options: SimulationOptions) -> Source:
    """A tag's battery and temperature."""
    full, loss = _BATTERY_V

    def battery(times: Floats) -> Floats:
        return full - loss * times / DAY_S

    def temperature(times: Floats) -> Floats:
        return ground.air(times) + 4.0

    def speak(stretch: Stretch) -> Iterator[Series]:
        for what, value, noise in (("battery", battery, 0.002), ("temperature", temperature, 0.2)):
            name = f"{bearer.tag_id}/{what}"
            times = clockwork.times(name, stretch, interval_s=options.housekeeping_interval_s)
            values = value(times) + clockwork.random(name, stretch).normal(0.0, noise, len(times))
            yield Series(name, bearer.gateway_id, times, values.round(3))

    return speak


def ground_source(
    sensor: GroundSensor, *, clockwork: Clockwork, ground: Ground, faults: tuple[Fault, ...], interval_s: float
) -> Source:
    """A sensor of the ground, with its faults."""
    own = [fault for fault in faults if fault.datastream == sensor.datastream]

    def speak(stretch: Stretch) -> Iterator[Series]:
        random = clockwork.random(sensor.datastream, stretch)
        times = clockwork.times(sensor.datastream, stretch, interval_s=interval_s)
        values = ground.true(sensor, times) + random.normal(0.0, sensor.noise, len(times))
        sensed = Sensed(times, values, times)
        for fault in own:
            frozen = float(ground.true(sensor, np.array([fault.from_s]))[0])
            sensed = failed(sensed, fault, noise=sensor.noise, frozen=frozen, random=random)
        values = _rounded(sensed.values, sensor.noise)
        yield Series(sensor.datastream, sensor.gateway, sensed.sensed_s, values, sensed.stated_s)

    return speak


def flood_source(flood: Span, *, clockwork: Clockwork, gateway: str, rate_hz: float) -> Source:
    """A logger that babbles for some time."""
    name = f"{flood.subject}/vibration"

    def speak(stretch: Stretch) -> Iterator[Series]:
        begin, end = max(stretch.begin_s, flood.from_s), min(stretch.end_s, flood.to_s)
        flooded = stretch._replace(begin_s=begin, end_s=max(begin, end))
        times = clockwork.times(name, flooded, interval_s=1.0 / rate_hz)
        values = _BABBLE * np.exp(clockwork.random(name, stretch).normal(0.0, 0.2, len(times)))
        yield Series(name, gateway, times, values.round(6))

    return speak


def _rounded(values: NDArray[np.float64], noise: float) -> Floats:
    """To a tenth of the noise, as a logger of that quality gives them."""
    return np.asarray(np.round(values, int(np.ceil(-np.log10(noise))) + 1))
