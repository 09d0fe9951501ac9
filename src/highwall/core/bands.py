"""Bands of the cube that segmentation sees, and the sets of them that are used together: one table for every room.

The cube has fifteen channels on Sentinel-2's 10 m grid: the twelve bands of an L2A product (B10, the cirrus band, is
not delivered at that level), VV and VH of Sentinel-1, and their ratio. The scene classification (SCL) lies beside the
cube and is no channel of it.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from highwall.core.checks import nearest_name
from highwall.core.errors import InputError


class Band(NamedTuple):
    """One channel of the cube."""

    name: str
    sensor: str
    """``S2`` or ``S1``."""
    unit: str
    """CF unit string of its values in the cube."""
    native_m: float
    """Pixel in which the band is delivered [m] (ESA, Sentinel-1 and Sentinel-2 product specifications)."""
    wavelength_m: float
    """Centre of the band [m]: of Sentinel-2A's instrument, or of the radar wave."""
    meaning: str


RATIO_OFFSET_DB: Final = -10.0
"""dB; the factor 10 under the ratio VV/(10·VH) of powers (MineCam, Jabłońska et al. 2024, section 2.1)."""

CUBE_PIXEL_M: Final = 10.0
"""m, the cube's grid."""

_C_BAND_M: Final = 0.0555

BANDS: Final[dict[str, Band]] = {
    band.name: band
    for band in (
        Band("B01", "S2", "1", 60.0, 442.7e-9, "coastal aerosol"),
        Band("B02", "S2", "1", 10.0, 492.4e-9, "blue"),
        Band("B03", "S2", "1", 10.0, 559.8e-9, "green"),
        Band("B04", "S2", "1", 10.0, 664.6e-9, "red"),
        Band("B05", "S2", "1", 20.0, 704.1e-9, "red edge 1"),
        Band("B06", "S2", "1", 20.0, 740.5e-9, "red edge 2"),
        Band("B07", "S2", "1", 20.0, 782.8e-9, "red edge 3"),
        Band("B08", "S2", "1", 10.0, 832.8e-9, "near infrared"),
        Band("B8A", "S2", "1", 20.0, 864.7e-9, "narrow near infrared"),
        Band("B09", "S2", "1", 60.0, 945.1e-9, "water vapour"),
        Band("B11", "S2", "1", 20.0, 1613.7e-9, "short-wave infrared 1"),
        Band("B12", "S2", "1", 20.0, 2202.4e-9, "short-wave infrared 2"),
        Band("VV", "S1", "dB", 10.0, _C_BAND_M, "backscatter, vertical sent and received"),
        Band("VH", "S1", "dB", 10.0, _C_BAND_M, "backscatter, vertical sent, horizontal received"),
        Band("VV_VH", "S1", "dB", 10.0, _C_BAND_M, "ratio of powers VV/(10·VH): VV − VH − 10 dB"),
    )
}
"""Every channel, in the order of the cube."""

CUBE: Final[tuple[str, ...]] = tuple(BANDS)
OPTICAL: Final[tuple[str, ...]] = tuple(name for name, band in BANDS.items() if band.sensor == "S2")
"""The twelve bands of Sentinel-2 L2A: reflectance [1]."""
RADAR: Final[tuple[str, ...]] = tuple(name for name, band in BANDS.items() if band.sensor == "S1")
"""VV, VH and their ratio: dB."""
POLARISATIONS: Final[tuple[str, ...]] = ("VV", "VH")
"""What a radar scene holds; the ratio is made of them."""
SCENE_CLASSIFICATION: Final = "SCL"
"""Layer beside the cube: codes of Sentinel-2's scene classification, 0 is missing."""

_RGB: Final = ("B04", "B03", "B02")

CONFIGURATIONS: Final[dict[str, tuple[str, ...]]] = {
    "RGB": _RGB,
    "R+N": (*_RGB, "B08"),
    "R+N+S": (*_RGB, "B08", *RADAR),
    "M": OPTICAL,
    "M+S": CUBE,
}
"""Band configurations by their names in MineCam (Jabłońska et al. 2024, section 2.4.1), bands in the order of input.

Red comes first, as encoders that were trained on photographs expect it.
"""


COLOURS: Final[dict[str, str]] = {"BLUE": "B02", "GREEN": "B03", "RED": "B04", "NIR": "B08"}
"""Names of bands in imagery of other sensors, and the band of Sentinel-2 under which they go."""


def bands_of(text: str | Sequence[str]) -> tuple[str, ...]:
    """Read bands: the name of a configuration (``M+S``), names with commas between (``B04,VV``), or a list of names.

    Raises
    ------
    InputError
        No such configuration or band, a band named twice, or none at all.
    """
    if isinstance(text, str) and text.strip().upper() in CONFIGURATIONS:
        return CONFIGURATIONS[text.strip().upper()]
    given = text.split(",") if isinstance(text, str) else text
    names = tuple(_band_called(name) for name in given if name.strip())
    if not names:
        raise InputError(f"no band in {text!r}; name a configuration ({', '.join(CONFIGURATIONS)}) or bands.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{', '.join(twice)} is named twice in {', '.join(names)}; name each band once.")
    return names


def configuration_of(bands: Iterable[str]) -> str | None:
    """Name of the configuration that has exactly these bands in this order, if there is one."""
    wanted = tuple(bands)
    return next((name for name, members in CONFIGURATIONS.items() if members == wanted), None)


def needs_radar(bands: Iterable[str]) -> bool:
    """Tell whether any of the bands comes from Sentinel-1.

    Raises
    ------
    InputError
        No such band.
    """
    return any(BANDS[_band_called(name)].sensor == "S1" for name in bands)


def _band_called(text: str) -> str:
    """``B2``, ``b02``, ``blue`` and ``B02`` are ``B02``; ``vv_vh`` and ``VV/VH`` are ``VV_VH``."""
    name = text.strip().upper().replace("/", "_")
    name = COLOURS.get(name, name)
    name = f"B0{name[1]}" if len(name) == 2 and name[0] == "B" and name[1].isdigit() else name
    if name not in BANDS:
        known = (*BANDS, *CONFIGURATIONS)
        raise InputError(
            f"no band or configuration is called {text.strip()!r}{nearest_name(name, known)}; bands are "
            f"{', '.join(BANDS)}, configurations {', '.join(CONFIGURATIONS)}."
        )
    return name
