import pytest

from highwall.telemetry.acceleration import gather
from highwall.telemetry.motion import Motion
from highwall.telemetry.tag_options import ManDownOptions
from mandown import GRID, NEITHER, TORSO, WALKS, Table, grid, interval, judge_with, mostly, ours, plain, shipped_choice
from tests.telemetry.worn import falling, still, walking
from umafall import Trial, read_trials


@pytest.fixture(scope="module")
def trials(real_data) -> list[Trial]:
    return read_trials(real_data / "sensors" / "umafall")


@pytest.mark.real
def test_the_trials_are_those_of_the_manifest(trials):
    assert len(trials) == 83
    assert sum(trial.is_fall for trial in trials) == 19
    assert {trial.subject for trial in trials if trial.is_fall} == {"02"}
    assert sum(trial.duration_s for trial in trials if not trial.is_fall) / 3600 == pytest.approx(0.27, abs=0.01)


@pytest.mark.real
def test_the_shipped_limits_are_the_best_for_the_torso(trials):
    near = {"still_limit": (1.0, 1.5), "fallen_limit_s": (4.0, 5.0, 6.0), "turn_limit": (0.7,)}  # for time
    limits = [each for each in grid() if all(getattr(each.options, name) in near[name] for name in near)]
    chosen = shipped_choice(Table(trials, limits))
    shipped = ManDownOptions()
    for name in GRID:
        assert getattr(shipped, name) == pytest.approx(getattr(chosen.options, name), rel=0.01)


@pytest.mark.real
def test_a_fall_worn_on_the_torso_is_found_and_daily_activity_is_not(trials):
    for position in TORSO:
        judged = judge_with(trials, position, ours(ManDownOptions()))
        assert sum(judged.hits) >= 18
        assert sum(judged.false_alarms) <= 1


@pytest.mark.real
def test_walks_with_a_tag_on_the_chest_are_moving_and_other_activities_are_not(trials):
    daily = [trial for trial in trials if not trial.is_fall and trial.movement not in NEITHER]
    moving = {True: [], False: []}
    for trial in daily:
        moving[trial.movement in WALKS].append(mostly(trial.seconds["chest"]) is Motion.MOVING)
    assert (sum(moving[True]), len(moving[True])) == (13, 15)
    assert (sum(moving[False]), len(moving[False])) == (0, 43)


def test_both_rules_find_a_plain_fall_and_no_walk():
    fallen = imagined(walking(6) + falling(6) + still(8, first=7))
    for judge in (ours(ManDownOptions()), plain):
        assert judge(fallen) is not None
        assert judge(imagined(walking(15))) is None


def test_the_interval_is_clopper_and_pearsons():
    assert interval(0, 64)[1] == pytest.approx(1 - 0.025 ** (1 / 64))  # closed form for none
    assert interval(19, 19)[0] == pytest.approx(0.025 ** (1 / 19))
    assert interval(5, 10) == pytest.approx((0.187086, 0.812914), abs=1e-6)


def imagined(samples):
    """Seconds of samples, as of a file."""
    gathering, found = None, []
    for at_us, sample in samples:
        gathering, second = gather(gathering, at_us, sample)
        found += [second] if second else []
    return found
