import datetime as dt

import numpy as np
import pytest

from highwall.report.baselines import Baselines, baseline_plot, describe
from highwall.report.style import BAD, GOOD, MASTER

from . import content as made


def drawn(network: Baselines) -> np.ndarray:
    return made.opened(baseline_plot(network))


def many() -> Baselines:
    """Make 91 epochs 12 days apart, all pairs up to four passes."""
    dates = [dt.date(2019, 6, 1) + dt.timedelta(days=12 * number) for number in range(91)]
    first, second = np.triu_indices(91, k=1)
    pairs = np.column_stack([first, second])[second - first <= 4]
    return Baselines(dates, np.random.default_rng(3).normal(0.0, 50.0, 91), pairs)


def test_the_title_counts_what_was_given_and_what_was_used():
    network = made.network()._replace(is_valid=np.array([True] * 5 + [False] * 2))
    assert describe(made.network()) == (
        "8 images, 7 pairs; 1.75 connections an image\nlongest 12 days, longest baseline 19 m"
    )
    assert describe(network).startswith("8 images, 7 pairs, of which 6 and 5 used; 1.67 connections an image")


def test_the_title_keeps_silent_on_baselines_that_are_unknown():
    one_gap = made.network()._replace(bperp=np.where(np.arange(8) == 2, np.nan, np.linspace(-50, 80, 8)))
    for network in (made.network(known=False), one_gap):
        assert describe(network).endswith("longest 12 days")


def test_the_longest_baseline_is_that_of_a_pair_that_was_used():
    pairs = np.array([[0, 1], [1, 2], [0, 7]])
    network = Baselines(made.DATES, np.linspace(0.0, 70.0, 8), pairs, np.array([True, True, False]))
    assert describe(network).endswith("longest 12 days, longest baseline 10 m")


def test_pairs_and_images_that_were_left_out_have_a_colour_of_their_own():
    whole = drawn(made.network())
    cut = drawn(made.network()._replace(is_valid=np.array([True] * 5 + [False] * 2)))
    assert made.coloured(whole, BAD) == 0
    assert made.coloured(cut, BAD) > 200
    assert made.coloured(cut, GOOD) > 200


def test_the_super_master_is_marked_and_has_baseline_zero():
    plain, marked = drawn(made.network()), drawn(made.network()._replace(reference_epoch=3))
    assert made.coloured(plain, MASTER) == 0
    assert made.coloured(marked, MASTER) > 100
    # Baselines are relative: another origin changes nothing once the super-master is the origin.
    moved = made.network()._replace(bperp=np.linspace(-50, 80, 8) + 1000.0, reference_epoch=3)
    np.testing.assert_array_equal(drawn(moved), marked)


def test_the_network_is_drawn_with_and_without_baselines():
    known, unknown = drawn(made.network()), drawn(made.network(known=False))
    assert known.shape == unknown.shape == (546, 1008, 4)
    assert not np.array_equal(known, unknown)
    none_known = drawn(made.network()._replace(bperp=np.full(8, np.nan)))
    np.testing.assert_array_equal(none_known, unknown)


def test_an_epoch_of_unknown_baseline_is_still_drawn():
    bperp = np.linspace(-50, 80, 8)
    whole = drawn(made.network())
    gap = drawn(made.network()._replace(bperp=np.where(np.arange(8) == 2, np.nan, bperp), reference_epoch=2))
    assert made.coloured(gap, MASTER) > 100
    assert not np.array_equal(gap, whole)


def test_hundreds_of_pairs_are_drawn():
    network = many()
    assert len(network.pairs) == 354
    picture = drawn(network._replace(is_valid=np.arange(354) % 20 > 0, reference_epoch=44))
    assert made.coloured(picture, BAD) > 100
    assert made.count_colours(picture) > 500


@pytest.mark.parametrize("bperp", [None, np.zeros(1), np.array([np.nan])])
def test_one_epoch_without_a_pair_is_drawn_as_left_out(bperp: np.ndarray | None):
    alone = Baselines(made.DATES[:1], bperp, np.zeros((0, 2), int))
    assert describe(alone) == "1 image, 0 pairs, of which 0 and 0 used"
    assert made.coloured(drawn(alone), BAD) > 20
