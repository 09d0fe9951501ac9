"""A slope of extensometers that move together: what tests of virtual sensors are fed with."""

import numpy as np

from highwall.telemetry.isolation import consult, start
from highwall.telemetry.messages import Reading
from highwall.telemetry.virtual import VirtualSensors, fit_group
from highwall.telemetry.virtual_options import VirtualOptions

T0 = 1_700_000_100_000_000
INTERVAL_US = 900_000_000
NAMES = tuple(f"ext-{number}/displacement" for number in range(5))
NOISE = 1e-4


def movement(n, *, seed, n_sensors=5):
    """(row, sensor) [m]: a slow wandering of the ground, a day's warmth, both shared in unequal parts, and noise."""
    random = np.random.default_rng(seed)
    wandering = np.zeros(n)
    for row in range(1, n):
        wandering[row] = 0.995 * wandering[row - 1] + random.normal(0.0, 2e-4)
    day = 3e-4 * np.sin(2.0 * np.pi * np.arange(n) / 96.0)
    share = np.linspace(0.6, 1.4, n_sensors)
    return np.outer(wandering, share) + np.outer(day, share[::-1]) + random.normal(0.0, NOISE, (n, n_sensors))


def learned(values, names=NAMES, **options):
    return VirtualSensors(fit_group(values, names, VirtualOptions(**options)))


def readings_of(values, names=NAMES):
    """Readings in the order of time; sensors speak a second after one another, NaN not at all."""
    return [
        Reading(names[sensor], T0 + row * INTERVAL_US + sensor * 1_000_000, float(value))
        for row, line in enumerate(values)
        for sensor, value in enumerate(line)
        if np.isfinite(value)
    ]


def opinions(virtual, values, state=None, **options):
    """Opinion about every reading in turn, and the last state."""
    state = state or start(virtual.group)
    found = []
    for reading in readings_of(values, virtual.group.sensors):
        opinion, state = consult(virtual, state, reading, **options)
        found.append(opinion)
    return found, state
