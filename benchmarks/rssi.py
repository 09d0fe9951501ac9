"""Places from signal strength, beside the centroid of beacons weighted by strength: **simulated**, no radio measured.

Beacons and tags lie anywhere in a square of 300 m; strengths follow the log-distance law that the method assumes, with
Gaussian noise, or with one beacon in ten behind something that takes 15 dB. So the rows say whether the radius holds
what it states under its own assumptions, and what happens when the noise is stated wrongly; not how well a pit's
radio behaves.

python benchmarks/rssi.py
"""

import math
from typing import NamedTuple

import numpy as np

from harness import Row, report
from highwall.telemetry.local_plane import LocalPlane
from highwall.telemetry.rssi import Beacon, locate
from highwall.telemetry.tag_options import RssiOptions

PLANE = LocalPlane(20.0, -30.0)
POWER_DBM, EXPONENT, ABOVE_M = -59.0, 2.4, 2.0
HALF_BEACONS_M, HALF_TAGS_M = 150.0, 120.0
N_TRIALS = 1000
BLOCKED_DB = 15.0


class Case(NamedTuple):
    """One kind of surroundings."""

    title: str
    n_beacons: int
    noise_db: float = 6.0
    stated_db: float = 6.0
    blocked_share: float = 0.0


class Score(NamedTuple):
    """What came out over many trials."""

    held: float
    """Share of trials in which the radius held the tag."""
    median_error_m: float
    median_radius_m: float
    median_centroid_m: float


CASES = (
    Case("1 beacon", 1),
    Case("2 beacons", 2),
    Case("3 beacons", 3),
    Case("4 beacons", 4),
    Case("6 beacons", 6),
    Case("8 beacons", 8),
    Case("12 beacons", 12),
    Case("8 beacons, one in ten blocked", 8, blocked_share=0.1),
    Case("8 beacons in the open (3 dB, stated)", 8, noise_db=3.0, stated_db=3.0),
    Case("8 beacons, noise stated too low (3 dB)", 8, stated_db=3.0),
    Case("8 beacons, noise stated too high (12 dB)", 8, stated_db=12.0),
)


def trial(random: np.random.Generator, case: Case) -> tuple[float, float, float]:
    """Error, radius and error of the centroid [m] of one place."""
    places = random.uniform(-HALF_BEACONS_M, HALF_BEACONS_M, (case.n_beacons, 2))
    truth = random.uniform(-HALF_TAGS_M, HALF_TAGS_M, 2)
    distance = np.sqrt(((places - truth) ** 2).sum(axis=1) + ABOVE_M**2)
    blocked = random.random(case.n_beacons) < case.blocked_share
    rssi = POWER_DBM - 10.0 * EXPONENT * np.log10(distance) - BLOCKED_DB * blocked
    rssi += random.normal(0.0, case.noise_db, case.n_beacons)
    beacons = [Beacon(*PLANE.to_degrees(*place), 500.0, POWER_DBM, ABOVE_M) for place in places]
    found = locate(beacons, rssi, options=RssiOptions(noise_db=case.stated_db, exponent=EXPONENT, share=0.9))
    error = math.dist(PLANE.to_metres(found.lon, found.lat), truth)
    weight = 10.0 ** (rssi / 20.0)
    return error, found.radius_m, math.dist((weight[:, None] * places).sum(axis=0) / weight.sum(), truth)


def scored(case: Case, *, n_trials: int = N_TRIALS, seed: int = 0) -> Score:
    """Score one kind of surroundings."""
    random = np.random.default_rng(seed)
    error, radius, centroid = np.array([trial(random, case) for _ in range(n_trials)]).T
    return Score(float((error <= radius).mean()), *(float(np.median(each)) for each in (error, radius, centroid)))


def main() -> None:
    rows = []
    for case in CASES:
        score = scored(case)
        note = f"simulated; radius {score.median_radius_m:.0f} m in the median, holds {score.held:.1%} (stated 90 %)"
        rows.append(
            Row(
                f"median error, {case.title}",
                "m",
                score.median_error_m,
                "weighted centroid",
                score.median_centroid_m,
                note,
            )
        )
        rows.append(Row(f"share that the radius holds, {case.title}", "1", score.held, note="simulated; stated 0.9"))
    report("rssi", rows, title="Places from signal strength (simulated)")


if __name__ == "__main__":
    main()
