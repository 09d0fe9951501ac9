"""Numbers that nature or an agency fixed, each with its unit and source."""

from typing import Final

SPEED_OF_LIGHT: Final = 299_792_458.0
"""m s⁻¹, exact (SI)."""

SENTINEL1_FREQUENCY: Final = 5.405_000_454_334_35e9
"""Hz, C-SAR centre frequency (ESA, Sentinel-1 product annotation ``radarFrequency``)."""

SENTINEL1_WAVELENGTH: Final = SPEED_OF_LIGHT / SENTINEL1_FREQUENCY
"""m, 0.05546576."""

DAYS_PER_YEAR: Final = 365.25
"""day year⁻¹, Julian year (IAU)."""

SENTINEL2_QUANTIFICATION: Final = 10_000.0
"""Digital numbers per unit of reflectance (ESA, Sentinel-2 product specification, ``QUANTIFICATION_VALUE``)."""

SENTINEL2_OFFSET: Final = -1000.0
"""Digital numbers added to every band since baseline 04.00 (ESA, ``RADIO_ADD_OFFSET``, ``BOA_ADD_OFFSET``)."""

SENTINEL2_OFFSET_BASELINE: Final = "04.00"
"""First processing baseline that carries the offset (in use since 2022-01-25)."""

SENTINEL2_PIXEL_M: Final = 10.0
"""m, grid of the visible and near-infrared bands."""
