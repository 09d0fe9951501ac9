import pytest
from pydantic import ValidationError

from highwall.insar.options import (
    AreaReference,
    DecorrelationOptions,
    InversionOptions,
    NetworkOptions,
    PointReference,
    QualityOptions,
    RepairOptions,
)


def test_reference_is_chosen_by_its_kind():
    options = InversionOptions.model_validate({"reference": {"kind": "point", "x": -99.1, "y": 19.4}})
    assert options.reference == PointReference(x=-99.1, y=19.4)
    assert InversionOptions().reference.kind == "automatic"


@pytest.mark.parametrize(
    "values",
    [
        {"looks": 0},
        {"min_coherence": 1.0},
        {"min_pairs": 0},
        {"weighting": "phase"},
        {"wieghting": "none"},
        {"reference": {"kind": "somewhere"}},
        {"reference": {"kind": "pixel", "row": -1, "col": 0}},
    ],
)
def test_out_of_bounds(values):
    with pytest.raises(ValidationError):
        InversionOptions.model_validate(values)


def test_an_area_has_an_inside():
    with pytest.raises(ValidationError, match="empty"):
        AreaReference(left=1, bottom=0, right=0, top=1)


@pytest.mark.parametrize(
    "model", [InversionOptions, DecorrelationOptions, NetworkOptions, QualityOptions, RepairOptions]
)
def test_every_option_is_described(model):
    assert all(field.description for field in model.model_fields.values())
