"""Surface reflectance (L2A) back to top of atmosphere (L1C): what a network that learned from L1C can read.

A plain model of a clear sky, not the inverse of the processor that made the L2A scene: Rayleigh scattering and a little
aerosol add light and take some away, ozone and water vapour absorb. It is good to about a hundredth of reflectance over
dark ground; scores measured on true L1C scenes hold only roughly for what it makes.
"""

from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.errors import SceneError
from highwall.imagery.options import AtmosphereOptions

MODEL_NAME: Final = "clear-sky-1"
"""Name of this model in records; it changes with any number or formula of it."""


class BandOptics(NamedTuple):
    """What the model knows of a band."""

    wavelength_um: float
    """Centre [µm] (ESA, Sentinel-2 spectral response, mean of A and B)."""
    ozone: float
    """Optical depth of 1000 Dobson units of ozone, vertical [1]."""
    gases: float
    """Optical depth of other gases, water vapour at 3 g/cm² above all, vertical [1]."""


OPTICS: Final[dict[str, BandOptics]] = {
    "B02": BandOptics(0.492, 0.021, 0.000),
    "B03": BandOptics(0.559, 0.103, 0.003),
    "B04": BandOptics(0.665, 0.049, 0.007),
    "B08": BandOptics(0.833, 0.002, 0.045),
    "B11": BandOptics(1.612, 0.000, 0.020),
    "B12": BandOptics(2.194, 0.000, 0.050),
}
"""Ozone after Bird & Riordan 1986, table 1, read at the centre; other gases are rough."""

_ANGSTROM = 1.3
"""Exponent by which aerosol thins with wavelength [1], rural (Ångström 1964)."""
_AEROSOL_BACKWARD = 0.15
"""Share of light met by aerosol that is sent back up [1], asymmetry near 0.65."""
_RAYLEIGH_BACKWARD = 0.5


class SkyTerms(NamedTuple):
    """What the sky does to one band: ρ_toa = g (path + t ρ / (1 − s ρ))."""

    path: float
    """Reflectance of the air above black ground [1]."""
    transmittance: float
    """Down and up, scattering only [1]."""
    albedo: float
    """Share of light from the ground that the air sends back [1]."""
    gases: float
    """Transmittance of absorbing gases, down and up [1]."""


def sky_terms(band: str, *, options: AtmosphereOptions) -> SkyTerms:
    """Work out the model's terms for one band, seen from straight above.

    Single scattering for the path, two streams for the transmittances.

    Raises
    ------
    SceneError
        The model does not know the band.

    Source: Vermote et al. 1997, eq. 1-4 (the form); Hansen & Travis 1974, eq. 2.30 (Rayleigh depth).
    """
    if band not in OPTICS:
        raise SceneError(f"the clear-sky model does not know band {band}; it knows {', '.join(OPTICS)}.")
    optics, sun = OPTICS[band], np.cos(np.radians(options.sun_zenith_deg))
    rayleigh = rayleigh_depth(optics.wavelength_um)
    aerosol = options.aerosol_depth_550 * (0.55 / optics.wavelength_um) ** _ANGSTROM
    backward = np.pi - np.radians(options.sun_zenith_deg)  # scattering angle toward the zenith
    phase = 0.75 * (1.0 + np.cos(backward) ** 2)
    path = (rayleigh * phase + 4.0 * _AEROSOL_BACKWARD * aerosol * sun) / (4.0 * sun)
    lost = _RAYLEIGH_BACKWARD * rayleigh + _AEROSOL_BACKWARD * aerosol
    gases = 1e-3 * options.ozone_du * optics.ozone + optics.gases
    air_mass = 1.0 + 1.0 / sun
    return SkyTerms(
        float(path), float(np.exp(-lost * air_mass)), float(lost * 2.0 / (1.0 + 2.0 * lost)),
        float(np.exp(-gases * air_mass)),
    )  # fmt: skip


def rayleigh_depth(wavelength_um: float) -> float:
    """Vertical optical depth of air at sea level [1].

    Source: Hansen & Travis 1974, eq. 2.30.
    """
    squared = wavelength_um**-2
    return 0.008569 * squared**2 * (1.0 + 0.0113 * squared + 0.00013 * squared**2)


def to_top_of_atmosphere(
    reflectance: NDArray[np.floating], *, bands: tuple[str, ...], options: AtmosphereOptions | None = None
) -> NDArray[np.float32]:
    """Turn surface reflectance into that at the top of a clear atmosphere.

    Parameters
    ----------
    reflectance : (band, …) [1]
        Of L2A, offset applied. NaN is missing and stays NaN.
    bands
        Their names, in order.

    Returns
    -------
    (band, …) float32 [1]

    Raises
    ------
    SceneError
        A band is unknown to the model, or their number is another.
    """
    if len(bands) != len(reflectance):
        raise SceneError(f"{len(reflectance)} bands were given with {len(bands)} names; name each band.")
    options = options or AtmosphereOptions()
    made = np.empty(reflectance.shape, np.float32)
    for number, band in enumerate(bands):
        path, transmittance, albedo, gases = sky_terms(band, options=options)
        ground = reflectance[number]
        made[number] = gases * (path + transmittance * ground / (1.0 - albedo * ground))
    return made


def as_l1c(reflectance: xr.DataArray, *, options: AtmosphereOptions | None = None) -> xr.DataArray:
    """Convert the bands of an L2A scene that the model knows; others are left out. The attributes record it."""
    bands = tuple(str(band) for band in reflectance["band"].values if band in OPTICS)
    chosen = reflectance.sel(band=list(bands))
    options = options or AtmosphereOptions()
    made = xr.map_blocks(_converted, chosen, kwargs={"options": options}, template=chosen.astype(np.float32))
    record = {"level": "L1C", "converted": f"{MODEL_NAME} from L2A", **options.model_dump()}
    return made.assign_attrs(reflectance.attrs | record)


def _converted(block: xr.DataArray, options: AtmosphereOptions) -> xr.DataArray:
    bands = tuple(str(band) for band in block["band"].values)
    return block.copy(data=to_top_of_atmosphere(np.asarray(block.values), bands=bands, options=options))
