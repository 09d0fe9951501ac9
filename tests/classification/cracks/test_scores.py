import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from highwall.classification.cracks.options import ScoreOptions
from highwall.classification.cracks.scores import LevelCounts, ScoredPhotograph, chip_truth, report
from highwall.core.errors import InputError

SHAPE = (64, 64)
NONE = np.zeros(SHAPE, bool)


def crack_at(column, *, width=1):
    found = NONE.copy()
    found[:, column : column + width] = True
    return found


def photograph(name, *, place, shift=0, options=None):
    """A straight crack, found ``shift`` pixels beside where it is."""
    options = options or ScoreOptions(chip_px=16)
    truth, said = crack_at(20), crack_at(20 + shift).astype(np.float32)
    counts = LevelCounts.of(said, truth, is_planking=crack_at(50, width=3), tolerance=options.tolerance_px)
    has_crack = chip_truth(truth, options)
    return ScoredPhotograph(name, place, counts, has_crack, has_crack.astype(np.float32))


@pytest.mark.parametrize(("shift", "strict", "tolerant"), [(0, 1.0, 1.0), (2, 0.0, 1.0), (3, 0.0, 0.0)])
def test_a_crack_found_beside_itself_is_met_within_the_tolerance_only(shift, strict, tolerant):
    counts = photograph("a", place="a", shift=shift).counts
    assert counts.confusion(0.5).f1 == strict
    assert counts.f1(0.5) == tolerant


@given(seed=st.integers(0, 2**32 - 1))
def test_average_precision_is_that_of_scikit_learn(seed):
    random = np.random.default_rng(seed)
    truth = random.random((12, 9)) < 0.3
    truth[0, 0] = True
    levels = random.integers(0, 256, truth.shape)
    counts = LevelCounts.of((levels / 255).astype(np.float32), truth, is_planking=np.zeros_like(truth), tolerance=0.0)
    expected = average_precision_score(truth.ravel(), levels.ravel())
    assert counts.average_precision(tolerant=False) == pytest.approx(expected, abs=1e-9)
    assert counts.average_precision(tolerant=True) == pytest.approx(expected, abs=1e-9)


@given(seed=st.integers(0, 2**32 - 1), tolerance=st.floats(0.0, 3.0))
def test_a_tolerance_never_lowers_a_score(seed, tolerance):
    random = np.random.default_rng(seed)
    truth = random.random((15, 15)) < 0.1
    truth[7, 7] = True
    said = random.random((15, 15)).astype(np.float32)
    counts = LevelCounts.of(said, truth, is_planking=np.zeros_like(truth), tolerance=tolerance)
    assert counts.precision(0.5) >= counts.confusion(0.5).precision
    assert counts.recall(0.5) >= counts.confusion(0.5).recall


def test_missing_pixels_are_not_counted():
    said = np.full(SHAPE, np.nan, np.float32)
    said[:, 20] = 1.0
    counts = LevelCounts.of(said, crack_at(20), is_planking=NONE, tolerance=0.0)
    assert counts.confusion(0.5) == (64, 0, 0, 0)


def test_planking_is_reported_apart():
    said = (crack_at(20) | crack_at(50, width=2) | crack_at(5)).astype(np.float32)
    counts = LevelCounts.of(said, crack_at(20), is_planking=crack_at(50, width=4), tolerance=0.0)
    assert counts.planking_called_crack(0.5) == pytest.approx(0.5)
    assert counts.false_alarms_on_planking(0.5) == pytest.approx(2 / 3)


def test_the_best_threshold_parts_cracks_from_the_rest():
    said = np.full(SHAPE, 0.7, np.float32)
    said[:, 20] = 0.9
    counts = LevelCounts.of(said, crack_at(20), is_planking=NONE, tolerance=0.0)
    assert 0.7 < counts.best_threshold() < 0.9
    assert counts.f1(counts.best_threshold()) == 1.0


def test_chips_hold_a_crack_when_enough_of_it_is_in_them():
    options = ScoreOptions(chip_px=16, min_chip_crack_px=16)
    truth = chip_truth(crack_at(20), options)
    np.testing.assert_array_equal(truth.reshape(4, 4), np.tile([False, True, False, False], (4, 1)))
    assert not chip_truth(crack_at(20), options.model_copy(update={"min_chip_crack_px": 17})).any()


def test_a_report_is_of_all_and_its_intervals_resample_places():
    scored = [photograph("a", place="1"), photograph("b", place="2", shift=5), photograph("c", place="2", shift=5)]
    found = report(scored, ScoreOptions(n_resamples=50))
    assert found["n_places"] == 2
    assert found["tolerant_f1"] == [pytest.approx(0.333, abs=1e-3), 0.0, 1.0]
    assert found["chip_roc_auc"][0] == 1.0
    assert found["places"] == {"1": 1.0, "2": 0.0}
    assert found["crack_share"] == pytest.approx(1 / 64, abs=1e-6)


def test_one_place_has_scores_but_no_interval():
    assert report([photograph("a", place="1")], ScoreOptions())["f1"] == [1.0, None, None]


def test_shapes_must_agree():
    with pytest.raises(InputError, match="one shape"):
        LevelCounts.of(np.zeros((3, 3), np.float32), NONE, is_planking=NONE, tolerance=1.0)
