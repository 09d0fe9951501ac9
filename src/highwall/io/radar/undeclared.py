"""Zeros that stand for missing though no file says so: outside a swath, many pixels are exactly 0."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from numpy.typing import NDArray

from highwall.io.radar.pictures import UNREADABLE

MUCH_ZERO: Final = 0.01
"""Share of pixels that are exactly 0 from which 0 stands for missing, where no file declares what does [1]."""
_SAMPLED_FILES: Final = 12
_SAMPLED_PX: Final = 256
"""Pixels along each side in which zeros are counted [px]."""


def share_of_zeros(rasters: Sequence[Path], *, phases: Sequence[Path] | None = None) -> float:
    """Share of pixels that are exactly 0 [1], the median over some rasters; none of one that declares what is missing.

    Parameters
    ----------
    phases
        Phase beside each raster: then only those zeros count where there is no phase either.
    """
    beside = [None] * len(rasters) if phases is None else phases
    files = list(zip(rasters, beside, strict=True))
    sampled = files[:: max(len(files) // _SAMPLED_FILES, 1)]
    return float(np.median([_share(raster, phase) for raster, phase in sampled])) if files else 0.0


def _share(raster: Path, phase: Path | None) -> float:
    try:
        zeros = _undeclared_zeros(raster)
        return float((zeros if phase is None else zeros & _is_missing(phase)).mean())
    except UNREADABLE:  # a broken file, or two of unlike size: told when they are read
        return 0.0


def _undeclared_zeros(path: Path) -> NDArray[np.bool_]:
    with rasterio.open(path) as dataset:
        values = dataset.read(1, out_shape=_sample_of(dataset))
        return np.zeros(values.shape, bool) if dataset.nodata is not None else values == 0.0


def _is_missing(phase: Path) -> NDArray[np.bool_]:
    """Where a sample of phases is declared missing, no number, or 0."""
    with rasterio.open(phase) as dataset:
        values = dataset.read(1, out_shape=_sample_of(dataset), masked=True).filled(0.0)
    has_phase: NDArray[np.bool_] = np.abs(values) > 0.0  # false of NaN too
    return ~has_phase


def _sample_of(dataset: Any) -> tuple[int, int]:
    return min(dataset.height, _SAMPLED_PX), min(dataset.width, _SAMPLED_PX)
