"""Interferograms of any known format as one stack: (pair, y, x) phases with dates, baselines, geometry and wavelength.

Each format is a module that tells whether a path is its own and gathers what lies there; the table ``FORMATS`` is the
order in which they are asked. Here the pictures are laid on one grid, read or left to Dask, and what the stack must say
of itself is asked for by name.

Phase leaves as second minus first, 4π/λ × (range of the second − range of the first): positive away from the satellite,
NaN missing. A file that is truncated, without dates or on another grid is set aside with its reason.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from highwall.core.errors import MissingInputError, SetAside, StackError
from highwall.core.products import LAYERS
from highwall.io.radar.assembly import GREATEST_COHERENCE, assembled, looks_wrapped, top_coherence
from highwall.io.radar.gamma_files import is_gamma, read_gamma
from highwall.io.radar.geotiffs import COH_PATTERNS, UNW_PATTERNS, matching, read_geotiffs
from highwall.io.radar.hyp3 import is_hyp3, read_hyp3
from highwall.io.radar.licsar import is_licsar, read_licsar
from highwall.io.radar.look import tilted
from highwall.io.radar.mintpy import is_mintpy, read_mintpy
from highwall.io.radar.opera import is_opera, read_opera
from highwall.io.radar.pairs import Gathered, Pair, fitted, unknown_for
from highwall.io.radar.roipac import is_roipac, read_roipac
from highwall.io.radar.stacks import is_stack, read_stack

IN_MEMORY_MIB = 256
"""MiB of phase and coherence up to which a stack is loaded at once; larger ones stay lazy."""
_MIB = 2**20


class StackReading(NamedTuple):
    """What was read, and what was set aside; of a lazy stack the list grows when a file breaks under way."""

    stack: xr.Dataset
    """``unw`` and perhaps ``coh``, ``conncomp`` (pair, y, x), ``height`` (y, x) [m], ``los_enu`` (component, y, x);
    ``first``, ``second`` and perhaps ``bperp`` [m] on ``pair``."""
    set_aside: list[SetAside]


class Format(NamedTuple):
    """How one format is recognised and gathered."""

    words: str
    recognises: Callable[[Path], bool]
    gather: Callable[[Path, list[SetAside]], Gathered]


FORMATS: Mapping[str, Format] = {
    "mintpy": Format("MintPy's ifgramStack.h5", is_mintpy, read_mintpy),
    "opera": Format("OPERA DISP-S1 NetCDF files", is_opera, read_opera),
    "licsar": Format("LiCSAR's GEOC folders", is_licsar, read_licsar),
    "hyp3": Format("HyP3's InSAR products", is_hyp3, read_hyp3),
    "roipac": Format("ROI_PAC's .unw with .rsc", is_roipac, read_roipac),
    "gamma": Format("GAMMA's .unw with .par", is_gamma, read_gamma),
    "geotiff": Format("GeoTIFFs, one a pair", Path.is_dir, read_geotiffs),
}
"""Formats in the order in which they are asked; the last takes any folder."""


def open_stack(
    source: Path,
    *,
    unw_patterns: Sequence[str] = UNW_PATTERNS,
    coh_patterns: Sequence[str] = COH_PATTERNS,
    wavelength_m: float | None = None,
    incidence_deg: float | None = None,
    cut_to_common: bool | None = None,
    chunk_px: int = 512,
) -> StackReading:
    """Read interferograms, and what lies with them: coherence, components, height, look vector, baselines.

    Parameters
    ----------
    source
        Folder, which is searched with its subfolders, or a file: any of ``FORMATS``, or a stack as
        :func:`highwall.io.radar.stacks.write_stack` leaves it.
    unw_patterns, coh_patterns
        Names of GeoTIFFs of phase [rad] and of coherence (0 to 1, or bytes 0 to 255), or of whole numbers whose scale
        to these the file states. Given, they choose that format.
    wavelength_m, incidence_deg
        Override what the files say, or stand in for it. Look vectors keep their direction over the ground and are
        tilted to the incidence angle; ``set_aside`` tells.
    cut_to_common
        Whether interferograms of other extents on one pixel lattice are cut to what all share, or set aside. By
        default HyP3's are cut and others set aside.
    chunk_px
        Side of the Dask chunks of a stack of more than ``IN_MEMORY_MIB``.

    Raises
    ------
    MissingInputError
        The path does not exist.
    StackError
        Nothing can be used, no wavelength is known, or coherences are stored in another unit.
    """
    if not source.exists():
        raise MissingInputError(f"no folder of interferograms at {source}; check the path.")
    set_aside: list[SetAside] = []
    if is_stack(source):
        stack = read_stack(source)
        stack = stack.load(scheduler="synchronous") if stack.nbytes <= IN_MEMORY_MIB * _MIB else stack
    else:
        gathered = _gathered(source, set_aside, unw_patterns=unw_patterns, coh_patterns=coh_patterns)
        cut = gathered.cut_to_common if cut_to_common is None else cut_to_common
        pictures = fitted(gathered, set_aside, cut_to_common=cut)
        stack = assembled(pictures, set_aside, in_memory_mib=IN_MEMORY_MIB, chunk_px=chunk_px)
        stack = _with_baselines(stack, gathered.baselines, set_aside=set_aside).assign_attrs(_known(gathered.attrs))
    if incidence_deg is not None and "los_enu" in stack:
        stack = stack.assign(los_enu=tilted(stack["los_enu"], incidence_deg))
        set_aside.append(SetAside("incidence angles of the look vectors", f"{incidence_deg:g} degrees overrules them"))
    stack.attrs |= _attributes(source, stack, wavelength_m=wavelength_m, incidence_deg=incidence_deg)
    _check_coherence(stack, source)
    if looks_wrapped(stack):
        reason = (
            "the phases look wrapped: all lie within ±π and most reach it; unwrap them first (nothing was left out)"
        )
        set_aside.append(SetAside(str(source), reason))
    return StackReading(stack, set_aside)


def _check_coherence(stack: xr.Dataset, source: Path) -> None:
    if (top := top_coherence(stack)) > GREATEST_COHERENCE:
        raise StackError(
            f"the coherences of {source} reach {top:.4g}, but coherence lies between 0 and 1; write them so, "
            "or state the scale in the files (`gdal_edit.py -scale 0.0001 FILE` for ten-thousandths)."
        )


def _gathered(
    source: Path, set_aside: list[SetAside], *, unw_patterns: Sequence[str], coh_patterns: Sequence[str]
) -> Gathered:
    """What the first format that recognises the path finds there."""
    by_name = (tuple(unw_patterns), tuple(coh_patterns)) != (UNW_PATTERNS, COH_PATTERNS)
    found = FORMATS["geotiff"] if by_name else _format_of(source)
    gather = found.gather
    if found is FORMATS["geotiff"]:
        gather = partial(read_geotiffs, unw_patterns=unw_patterns, coh_patterns=coh_patterns)
    gathered = gather(source, set_aside)
    if gathered.layers["unw"]:
        return gathered
    if found is FORMATS["geotiff"]:
        raise StackError(_no_geotiff(source, unw_patterns, set_aside=set_aside))
    first = f"; the first file set aside: {_first_of(set_aside)}" if set_aside else ""
    raise StackError(f"{source} looks like {found.words}, but no phase in it can be used{first}.")


def _format_of(source: Path) -> Format:
    found = next((row for row in FORMATS.values() if row.recognises(source)), None)
    if found is None:
        raise StackError(f"{source} is no stack that Highwall knows ({_known_formats()}); give one of these.")
    return found


def _known_formats() -> str:
    return "; ".join(row.words for row in FORMATS.values())


def _with_baselines(stack: xr.Dataset, known: Mapping[Pair, float], *, set_aside: list[SetAside]) -> xr.Dataset:
    """Add the perpendicular baselines [m]; pairs without one are NaN and counted, if others have one."""
    pairs = [
        (str(np.datetime64(first, "D")), str(np.datetime64(second, "D")))
        for first, second in zip(stack["first"].values, stack["second"].values, strict=True)
    ]
    values = np.array([known.get(pair, np.nan) for pair in pairs])
    if not np.isfinite(values).any():
        return stack
    if missing := [pair for pair, value in zip(pairs, values, strict=True) if not np.isfinite(value)]:
        reason = f"{unknown_for(missing, n_pairs=len(pairs))}; the pairs stay, with NaN for it"
        set_aside.append(SetAside("perpendicular baseline", reason))
    return stack.assign_coords(bperp=("pair", values, {"units": "m", "long_name": "perpendicular baseline"}))


def _known(attrs: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in attrs.items() if value is not None}


def _attributes(
    source: Path, stack: xr.Dataset, *, wavelength_m: float | None, incidence_deg: float | None
) -> dict[str, Any]:
    """Attributes that every stack carries; what the caller gives goes before what the files say."""
    wavelength = wavelength_m or stack.attrs.get("wavelength_m")
    if wavelength is None:
        raise StackError(
            f"the interferograms of {source} do not tell the radar's wavelength; give it [m] with --wavelength, "
            "or as insar.wavelength_m of SITE.yaml (Sentinel-1: 0.0554658), or write the tag WAVELENGTH_METRES."
        )
    attributes: dict[str, Any] = {"wavelength_m": wavelength, "sign": LAYERS["unw"].sign}
    stated = stack.attrs.get("incidence_deg") if incidence_deg is None else incidence_deg
    incidence = _incidence(stack) if stated is None else stated
    return attributes if incidence is None else attributes | {"incidence_deg": incidence}


def _incidence(stack: xr.Dataset) -> float | None:
    """Mean incidence angle along the middle row [degree], from the vector to the satellite."""
    if "los_enu" not in stack:
        return None
    up = stack["los_enu"].sel(component="up").isel(y=stack.sizes["y"] // 2).values
    known = up[np.isfinite(up)]
    return float(np.rad2deg(np.arccos(np.clip(known, -1.0, 1.0))).mean()) if known.size else None


def _no_geotiff(source: Path, unw_patterns: Sequence[str], *, set_aside: Sequence[SetAside]) -> str:
    """Why a folder gives no phase as GeoTIFF; coherence that was set aside does not count."""
    what, files = ", ".join(unw_patterns), matching(source, unw_patterns)
    if not files:
        return (
            f"no file in {source} matches {what}, nor is it another stack that Highwall knows ({_known_formats()}); "
            "give the folder of one of these."
        )
    reasons = [entry for entry in set_aside if Path(entry.name) in files]
    return f"none of the {len(files)} files in {source} that match {what} can be used; the first: {_first_of(reasons)}."


def _first_of(set_aside: Sequence[SetAside]) -> str:
    return f"{Path(set_aside[0].name).name}: {set_aside[0].reason}"
