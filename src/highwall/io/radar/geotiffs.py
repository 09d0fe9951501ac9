"""Folders of GeoTIFFs, one a pair and quantity: the plain format, and what the archives' formats build upon.

Dates come from the tags ``FIRST_DATE`` and ``SECOND_DATE`` or from the file name; ``WAVELENGTH_METRES``,
``INCIDENCE_DEGREES`` and ``BPERP_METRES`` from tags or from GAMMA's text files in the folder.

Sign: as stored. GAMMA, ISCE and ROI_PAC form first × conj(second); its phase, 4π/λ × (range of the second − range of
the first), grows as the ground moves away from the satellite, which is ours.
"""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio
from odc.geo.geobox import GeoBox
from rasterio.errors import NotGeoreferencedWarning

from highwall.core.epochs import dates_in
from highwall.core.errors import SetAside, StackError
from highwall.io.radar import gamma
from highwall.io.radar.look import from_elevation
from highwall.io.radar.pairs import Gathered, OfPair, Pair, PicturesByPair, Placed, collect, number, pair_in
from highwall.io.radar.pictures import UNREADABLE, RasterPicture, check_end
from highwall.io.radar.undeclared import MUCH_ZERO, share_of_zeros

UNW_PATTERNS = ("*unw*.tif",)
COH_PATTERNS = ("*cc*.tif", "*coh*.tif", "*corr*.tif")
_HEIGHTS = ("*dem.tif", "*hgt.tif")


def read_geotiffs(
    source: Path,
    set_aside: list[SetAside],
    *,
    unw_patterns: Sequence[str] = UNW_PATTERNS,
    coh_patterns: Sequence[str] = COH_PATTERNS,
) -> Gathered:
    """Gather a folder with its subfolders.

    A file that matches a pattern and cannot be used is set aside. A coherence whose name and tags carry no date at all
    is no pair's: a mean over pairs, say; it is passed over, as are files that match nothing. Where the phases declare
    no value for missing and many are exactly 0, as outside a swath, 0 is taken for it and the list says so; coherences
    likewise, if they are 0 where there is no phase.
    """
    phase_files = matching(source, unw_patterns)
    phases = _without_empty(collect(phase_files, read_phase, set_aside=set_aside), set_aside)
    coherence_files = [path for path in matching(source, coh_patterns) if path not in phase_files and _dated(path)]
    coherences = _without_unseen(collect(coherence_files, read_coherence, set_aside=set_aside), phases, set_aside)
    heights = [path for path in matching(source, _HEIGHTS) if path not in {*phase_files, *coherence_files}]
    theta, phi = (angle_map(source, name, set_aside=set_aside) for name in ("theta", "phi"))
    return Gathered(
        {"unw": phases, "coh": coherences} if coherence_files else {"unw": phases},
        maps={"height": first_map(heights, set_aside), "los_enu": from_elevation(theta, phi)},
        baselines=gamma.perpendicular_baselines(source) | _tagged_baselines(phases),
        attrs={
            "wavelength_m": _tagged_wavelength(phases) or gamma.wavelength_m(source),
            "incidence_deg": _tagged_incidence(phases) or gamma.incidence_deg(source),
            "heading_deg": gamma.heading_deg(source),
        },
    )


def _without_empty(phases: PicturesByPair, set_aside: list[SetAside]) -> PicturesByPair:
    """Phases whose zeros are missing if they must be: ground without data would pass for ground that stands still."""
    files = [item.placed.picture.path for item in phases.values()]
    share = share_of_zeros(files)
    if share < MUCH_ZERO:
        return phases
    reason = f"the files declare no value for missing, and {share:.0%} of a sample is exactly 0: 0 is taken as missing"
    set_aside.append(SetAside("phases of 0", reason))
    return {
        pair: item._replace(placed=placed(item.placed.picture.path, zero_is_missing=True))
        for pair, item in phases.items()
    }


def _without_unseen(coherences: PicturesByPair, phases: PicturesByPair, set_aside: list[SetAside]) -> PicturesByPair:
    """Coherences whose zeros are missing if no phase lies there: ground never seen would pass for decorrelated."""
    both = [pair for pair in coherences if pair in phases]
    files, beside = ([layer[pair].placed.picture.path for pair in both] for layer in (coherences, phases))
    share = share_of_zeros(files, phases=beside)
    if share < MUCH_ZERO:
        return coherences
    reason = (
        f"the files declare no value for missing, and {share:.0%} of a sample is exactly 0 where there is no phase: "
        "0 is taken as missing"
    )
    set_aside.append(SetAside("coherences of 0", reason))
    return {pair: read_coherence(item.placed.picture.path, zero_is_missing=True) for pair, item in coherences.items()}


def matching(source: Path, patterns: Sequence[str]) -> list[Path]:
    """Files under a folder whose name matches one of the patterns, in order of their paths."""
    return sorted({path for pattern in patterns for path in source.rglob(pattern) if path.is_file()})


class Header(NamedTuple):
    """What a raster says before its pixels are read."""

    grid: GeoBox
    shape: tuple[int, int]
    dtype: str
    tags: Mapping[str, str]


def header(path: Path) -> Header:
    """Open a raster and read its header.

    Raises
    ------
    RasterioError
        It cannot be opened.
    StackError
        It carries no CRS.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # said in words below
        with rasterio.open(path) as dataset:
            if dataset.crs is None:
                raise StackError("it carries no CRS; write it again with one")
            shape = (dataset.height, dataset.width)
            grid = GeoBox(shape, dataset.transform, str(dataset.crs))
            return Header(grid, shape, dataset.dtypes[0], dataset.tags())


def placed(path: Path, *, band: int = 1, zero_is_missing: bool = False) -> Placed:
    """Raster on its grid; errors as of :func:`header`."""
    found = header(path)
    return Placed(RasterPicture(path, found.shape, band=band, zero_is_missing=zero_is_missing), found.grid)


def read_phase(path: Path, *, zero_is_missing: bool = False) -> OfPair:
    """Unwrapped phase [rad] of one pair.

    Raises
    ------
    StackError
        No CRS, no two dates, or another unit.
    """
    found = header(path)
    unit = found.tags.get("DATA_UNITS", "RADIANS")
    if not unit.lower().startswith("rad"):
        raise StackError(f"its tag DATA_UNITS says {unit}; convert it to radians of unwrapped phase")
    picture = RasterPicture(path, found.shape, zero_is_missing=zero_is_missing)
    return OfPair(_pair_of(path, found.tags), Placed(picture, found.grid), found.tags)


def read_coherence(path: Path, *, zero_is_missing: bool = False) -> OfPair:
    """Coherence of one pair, 0 to 1; whole numbers of one byte stand for 255ths."""
    found = header(path)
    scale = 1.0 / 255.0 if found.dtype == "uint8" else 1.0
    picture = RasterPicture(path, found.shape, scale=scale, zero_is_missing=zero_is_missing)
    return OfPair(_pair_of(path, found.tags), Placed(picture, found.grid), found.tags)


def read_labels(path: Path) -> OfPair:
    """Connected components of one pair."""
    found = header(path)
    return OfPair(_pair_of(path, found.tags), Placed(RasterPicture(path, found.shape), found.grid), found.tags)


def first_map(files: Sequence[Path], set_aside: list[SetAside], *, zero_is_missing: bool = False) -> tuple[Placed, ...]:
    """First readable of several rasters as a map, or nothing."""
    for path in files:
        try:
            one = placed(path, zero_is_missing=zero_is_missing)
            check_end(one.picture)
        except (*UNREADABLE, StackError) as error:
            set_aside.append(SetAside(str(path), f"{error}"))
            continue
        return (one,)
    return ()


def angle_map(source: Path, name: str, *, set_aside: list[SetAside]) -> tuple[Placed, ...]:
    """GAMMA's angle ``lv_theta`` or ``lv_phi`` [rad], 0 missing, or nothing."""
    return first_map(matching(source, [f"*lv_{name}*.tif"]), set_aside, zero_is_missing=True)


def _pair_of(path: Path, tags: Mapping[str, str]) -> Pair:
    """Dates of a file: tags first, then its name."""
    tagged = [tags[name] for name in ("FIRST_DATE", "SECOND_DATE") if name in tags]
    return pair_in(" ".join(tagged) if len(tagged) == 2 else path.name)


def _dated(path: Path) -> bool:
    """Tell whether a name or the tags carry any date; a file that cannot be opened counts, so that it is reported."""
    if dates_in(path.name):
        return True
    try:
        return "FIRST_DATE" in header(path).tags
    except (*UNREADABLE, StackError):
        return True


def _tagged_baselines(phases: PicturesByPair) -> dict[Pair, float]:
    values = {pair: number(item.tags, "BPERP_METRES") for pair, item in phases.items()}
    return {pair: value for pair, value in values.items() if value is not None}


def _tagged(phases: PicturesByPair, tag: str) -> list[float]:
    return [value for item in phases.values() if (value := number(item.tags, tag)) is not None]


def _tagged_incidence(phases: PicturesByPair) -> float | None:
    """Mean incidence angle [degree] that the files tell."""
    angles = _tagged(phases, "INCIDENCE_DEGREES")
    return float(np.mean(angles)) if angles else None


def _tagged_wavelength(phases: PicturesByPair) -> float | None:
    """Wavelength [m] that the files agree on."""
    values = _tagged(phases, "WAVELENGTH_METRES")
    if values and max(values) - min(values) > 1e-4 * max(values):
        raise StackError(
            f"the interferograms mix wavelengths from {min(values):g} to {max(values):g} m; "
            "keep those of one sensor in the folder."
        )
    return values[0] if values else None
