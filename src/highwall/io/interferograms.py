"""Folders of interferograms as one stack: (pair, y, x) phases and coherences with dates, baselines and wavelength.

GeoTIFFs, one a pair and quantity. Dates come from the tags ``FIRST_DATE`` and ``SECOND_DATE`` or from the file name;
``WAVELENGTH_METRES``, ``INCIDENCE_DEGREES`` and ``BPERP_METRES`` from tags or from GAMMA's text files in the folder.
Phase is positive away from the satellite; whatever a file declares as nodata is NaN. Every file is read once in full
before it is let in: a truncated one, one without dates or one on another grid is set aside with its reason.
"""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from highwall.core.epochs import dates_in
from highwall.core.errors import MissingInputError, SetAside, StackError
from highwall.core.grid import same_grid
from highwall.core.products import LAYERS
from highwall.io import gamma

UNW_PATTERNS = ("*unw*.tif",)
COH_PATTERNS = ("*cc*.tif", "*coh*.tif", "*corr*.tif")
IN_MEMORY_MIB = 512
"""MiB of phase and coherence up to which a stack is loaded at once; larger ones stay lazy."""
_MIB = 2**20

Pair = tuple[str, str]
"""ISO dates of the first and the second acquisition."""


class StackReading(NamedTuple):
    """What a folder gave: a stack, and what was set aside."""

    stack: xr.Dataset
    """``unw`` and perhaps ``coh`` (pair, y, x) float32; ``first``, ``second`` and perhaps ``bperp`` [m] on ``pair``."""
    set_aside: list[SetAside]


@dataclass(frozen=True)
class _Raster:
    """One readable file."""

    path: Path
    pair: Pair
    grid: GeoBox
    tags: Mapping[str, str]


def open_stack(
    source: Path,
    *,
    unw_patterns: Sequence[str] = UNW_PATTERNS,
    coh_patterns: Sequence[str] = COH_PATTERNS,
    wavelength_m: float | None = None,
    incidence_deg: float | None = None,
    chunk_px: int = 512,
) -> StackReading:
    """Read a folder of unwrapped interferograms, and their coherences if there are any.

    Parameters
    ----------
    source
        Folder; searched with its subfolders.
    unw_patterns, coh_patterns
        Names of the phase files [rad] and of the coherence files (0 to 1, or whole numbers 0 to 255).
    wavelength_m, incidence_deg
        Override what the files say, or stand in for it.
    chunk_px
        Side of the Dask chunks of a stack of more than ``IN_MEMORY_MIB``.

    Raises
    ------
    MissingInputError
        The folder does not exist.
    StackError
        No file matches, none can be used, or no wavelength is known.
    """
    if not source.is_dir():
        raise MissingInputError(f"no folder of interferograms at {source}; check the path.")
    set_aside: list[SetAside] = []
    phase_files = _matching(source, unw_patterns)
    phases = _on_one_grid(_readable(phase_files, set_aside), set_aside)
    if not phases:
        raise StackError(_nothing_usable(source, unw_patterns, set_aside))
    coherence_files = [path for path in _matching(source, coh_patterns) if path not in phase_files]
    coherences = _fitting(_readable(coherence_files, set_aside), phases, set_aside)
    stack = _stacked(phases, coherences, chunk_px=chunk_px)
    baselines = _baselines(source, phases)
    if np.isfinite(baselines).any():
        stack = stack.assign_coords(bperp=("pair", baselines, {"units": "m", "long_name": "perpendicular baseline"}))
    stack.attrs = _attributes(source, phases, wavelength_m=wavelength_m, incidence_deg=incidence_deg)
    return StackReading(stack, set_aside)


def _matching(source: Path, patterns: Sequence[str]) -> list[Path]:
    return sorted({path for pattern in patterns for path in source.rglob(pattern) if path.is_file()})


def _readable(files: Sequence[Path], set_aside: list[SetAside]) -> dict[Pair, _Raster]:
    """Files that can be used, by pair, in order of their dates; the others are added to ``set_aside``."""
    found: dict[Pair, _Raster] = {}
    for path in files:
        try:
            raster = _open(path)
        except (RasterioError, StackError) as error:
            set_aside.append(SetAside(str(path), f"{error}"))
            continue
        if raster.pair in found:
            reason = f"{found[raster.pair].path.name} has the same dates; keep one of the two"
            set_aside.append(SetAside(str(path), reason))
        else:
            found[raster.pair] = raster
    return dict(sorted(found.items()))


def _open(path: Path) -> _Raster:
    """Read a file once in full and note what it says of itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # said in words below
        with rasterio.open(path) as dataset:
            for _, window in dataset.block_windows(1):
                dataset.read(1, window=window)
            if dataset.crs is None:
                raise StackError("it carries no CRS; write it again with one")
            grid = GeoBox((dataset.height, dataset.width), dataset.transform, str(dataset.crs))
            return _Raster(path, _pair_of(path, dataset.tags()), grid, dataset.tags())


def _pair_of(path: Path, tags: Mapping[str, str]) -> Pair:
    """Dates of a file: tags first, then its name."""
    tagged = [tags[name] for name in ("FIRST_DATE", "SECOND_DATE") if name in tags]
    dates = dates_in(" ".join(tagged)) if len(tagged) == 2 else dates_in(path.name)
    if len(dates) != 2:
        raise StackError("two dates are expected in its name or in the tags FIRST_DATE and SECOND_DATE")
    if dates[0] == dates[1]:
        raise StackError(f"it begins and ends on {dates[0]}")
    return dates[0].isoformat(), dates[1].isoformat()


def _on_one_grid(rasters: dict[Pair, _Raster], set_aside: list[SetAside]) -> dict[Pair, _Raster]:
    """Rasters of the grid that most share; the others are added to ``set_aside``."""
    if not rasters:
        return {}
    grids = [raster.grid for raster in rasters.values()]
    votes = Counter(next(n for n, other in enumerate(grids) if same_grid(other, grid)) for grid in grids)
    return _of_grid(rasters, grids[votes.most_common(1)[0][0]], set_aside)


def _of_grid(rasters: dict[Pair, _Raster], grid: GeoBox, set_aside: list[SetAside]) -> dict[Pair, _Raster]:
    kept = {pair: raster for pair, raster in rasters.items() if same_grid(raster.grid, grid)}
    for pair in rasters.keys() - kept.keys():
        foreign = rasters[pair].grid
        reason = f"it lies on another grid ({_extent(foreign)}; the stack has {_extent(grid)}); resample it"
        set_aside.append(SetAside(str(rasters[pair].path), reason))
    return kept


def _extent(grid: GeoBox) -> str:
    return f"{grid.shape.y}×{grid.shape.x} pixels from {grid.transform.c:g}, {grid.transform.f:g} in {grid.crs}"


def _fitting(
    coherences: dict[Pair, _Raster], phases: dict[Pair, _Raster], set_aside: list[SetAside]
) -> dict[Pair, _Raster]:
    """Coherences of the stack's pairs and grid."""
    grid = next(iter(phases.values())).grid
    fitting = _of_grid({pair: raster for pair, raster in coherences.items() if pair in phases}, grid, set_aside)
    for pair in phases.keys() - fitting.keys() if fitting else ():
        set_aside.append(SetAside("/".join(pair), "no coherence of this pair could be read; it is NaN"))
    return fitting


def _stacked(phases: dict[Pair, _Raster], coherences: dict[Pair, _Raster], *, chunk_px: int) -> xr.Dataset:
    grid = next(iter(phases.values())).grid
    layers = {"unw": phases, "coh": coherences} if coherences else {"unw": phases}
    arrays = {
        name: (LAYERS[name].dims, _lazy([rasters.get(pair) for pair in phases], grid, chunk_px), LAYERS[name].attrs())
        for name, rasters in layers.items()
    }
    first, second = np.array(list(phases), dtype="datetime64[ns]").T
    coords = {"first": ("pair", first), "second": ("pair", second), **xr_coords(grid, dims=("y", "x"))}
    stack = xr.Dataset(arrays, coords=coords)
    return stack.load(scheduler="synchronous") if stack.nbytes <= IN_MEMORY_MIB * _MIB else stack


def _lazy(rasters: Sequence[_Raster | None], grid: GeoBox, chunk_px: int) -> Any:
    """Dask array (pair, y, x) float32 of files, NaN where a file is missing."""
    paths = [raster.path if raster else None for raster in rasters]
    shape = (len(paths), *grid.shape)
    pieces = da.core.normalize_chunks((1, chunk_px, chunk_px), shape=shape)  # type: ignore[no-untyped-call]
    meta = np.empty((0, 0, 0), np.float32)
    return da.map_blocks(  # type: ignore[no-untyped-call]
        _read_block, chunks=pieces, dtype=np.float32, meta=meta, paths=paths
    )


def _read_block(*, paths: Sequence[Path | None], block_info: Any = None) -> NDArray[np.float32]:
    """Read one chunk: (1, y, x) float32, NaN where the file has no data."""
    (number, _), (top, bottom), (left, right) = block_info[None]["array-location"]
    path = paths[number]
    if path is None:
        return np.full((1, bottom - top, right - left), np.nan, np.float32)
    with rasterio.open(path) as dataset:
        block = dataset.read(1, window=Window(left, top, right - left, bottom - top), masked=True)
    values = block.astype(np.float32) / np.float32(255.0 if block.dtype == np.uint8 else 1.0)
    return np.ma.filled(values, np.nan)[None]


def _baselines(source: Path, phases: dict[Pair, _Raster]) -> NDArray[np.float64]:
    """Perpendicular baseline of each pair [m] from its tag or GAMMA's files; NaN unknown."""
    from_files = gamma.perpendicular_baselines(source)
    tagged = {pair: _number(raster, "BPERP_METRES") for pair, raster in phases.items()}
    values = [from_files.get(pair) if tagged[pair] is None else tagged[pair] for pair in phases]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _attributes(
    source: Path, phases: dict[Pair, _Raster], *, wavelength_m: float | None, incidence_deg: float | None
) -> dict[str, Any]:
    """Attributes of the stack; what the caller gives goes before tags, and tags before GAMMA's headers."""
    wavelength = wavelength_m or _tagged_wavelength(phases) or gamma.wavelength_m(source)
    if wavelength is None:
        raise StackError(
            f"the interferograms of {source} do not tell the radar's wavelength; give `wavelength_m` "
            "(Sentinel-1: 0.0554658) or write the tag WAVELENGTH_METRES."
        )
    attributes: dict[str, Any] = {"wavelength_m": wavelength, "sign": LAYERS["unw"].sign}
    tagged = [angle for raster in phases.values() if (angle := _number(raster, "INCIDENCE_DEGREES")) is not None]
    incidence = incidence_deg or (float(np.mean(tagged)) if tagged else gamma.incidence_deg(source))
    return attributes if incidence is None else attributes | {"incidence_deg": incidence}


def _tagged_wavelength(phases: dict[Pair, _Raster]) -> float | None:
    """Wavelength [m] that the files agree on."""
    values = [value for raster in phases.values() if (value := _number(raster, "WAVELENGTH_METRES")) is not None]
    if values and max(values) - min(values) > 1e-4 * max(values):
        raise StackError(
            f"the interferograms mix wavelengths from {min(values):g} to {max(values):g} m; "
            "keep those of one sensor in the folder."
        )
    return values[0] if values else None


def _number(raster: _Raster, tag: str) -> float | None:
    """Value of a tag; None when it is absent, NaN or no number."""
    try:
        value = float(raster.tags[tag])
    except (KeyError, ValueError):
        return None
    return value if np.isfinite(value) else None


def _nothing_usable(source: Path, patterns: Sequence[str], set_aside: Sequence[SetAside]) -> str:
    if not set_aside:
        return f"no file in {source} matches {', '.join(patterns)}; give the folder or the patterns of the phases."
    first = set_aside[0]
    return (
        f"none of the {len(set_aside)} files in {source} that match {', '.join(patterns)} can be used; "
        f"the first: {Path(first.name).name}: {first.reason}."
    )
