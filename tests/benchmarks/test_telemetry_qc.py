"""How faults and false alarms are counted, on series of a few readings."""

import numpy as np
import pytest

from telemetry_qc_scores import Outcome, at_rate, by_chance, outcome, outcomes_of_scores
from telemetry_qc_series import Series

HOUR = 3_600_000_000
SERIES = Series("a", ("a/x",), HOUR * np.arange(48), np.zeros((48, 1)), ((20 * HOUR, 23 * HOUR),), 6)


def alarm(*hours):
    given = np.zeros(48, bool)
    given[list(hours)] = True
    return given


@pytest.mark.parametrize(
    ("hours", "found", "false"),
    [((), 0, 0), ((21, 22), 1, 0), ((19,), 0, 1), ((30, 31), 0, 2), ((2, 3), 0, 0), ((23, 24), 1, 1)],
)
def test_alarms_find_faults_or_are_false_and_what_is_learned_from_counts_for_nothing(hours, found, false):
    counted = outcome([SERIES], [alarm(*hours)], block_us=HOUR)
    assert counted == Outcome(found, 1, false, 48 - 6 - 4)


def test_a_block_is_false_once():
    assert outcome([SERIES], [alarm(30, 31, 32)], block_us=24 * HOUR).n_false == 1


def test_while_a_series_settles_nothing_is_scored():
    settling = SERIES._replace(settle_us=5 * HOUR)
    counted = outcome([settling], [alarm(24, 28, 29)], block_us=HOUR)
    assert counted == Outcome(0, 1, 1, 48 - 6 - 4 - 5)


def test_the_best_allowed_threshold_counts_and_silence_is_always_allowed():
    outcomes = [Outcome(3, 4, 9, 100), Outcome(2, 4, 4, 100), Outcome(2, 4, 2, 100)]
    assert at_rate(outcomes, 0.05) == Outcome(2, 4, 2, 100)
    assert at_rate(outcomes, 0.10) == Outcome(3, 4, 9, 100)
    assert at_rate(outcomes, 0.01) == Outcome(0, 4, 0, 100)


def test_scores_that_rise_in_the_window_find_it_without_a_false_alarm():
    score = np.linspace(0.0, 1.0, 48)
    score[20:24] = 5.0
    found = outcomes_of_scores([SERIES], [score], block_us=HOUR)
    assert at_rate(found, 0.0) == Outcome(1, 1, 0, 38)


def test_chance_finds_what_its_share_of_blocks_covers():
    # A window of 3 hours touches 4 blocks: 1 - 0.9⁴.
    assert by_chance([SERIES], block_us=HOUR, rate=0.1) == pytest.approx(1.0 - 0.9**4)
