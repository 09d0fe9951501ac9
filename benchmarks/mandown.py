"""Man-down and motion states on UMAFall (real), man-down beside a plain rule.

The limits are chosen on other trials than they are judged on. Daily activity of either person is judged with limits
chosen without that person's daily activity; falls of one direction with limits chosen on the other directions and on
the daily activity of the person who does not fall. All falls are of one person, so that recall says nothing of others,
and she fell on purpose. All daily activity takes 0.27 h: false alarms are told per trial, and no rate an hour can be.

python benchmarks/mandown.py
"""

import itertools
import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from scipy.stats import beta

from harness import SHARED, Row, report
from highwall.telemetry.acceleration import GRAVITY, SECOND_US, Second
from highwall.telemetry.mandown import Phase, Watch, observe_second
from highwall.telemetry.motion import Motion, motion_of
from highwall.telemetry.tag_options import PERSON, ManDownOptions
from umafall import POSITIONS, Trial, read_trials

FOLDER = SHARED / "data" / "sensors" / "umafall"
TORSO = ("pocket", "chest", "waist")
"""Where a tag should be worn; the shipped limits are chosen for these together."""
GRID = {
    "impact_limit": [factor * GRAVITY for factor in (1.6, 1.8, 2.0, 2.3, 2.6, 3.0)],
    "still_limit": [0.6, 0.8, 1.0, 1.5],
    "fallen_limit_s": [2.0, 3.0, 4.0, 5.0, 6.0],
    "turn_limit": [0.0, 0.4, 0.7, 1.0],
}
"""Limits that are tried: m s⁻², m s⁻², s, rad. The fainting limit needs longer trials than 15 s to be chosen."""
PLAIN = "peak > 3 g, then still"
PLAIN_PEAK, PLAIN_WAIT_S, PLAIN_STILL = 3.0 * GRAVITY, 2, 1.0
WALKS = ("Walking", "Jogging", "GoUpstairs", "GoDownstairs")
NEITHER = ("Hopping",)
"""Movements that are neither work nor going anywhere."""

Judge = Callable[[Sequence[Second]], int | None]
"""Seconds of a trial to the second from its first in which it raises an alarm, if any."""


class Limits(NamedTuple):
    """One point of the grid."""

    index: tuple[int, ...]
    options: ManDownOptions


class Judged(NamedTuple):
    """Trials of one position and what they were taken for."""

    hits: list[bool]
    """A fall each."""
    false_alarms: list[bool]
    """A daily activity each."""


def grid() -> list[Limits]:
    """Every combination of limits."""
    return [
        Limits(index, ManDownOptions(**{name: GRID[name][i] for name, i in zip(GRID, index, strict=True)}))
        for index in itertools.product(*(range(len(values)) for values in GRID.values()))
    ]


def ours(options: ManDownOptions) -> Judge:
    """Judge by the state machine: its pre-alarm counts."""

    def judge(seconds: Sequence[Second]) -> int | None:
        watch = Watch()
        for second in seconds:
            watch, changes = observe_second(watch, second, options=options)
            if any(change.phase is Phase.PRE_ALARM for change in changes):
                return (second.start_us - seconds[0].start_us) // SECOND_US
        return None

    return judge


def plain(seconds: Sequence[Second]) -> int | None:
    """Judge by the plain rule: a peak, and two seconds later stillness."""
    for i, second in enumerate(seconds[:-PLAIN_WAIT_S]):
        if second.peak > PLAIN_PEAK and seconds[i + PLAIN_WAIT_S].unrest < PLAIN_STILL:
            return i + PLAIN_WAIT_S
    return None


class Table:
    """What every combination of limits makes of every trial, worked out once."""

    def __init__(self, trials: Sequence[Trial], limits: Sequence[Limits]) -> None:
        self.trials = trials
        self.limits = limits
        self._alarms = {
            (i, position, k): ours(each.options)(trial.seconds[position]) is not None
            for k, each in enumerate(limits)
            for i, trial in enumerate(trials)
            for position in trial.seconds
        }

    def score(self, k: int, keep: Callable[[Trial], bool], positions: Sequence[str]) -> float:
        """Recall less false alarms a daily activity, by limits ``k``, summed over positions."""
        total = 0.0
        for position in positions:
            falls, daily = [], []
            for i, trial in enumerate(self.trials):
                if keep(trial) and position in trial.seconds:
                    (falls if trial.is_fall else daily).append(self._alarms[i, position, k])
            total += statistics.fmean(falls) - statistics.fmean(daily)
        return total

    def choose(self, keep: Callable[[Trial], bool], positions: Sequence[str]) -> Limits:
        """Best limits on the trials that are kept; of several that are best, the one in their midst."""
        scores = [self.score(k, keep, positions) for k in range(len(self.limits))]
        best = [limit for limit, score in zip(self.limits, scores, strict=True) if score >= max(scores) - 1e-9]
        middle = [statistics.fmean(axis) for axis in zip(*(limit.index for limit in best), strict=True)]
        return min(best, key=lambda limit: sum((a - b) ** 2 for a, b in zip(limit.index, middle, strict=True)))


def judge_left_out(table: Table, position: str) -> Judged:
    """Judge every trial with limits that were chosen without it and its like."""
    trials = [trial for trial in table.trials if position in trial.seconds]
    judged = Judged([], [])
    for subject in sorted({trial.subject for trial in trials}):
        chosen = table.choose(lambda t, s=subject: t.is_fall or t.subject != s, [position])
        daily = [trial for trial in trials if trial.subject == subject and not trial.is_fall]
        judged.false_alarms.extend(_alarms(daily, position, ours(chosen.options)))
    fallers = {trial.subject for trial in trials if trial.is_fall}
    for movement in sorted({trial.movement for trial in trials if trial.is_fall}):
        chosen = table.choose(
            lambda t, m=movement: t.movement != m if t.is_fall else t.subject not in fallers, [position]
        )
        judged.hits.extend(
            _alarms([trial for trial in trials if trial.movement == movement], position, ours(chosen.options))
        )
    return judged


def judge_with(trials: Sequence[Trial], position: str, judge: Judge) -> Judged:
    """Judge every trial by one rule."""
    worn = [trial for trial in trials if position in trial.seconds]
    return Judged(
        _alarms([trial for trial in worn if trial.is_fall], position, judge),
        _alarms([trial for trial in worn if not trial.is_fall], position, judge),
    )


def delays(trials: Sequence[Trial], position: str, judge: Judge) -> list[int]:
    """Seconds from the second of the largest peak to the alarm, for falls that were found."""
    found = []
    for trial in trials:
        at = judge(trial.seconds[position]) if trial.is_fall else None
        if at is not None:
            found.append(at - max(range(len(trial.seconds[position])), key=lambda i: trial.seconds[position][i].peak))
    return found


def interval(n: int, of: int, *, level: float = 0.95) -> tuple[float, float]:
    """Share ``n / of`` between its Clopper-Pearson bounds."""
    tail = (1.0 - level) / 2.0
    low = 0.0 if n == 0 else float(beta.ppf(tail, n, of - n + 1))
    high = 1.0 if n == of else float(beta.ppf(1.0 - tail, n + 1, of - n))
    return low, high


def rows_of_falls(table: Table) -> list[Row]:
    """Recall and false alarms by position, limits left out in turn, beside the plain rule."""
    rows = []
    for position in POSITIONS:
        left_out, rule = judge_left_out(table, position), judge_with(table.trials, position, plain)
        rows.append(_row(f"recall of falls, {position}, limits chosen elsewhere", left_out.hits, rule.hits))
        rows.append(
            _row(
                f"false alarms per daily activity, {position}, limits chosen elsewhere",
                left_out.false_alarms,
                rule.false_alarms,
            )
        )
    return rows


def rows_shipped(table: Table) -> list[Row]:
    """The same with the shipped limits, which were chosen on these very trials, and how long they take."""
    rows = []
    judge = ours(ManDownOptions())
    for position in POSITIONS:
        shipped = judge_with(table.trials, position, judge)
        rows.append(_row(f"recall of falls, {position}, shipped limits", shipped.hits, None))
        rows.append(_row(f"false alarms per daily activity, {position}, shipped limits", shipped.false_alarms, None))
    waits = [wait for position in TORSO for wait in delays(table.trials, position, judge)]
    rows.append(
        Row(
            "impact to pre-alarm, torso, shipped limits",
            "s",
            statistics.median(waits),
            note=f"{min(waits)} to {max(waits)} s",
        )
    )
    return rows


def rows_of_motion(trials: Sequence[Trial]) -> list[Row]:
    """Trials of walking called moving, and of other activities called moving, by position."""
    rows = []
    for position in POSITIONS:
        walks, works = [], []
        for trial in trials:
            if position in trial.seconds and not trial.is_fall and trial.movement not in NEITHER:
                (walks if trial.movement in WALKS else works).append(mostly(trial.seconds[position]) is Motion.MOVING)
        rows.append(_row(f"walks called moving, {position}", walks, None))
        rows.append(_row(f"other activities called moving, {position}", works, None))
    return rows


def mostly(seconds: Sequence[Second]) -> Motion:
    """State of most seconds in which anything is done."""
    states = [
        motion_of(tuple(seconds[max(0, i + 1 - PERSON.window_s) : i + 1]), speed=None, options=PERSON)
        for i in range(len(seconds))
    ]
    active = [state for state in states if state is not Motion.IDLE]
    return statistics.mode(active) if active else Motion.IDLE


def shipped_choice(table: Table) -> Limits:
    """Limits that are best for a tag on the torso, over all trials."""
    return table.choose(lambda trial: True, TORSO)


def _alarms(trials: Sequence[Trial], position: str, judge: Judge) -> list[bool]:
    return [judge(trial.seconds[position]) is not None for trial in trials]


def _row(case: str, found: Sequence[bool], rule: Sequence[bool] | None) -> Row:
    low, high = interval(sum(found), len(found))
    note = f"{sum(found)} of {len(found)}, 95 % {low:.2f} to {high:.2f}"
    if rule is None:
        return Row(case, "1", statistics.fmean(found), note=note)
    return Row(case, "1", statistics.fmean(found), PLAIN, statistics.fmean(rule), note=f"{note}; rule {sum(rule)}")


def main() -> None:
    trials = read_trials(FOLDER)
    table = Table(trials, grid())
    chosen = shipped_choice(table)
    print("best for the torso over all trials:", {name: getattr(chosen.options, name) for name in GRID})
    hours = sum(trial.duration_s for trial in trials if not trial.is_fall) / 3600.0
    daily = Row("daily activity in all", "h", hours, note="too little for a rate of false alarms an hour")
    rows = [*rows_of_falls(table), *rows_shipped(table), *rows_of_motion(trials), daily]
    report("mandown", rows, title="Man-down and motion states on UMAFall (two people, real)")


if __name__ == "__main__":
    main()
