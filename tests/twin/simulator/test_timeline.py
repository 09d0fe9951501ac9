import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.twin.simulator.crews import WALK_SPEED, timeline_of
from highwall.twin.simulator.layout import layout_of
from highwall.twin.simulator.options import SimulationOptions
from highwall.twin.simulator.timeline import Activity, Leg, Timeline

OPTIONS = SimulationOptions(hours=2.0, n_people=6, n_machines=6)
LAYOUT = layout_of(OPTIONS)
WALK = Timeline(
    [Leg(10.0, Activity.MOVING, (0.0, 0.0), (10.0, 0.0)), Leg(5.0, Activity.IDLE, (10.0, 0.0), (10.0, 0.0))]
)


def test_position_is_interpolated_along_a_leg():
    where = WALK.at(np.array([-1.0, 0.0, 2.5, 10.0, 99.0]))
    np.testing.assert_allclose(where.local[:, 0], [0.0, 0.0, 2.5, 10.0, 10.0])
    assert where.activity.tolist() == [1, 1, 1, 0, 0]
    np.testing.assert_allclose(where.speed, [1.0, 1.0, 1.0, 0.0, 0.0])


@given(st.floats(0.0, 14.9), st.floats(0.5, 100.0))
def test_an_interruption_delays_and_changes_nothing_else(at_s, seconds):
    interrupted = WALK.interrupted(at_s, seconds)
    before, during = np.array([0.5 * at_s]), np.array([at_s + 0.5 * seconds])
    np.testing.assert_allclose(interrupted.at(before).local, WALK.at(before).local, atol=1e-9)
    assert interrupted.at(during).activity.tolist() == [Activity.DOWN]
    np.testing.assert_allclose(interrupted.at(during).local, WALK.at(np.array([at_s])).local, atol=1e-9)
    later = np.array([at_s + 0.4 * (15.0 - at_s)])
    np.testing.assert_allclose(interrupted.at(later + seconds).local, WALK.at(later).local, atol=1e-6)
    assert interrupted.ends[-1] == pytest.approx(15.0 + seconds)


@pytest.mark.parametrize("bearer", LAYOUT.bearers, ids=lambda bearer: bearer.asset_id)
def test_nobody_jumps_from_place_to_place(bearer):
    timeline = timeline_of(bearer, layout=LAYOUT, options=OPTIONS)
    where = timeline.at(np.arange(0.0, OPTIONS.duration_s, 0.5))
    step = np.linalg.norm(np.diff(where.local, axis=0), axis=1)
    fastest = 1.2 * WALK_SPEED if bearer.kind == "person" else 11.5
    assert step.max() <= 0.5 * fastest
    assert set(where.activity.tolist()) == {Activity.IDLE, Activity.MOVING, Activity.WORKING}


def test_timelines_last_as_long_as_the_simulation():
    for bearer in LAYOUT.bearers:
        assert timeline_of(bearer, layout=LAYOUT, options=OPTIONS).ends[-1] >= OPTIONS.duration_s
