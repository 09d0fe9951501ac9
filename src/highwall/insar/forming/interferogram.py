"""Interferograms and coherence from coregistered single-look images."""

from functools import partial
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
import xarray as xr
from dask.delayed import delayed
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import convolve1d

from highwall.core.errors import StackError
from highwall.core.products import LAYERS
from highwall.insar.forming.coherence import unbiased_coherence
from highwall.insar.forming.filtering import goldstein
from highwall.insar.forming.multilook import Looks, coarser_space, window_sums
from highwall.insar.forming.slcs import check_slcs, pair_numbers
from highwall.insar.options import InterferogramOptions

BLOCK_PX = 1024
"""px, about the side of the blocks of samples that are read at a time."""
_SUMS = ("real", "imaginary", "first", "second", "count")
"""What is summed over a window of looks: cross product, both powers, valid samples."""


class Formed(NamedTuple):
    """An interferogram and its coherence."""

    ifg: NDArray[np.complex64]
    """(y, x) complex64, NaN missing."""
    coh: NDArray[np.float32]
    """(y, x) float32 [1], NaN missing."""


def interferograms(slcs: xr.Dataset, pairs: ArrayLike, *, options: InterferogramOptions | None = None) -> xr.Dataset:
    """Form, flatten, multilook and filter interferograms, and estimate their coherence.

    An image's phase is −4πr/λ, r its range; first · conj(second) therefore turns positive where the ground moves away
    from the satellite.

    Parameters
    ----------
    slcs
        ``slc`` (epoch, y, x) complex64, 0 or NaN missing; attribute ``wavelength_m``; optionally ``height_to_phase``
        (epoch, y, x) [rad m⁻¹] with ``height`` (y, x) [m], and ``geometric_phase`` (epoch, y, x) [rad]. The attribute
        ``topography_removed`` says that the images carry the phase of geometry no more.
    pairs : (pair, 2)
        Dates or epoch numbers, first and second.
    options
        Looks, coherence window, filter.

    Returns
    -------
    ifg : (pair, y, x) complex64
        Mean cross product; NaN is missing.
    coh : (pair, y, x) float32 [1]
        Magnitude of the cross product over the coherence window, normalised; biased upwards where it is low and looks
        are few (:mod:`highwall.insar.forming.coherence`) unless ``corrects_bias``.

    Lazy: one Dask chunk a pair, formed block by block, so that memory holds a few interferograms and blocks of
    samples. Numbers do not depend on the chunks of the images. Latitude, longitude and layers of the ground are
    averaged over the looks, a place only where all its samples have one; the attribute ``looks`` is the equivalent
    number of independent ones.

    Raises
    ------
    StackError
        An image, date, the wavelength or a geometry that is insisted on is missing, or a window of looks does not fit.
    NetworkError
        A pair names a date of which there is no image.
    """
    options = options or InterferogramOptions()
    check_slcs(slcs)
    numbers = pair_numbers(slcs, pairs)
    looks = Looks(options.looks_y, options.looks_x)
    shape = looks.of(slcs.sizes["y"], slcs.sizes["x"])
    geometry = _geometry(slcs, options)
    formed = [_lazy(slcs["slc"], geometry, pair, options) for pair in numbers]
    space = coarser_space(slcs, looks)
    layers = {name: (LAYERS[name].dims, _stacked(formed, name, shape), LAYERS[name].attrs()) for name in Formed._fields}
    dataset = space.assign(layers).assign_coords(_pair_coords(slcs, numbers))
    return dataset.assign_attrs(slcs.attrs, looks=options.equivalent_looks)


def _pair_coords(slcs: xr.Dataset, numbers: NDArray[np.int64]) -> dict[str, Any]:
    """Dates of the pairs and, where the images have them, perpendicular baselines."""
    epochs = slcs["epoch"].values.astype("datetime64[ns]")
    coords: dict[str, Any] = {name: ("pair", epochs[numbers[:, side]]) for side, name in enumerate(("first", "second"))}
    if "bperp" in slcs.coords:
        of_epoch = slcs["bperp"].values
        about = {"units": "m", "long_name": "perpendicular baseline"}
        coords["bperp"] = ("pair", of_epoch[numbers[:, 1]] - of_epoch[numbers[:, 0]], about)
    return coords


def _geometry(slcs: xr.Dataset, options: InterferogramOptions) -> xr.DataArray | None:
    """Phase that geometry adds to the interferogram of the reference epoch with each other: (epoch, y, x) [rad]."""
    known = [slcs["geometric_phase"]] if "geometric_phase" in slcs else []
    if "height_to_phase" in slcs and "height" in slcs:
        known.append(slcs["height_to_phase"] * slcs["height"])
    wanted = {
        "keep": False,
        "remove": True,
        "auto": bool(known) and not slcs.attrs.get("topography_removed"),
    }[options.topography]
    if wanted and not known:
        raise StackError(
            "topography is to be removed, but the images come with no geometry; give 'height_to_phase' and 'height', "
            "or 'geometric_phase', or set topography to 'keep'."
        )
    total = known[0] + known[1] if len(known) == 2 else known[0] if known else None
    return total.transpose("epoch", "y", "x") if wanted and total is not None else None


def _lazy(slc: xr.DataArray, geometry: xr.DataArray | None, pair: NDArray[np.int64], options: Any) -> Any:
    """Delayed :class:`Formed` of one pair."""
    looks = Looks(options.looks_y, options.looks_x)
    images = [_aligned(slc[number].data, looks) for number in pair]
    if geometry is not None:
        images.append(_aligned((geometry[pair[1]] - geometry[pair[0]]).data, looks))
    rows, cols = (tuple(size // look for size in sizes) for sizes, look in zip(images[0].chunks, looks, strict=True))
    sums = da.map_blocks(  # type: ignore[no-untyped-call]
        partial(_sums, looks=looks), *images, new_axis=0, chunks=((len(_SUMS),), rows, cols), dtype=np.float64,
        meta=np.empty((0, 0, 0)),
    )  # fmt: skip
    return delayed(_form)(sums, options)


def _aligned(image: Any, looks: Looks) -> Any:
    """Image as a Dask array whose blocks are whole windows of looks; samples over are cut off."""
    rows, cols = (length // look * look for length, look in zip(image.shape, looks, strict=True))
    blocks = tuple(max(BLOCK_PX // look, 1) * look for look in looks)
    whole = image if isinstance(image, da.Array) else da.from_array(image, chunks=blocks, name=False)  # type: ignore[no-untyped-call]
    return whole[:rows, :cols].rechunk(blocks)


def _sums(first: Any, second: Any, phase: Any = None, *, looks: Looks) -> NDArray[np.float64]:
    """Sums over windows of looks, in the order of ``_SUMS``; ``phase`` [rad] is taken out of the cross product."""
    valid = _is_measured(first) & _is_measured(second)
    if phase is not None:
        valid &= np.isfinite(phase)
    first, second = np.where(valid, first, 0), np.where(valid, second, 0)
    cross = first * np.conj(second)
    if phase is not None:
        cross *= np.exp(-1j * np.where(valid, phase, 0))
    power = [image.real**2 + image.imag**2 for image in (first, second)]
    return window_sums(np.stack([cross.real, cross.imag, *power, valid]), looks)


def _is_measured(image: NDArray[Any]) -> NDArray[np.bool_]:
    measured: NDArray[np.bool_] = np.isfinite(image) & (image != 0)
    return measured


def _form(sums: NDArray[np.float64], options: InterferogramOptions) -> Formed:
    """Interferogram and coherence from sums over windows of looks."""
    count = sums[_SUMS.index("count")]
    known = count >= options.min_valid_share * options.looks_y * options.looks_x
    coh = np.where(known, _coherence(sums[:4], options), np.nan).astype(np.float32)
    mean = (sums[0] + 1j * sums[1]) / np.maximum(count, 1)
    ifg = np.where(known, mean, complex(np.nan, np.nan)).astype(np.complex64)
    if options.filter_alpha == 0.0:
        return Formed(ifg, coh)
    return Formed(goldstein(ifg, coh, alpha=options.filter_alpha, window_px=options.filter_window_px), coh)


def _coherence(sums: NDArray[np.float64], options: InterferogramOptions) -> NDArray[np.float64]:
    """Sample coherence over the sliding window of multilooked pixels; 1 or less, NaN without power."""
    ones = np.ones(options.coherence_window_px)
    real, imaginary, first, second = convolve1d(convolve1d(sums, ones, axis=1, mode="constant"), ones, mode="constant")
    power = np.sqrt(first * second)
    ratio = np.hypot(real, imaginary) / np.where(power > 0, power, np.nan)
    sample = np.minimum(ratio, 1.0)
    return unbiased_coherence(sample, looks=options.coherence_looks) if options.corrects_bias else sample


def _stacked(formed: list[Any], name: str, shape: tuple[int, int]) -> Any:
    layers = [da.from_delayed(getattr(one, name), shape, LAYERS[name].dtype) for one in formed]  # type: ignore[no-untyped-call]
    return da.stack(layers)  # type: ignore[no-untyped-call]
