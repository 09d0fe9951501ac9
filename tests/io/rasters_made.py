"""Small GeoTIFFs as archives deliver them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine

LEFT, TOP = 500_000.0, 4_990_000.0
"""Upper left corner [m], EPSG:32633, near 15° E, 45° N."""


def geotiff(
    path: Path,
    values: np.ndarray,
    *,
    step: float = 10.0,
    bands: Sequence[str] = (),
    crs: str | None = "EPSG:32633",
    interleave: str = "pixel",
    top: float = TOP,
    scales: Sequence[float] = (),
    offsets: Sequence[float] = (),
    **tags: Any,
) -> Path:
    """Write (y, x) or (band, y, x) digital numbers; what they mean may be stated as scale and offset of each band."""
    stack = values if values.ndim == 3 else values[None]
    count, height, width = stack.shape
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, dtype=stack.dtype, crs=crs,
        transform=Affine(step, 0, LEFT, 0, -step, top), nodata=0, interleave=interleave,
    ) as dataset:  # fmt: skip
        dataset.write(stack)
        dataset.update_tags(**tags)
        if bands:
            dataset.descriptions = tuple(bands)
        if scales:
            dataset.scales, dataset.offsets = tuple(scales), tuple(offsets)
    return path


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    """Digital numbers of land, none of them nodata."""
    return np.random.default_rng(seed).integers(1100, 5000, shape).astype("u2")
