import pytest
from pydantic import ValidationError

from highwall.activity.options import ActivityOptions


@pytest.mark.parametrize("wrong", [{"radius_m": -1}, {"probability": 0.5}, {"touching_share": 1}, {"radius": 500}])
def test_options_are_bounded(wrong: dict[str, float]):
    with pytest.raises(ValidationError):
        ActivityOptions(**wrong)
