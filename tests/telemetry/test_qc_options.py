"""Every observed property has options, every limit its unit and source."""

import pytest
from pydantic import ValidationError

from highwall.telemetry.observed import OBSERVED
from highwall.telemetry.qc_options import DEFAULTS, UNKNOWN, QcOptions, options_for
from highwall.telemetry.virtual_options import NeighbourOptions, VirtualOptions


def test_every_property_has_its_physical_bounds():
    assert set(DEFAULTS) == set(OBSERVED)
    for key, row in OBSERVED.items():
        assert (DEFAULTS[key].low, DEFAULTS[key].high) == (row.low, row.high)


def test_options_are_found_by_the_property_of_a_datastream():
    assert options_for("tag-17/rssi/beacon-3") is DEFAULTS["rssi"]
    assert options_for("tag-17/nothing_known") is UNKNOWN
    assert options_for("tag-17") is UNKNOWN


@pytest.mark.parametrize("model", [QcOptions, VirtualOptions, NeighbourOptions])
def test_every_field_says_its_unit(model):
    for name, field in model.model_fields.items():
        assert field.description, name
        assert "[" in field.description, name


def test_every_limit_of_a_check_says_its_source():
    for name, field in QcOptions.model_fields.items():
        assert "source:" in field.description or "chosen" in field.description, name


def test_a_typing_error_is_refused():
    with pytest.raises(ValidationError):
        QcOptions(spike_facter=3.0)
    with pytest.raises(ValidationError):
        QcOptions(window=2)
