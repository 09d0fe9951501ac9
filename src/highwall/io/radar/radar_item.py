"""What a STAC item says of a displacement series: the fields of the InSAR, SAR, satellite and view extensions."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from highwall.core.constants import SPEED_OF_LIGHT
from highwall.core.errors import StackError

EXTENSIONS: Final = {
    prefix: f"https://stac-extensions.github.io/{prefix}/v1.0.0/schema.json"
    for prefix in ("insar", "sar", "sat", "view")
}
"""Schemas by the prefix of their fields."""

PRODUCT_TYPE: Final = "DISP"
"""What the series is, for ``sar:product_type``."""

_BANDS: Final = {"P": 0.3, "L": 1.0, "S": 2.0, "C": 4.0, "X": 8.0, "Ku": 12.0, "K": 18.0, "Ka": 27.0}
"""Lowest frequency of each band [GHz] (IEEE 521; P after common use)."""


class RadarItem(NamedTuple):
    """Entries for a STAC item."""

    properties: dict[str, Any]
    """For its ``properties``."""
    extensions: list[str]
    """For its ``stac_extensions``."""


def radar_item(
    attrs: Mapping[str, Any],
    *,
    epochs: Sequence[dt.date],
    bperp_m: float | None = None,
    sensor: Mapping[str, Any] | None = None,
    dem: str | None = None,
) -> RadarItem:
    """Describe a series from its first to its last date; what is unknown is left out.

    The InSAR extension describes one pair: here the first date is the reference, the last one the secondary.

    Parameters
    ----------
    attrs
        Of the stack: ``wavelength_m`` [m], ``incidence_deg``, ``heading_deg`` [degree].
    bperp_m
        Perpendicular baseline of the last date to the first [m].
    sensor
        Fields of the SAR and satellite extensions that only the scenes tell, such as ``sar:instrument_mode``,
        ``sar:polarizations``, ``sat:relative_orbit``. Without mode and polarizations, which that extension demands,
        nothing is said of the SAR.
    dem
        Height model that the interferograms were made with, by its name in the InSAR extension's list
        (``COP-DEM_GLO30``).

    Raises
    ------
    StackError
        There is no date.

    Source: STAC extensions insar, sar, sat and view, version 1.0.0.
    """
    if not epochs:
        raise StackError("the series has no date; invert at least one pair.")
    told = dict(sensor or {})
    fields = _pair_fields(min(epochs), max(epochs), bperp_m, dem)
    fields |= _sar_fields(attrs, told) | _sat_fields(attrs, told) | _view_fields(attrs)
    used = {name.partition(":")[0] for name in fields}
    return RadarItem(fields, [schema for prefix, schema in EXTENSIONS.items() if prefix in used])


def _pair_fields(first: dt.date, last: dt.date, bperp_m: float | None, dem: str | None) -> dict[str, Any]:
    known = {
        "insar:reference_datetime": f"{first.isoformat()}T00:00:00Z",
        "insar:secondary_datetime": f"{last.isoformat()}T00:00:00Z",
        "insar:temporal_baseline": (last - first).days,
        "insar:perpendicular_baseline": None if bperp_m is None or math.isnan(bperp_m) else float(bperp_m),
        "insar:processing_dem": dem,
    }
    return {name: value for name, value in known.items() if value is not None}


def _sar_fields(attrs: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in told.items() if name.startswith("sar:")}
    if "wavelength_m" not in attrs or not {"sar:instrument_mode", "sar:polarizations"} <= given.keys():
        return {}
    frequency_ghz = SPEED_OF_LIGHT / float(attrs["wavelength_m"]) / 1e9
    derived = {
        "sar:frequency_band": _band(frequency_ghz),
        "sar:center_frequency": round(frequency_ghz, 4),
        "sar:product_type": PRODUCT_TYPE,
    }
    return derived | given


def _sat_fields(attrs: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in told.items() if name.startswith("sat:")}
    if "heading_deg" not in attrs:
        return given
    northward = math.cos(math.radians(float(attrs["heading_deg"]))) > 0.0
    return {"sat:orbit_state": "ascending" if northward else "descending"} | given


def _view_fields(attrs: Mapping[str, Any]) -> dict[str, Any]:
    return {"view:incidence_angle": float(attrs["incidence_deg"])} if "incidence_deg" in attrs else {}


def _band(frequency_ghz: float) -> str:
    """Letter of the highest band that begins below a frequency."""
    return [band for band, lowest in _BANDS.items() if lowest <= frequency_ghz][-1]
