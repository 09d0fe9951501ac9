"""Bounds are those measured at the waist in UMAFall at 20 Hz (83 trials); see the module's docstring."""

import numpy as np
import pytest

from highwall.twin.simulator.body import GRAVITY, acceleration, body_of
from highwall.twin.simulator.script import Incident, IncidentKind
from highwall.twin.simulator.timeline import Activity, Leg, Timeline

HZ = 20.0
HERE = (0.0, 0.0)


def felt(activity: Activity, *, seed: int = 1, seconds: float = 60.0, incident: Incident | None = None):
    timeline = Timeline([Leg(seconds, activity, HERE, HERE)])
    if incident is not None:
        timeline = timeline.interrupted(incident.at_s, incident.down_s)
    body = body_of("person-1", seed=seed, timeline=timeline, incidents=[incident] if incident else [])
    times = np.arange(0.0, seconds, 1.0 / HZ)
    return times, acceleration(body, times, block=0)


def incident(kind: IncidentKind, *, peak: float, turn: float = np.pi / 2) -> Incident:
    return Incident("person-1", kind, 20.0, 30.0, peak, turn, False)


@pytest.mark.parametrize("activity", list(Activity))
def test_mean_is_about_gravity(activity):
    _, values = felt(activity)
    assert np.linalg.norm(values, axis=1).mean() == pytest.approx(GRAVITY, rel=0.08)


def test_walking_swings_with_the_step():
    _, values = felt(Activity.MOVING)
    size = np.linalg.norm(values, axis=1)
    spectrum = np.abs(np.fft.rfft(size - size.mean()))
    strongest = np.fft.rfftfreq(len(size), 1.0 / HZ)[spectrum.argmax()]
    assert 1.6 < strongest < 2.0
    assert 1.5 < size.std() < 2.8
    assert size.max() < 20.0, "walking must not look like an impact"


def test_lying_is_stiller_than_waiting_and_waiting_than_work():
    spread = [np.linalg.norm(felt(kind)[1].std(axis=0)) for kind in (Activity.DOWN, Activity.IDLE, Activity.WORKING)]
    assert spread == sorted(spread)
    assert spread[0] < 0.4


@pytest.mark.parametrize("seed", range(5))
def test_a_fall_is_free_fall_impact_and_a_turned_body(seed):
    times, values = felt(Activity.MOVING, seed=seed, incident=incident(IncidentKind.FALL, peak=50.0))
    size = np.linalg.norm(values, axis=1)
    at = size.argmax()
    assert 20.0 < times[at] < 21.0
    assert 28.0 < size[at] < 60.0, "the samples may miss the top of the bump"
    assert size[at - 10 : at].min() < 5.0
    before, after = values[times < 19.0].mean(axis=0), values[(times > 25.0) & (times < 48.0)].mean(axis=0)
    turned = np.arccos(before @ after / np.linalg.norm(before) / np.linalg.norm(after))
    assert turned == pytest.approx(np.pi / 2, abs=0.1)


def test_a_faint_has_no_impact():
    _, values = felt(Activity.IDLE, incident=incident(IncidentKind.FAINT, peak=0.0))
    assert np.linalg.norm(values, axis=1).max() < 15.0


def test_after_the_incident_the_body_is_upright_again():
    times, values = felt(Activity.IDLE, incident=incident(IncidentKind.FALL, peak=50.0))
    assert values[times > 55.0].mean(axis=0)[1] == pytest.approx(GRAVITY, abs=0.5)
