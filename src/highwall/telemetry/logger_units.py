"""Raw channels of data loggers into engineering units: vibrating-wire piezometers, tensiometers, moisture, rain.

The stations are the three instrumented slopes at Mukilteo (Washington) of the United States Geological Survey; columns
and constants are those of the survey's own scripts (``lvl_m.py``, ``Tensiometer_Press.py``, ``VWC.py`` of
*landslides-thresholds*). Channels that those scripts do not explain are left out. Another station is another row.

Source: Smith et al. 2017, USGS Open-File Report 2017-1095.
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from highwall.core.errors import InputError, SetAside
from highwall.telemetry.messages import Reading

ZERO_CELSIUS: Final = 273.15
"""K (SI)."""
STANDARD_ATMOSPHERE: Final = 101_300.0
"""Pa, to which the survey refers water levels (``lvl_m.py``; rounded from 101 325)."""
METRES_PER_KPA: Final = 0.101_997_733_4
"""m of water a kPa (``lvl_m.py``)."""
TIP: Final = 0.01 * 0.0254
"""m of rain a tip: 0.01 inch; tips / 100 equal the survey's rain files."""
PACIFIC_STANDARD_H: Final = -8.0
"""h, UTC offset of the loggers' clocks: standard time all the year (no hour is missing or twice on 2015-11-01)."""


class Linear(NamedTuple):
    """Value in SI units = raw × scale + offset."""

    scale: float
    offset: float

    def __call__(self, raw: float) -> float:
        """Convert one raw value."""
        return raw * self.scale + self.offset


class SteinhartHart(NamedTuple):
    """Temperature [K] of a thermistor by its resistance [ohm]."""

    a: float
    b: float
    c: float
    offset: float = 0.0
    """Trim found at installation [K]."""

    def __call__(self, raw: float) -> float:
        """Convert a resistance."""
        log = math.log(raw)
        return 1.0 / (self.a + self.b * log + self.c * log**3) + self.offset


class Parabola(NamedTuple):
    """Temperature [K] by a voltage [mV]: a V² + b V + c [°C], V in volt, and a trim."""

    a: float
    b: float
    c: float
    offset: float

    def __call__(self, raw: float) -> float:
        """Convert a voltage."""
        volt = raw / 1000.0
        return self.a * volt**2 + self.b * volt + self.c + self.offset + ZERO_CELSIUS


class WireSquare(NamedTuple):
    """Pressure of a vibrating wire: a f² + b f + c, corrected for its temperature against that of calibration."""

    a: float
    b: float
    c: float
    slope: float
    """Correction [kPa K⁻¹]."""
    intercept: float
    """Correction [kPa]."""
    calibrated: float
    """Temperature of calibration [°C]."""

    def kpa(self, frequency: float, celsius: float, barometer: float) -> float:
        """Give the pressure [kPa] above the standard atmosphere's share of the air, ``barometer`` [Pa]."""
        wire = self.a * frequency**2 + self.b * frequency + self.c
        corrected = wire + (self.calibrated - celsius) * self.slope + self.intercept
        return corrected - (barometer - STANDARD_ATMOSPHERE) / 1000.0


class WireSurface(NamedTuple):
    """Pressure of a vibrating wire as a full quadratic of frequency and temperature, in the order of its sheet.

    Units follow the survey's script to the letter: it scales the polynomial by 0.70432, takes the barometer off in psi
    and then multiplies by metres a kPa. What comes out equals its published water level.
    """

    c0: float
    c1: float
    c2: float
    c3: float
    c4: float
    c5: float

    def kpa(self, frequency: float, celsius: float, barometer: float) -> float:
        """Give the pressure as the script has it before it turns it into metres."""
        wire = (
            self.c0 + self.c1 * frequency + self.c2 * celsius + self.c3 * frequency**2
            + self.c4 * frequency * celsius + self.c5 * celsius**2
        )  # fmt: skip
        return wire * _SURFACE_SCALE - (barometer - STANDARD_ATMOSPHERE) / 1000.0 / _KPA_PER_PSI


_SURFACE_SCALE: Final = 0.70432
_KPA_PER_PSI: Final = 6.895
_KPA_PER_PSI_EXACT: Final = 6.894_757_29


class Channel(NamedTuple):
    """One column that converts by itself."""

    column: int
    name: str
    """``property/qualifier`` of its datastream."""
    convert: Linear


class Piezometer(NamedTuple):
    """A vibrating wire and its thermistor: two columns, and the barometer of the area."""

    column: int
    """Frequency [Hz]; the thermistor is the next column."""
    name: str
    thermistor: SteinhartHart | Parabola
    wire: WireSquare | WireSurface
    datum: float = 0.0
    """Shift of the water level, as surveyed [m]."""


class Station(NamedTuple):
    """What the columns of one logger mean."""

    thing: str
    n_columns: int
    channels: tuple[Channel, ...]
    piezometers: tuple[Piezometer, ...]


def _moisture(first: int) -> tuple[Channel, ...]:
    """Five EC-5 probes in columns that follow one another (``VWC.py``) [V → 1]."""
    return tuple(Channel(first + i, f"volumetric_water/{i + 1}", Linear(2.975, -0.4)) for i in range(5))


def _tensiometers(first: int) -> tuple[Channel, ...]:
    """Three tensiometers, numbered 2 to 4 (``Tensiometer_Press.py``) [mV → Pa]."""
    return tuple(Channel(first + i, f"pore_pressure/tensiometer-{i + 2}", Linear(-100.0, 1e5)) for i in range(3))


_RAIN: Final = Linear(TIP, 0.0)
_VH_THERMISTOR: Final = SteinhartHart(1.4051e-3, 2.369e-4, 1.019e-7)
_LS_A_THERMISTOR: Final = SteinhartHart(1.401e-3, 2.377e-4, 9.730e-8)
_LS_B_THERMISTOR: Final = Parabola(-23.50833439, 227.625007, -341.217356417, 0.0)

STATIONS: Final[dict[str, Station]] = {
    row.thing: row
    for row in (
        Station(
            "vh", 21, (Channel(5, "rain", _RAIN), *_moisture(6), *_tensiometers(11)),
            (
                Piezometer(
                    17, "1", _VH_THERMISTOR._replace(offset=0.3), WireSquare(
                        -0.000095792, -0.0023260, 828.53,
                        0.0380 * _KPA_PER_PSI_EXACT, -0.762 * _KPA_PER_PSI_EXACT, 20.2,
                    ), 0.1,
                ),
                Piezometer(
                    19, "2", _VH_THERMISTOR._replace(offset=0.1), WireSquare(
                        -0.00010171, 0.016517, 772.93,
                        0.0208 * _KPA_PER_PSI_EXACT, -0.414 * _KPA_PER_PSI_EXACT, 20.2,
                    ), -0.2,
                ),
            ),
        ),
        Station(
            "ls-a", 22,
            (
                Channel(5, "pressure/barometer", Linear(24.0, 50_000.0)),
                Channel(6, "rain", _RAIN), *_moisture(7), *_tensiometers(12),
            ),
            (
                Piezometer(18, "3", _LS_A_THERMISTOR, WireSurface(
                    1.075071e3, -3.277043e-2, 1.011760e-1, -1.149217e-4, 1.661176e-4, -8.454856e-3,
                ), -1.1),
                Piezometer(20, "4", _LS_A_THERMISTOR, WireSurface(
                    9.674485e2, -2.293154e-2, -1.132928e-1, -1.070764e-4, 1.155441e-4, -2.123954e-3,
                ), 1.5),
            ),
        ),
        Station(
            "ls-b", 21, (*_moisture(6), *_tensiometers(11)),
            (
                Piezometer(17, "5", _LS_B_THERMISTOR._replace(offset=-1.6), WireSquare(
                    0.000057403, -0.0099641, -124.16, -0.0044 * _KPA_PER_PSI_EXACT, 0.0, 23.5,
                )),
                Piezometer(19, "6", _LS_B_THERMISTOR._replace(offset=-1.4), WireSquare(
                    0.000053431, -0.0025086, -137.43, -0.0020 * _KPA_PER_PSI_EXACT, 0.0, 23.5,
                )),
            ),
        ),
    )
}  # fmt: skip
"""VH: Marine View Drive; LS-a and LS-b: Waterton Circle, A and B. LS-a holds the barometer of all."""
BAROMETER: Final = "ls-a/pressure/barometer"
"""Datastream of the air's pressure."""


class Converted(NamedTuple):
    """What the lines of a logger gave."""

    readings: list[Reading]
    aside: list[SetAside]
    """Lines that could not be read, and values that could not be converted."""


def convert_lines(
    lines: Iterable[str],
    station: Station,
    *,
    air: Mapping[int, float] | None = None,
    utc_offset_h: float = PACIFIC_STANDARD_H,
) -> Converted:
    """Convert tab-separated lines of a logger into readings in SI units.

    Parameters
    ----------
    air
        Pressure of the air by time [µs → Pa], for the piezometers; a station with a barometer needs none. Where it
        is not known no water level is given.
    utc_offset_h
        What the logger's clock is ahead of UTC [h].
    """
    given = Converted([], [])
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            time_us, raw = _split(line, n_columns=station.n_columns, utc_offset_h=utc_offset_h)
        except (ValueError, IndexError) as error:
            given.aside.append(SetAside(f"{station.thing}, line {number}", f"{error}; mend or leave out the line."))
            continue
        _convert_row(station, time_us, raw, air=air or {}, given=given)
    return given


def air_pressure(readings: Iterable[Reading]) -> dict[int, float]:
    """Pressure of the air by time [µs → Pa] among a station's readings."""
    return {
        reading.phenomenon_us: float(reading.result)
        for reading in readings
        if reading.datastream == BAROMETER and isinstance(reading.result, float)
    }


def _split(line: str, *, n_columns: int, utc_offset_h: float) -> tuple[int, list[float]]:
    cells = line.rstrip("\r\n").split("\t")
    if len(cells) != n_columns:
        raise InputError(f"{len(cells)} columns instead of {n_columns}")
    local = dt.datetime.strptime(cells[0], "%Y-%m-%d %H:%M:%S").replace(tzinfo=dt.UTC)
    seconds = local.timestamp() - 3600.0 * utc_offset_h
    return round(seconds * 1e6), [math.nan, *(float(cell) if cell.strip() else math.nan for cell in cells[1:])]


def _convert_row(
    station: Station, time_us: int, raw: Sequence[float], *, air: Mapping[int, float], given: Converted
) -> None:
    found = {channel.name: channel.convert(raw[channel.column]) for channel in station.channels}
    barometer = found.get("pressure/barometer", air.get(time_us, math.nan))
    for piezometer in station.piezometers:
        try:
            found |= _water(piezometer, raw, barometer)
        except (ValueError, ZeroDivisionError) as error:
            name = f"{station.thing}, piezometer {piezometer.name}, {time_us} µs"
            given.aside.append(SetAside(name, f"raw values cannot be converted ({error}); see the wiring."))
    given.readings.extend(
        Reading(f"{station.thing}/{name}", time_us, value if math.isfinite(value) else None)
        for name, value in found.items()
    )


def _water(piezometer: Piezometer, raw: Sequence[float], barometer: float) -> dict[str, float]:
    """Temperature [K], pore pressure [Pa] and water level [m] of one piezometer."""
    kelvin = piezometer.thermistor(raw[piezometer.column + 1])
    kpa = piezometer.wire.kpa(raw[piezometer.column], kelvin - ZERO_CELSIUS, barometer)
    return {
        f"temperature/piezometer-{piezometer.name}": kelvin,
        f"pore_pressure/piezometer-{piezometer.name}": 1000.0 * kpa,
        f"water_level/{piezometer.name}": kpa * METRES_PER_KPA + piezometer.datum,
    }
