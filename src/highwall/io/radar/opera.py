"""OPERA's displacement products of Sentinel-1 (DISP-S1): one NetCDF a date, each against a reference that moves on.

``OPERA_L3_DISP-S1_IW_F…_VV_<reference>_<secondary>_v…_….nc`` with ``displacement`` [m], ``temporal_coherence`` or
``estimated_phase_quality``, ``connected_component_labels`` and ``recommended_mask``. Each file becomes the pair
(reference, secondary) with phase −4π/λ × displacement: the pairs form a tree, whose inversion adds the products up
along it and so rebases the series to its first date, exactly and with any weights. Where the mask advises against a
pixel its connected component is 0 (none); the phase is kept.

Sign: the product specification and the files' own description say "positive values indicate apparent motion towards
the platform"; the factor turns that into phase that is positive away.
"""

import math
from pathlib import Path

import h5py
import numpy as np

from highwall.core.constants import SENTINEL1_WAVELENGTH
from highwall.core.epochs import dates_in
from highwall.core.errors import SetAside, StackError
from highwall.io.radar.geotiffs import first_map, matching, placed
from highwall.io.radar.hdf import grid_of_file
from highwall.io.radar.pairs import Gathered, OfPair, Pair, Placed, collect, pair_in
from highwall.io.radar.pictures import HdfPicture

_NAME = "OPERA_L3_DISP-S1_*.nc"
_QUALITY = ("temporal_coherence", "estimated_phase_quality")
_WAVELENGTH = "identification/radar_wavelength"
_BASELINE = "corrections/perpendicular_baseline"
_NO_LABEL = (0.0, 65535.0)


def is_opera(source: Path) -> bool:
    """Tell whether a folder holds displacement products."""
    return source.is_dir() and any(True for _ in source.rglob(_NAME))


def read_opera(source: Path, set_aside: list[SetAside]) -> Gathered:
    """Gather the products in a folder; of one pair made twice the newer stays."""
    files = sorted(matching(source, [_NAME]), reverse=True)
    phases = collect(files, _phase, set_aside=set_aside)
    usable = [item.placed.picture.path for item in phases.values()]
    return Gathered(
        {
            "unw": phases,
            "coh": collect(usable, _coherence, set_aside=set_aside),
            "conncomp": collect(usable, _labels, set_aside=set_aside),
        },
        maps={"height": first_map(matching(source, ["*DISP-S1-STATIC*_dem.tif"]), set_aside), "los_enu": _los(source)},
        baselines={pair: value for pair, item in phases.items() if (value := _baseline(item)) is not None},
        attrs={"wavelength_m": _wavelength(usable[0]) if usable else None},
    )


def _phase(path: Path) -> OfPair:
    return _of_pair(path, "displacement", scale=-4.0 * math.pi / _wavelength(path))


def _coherence(path: Path) -> OfPair:
    with h5py.File(path, "r") as file:
        name = next((name for name in _QUALITY if name in file), _QUALITY[0])
    return _of_pair(path, name)


def _labels(path: Path) -> OfPair:
    with h5py.File(path, "r") as file:
        keep = "recommended_mask" if "recommended_mask" in file else ""
    return _of_pair(path, "connected_component_labels", missing=_NO_LABEL, keep=keep)


def _of_pair(
    path: Path, dataset: str, *, scale: float = 1.0, missing: tuple[float, ...] = (), keep: str = ""
) -> OfPair:
    with h5py.File(path, "r") as file:
        height, width = file[dataset].shape
        grid = grid_of_file(file)
    if grid is None:
        raise StackError("it lacks the axes x and y or spatial_ref; download it again")
    picture = HdfPicture(path, (height, width), dataset, scale=scale, missing=missing, keep=keep)
    return OfPair(_pair(path), Placed(picture, grid))


def _pair(path: Path) -> Pair:
    """Reference and secondary date; the third date of the name is that of production."""
    return pair_in(" ".join(date.isoformat() for date in dates_in(path.name)[:2]))


def _wavelength(path: Path) -> float:
    with h5py.File(path, "r") as file:
        return float(file[_WAVELENGTH][()]) if _WAVELENGTH in file else SENTINEL1_WAVELENGTH


def _baseline(item: OfPair) -> float | None:
    """Perpendicular baseline along the middle row [m]."""
    with h5py.File(item.placed.picture.path, "r") as file:
        if _BASELINE not in file:
            return None
        values = np.asarray(file[_BASELINE][file[_BASELINE].shape[0] // 2])
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _los(source: Path) -> tuple[Placed, ...]:
    """East, north and up from the bands of the static layers."""
    files = matching(source, ["*DISP-S1-STATIC*_line_of_sight_enu.tif"])
    return tuple(placed(files[0], band=band) for band in (1, 2, 3)) if files else ()
