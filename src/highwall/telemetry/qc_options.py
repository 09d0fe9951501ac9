"""What can be chosen about the quality control of readings, and what each observed property gets by default."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from highwall.telemetry.observed import OBSERVED, stream_name


class QcOptions(BaseModel):
    """Limits of every check of one datastream; a check whose limit is ``None`` is not made.

    Sources: the kinds of checks and the flags, QARTOD (IOOS 2020, Manual for Real-Time Quality Control of In-situ
    Temperature and Salinity Data); spikes, Hampel 1974 and Davies & Gather 1993; averages, Roberts 1959. Limits whose
    source is "chosen" were set on series without labels of faults, never on those that are scored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float | None = Field(None, description="least possible value [unit of the property]; source: observed.py")
    high: float | None = Field(None, description="greatest possible value [unit of the property]; source: observed.py")
    usual_low: float | None = Field(None, description="below it a value is suspect [unit]; source: the site")
    usual_high: float | None = Field(None, description="above it a value is suspect [unit]; source: the site")
    resolution: float = Field(
        0.0, ge=0.0, description="differences up to this mean nothing [unit]; source: common sensors' data sheets"
    )
    max_rate: float | None = Field(
        None,
        gt=0.0,
        description="faster change is suspect [unit s-1]; source: the site, or the physics of the property",
    )

    max_ahead_s: float = Field(
        60.0, ge=0.0, description="a reading may lie this far in the future of its receiver [s]; source: chosen, NTP"
    )
    earliest_us: int = Field(
        946_684_800_000_000, description="before it a clock was never set [µs]; source: 2000-01-01, cheap clocks' zero"
    )
    max_behind: int = Field(
        8, ge=1, le=1000, description="readings out of order after which the new times are believed [1]; source: chosen"
    )
    max_gap: float = Field(
        50.0, ge=2.0, description="usual intervals after which the past no longer counts [1]; source: chosen"
    )

    window: int = Field(
        15, ge=5, le=255, description="accepted readings to which a new one is compared [1]; source: chosen"
    )
    spike_factor: float | None = Field(
        8.0, gt=0.0, description="a spike leaves the window's median by so many scaled MAD [1]; source: chosen"
    )
    step_readings: int = Field(
        3, ge=2, le=32, description="spikes in a row that agree and thus are a step [1]; source: chosen"
    )

    stuck_s: float | None = Field(
        6 * 3600.0, gt=0.0, description="a value may stay as it is for so long [s]; source: chosen"
    )
    stuck_readings: int = Field(12, ge=3, description="and for so many readings [1]; source: chosen")
    stuck_factor: float = Field(
        3.0, ge=1.0, description="and for so many times the longest such run that ended by itself [1]; source: chosen"
    )
    stuck_fail: float = Field(3.0, ge=1.0, description="failed, not suspect, beyond so many times that [1]; chosen")

    learn: int = Field(
        100, ge=16, description="readings before noise and drift are judged [1]; source: 4 e-foldings of the usual"
    )
    noise_factor: float | None = Field(
        4.0, gt=1.0, description="noise may grow to so many times the usual [1]; source: chosen"
    )
    noise_readings: int = Field(24, ge=4, description="memory of the present noise [1]; source: chosen")
    drift_factor: float | None = Field(
        6.0, gt=1.0, description="the present level may leave the usual one by so many usual leaves [1]; source: chosen"
    )
    level_readings: int = Field(12, ge=2, description="memory of the present level [1]; source: chosen")
    usual_readings: int = Field(500, ge=32, description="memory of what is usual [1]; source: chosen")


_HOUR, _DAY = 3600.0, 86_400.0
_Limits = dict[str, float | int | None]

_UNWATCHED: Final[_Limits] = {"spike_factor": None, "noise_factor": None, "drift_factor": None}
"""What jumps and swings by its nature is not compared with its own past."""
_CHOSEN: Final[dict[str, _Limits]] = {
    # Resolution: of common sensors. Rate: what heat, water and rock can do, and machines cannot. None: no such check.
    "acceleration": {**_UNWATCHED, "stuck_s": 600.0, "stuck_readings": 50},
    "angular_rate": {**_UNWATCHED, "stuck_s": 600.0, "stuck_readings": 50},
    "position": {**_UNWATCHED, "stuck_s": None},
    "position_radius": {**_UNWATCHED, "stuck_s": None},
    "rssi": {**_UNWATCHED, "resolution": 1.0, "stuck_s": None, "noise_factor": 4.0},
    "battery": {"resolution": 0.05, "stuck_s": None, "drift_factor": None},
    "temperature": {"resolution": 0.1, "stuck_s": 3 * _DAY, "max_rate": 1.0},
    "humidity": {"resolution": 0.01, "stuck_s": 3 * _DAY, "max_rate": 0.05},
    "vibration": {**_UNWATCHED, "resolution": 1e-5, "stuck_s": _HOUR, "noise_factor": 4.0},
    "strain": {"resolution": 1e-6, "stuck_s": _DAY},
    "elongation": {"resolution": 1e-5, "stuck_s": 3 * _DAY},
    "tilt": {"resolution": 2e-5, "stuck_s": 3 * _DAY},
    "crack_width": {"resolution": 1e-5, "stuck_s": 3 * _DAY},
    "pore_pressure": {"resolution": 100.0, "stuck_s": 7 * _DAY, "max_rate": 1000.0},
    "pressure": {"resolution": 10.0, "stuck_s": _DAY},
    "displacement": {"resolution": 1e-4, "stuck_s": 7 * _DAY},
    "distance": {"resolution": 1e-3, "stuck_s": 7 * _DAY},
    "water_level": {"resolution": 0.01, "stuck_s": 7 * _DAY, "max_rate": 0.1},
    "rain": {**_UNWATCHED, "resolution": 2.54e-4, "stuck_s": None},
    "volumetric_water": {"resolution": 0.003, "stuck_s": 30 * _DAY},
    "speed": {**_UNWATCHED, "resolution": 0.1, "stuck_s": None},
    "current": {**_UNWATCHED, "stuck_s": None},
    "voltage": {"stuck_s": _HOUR},
    "flow": {"stuck_s": None},
    "frequency": {"resolution": 0.5, "stuck_s": 7 * _DAY},
    "velocity": {"stuck_s": None},
    "crack_probability": {**_UNWATCHED, "stuck_s": None},
    "mine_probability": {**_UNWATCHED, "stuck_s": None},
}


def _defaults() -> dict[str, QcOptions]:
    bounds = {key: {"low": row.low, "high": row.high} for key, row in OBSERVED.items()}
    return {key: QcOptions.model_validate(bounds[key] | _CHOSEN[key]) for key in OBSERVED}


DEFAULTS: Final[Mapping[str, QcOptions]] = MappingProxyType(_defaults())
"""Options of every observed property."""
UNKNOWN: Final = QcOptions(stuck_s=None)
"""Options of a property that the table does not know: nothing is impossible, and it may stand still."""


def options_for(datastream: str) -> QcOptions:
    """Give the default options of a datastream, by its observed property."""
    return DEFAULTS.get(stream_name(datastream).observed, UNKNOWN)
