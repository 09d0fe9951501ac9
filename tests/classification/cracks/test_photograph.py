import numpy as np
import pytest

from highwall.classification.cracks.photograph import CrackPhotograph, places_of
from highwall.core.errors import InputError


def test_a_run_of_numbers_is_one_place():
    names = ["DSC00550b", "DSC00551", "DSC00563", "DSC00576", "DSC00600c", "DSC00600d"]
    places = places_of(names)
    assert places["DSC00550b"] == places["DSC00551"] == places["DSC00563"] == "550-563"
    assert places["DSC00576"] == "576"
    assert places["DSC00600c"] == places["DSC00600d"] == "600"


def test_a_photograph_without_a_number_is_a_place_of_its_own():
    assert places_of(["wall", "floor"]) == {"wall": "wall", "floor": "floor"}


def test_labels_of_another_extent_are_refused():
    with pytest.raises(InputError, match="do not fit"):
        CrackPhotograph("a", "a", np.zeros((3, 4, 4), np.uint8), np.zeros((4, 5), bool), np.zeros((4, 4), bool))
