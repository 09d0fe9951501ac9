"""What a Sentinel-1 stack would see of the simulated mine's motion: unwrapped phase and coherence of short pairs.

φ = −4π/λ · d, second minus first epoch, d positive toward the satellite; to it come turbulent and stratified delay of
each epoch and phase noise that follows from coherence and looks. Phases are unwrapped without error; where coherence
falls below a bound, no phase is given.
"""

import datetime as dt
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from pydantic import BaseModel, ConfigDict, Field

from highwall.core.constants import SENTINEL1_WAVELENGTH
from highwall.core.products import LAYERS
from highwall.core.truth import SimulatedSite, decorrelated_at, land_cover, motion_at
from highwall.core.truth.fields import fractal, stream

Grid = NDArray[np.float64]

_LASTING = {10: 0.22, 20: 0.42, 30: 0.52, 40: 0.40, 50: 0.82, 60: 0.78, 80: 0.05}
"""Coherence that lasts, by ESA WorldCover code [1]; typical of C band over each cover."""
_FADING = {10: 0.30, 20: 0.30, 30: 0.28, 40: 0.32, 50: 0.12, 60: 0.15, 80: 0.05}
"""Coherence of a pair without time between, beyond what lasts [1]."""
_WORKED = 0.08
_CRITICAL_BASELINE_M = 5000.0


class StackOptions(BaseModel):
    """How a simulated stack is taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_epochs: int = Field(31, ge=2, le=400, description="number of passes")
    revisit_days: int = Field(12, ge=1, le=48, description="days between passes [day]")
    max_gap_passes: int = Field(3, ge=1, le=10, description="longest pair, in passes")
    delay_days: int = Field(8, ge=0, description="days from the site's start to the first pass [day]")
    posting_px: int = Field(4, ge=1, le=24, description="10 m cells along a side of a radar pixel; divides 528")
    incidence_deg: float = Field(39.0, ge=0, lt=70, description="incidence angle [°]")
    looks: float = Field(40.0, ge=1, description="equivalent number of looks")
    decay_days: float = Field(40.0, gt=0, description="time in which coherence that fades falls to 1/e [day]")
    turbulence_m: float = Field(0.003, ge=0, le=0.05, description="standard deviation of turbulent delay [m]")
    stratified_m_per_km: float = Field(0.010, ge=0, le=0.2, description="standard deviation of stratified delay [m/km]")
    baseline_m: float = Field(60.0, ge=0, le=500, description="standard deviation of an orbit's offset [m]")
    min_coherence: float = Field(0.2, ge=0, lt=1, description="coherence below which no phase is given [1]")
    has_noise: bool = Field(True, description="add phase noise")


class SimulatedStack(NamedTuple):
    """A stack and the truth behind it."""

    stack: xr.Dataset
    """``unw`` [rad] and ``coh`` [1] (pair, y, x) float32, as ``io.interferograms`` reads them."""
    displacement: xr.DataArray
    """True line-of-sight motion since the first epoch (epoch, y, x) float32 [m], positive toward the satellite."""


def simulate_stack(site: SimulatedSite, options: StackOptions | None = None) -> SimulatedStack:
    """Unwrapped interferograms of the site: all pairs up to ``max_gap_passes``; the same site gives the same stack."""
    options = options or StackOptions()
    dates = epochs_of(site, options)
    geobox = site.geobox.zoom_out(options.posting_px)
    up = _averaged(motion_at(site, dates), options.posting_px)
    displacement = up * np.cos(np.deg2rad(options.incidence_deg))
    delay = _delay(site, options, n_epochs=len(dates))
    first, second = _pairs(len(dates), options.max_gap_passes)
    days = options.revisit_days * (second - first)
    orbit = options.baseline_m * stream(site.seed, "orbit").standard_normal(len(dates))
    bperp = orbit[second] - orbit[first]
    coh = coherence_of(site, days=days, bperp=bperp, options=options)
    apparent = displacement + delay
    phase = -4.0 * np.pi / SENTINEL1_WAVELENGTH * (apparent[second] - apparent[first])
    if options.has_noise:
        phase += phase_std(coh, looks=options.looks) * stream(site.seed, "phase").standard_normal(phase.shape)
    unw = np.where(coh < options.min_coherence, np.nan, phase)
    stack = _stack(unw, coh, geobox=geobox, dates=dates, pairs=(first, second)).assign_coords(bperp=("pair", bperp))
    stack.attrs = {"wavelength_m": SENTINEL1_WAVELENGTH, "incidence_deg": options.incidence_deg, "simulated": "yes"}
    return SimulatedStack(stack, _truth(displacement, geobox, dates))


def epochs_of(site: SimulatedSite, options: StackOptions) -> list[dt.date]:
    """Dates of the passes."""
    first = site.start + dt.timedelta(days=options.delay_days)
    return [first + dt.timedelta(days=options.revisit_days * number) for number in range(options.n_epochs)]


def coherence_of(
    site: SimulatedSite, *, days: NDArray[np.int64], bperp: Grid, options: StackOptions
) -> NDArray[np.float64]:
    """Coherence of pairs (pair, y, x): lasting part, fading part, geometry; almost none where pits are worked."""
    cover = land_cover(site)
    lasting, fading = (
        _averaged(np.vectorize(table.get, otypes=[float])(cover)[None], options.posting_px)[0]
        for table in (_LASTING, _FADING)
    )
    decay = np.exp(-days / options.decay_days)[:, None, None]
    geometry = np.clip(1.0 - np.abs(bperp) / _CRITICAL_BASELINE_M, 0.0, 1.0)[:, None, None]
    worked = decorrelated_at(site, epochs_of(site, options)[-1]).astype(np.float64)
    share = _averaged(worked[None], options.posting_px)[0]
    mottle = 0.06 * fractal(lasting.shape, stream(site.seed, "coherence"), exponent=1.5)
    ground = np.clip((lasting + mottle + fading * decay) * geometry, 0.02, 0.98)
    return np.asarray((1.0 - share) * ground + share * _WORKED)


def phase_std(coherence: NDArray[np.float64], *, looks: float) -> NDArray[np.float64]:
    """Standard deviation of multilooked phase [rad], Cramér-Rao bound, at most that of a uniform phase.

    Source: Rodriguez & Martin 1992, eq. 26.
    """
    bound = np.sqrt((1.0 - coherence**2) / (2.0 * looks)) / coherence
    return np.asarray(np.minimum(bound, np.pi / np.sqrt(3.0)))


def _delay(site: SimulatedSite, options: StackOptions, *, n_epochs: int) -> NDArray[np.float64]:
    """Apparent displacement of the air at each epoch (epoch, y, x) [m]."""
    rng = stream(site.seed, "air")
    height_km = _averaged(site.terrain[None], options.posting_px)[0] / 1000.0
    height_km -= height_km.mean()
    layers = options.stratified_m_per_km * rng.standard_normal(n_epochs)
    fields = [fractal(height_km.shape, rng, exponent=8.0 / 3.0) for _ in range(n_epochs)]
    return np.asarray(options.turbulence_m * np.stack(fields) + layers[:, None, None] * height_km)


def _pairs(n_epochs: int, max_gap: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the first and second epochs of all pairs up to ``max_gap`` passes apart."""
    first, second = np.triu_indices(n_epochs, k=1)
    is_short = second - first <= max_gap
    return first[is_short], second[is_short]


def _stack(
    unw: Grid, coh: Grid, *, geobox: GeoBox, dates: list[dt.date], pairs: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> xr.Dataset:
    days = np.array(dates, dtype="datetime64[ns]")
    layers = {
        name: (("pair", "y", "x"), values.astype(np.float32), LAYERS[name].attrs())
        for name, values in (("unw", unw), ("coh", coh))
    }
    return xr.Dataset(
        layers, coords=xr_coords(geobox) | {"first": ("pair", days[pairs[0]]), "second": ("pair", days[pairs[1]])}
    )


def _truth(displacement: Grid, geobox: GeoBox, dates: list[dt.date]) -> xr.DataArray:
    return xr.DataArray(
        displacement.astype(np.float32), dims=("epoch", "y", "x"), name="displacement",
        coords=xr_coords(geobox) | {"epoch": np.array(dates, dtype="datetime64[ns]")},
        attrs=LAYERS["displacement"].attrs(),
    )  # fmt: skip


def _averaged(series: NDArray[np.floating], step: int) -> Grid:
    """Means of step × step cells of (n, y, x)."""
    count, rows, cols = series.shape[0], series.shape[1] // step, series.shape[2] // step
    return np.asarray(series.reshape(count, rows, step, cols, step).mean(axis=(2, 4)), dtype=np.float64)
