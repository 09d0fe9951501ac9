"""Simulated records of strain, opening, tilt and temperature with planted cracks, weather and faults.

**Simulated**: no such site exists. What is physical in it:

* Ground follows the air's temperature with a lag; strain, opening and tilt follow the ground's, each by a coefficient.
* Before a crack opens tension builds up; then strain drops, the opening jumps and goes on growing as a power of time,
  the ground tilts, and the crack breathes: warmth closes it.
* What looks alike: cold fronts, blasts, loads that come and go, swelling after rain; and faults: offsets and drift of
  one channel, stuck values, spikes, gaps.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.classification.crack_windows.options import SensorSimulationOptions
from highwall.classification.crack_windows.windows import CHANNELS, SensorWindows, cut_windows

_STRAIN, _OPENING, _TILT, _TEMPERATURE = range(len(CHANNELS))

_NOISE = np.array([2e-6, 4e-5, 8e-6, 0.1])
"""Typical noise of a reading: strain [1], opening [m], tilt [rad], temperature [K]."""
_THERMAL = np.array([8e-6, 1.5e-5, 1e-5])
"""Typical response to the ground's temperature [1, m and rad K⁻¹]; rock expands by about 1e-5 K⁻¹, half restrained."""

Floats = NDArray[np.float64]


class SensorRecord(NamedTuple):
    """One sensor's record."""

    series: Floats
    """(hour, channel), NaN missing."""
    crack_hour: float
    """When a crack opens beside it [h]; infinite without one."""


def simulated_windows(options: SensorSimulationOptions | None = None) -> SensorWindows:
    """Windows of all sensors of all sites."""
    options = options or SensorSimulationOptions()
    random = np.random.default_rng(options.seed)
    values, ages, sites = [], [], []
    starts = np.arange(24 * options.n_days // options.window_hours) * options.window_hours
    for number in range(options.n_sites):
        air = air_temperature(random, 24 * options.n_days)
        for _ in range(options.n_sensors):
            record = simulated_record(random, air, has_crack=bool(random.random() < options.crack_share))
            values.append(cut_windows(record.series.astype(np.float32), length=options.window_hours))
            ages.append(starts + options.window_hours - record.crack_hour)
            sites += [f"simulated-{number + 1:03d}"] * len(starts)
    age = np.concatenate(ages)
    is_crack = age >= options.min_age_hours
    return SensorWindows(np.concatenate(values), is_crack, is_crack & (age <= options.window_hours), np.array(sites))


def air_temperature(random: np.random.Generator, n_hours: int) -> Floats:
    """Air over a site [K]: a day's cycle, weather of some days, a front now and then."""
    hour = np.arange(n_hours)
    weather = _lagged(random.normal(0.0, 1.0, n_hours), hours=60.0) * 30.0
    day = random.uniform(2.0, 9.0) * np.sin(2 * np.pi * (hour - 9.0) / 24.0) * (1.0 + 0.3 * np.tanh(weather / 3.0))
    fronts = sum(
        random.normal(0.0, 2.5) * np.tanh((hour - random.uniform(0, n_hours)) / 3.0)
        for _ in range(int(random.poisson(n_hours / 240.0)))
    )
    found: Floats = 285.0 + random.normal(0.0, 6.0) + day + weather + fronts
    return found


def simulated_record(random: np.random.Generator, air: Floats, *, has_crack: bool) -> SensorRecord:
    """Record of one sensor under that air."""
    n = len(air)
    crack_hour = float(random.uniform(0.1, 0.9) * n) if has_crack else np.inf
    ground = _lagged(air, hours=random.uniform(2.0, 14.0))
    warmth: Floats = ground - ground.mean()
    series = np.empty((n, len(CHANNELS)))
    series[:, :3] = warmth[:, None] * _THERMAL * random.lognormal(0.0, 0.5, 3) * random.choice([1.0, -1.0], 3)
    series[:, _TEMPERATURE] = ground
    series[:, :3] += _creep(random, n)
    if has_crack:
        age: Floats = np.arange(n, dtype=np.float64) - crack_hour
        series[:, :3] += crack_signal(random, age, warmth=warmth)
    _disturb(random, series)
    series += _NOISE * random.lognormal(0.0, 0.5, len(CHANNELS)) * random.standard_t(4, series.shape)
    _spoil(random, series)
    return SensorRecord(series, crack_hour)


def crack_signal(random: np.random.Generator, age: Floats, *, warmth: Floats) -> Floats:
    """What a crack adds to strain, opening and tilt, by its age [h]: (hour, 3)."""
    reach = np.exp(random.uniform(np.log(0.15), 0.0))  # how near it passes
    open_ = age >= 0.0
    grown = np.clip(age, 0.0, None) / 24.0
    jump = reach * np.exp(random.uniform(np.log(1e-4), np.log(2e-3)))
    rate = reach * np.exp(random.uniform(np.log(2e-5), np.log(4e-4)))
    opening = open_ * (jump + rate * grown ** random.uniform(0.5, 1.4))
    breath = -reach * random.uniform(5e-6, 4e-5) * warmth * open_
    drop = reach * np.exp(random.uniform(np.log(2e-5), np.log(3e-4)))
    build_up = 0.5 * drop * np.exp(np.clip(age, None, 0.0) / random.uniform(6.0, 48.0))
    strain = np.where(open_, -drop, build_up)
    tilt = random.choice([1.0, -1.0]) * (opening + breath) / random.uniform(3.0, 15.0)
    return np.stack([strain, opening + breath, tilt], axis=1)


def _creep(random: np.random.Generator, n: int) -> Floats:
    """Slow steady motion that is no crack: (hour, 3)."""
    rate = random.normal(0.0, 1.0, 3) * np.array([8e-7, 1e-5, 1.5e-6])  # a day
    crept: Floats = np.arange(n)[:, None] / 24.0 * rate
    return crept


def _disturb(random: np.random.Generator, series: Floats) -> None:
    """Blasts, loads that come and go, and swelling after rain: no cracks, and all of them pass."""
    n = len(series)
    hour = np.arange(n)
    for _ in range(int(random.poisson(n / 240.0))):  # blasts, ring down within hours
        age = hour - random.integers(0, n)
        kick = random.normal(0.0, 1.0, 3) * np.array([3e-5, 2e-4, 4e-5])
        series[:, :3] += (
            np.where(age >= 0, np.exp(-np.clip(age, 0, None) / random.uniform(1.0, 4.0)), 0.0)[:, None] * kick
        )
    for _ in range(int(random.poisson(n / 360.0))):  # a load stands near for some hours
        start, lasts = random.integers(0, n), random.uniform(4.0, 36.0)
        push = random.normal(0.0, 1.0, 3) * np.array([3e-5, 1.5e-4, 3e-5])
        series[:, :3] += ((hour >= start) & (hour < start + lasts))[:, None] * push
    for _ in range(int(random.poisson(n / 480.0))):  # rain
        age = np.clip(hour - random.integers(0, n), 0, None) / 24.0
        swell = random.exponential(2e-4) * age * np.exp(1.0 - age / random.uniform(0.7, 2.0))
        series[:, _OPENING] += swell
        series[:, _STRAIN] += random.uniform(0.0, 0.1) * swell


def _spoil(random: np.random.Generator, series: Floats) -> None:
    """Faults of single channels, and gaps."""
    n = len(series)
    for _ in range(int(random.poisson(n / 500.0))):
        channel, start = int(random.integers(0, 3)), int(random.integers(0, n))
        size = random.normal(0.0, 1.0) * 30.0 * _NOISE[channel]
        fault = random.choice(["offset", "drift", "stuck", "spikes"])
        if fault == "offset":
            series[start:, channel] += size
        elif fault == "drift":
            series[start:, channel] += size * np.arange(n - start) / 240.0
        elif fault == "stuck":
            series[start : start + int(random.uniform(6, 60)), channel] = series[start, channel]
        else:
            where = random.integers(start, n, int(random.integers(1, 6)))
            series[where, channel] += 3.0 * size * random.choice([1.0, -1.0], len(where))
    for _ in range(int(random.poisson(n / 200.0))):  # gaps, of one channel or of all
        start, lasts = int(random.integers(0, n)), int(random.exponential(8.0)) + 1
        series[start : start + lasts, slice(None) if random.random() < 0.6 else int(random.integers(0, 4))] = np.nan


def _lagged(values: Floats, *, hours: float) -> Floats:
    """First-order low pass with that time constant: y ← y + (x − y) / τ."""
    found = np.empty_like(values)
    state = values[0]
    for i, value in enumerate(values):
        state += (value - state) / hours
        found[i] = state
    return found
