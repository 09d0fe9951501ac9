"""Channels of loggers into engineering units: constants of the survey, worked out by hand and on the real files."""

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pytest

from highwall.core.errors import InputError
from highwall.telemetry.logger_units import (
    STATIONS,
    Parabola,
    SteinhartHart,
    WireSquare,
    WireSurface,
    air_pressure,
    convert_lines,
)
from highwall.telemetry.observed import OBSERVED, stream_name

FOLDER = Path("sensors/usgs-mukilteo/data/RALHS")
FILES = {"vh": "waMVD116", "ls-a": "waWatertonA", "ls-b": "waWatertonB"}


def line(station, **cells):
    values = ["2015-12-18 00:00:00", *["1"] * (STATIONS[station].n_columns - 1)]
    for column, value in cells.items():
        values[int(column[1:])] = value
    return "\t".join(values)


def results(station, text, **options):
    converted = convert_lines([text], STATIONS[station], **options)
    return {reading.datastream: reading.result for reading in converted.readings}


def test_moisture_tensiometers_rain_and_barometer_are_linear_in_their_signals():
    found = results("ls-a", line("ls-a", c7="0.26", c12="996", c6="4", c5="2056"))
    assert found["ls-a/volumetric_water/1"] == pytest.approx(0.26 * 2.975 - 0.4, abs=1e-12)
    assert found["ls-a/pore_pressure/tensiometer-2"] == pytest.approx(400.0, abs=1e-9)  # 100 - 99.6 kPa
    assert found["ls-a/rain"] == pytest.approx(4 * 0.254e-3, abs=1e-12)
    assert found["ls-a/pressure/barometer"] == pytest.approx(99_344.0, abs=1e-6)  # (2056 × 0.24 + 500) hPa


def test_thermistor_has_the_temperature_of_its_table_at_3000_ohm():
    # A 3 kΩ thermistor of this kind (Dale 1C3001-B3) has 3000 Ω at 25 °C.
    assert SteinhartHart(1.4051e-3, 2.369e-4, 1.019e-7)(3000.0) == pytest.approx(298.15, abs=0.02)


def test_parabola_takes_millivolts():
    assert Parabola(2.0, 3.0, 5.0, 0.5)(1500.0) == pytest.approx(2.0 * 2.25 + 3.0 * 1.5 + 5.0 + 0.5 + 273.15)


def test_wire_loses_what_the_barometer_gains():
    wire = WireSquare(1e-5, 1e-3, 10.0, 0.2, 1.0, 20.0)
    at_standard = wire.kpa(2000.0, 15.0, 101_300.0)
    assert at_standard == pytest.approx(40.0 + 2.0 + 10.0 + 1.0 + 1.0)
    assert wire.kpa(2000.0, 15.0, 102_300.0) == pytest.approx(at_standard - 1.0)


def test_surface_of_a_wire_is_its_full_quadratic():
    wire = WireSurface(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    polynomial = 1.0 + 2.0 * 7 + 3.0 * 11 + 4.0 * 49 + 5.0 * 77 + 6.0 * 121
    assert wire.kpa(7.0, 11.0, 101_300.0) == pytest.approx(polynomial * 0.70432)


def test_local_standard_time_becomes_utc():
    reading = convert_lines([line("vh")], STATIONS["vh"]).readings[0]
    assert dt.datetime.fromtimestamp(reading.phenomenon_us / 1e6, dt.UTC).isoformat() == "2015-12-18T08:00:00+00:00"


def test_without_the_air_there_is_no_water_level_but_a_temperature():
    found = results("vh", line("vh", c17="2916", c18="5833"))
    assert found["vh/water_level/1"] is None
    assert found["vh/temperature/piezometer-1"] == pytest.approx(283.93, abs=0.05)  # 10.8 °C


def test_bad_lines_are_set_aside_and_the_others_read():
    lines = ["# a comment", "", "2015-12-18 00:00:00\t1\t2", line("vh").replace("2015-12-18", "yesterday"), line("vh")]
    converted = convert_lines(lines, STATIONS["vh"])
    assert [aside.name for aside in converted.aside] == ["vh, line 3", "vh, line 4"]
    assert len(converted.readings) == 15


def test_a_thermistor_that_is_cut_off_is_set_aside_alone():
    converted = convert_lines([line("vh", c18="0")], STATIONS["vh"])
    assert len(converted.aside) == 1
    assert "piezometer 1" in converted.aside[0].name
    assert any(reading.datastream == "vh/temperature/piezometer-2" for reading in converted.readings)


def test_an_empty_cell_is_missing_not_zero():
    assert results("vh", line("vh", c6=""))["vh/volumetric_water/1"] is None


def test_every_channel_observes_a_known_property():
    for thing, station in STATIONS.items():
        names = [f"{thing}/{channel.name}" for channel in station.channels]
        assert all(stream_name(name).observed in OBSERVED for name in names)


def test_wrong_width_says_what_was_found():
    with pytest.raises(InputError, match="3 columns instead of 21"):
        raise InputError(convert_lines(["a\tb\tc"], STATIONS["vh"]).aside[0].reason)


def survey_level(f, r, barometer_raw):
    """Water level 1 of station VH, as ``lvl_m.py`` works it out."""
    celsius = 1 / (1.4051e-3 + 2.369e-4 * math.log(r) + 1.019e-7 * math.log(r) ** 3) - 273.15 + 0.3
    kpa = -0.000095792 * f**2 + -0.0023260 * f + 828.53
    kpa = kpa + (20.2 - celsius) * 0.0380 * 6.89475729 + -0.762 * 6.89475729
    kpa = kpa - ((barometer_raw * 0.240 + 500) * 0.1 - 101.3)
    return kpa * 0.1019977334 + 0.1


@pytest.mark.real
def test_real_files_give_the_survey_s_levels_and_possible_values(real_data):
    air = {}
    for thing in ("ls-a", "vh", "ls-b"):
        text = (real_data / FOLDER / f"{FILES[thing]}_14d.txt").read_text()
        converted = convert_lines(text.splitlines(), STATIONS[thing], air=air)
        assert not converted.aside
        for reading in converted.readings:
            row = OBSERVED[stream_name(reading.datastream).observed]
            assert row.low <= reading.result <= row.high
        if thing == "ls-a":
            air = air_pressure(converted.readings)
        if thing == "vh":
            ours = [reading.result for reading in converted.readings if reading.datastream == "vh/water_level/1"]
    raw = np.genfromtxt(real_data / FOLDER / "waMVD116_14d.txt", delimiter="\t", usecols=(17, 18))
    barometer = np.genfromtxt(real_data / FOLDER / "waWatertonA_14d.txt", delimiter="\t", usecols=5)
    theirs = [survey_level(f, r, b) for (f, r), b in zip(raw, barometer, strict=True)]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


@pytest.mark.real
def test_real_tips_are_the_survey_s_rain_in_inches(real_data):
    text = (real_data / FOLDER / "waWatertonA_14d.txt").read_text()
    readings = convert_lines(text.splitlines(), STATIONS["ls-a"]).readings
    ours = sum(reading.result for reading in readings if reading.datastream == "ls-a/rain")
    theirs = np.loadtxt(real_data / FOLDER / "waWatertonA_rain.txt")
    days = (theirs[:, 0] == 2015) & (theirs[:, 1] == 12) & (theirs[:, 2] >= 18)
    assert days.sum() == 14 * 96
    assert ours == pytest.approx(theirs[days, 5].sum() * 0.0254, rel=1e-9)
