"""A stack of interferograms and what lies beside it, read and checked before anything is computed."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from odc.geo.geom import box

from highwall.core.errors import SetAside, StackError
from highwall.core.grid import grid_of
from highwall.core.site import Site
from highwall.insar.mending.closure import sample
from highwall.insar.mending.coherence import lacking_coherence, with_coherence
from highwall.insar.network import Network
from highwall.insar.options import NetworkOptions
from highwall.insar.selection import Selection, select_pairs
from highwall.io.placement import at_pixels, covered
from highwall.io.radar.assembly import looks_wrapped
from highwall.io.radar.gacos import Bounds, open_gacos
from highwall.io.radar.interferograms import StackReading, open_stack
from highwall.io.radar.pairs import unknown_for
from highwall.io.radar.slc import is_slcs, open_slcs
from highwall.io.rasters import read_raster
from highwall.io.vectors import read_polygons
from highwall.workflows.config import DeformSection
from highwall.workflows.radar.interfere import NEAREST, interfere
from highwall.workflows.run import Say
from highwall.workflows.sites import site_of_grid

_PLACE = ("latitude", "longitude")
"""Coordinates of pixels in radar coordinates; 0 in both is missing."""


class Given(NamedTuple):
    """What a user gives, and says of it."""

    stack: Path
    wavelength_m: float | None = None
    incidence_deg: float | None = None
    dem: Path | None = None
    """Heights [m], for delay that follows height."""
    gacos: Path | None = None
    """Folder of zenith delays."""
    avoid: Path | None = None
    """Polygons in which the reference must not lie: patches of the mine."""
    trusts_phase: bool = False
    """Go on although the phases look wrapped."""

    @property
    def files(self) -> dict[str, Path]:
        """Every path that was given, by name."""
        found = {"stack": self.stack, "dem": self.dem, "gacos": self.gacos, "avoid": self.avoid}
        return {name: path for name, path in found.items() if path is not None}


@dataclass(frozen=True)
class RadarScene:
    """A stack, its pairs that are used, and what lies beside it."""

    stack: xr.Dataset
    """The pairs that are used, on disk if they are many; with ``height`` and ``avoid`` (y, x) if those are given."""
    selection: Selection
    """Which of the pairs that were read are used, and why not the others."""
    sample: xr.Dataset
    """The same at a grid of pixels, in memory."""
    ztd: xr.DataArray | None
    """Zenith delay of GACOS."""
    set_aside: list[SetAside]
    """The reader's own list, which grows when a file breaks under way."""

    @property
    def is_on_map(self) -> bool:
        """Whether its pixels lie on a map grid, not in radar coordinates."""
        return self.stack.odc.crs is not None


def open_radar(given: Given, options: NetworkOptions) -> RadarScene:
    """Open a stack and choose its pairs.

    Raises
    ------
    StackError
        Nothing can be read, the wavelength is unknown, or nobody knows where on Earth the pixels lie.
    NetworkError
        No pair is left.
    MissingInputError, InputError
        What is given beside the stack is not there or cannot be read.
    """
    reading = _opened(given)
    set_aside = reading.set_aside
    stack = _with_surroundings(reading.stack, given, set_aside=set_aside)
    ztd = None
    if given.gacos is not None:
        delays = open_gacos(given.gacos, bounds=_bounds(stack))
        ztd = delays.ztd
        set_aside += delays.set_aside
    some, stack = _with_phases(sample(stack), stack, set_aside)
    coherence = some["coh"].mean(("y", "x")).values if "coh" in some else None
    selection = select_pairs(Network.from_stack(stack), options=options, coherence=coherence)
    if not selection.valid.all():  # a choice of pairs copies them
        used = np.flatnonzero(selection.valid)
        stack, some = stack.isel(pair=used), some.isel(pair=used)
    some, stack = _with_coherence(some, stack, set_aside)
    return RadarScene(stack, selection, some, ztd, set_aside)


class ToMeasure(NamedTuple):
    """A stack of interferograms that is given or was made, and how its pairs are to be chosen."""

    given: Given
    network: NetworkOptions
    set_aside: list[SetAside]
    """Images and pairs that no interferogram could be made of."""


def unwrapped(given: Given, out: Path, *, options: DeformSection, say: Say) -> ToMeasure:
    """Turn a folder of images, if it is one, into a stack of interferograms in the folder ``out``.

    Raises
    ------
    StackError, NetworkError
        No interferogram can be made of the images.
    """
    if not is_slcs(given.stack):
        return ToMeasure(given, options.network, [])
    done = interfere(
        given.stack, out / "interferograms.zarr", network=of_images(options.network), options=options.interferograms,
        unwrapping=options.unwrapping, wavelength_m=given.wavelength_m, say=say,
    )  # fmt: skip
    to_choose = options.network.model_copy(update={"exclude_dates": (), "exclude_pairs": ()})  # they were never made
    return ToMeasure(given._replace(stack=done.stack), to_choose, done.set_aside)


def of_images(options: NetworkOptions) -> NetworkOptions:
    """Bounds for the pairs to make: as asked; where nothing bounds their number, the nearest, for all are too many."""
    is_bounded = any(bound is not None for bound in (options.n_nearest, options.max_btemp_days, options.max_bperp_m))
    return options if is_bounded else options.model_copy(update={"n_nearest": NEAREST.n_nearest})


def _with_phases(some: xr.Dataset, stack: xr.Dataset, set_aside: list[SetAside]) -> tuple[xr.Dataset, xr.Dataset]:
    """Leave out pairs that have no phase anywhere in the sample."""
    has_phase = np.isfinite(some["unw"].values).any(axis=(1, 2))
    if has_phase.all() or not has_phase.any():
        return some, stack
    for number in np.flatnonzero(~has_phase):
        first, second = (str(stack[name].values[number])[:10] for name in ("first", "second"))
        set_aside.append(SetAside(f"{first}/{second}", "it has no phase; check its nodata value, or leave it out"))
    kept = np.flatnonzero(has_phase)
    return some.isel(pair=kept), stack.isel(pair=kept)


def _with_coherence(some: xr.Dataset, stack: xr.Dataset, set_aside: list[SetAside]) -> tuple[xr.Dataset, xr.Dataset]:
    """Let each pixel's other pairs stand for the coherence of pairs that have none anywhere in the sample."""
    lacking = lacking_coherence(some)
    if lacking.any():
        ends = (np.datetime_as_string(some[name].values[lacking], unit="D").tolist() for name in ("first", "second"))
        unknown = unknown_for(list(zip(*ends, strict=True)), n_pairs=len(lacking))
        cure = "all pairs weigh alike" if lacking.all() else "each pixel's mean over its other pairs stands for it"
        set_aside.append(SetAside("coherence", f"{unknown}; {cure}"))
    return with_coherence(some, lacking=lacking), with_coherence(stack, lacking=lacking)


def site_of_radar(given: Given) -> Site:
    """Make a site that spans a stack and bears its folder's name.

    Raises
    ------
    StackError
        As :func:`open_radar`.
    """
    is_images = is_slcs(given.stack)
    stack = open_slcs(given.stack, wavelength_m=given.wavelength_m).slcs if is_images else _opened(given).stack
    name = given.stack.resolve().stem
    if stack.odc.crs is not None:
        return site_of_grid(grid_of(stack, name=str(given.stack)), name=name)
    return Site.over(name, box(*_bounds(stack), crs="EPSG:4326"))


def _bounds(stack: xr.Dataset) -> Bounds:
    """West, south, east, north of a stack [degree]."""
    if stack.odc.crs is not None:
        extent = grid_of(stack).geographic_extent.boundingbox
        return extent.left, extent.bottom, extent.right, extent.top
    lat, lon = (stack[name].where((stack["latitude"] != 0) | (stack["longitude"] != 0)) for name in _PLACE)
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def _opened(given: Given) -> StackReading:
    reading = open_stack(given.stack, wavelength_m=given.wavelength_m, incidence_deg=given.incidence_deg)
    if reading.stack.odc.crs is None and "latitude" not in reading.stack.coords:
        raise StackError(
            f"{given.stack} lies in radar coordinates and carries neither latitude nor longitude; write them into the "
            "stack, or give interferograms on a map grid."
        )
    if looks_wrapped(reading.stack) and not given.trusts_phase:
        raise StackError(
            f"the phases of {given.stack} look wrapped: all lie within ±π and most pairs reach it; unwrap them first, "
            "or give --trust-phase if they are not."
        )
    return reading


def _with_surroundings(stack: xr.Dataset, given: Given, *, set_aside: list[SetAside]) -> xr.Dataset:
    """Bring heights and places to avoid to the stack's grid; polygons that lie elsewhere are added to ``set_aside``."""
    if stack.odc.crs is None:  # lines and samples stand for x and y
        stack = stack.assign_coords({dim: np.arange(stack.sizes[dim], dtype=np.float64) for dim in ("y", "x")})
    if given.dem is not None:
        stack = stack.assign(height=at_pixels(read_raster(given.dem), stack, name="height"))
    if given.avoid is not None:
        polygons = read_polygons(given.avoid, allow_empty=True)
        stack = stack.assign(avoid=covered(polygons, stack))
        if len(polygons) and not stack["avoid"].any():
            reason = "no pixel of the stack lies in its polygons, so that nothing is avoided; check its place and CRS"
            set_aside.append(SetAside(str(given.avoid), reason))
    return stack
