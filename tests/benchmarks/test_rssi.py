import pytest

from rssi import Case, scored


def test_the_radius_holds_what_it_states_and_too_little_noise_shows():
    fair = scored(Case("", 8), n_trials=200)
    assert fair.held >= 0.85  # stated 0.9; the standard error of 200 trials is 0.02
    wrong = scored(Case("", 8, stated_db=2.0), n_trials=200)
    assert wrong.held < 0.6
    assert wrong.median_radius_m < fair.median_radius_m


def test_places_are_better_than_the_centroid():
    score = scored(Case("", 12), n_trials=100)
    assert score.median_error_m < 0.8 * score.median_centroid_m


def test_the_same_seed_gives_the_same_score():
    assert scored(Case("", 3), n_trials=5) == pytest.approx(scored(Case("", 3), n_trials=5))
