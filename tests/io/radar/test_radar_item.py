import datetime as dt

import pytest

from highwall.core.constants import SENTINEL1_WAVELENGTH
from highwall.core.errors import StackError
from highwall.io.radar.radar_item import EXTENSIONS, radar_item

EPOCHS = [dt.date(2018, 7, 17), dt.date(2018, 1, 6), dt.date(2018, 3, 7)]
SENTINEL1 = {"wavelength_m": SENTINEL1_WAVELENGTH, "incidence_deg": 39.7, "heading_deg": -12.3}
SENSOR = {"sar:instrument_mode": "IW", "sar:polarizations": ["VV"], "sat:relative_orbit": 5}

INSAR_FIELDS = {
    "insar:perpendicular_baseline": float, "insar:temporal_baseline": int, "insar:height_of_ambiguity": float,
    "insar:reference_datetime": str, "insar:secondary_datetime": str, "insar:processing_dem": str,
    "insar:geocoding_dem": str,
}  # fmt: skip
"""All fields of the published schema with their types; it allows no other of its prefix."""


def test_a_series_is_the_pair_of_its_first_and_last_date():
    item = radar_item(SENTINEL1, epochs=EPOCHS, bperp_m=-31.5, sensor=SENSOR, dem="COP-DEM_GLO30")
    assert item.properties == {
        "insar:reference_datetime": "2018-01-06T00:00:00Z", "insar:secondary_datetime": "2018-07-17T00:00:00Z",
        "insar:temporal_baseline": 192, "insar:perpendicular_baseline": -31.5, "insar:processing_dem": "COP-DEM_GLO30",
        "sar:instrument_mode": "IW", "sar:polarizations": ["VV"], "sar:frequency_band": "C",
        "sar:center_frequency": 5.405, "sar:product_type": "DISP", "sat:orbit_state": "ascending",
        "sat:relative_orbit": 5, "view:incidence_angle": 39.7,
    }  # fmt: skip
    assert item.extensions == list(EXTENSIONS.values())
    ours = {name: value for name, value in item.properties.items() if name.startswith("insar:")}
    assert all(isinstance(value, INSAR_FIELDS[name]) for name, value in ours.items())


def test_what_is_unknown_is_left_out():
    item = radar_item({"wavelength_m": 0.056}, epochs=EPOCHS, bperp_m=float("nan"))
    assert set(item.properties) == {"insar:reference_datetime", "insar:secondary_datetime", "insar:temporal_baseline"}
    assert item.extensions == [EXTENSIONS["insar"]]


@pytest.mark.parametrize(("heading", "state"), [(-168.0, "descending"), (192.0, "descending"), (348.0, "ascending")])
def test_the_heading_tells_the_orbit(heading, state):
    item = radar_item({"heading_deg": heading}, epochs=EPOCHS)
    assert item.properties["sat:orbit_state"] == state


@pytest.mark.parametrize(("wavelength", "band"), [(0.031, "X"), (0.0555, "C"), (0.094, "S"), (0.236, "L")])
def test_the_wavelength_tells_the_band(wavelength, band):
    item = radar_item({"wavelength_m": wavelength}, epochs=EPOCHS, sensor=SENSOR)
    assert item.properties["sar:frequency_band"] == band


def test_a_series_without_dates_is_refused():
    with pytest.raises(StackError, match="no date"):
        radar_item(SENTINEL1, epochs=[])
