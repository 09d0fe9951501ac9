import pytest
from pydantic import ValidationError

from highwall.patches.options import PatchOptions, RefineOptions


def test_a_seed_below_the_threshold_is_refused_with_the_cure():
    with pytest.raises(ValidationError, match=r"seed 0\.4 is below threshold 0\.5; raise it"):
        PatchOptions(threshold=0.5, seed=0.4)
    with pytest.raises(ValidationError, match=r"seed 0\.7 is below threshold 0\.8"):
        RefineOptions(threshold=0.8, seed=0.7)


def test_the_seed_of_refinement_is_the_threshold_unless_given():
    assert RefineOptions(threshold=0.8).least_seed == 0.8
    assert RefineOptions(threshold=0.5, seed=0.7).least_seed == 0.7


@pytest.mark.parametrize("wrong", [{"threshold": 0.0}, {"min_area_m2": -1}, {"max_veto_share": 0}, {"thresold": 0.5}])
def test_options_are_bounded(wrong: dict[str, float]):
    with pytest.raises(ValidationError):
        PatchOptions(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cut": 0.0},
        {"cut": 1.1},
        {"max_veto_share": 0},
        {"threshold": 1.0},
        {"ranked": "all"},
        {"total": "objects"},
        {"min_road_m": 0},
        {"holes": 1},
    ],
)
def test_options_of_refinement_are_bounded(wrong: dict[str, object]):
    with pytest.raises(ValidationError):
        RefineOptions(**wrong)
