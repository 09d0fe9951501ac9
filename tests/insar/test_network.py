import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.errors import NetworkError, StackError
from highwall.insar.inversion import invert
from highwall.insar.network import Network
from highwall.insar.options import AlreadyReferenced, InversionOptions
from tests.insar.stacks import band_network, make_stack


def stack_of(pairs, days):
    return make_stack(np.zeros((len(pairs), 1, 1), np.float32), np.asarray(pairs), days=np.asarray(days))


def test_epochs_are_the_dates_of_pairs():
    network = Network.from_stack(stack_of([[0, 2], [2, 3]], [0, 6, 12, 24]))
    assert_array_equal(network.epochs, np.array(["2020-01-04", "2020-01-16", "2020-01-28"], "datetime64[D]"))
    assert_array_equal(network.pairs, [[0, 1], [1, 2]])
    assert_allclose(network.years, np.array([0, 12, 24]) / 365.25)


def test_components():
    network = Network.from_stack(stack_of([[0, 1], [2, 3], [3, 4]], range(5)))
    labels = network.components()
    assert len(set(labels)) == 2
    assert labels[2] == labels[3] == labels[4] != labels[0] == labels[1]
    assert len(set(network.components(usable=np.array([True, False, True])))) == 3
    assert "2 pieces" in network.describe()


def test_duplicate_pairs_average():
    pairs = np.array([[0, 1], [0, 1]])
    stack = make_stack(np.array([1.0, 3.0], np.float32).reshape(2, 1, 1), pairs, days=np.array([0, 12]))
    result = invert(stack, options=InversionOptions(reference=AlreadyReferenced()))
    expected = 2.0 * -stack.attrs["wavelength_m"] / (4 * np.pi)
    assert_allclose(result["displacement"].isel(epoch=1), expected, rtol=1e-6)


def test_baselines_of_epochs():
    truth = np.array([0.0, 40.0, -25.0, 80.0])
    pairs = band_network(4, band=3)
    stack = stack_of(pairs, range(4)).assign_coords(bperp=("pair", truth[pairs[:, 1]] - truth[pairs[:, 0]]))
    assert_allclose(Network.from_stack(stack).epoch_bperp(), truth, atol=1e-9)


def test_unknown_baselines_stay_unknown():
    stack = stack_of([[0, 1], [1, 2]], range(3)).assign_coords(bperp=("pair", [30.0, np.nan]))
    assert_allclose(Network.from_stack(stack).epoch_bperp(), [0.0, 30.0, np.nan])
    assert Network.from_stack(stack_of([[0, 1]], range(2))).epoch_bperp() is None


def test_one_date_is_no_pair():
    with pytest.raises(StackError, match="begins and ends on 2020-01-04"):
        Network.from_stack(stack_of([[0, 0]], [0]))


def test_no_pair():
    with pytest.raises(NetworkError, match="no pair"):
        Network.from_stack(stack_of([[0, 1]], range(2)).isel(pair=slice(0)))


def test_missing_date():
    stack = stack_of([[0, 1], [1, 2]], range(3))
    dates = stack["second"].values.copy()
    dates[1] = np.datetime64("NaT")
    with pytest.raises(StackError, match="pair 1 lacks a date"):
        Network.from_stack(stack.assign_coords(second=("pair", dates)))
