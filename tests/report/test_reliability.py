import numpy as np
import pytest

from highwall.learning.calibration import reliability
from highwall.learning.metrics import precision_recall_curve
from highwall.report.reliability import precision_recall_plot, reliability_plot

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def judged():
    random = np.random.default_rng(0)
    score = random.random(300)
    return random.random(300) < score, score


def test_both_pictures_are_drawn(judged):
    assert reliability_plot(reliability(*judged), title="mine").startswith(PNG)
    curve = precision_recall_curve(*judged)
    assert precision_recall_plot(curve, prevalence=0.5, thresholds=(0.5, 0.9), title="mine").startswith(PNG)


def test_what_a_picture_shows_depends_on_the_scores(judged):
    truth, score = judged
    one = precision_recall_plot(precision_recall_curve(truth, score), prevalence=0.5, thresholds=(), title="")
    other = precision_recall_plot(precision_recall_curve(truth, 1 - score), prevalence=0.5, thresholds=(), title="")
    assert one != other


def test_bins_without_samples_are_no_points():
    found = reliability(np.array([True, False]), np.array([0.05, 0.95]))
    assert reliability_plot(found, title="two").startswith(PNG)
