import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.errors import InputError, NetworkError
from highwall.insar.network import Network
from highwall.insar.options import NetworkOptions
from highwall.insar.selection import baselines_of, candidate_pairs, select_pairs
from tests.insar.stacks import band_network

START = dt.date(2020, 1, 4)


def dates(days):
    return [START + dt.timedelta(days=int(day)) for day in days]


def network_of(days, pairs, *, bperp=None):
    """Network of pairs on days, with baselines that follow from those of its epochs."""
    pairs = np.asarray(pairs)
    place = None if bperp is None else np.asarray(bperp, float)
    lengths = None if place is None else place[pairs[:, 1]] - place[pairs[:, 0]]
    return Network(np.array(dates(days), "datetime64[D]"), pairs, lengths)


def valid_pairs(selection):
    return {tuple(pair) for pair in selection.network.pairs[selection.valid].tolist()}


def test_all_pairs_are_valid_unless_asked():
    selection = select_pairs(network_of([0, 12, 24], band_network(3, band=2)))
    assert selection.valid.all()
    assert selection.set_aside() == []
    assert not selection.returned.any()


def test_each_threshold_names_its_reason():
    network = network_of([0, 12, 24, 36], band_network(4, band=3), bperp=[0, 30, -60, 20])
    options = NetworkOptions(max_btemp_days=24, max_bperp_m=85)
    selection = select_pairs(network, options=options)
    assert valid_pairs(selection) == {(0, 1), (0, 2), (1, 3), (2, 3)}
    reasons = {left_out.name: left_out.reason for left_out in selection.set_aside()}
    assert reasons == {
        "2020-01-04/2020-02-09": "temporal baseline 36 days > 24",
        "2020-01-16/2020-01-28": "perpendicular baseline 90 m > 85",
    }


def test_unknown_baselines_stay_unless_asked():
    network = network_of([0, 12, 24], band_network(3, band=2), bperp=[0, 10, np.nan])
    assert select_pairs(network, options=NetworkOptions(max_bperp_m=50)).valid.all()
    options = NetworkOptions(max_bperp_m=50, keep_unknown_bperp=False, keep_connected=False, min_degree=0)
    assert valid_pairs(select_pairs(network, options=options)) == {(0, 1)}


def test_low_coherence_is_dropped_and_the_best_comes_back():
    pairs = [(0, 1), (1, 2), (0, 2), (2, 3), (1, 3)]
    coherence = np.array([0.8, 0.7, 0.1, 0.2, 0.3])
    options = NetworkOptions(min_mean_coherence=0.5)
    selection = select_pairs(network_of([0, 12, 24, 36], pairs), options=options, coherence=coherence)
    assert valid_pairs(selection) == {(0, 1), (1, 2), (1, 3)}  # epoch 3 keeps its most coherent pair, not its shortest
    assert_array_equal(selection.returned, [False, False, False, False, True])
    assert "mean coherence 0.10 < 0.5" in selection.reasons


def test_what_the_user_leaves_out_stays_out():
    network = network_of([0, 12, 24, 36], band_network(4, band=2))
    options = NetworkOptions(exclude_dates=(START + dt.timedelta(24),), exclude_pairs=((dates([12])[0], START),))
    selection = select_pairs(network, options=options)
    assert valid_pairs(selection) == {(1, 3)}
    assert_array_equal(selection.valid_epochs, [False, True, False, True])
    assert {left_out.reason for left_out in selection.set_aside()} == {"left out by the user"}


def test_pieces_are_joined_by_the_shortest_pair():
    days = [0, 12, 24, 124, 136, 148]
    network = network_of(days, [(0, 1), (1, 2), (3, 4), (4, 5), (0, 5), (2, 3), (1, 3)])
    selection = select_pairs(network, options=NetworkOptions(max_btemp_days=24))
    assert valid_pairs(selection) == {(0, 1), (1, 2), (3, 4), (4, 5), (2, 3)}
    split = select_pairs(network, options=NetworkOptions(max_btemp_days=24, keep_connected=False))
    assert valid_pairs(split) == {(0, 1), (1, 2), (3, 4), (4, 5)}


def test_every_epoch_keeps_its_least_number_of_pairs():
    network = network_of(np.arange(6) * 12, band_network(6, band=5))
    selection = select_pairs(network, options=NetworkOptions(max_btemp_days=12, min_degree=2))
    degree = np.bincount(network.pairs[selection.valid].ravel())
    assert degree.min() == 2
    assert selection.returned.sum() == 2  # the two ends lacked one each


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 90), min_size=2, max_size=14), st.integers(0, 2**32 - 1), st.integers(6, 100))
def test_a_connected_network_stays_connected(steps, seed, max_btemp):
    """Whatever the thresholds: and no pair comes back that is not needed for connection or degree."""
    rng = np.random.default_rng(seed)
    days = np.cumsum([0, *steps])
    pairs = band_network(len(days), band=4)
    network = network_of(days, pairs, bperp=rng.normal(0, 60, len(days)))
    options = NetworkOptions(max_btemp_days=max_btemp, max_bperp_m=50, min_degree=0)
    selection = select_pairs(network, options=options)
    assert len(np.unique(network.components(usable=selection.valid))) == 1
    for pair in np.flatnonzero(selection.returned):
        without = selection.valid.copy()
        without[pair] = False
        assert len(np.unique(network.components(usable=without))) == 2


def test_the_super_master_has_the_least_total_baseline():
    network = network_of([0, 12, 24, 36, 48], band_network(5, band=2), bperp=[0, 5, 100, 0, -5])
    by_hand = np.abs(np.subtract.outer([0, 12, 24, 36, 48], [0, 12, 24, 36, 48])).sum(1) / 48
    by_hand = by_hand + np.abs(np.subtract.outer([0, 5, 100, 0, -5], [0, 5, 100, 0, -5])).sum(1) / 105
    assert select_pairs(network).super_master == by_hand.argmin() == 3
    named = select_pairs(network, options=NetworkOptions(super_master=dates([12])[0]))
    assert named.super_master == 1
    without_baselines = network_of([0, 12, 24, 36, 48], band_network(5, band=2))
    assert select_pairs(without_baselines).super_master == 2


def test_334_pairs_at_7_51_an_image_are_89_images():
    """The paper says 90 acquisitions: 334 pairs at a mean connection of 7.51 are of 89 of them."""
    pairs = band_network(89, band=4)
    long = np.flatnonzero(np.diff(pairs, axis=1)[:, 0] == 4)
    pairs = np.delete(pairs, long[: len(pairs) - 334], axis=0)
    statistics = select_pairs(network_of(np.arange(89) * 12, pairs)).statistics()
    assert (statistics.n_pairs, statistics.n_images) == (334, 89)
    assert round(statistics.mean_connections, 2) == 7.51
    assert statistics.btemp_days[0] == 12.0
    assert statistics.bperp_m is None


def test_statistics_are_of_valid_pairs():
    network = network_of([0, 12, 24, 36], band_network(4, band=3), bperp=[0, -30, 60, 20])
    statistics = select_pairs(network, options=NetworkOptions(max_btemp_days=24)).statistics()
    assert statistics.n_pairs == 5
    assert statistics.mean_connections == 2.5
    assert_allclose(statistics.btemp_days, (12, 16.8, 24))
    assert_allclose(statistics.bperp_m, (30, 54, 90))


def test_candidates_within_thresholds_and_nearest():
    options = NetworkOptions(max_btemp_days=36, max_bperp_m=100, n_nearest=2)
    found = candidate_pairs(dates([24, 0, 12, 36]), bperp=np.array([0.0, 0, 150, 20]), options=options)
    assert_array_equal(found.epochs.astype(str), ["2020-01-04", "2020-01-16", "2020-01-28", "2020-02-09"])
    # epoch 1 is 130 m or more from all others: its best pair comes back
    assert {tuple(pair) for pair in found.pairs.tolist()} == {(0, 1), (0, 2), (2, 3)}
    assert_allclose(baselines_of(found)[1], [150, 0, 20])


def test_candidates_without_baselines():
    found = candidate_pairs(dates(np.arange(5) * 12), options=NetworkOptions(n_nearest=2))
    assert {tuple(pair) for pair in found.pairs.tolist()} == {tuple(pair) for pair in band_network(5, band=2).tolist()}


@pytest.mark.parametrize(
    ("days", "bperp", "error"), [([0], None, NetworkError), ([0, 0], None, InputError), ([0, 12], [1.0], InputError)]
)
def test_impossible_candidates(days, bperp, error):
    with pytest.raises(error):
        candidate_pairs(dates(days), bperp=None if bperp is None else np.array(bperp))


def test_a_reference_without_a_pair_is_no_candidate():
    excluded = dates([12])[0]
    with pytest.raises(InputError, match="super_master 2020-01-16 has no pair left"):
        candidate_pairs(
            dates(np.arange(4) * 12), options=NetworkOptions(exclude_dates=(excluded,), super_master=excluded)
        )


def test_nothing_left_says_why():
    network = network_of([0, 12], [(0, 1)])
    with pytest.raises(NetworkError, match="left out by the user"):
        select_pairs(network, options=NetworkOptions(exclude_dates=(START,)))


def test_unknown_dates_and_lengths():
    network = network_of([0, 12], [(0, 1)])
    with pytest.raises(InputError, match="2019-01-01 is no epoch"):
        select_pairs(network, options=NetworkOptions(exclude_dates=(dt.date(2019, 1, 1),)))
    with pytest.raises(InputError, match="coherence has 2 values for 1 pairs"):
        select_pairs(network, coherence=np.ones(2))


def test_what_the_user_leaves_out_is_not_among_the_nearest():
    network = network_of(np.arange(4) * 12, band_network(4, band=3))
    options = NetworkOptions(n_nearest=1, exclude_dates=(dates([12])[0],), keep_connected=False, min_degree=0)
    assert valid_pairs(select_pairs(network, options=options)) == {(0, 2), (2, 3)}
    left_out = NetworkOptions(n_nearest=1, exclude_pairs=((START, dates([12])[0]),), keep_connected=False, min_degree=0)
    assert valid_pairs(select_pairs(network, options=left_out)) == {(0, 2), (1, 2), (2, 3)}
