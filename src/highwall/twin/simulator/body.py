"""What a tag on a person's belt feels: standing, walking, working, and falls.

Axes: x to the right, y up along the spine, z to the front. A body at rest upright feels +9.81 m s⁻² along y. Sizes are
those measured at the waist in UMAFall at 20 Hz: walking 1.8 steps a second with 2 m s⁻² of standard deviation; in falls
free fall down to 1 … 5 m s⁻², peaks of 29 … 78 m s⁻² and a turn of 66 … 120°; lying below 0.4 m s⁻². Nobody stands
quite still: people who wait shift their weight a few times a minute.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from highwall.twin.simulator.chance import Floats, Wander, chance, wander
from highwall.twin.simulator.script import Incident, IncidentKind
from highwall.twin.simulator.timeline import Activity, Timeline

GRAVITY: Final = 9.80665
"""m s⁻², standard."""
_RESOLUTION: Final = 0.01
"""m s⁻² of what the tag sends."""
_NOISE: Final = {Activity.IDLE: 0.08, Activity.MOVING: 0.5, Activity.WORKING: 0.45, Activity.DOWN: 0.04}
"""m s⁻², by activity."""
_STEP_SIZE: Final = (0.45, 2.4, 0.9)
"""m s⁻², amplitude of walking in x, y, z."""
_FREE_FALL_S: Final = 0.45
_IMPACT_S: Final = 0.06
_TURN_S: Final = 0.7
_SLUMP_S: Final = 3.0
_RISE_S: Final = 2.0
_LIFT: Final = 0.85
"""Share of the weight that is not felt in free fall."""


class Body(NamedTuple):
    """One person's way of moving."""

    asset_id: str
    seed: int
    timeline: Timeline
    incidents: tuple[Incident, ...]
    step_hz: float
    step_phase: float
    bend: Wander
    """rad, of the torso at work."""
    gestures: tuple[Wander, Wander, Wander]
    """m s⁻², at work, by axis."""
    fidget: Wander
    """While above 0.6 a person who waits moves as if at work for a moment."""


def body_of(asset_id: str, *, seed: int, timeline: Timeline, incidents: Sequence[Incident]) -> Body:
    """Draw a person's way of moving."""
    random = chance(seed, f"{asset_id}/body")
    one, two, three = (wander(random, period_s=(0.3, 2.0), size=size) for size in (0.5, 0.8, 0.6))
    return Body(
        asset_id,
        seed,
        timeline,
        tuple(incident for incident in incidents if incident.asset_id == asset_id),
        float(random.uniform(1.65, 1.95)),
        float(random.uniform(0.0, 2.0 * np.pi)),
        wander(random, period_s=(4.0, 40.0), size=0.22),
        (one, two, three),
        wander(random, period_s=(7.0, 30.0), size=1.0),
    )


def acceleration(body: Body, seconds: Floats, *, block: int) -> Floats:
    """What the tag feels at each time: (n,) to (n, 3) [m s⁻²]."""
    activity = body.timeline.at(seconds).activity
    turn, sideways, weight, impact = _fallen(body.incidents, seconds)
    turn = turn + np.where(activity == Activity.WORKING, body.bend.at(seconds), 0.0)
    up = np.column_stack([np.sin(turn) * sideways, np.cos(turn), np.sin(turn) * (1.0 - sideways)])
    felt = up * (weight * GRAVITY + impact)[:, None]
    felt += np.where((activity == Activity.MOVING)[:, None], _steps(body, seconds), 0.0)
    gestures = np.column_stack([gesture.at(seconds) for gesture in body.gestures])
    fidgets = (activity == Activity.IDLE) & (body.fidget.at(seconds) > 0.6)
    felt += np.where((fidgets | (activity == Activity.WORKING))[:, None], gestures, 0.0)
    noise = np.array([_NOISE[kind] for kind in Activity])[activity]
    felt += chance(body.seed, f"{body.asset_id}/acceleration", block).normal(size=felt.shape) * noise[:, None]
    return np.asarray(np.rint(felt / _RESOLUTION) * _RESOLUTION).round(2)


def _steps(body: Body, seconds: Floats) -> Floats:
    """Walking: up and down with each step, to the side with every other."""
    angle = 2.0 * np.pi * body.step_hz * seconds + body.step_phase
    side, up, front = _STEP_SIZE
    vertical = up * np.sin(angle) + 0.4 * up * np.sin(2.0 * angle + 1.0)
    return np.column_stack([side * np.sin(angle / 2.0), vertical, front * np.cos(angle)])


def _fallen(incidents: Sequence[Incident], seconds: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Turn [rad], whether sideways [0, 1], share of the weight felt, and impact [m s⁻²], at each time."""
    turn, sideways, impact = (np.zeros(len(seconds)) for _ in range(3))
    weight = np.ones(len(seconds))
    for incident in incidents:
        since = seconds - incident.at_s
        down_s = _SLUMP_S if incident.kind is IncidentKind.FAINT else _TURN_S
        share = _ramp(since / down_s) - _ramp((since - incident.down_s) / _RISE_S)
        turn = turn + incident.turn * share
        sideways = np.where(share > 0.0, float(incident.is_sideways), sideways)
        if incident.peak > 0.0:
            weight = weight - _LIFT * _window(since, 0.0, _FREE_FALL_S)
            impact = impact + _impact(since - _FREE_FALL_S - _IMPACT_S, incident.peak)
    return turn, sideways, weight, impact


def _impact(since: Floats, peak: float) -> Floats:
    """Bump of an impact with one rebound: (n,) [m s⁻²] over the weight."""
    first = np.exp(-0.5 * (since / _IMPACT_S) ** 2)
    second = 0.3 * np.exp(-0.5 * ((since - 0.25) / _IMPACT_S) ** 2)
    return np.asarray((peak - GRAVITY) * (first + second))


def _ramp(share: Floats) -> Floats:
    """From 0 to 1, smoothly."""
    held = np.clip(share, 0.0, 1.0)
    return np.asarray(held * held * (3.0 - 2.0 * held))


def _window(since: Floats, begin: float, end: float) -> Floats:
    """1 between two times, with edges of a tenth of a second."""
    return np.asarray(_ramp((since - begin) / 0.1) - _ramp((since - end) / 0.1))
