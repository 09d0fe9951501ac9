import msgspec
import pytest

from highwall.telemetry.acceleration import Second
from highwall.telemetry.motion import Motion, Moving, motion_of, observe, observe_speed
from highwall.telemetry.tag_options import MACHINE, PERSON
from tests.telemetry.worn import START_US, UPRIGHT, second, still, walking


def told(samples, *, moving=None, options=PERSON):
    """What is left, and every state that was taken over."""
    moving, states = moving or Moving(), []
    for at_us, sample in samples:
        moving, changed = observe(moving, at_us, sample, options=options)
        states += [moving.motion] if changed else []
    return moving, states


def shaking(n, *, first=0):
    """A tool: shaking without steps, half of it sideways so that the size hardly swings."""
    return [
        (at_us, (3.0 * (-1) ** i, sample[1], 0.0))
        for k in range(n)
        for i, (at_us, sample) in enumerate(second(first + k))
    ]


def test_a_person_stands_walks_and_works():
    samples = still(6, first=0, at=UPRIGHT) + walking(8, first=6) + shaking(8, first=14)
    assert told(samples)[1] == [Motion.IDLE, Motion.MOVING, Motion.WORKING]


def test_one_stumble_is_no_walk():
    samples = still(6, first=0, at=UPRIGHT) + walking(1, first=6) + still(6, first=7, at=UPRIGHT)
    assert told(samples)[1] == [Motion.IDLE]


def test_a_machine_swings_without_walking():
    assert told(walking(20), options=MACHINE)[0].motion is Motion.WORKING


def test_a_machine_moves_by_its_speed_while_that_is_fresh():
    moving = observe_speed(Moving(), START_US + 19_000_000, 5.0)
    assert told(walking(20), moving=moving, options=MACHINE)[0].motion is Motion.MOVING
    stale = observe_speed(Moving(), START_US - 60_000_000, 5.0)
    assert told(walking(20), moving=stale, options=MACHINE)[0].motion is Motion.WORKING


def test_an_older_speed_does_not_replace_a_newer_one():
    moving = observe_speed(observe_speed(Moving(), 2000, 1.0), 1000, 9.0)
    assert moving.speed == 1.0


@pytest.mark.parametrize(("speed", "expected"), [(None, Motion.UNKNOWN), (0.0, Motion.IDLE), (3.0, Motion.MOVING)])
def test_without_usable_seconds_speed_alone_tells(speed, expected):
    poor = Second(START_US, 1, UPRIGHT, None, 9.8, 0)
    assert motion_of((poor,), speed=speed, options=PERSON) is expected


def test_the_state_survives_being_stored_at_any_point():
    samples = still(6, first=0, at=UPRIGHT) + walking(8, first=6)
    moving = Moving()
    for at_us, sample in samples:
        moving, _ = observe(moving, at_us, sample, options=PERSON)
        moving = msgspec.json.decode(msgspec.json.encode(moving), type=Moving)
    assert moving == told(samples)[0]
