"""Images made for the tests of segmentation."""

import numpy as np
import xarray as xr
from scipy.spatial import cKDTree


def as_image(values: np.ndarray) -> xr.DataArray:
    """(band, y, x) with bands named B1, B2, …"""
    return xr.DataArray(
        values, dims=("band", "y", "x"), coords={"band": [f"B{number}" for number in range(1, len(values) + 1)]}
    )


def noise(*shape: int, seed: int = 0, levels: int = 256) -> xr.DataArray:
    """8-bit noise with as many values as ``levels``: few make many equal costs."""
    return as_image(np.random.default_rng(seed).integers(0, levels, shape).astype(np.uint8))


def scene(rows: int, cols: int, *, seed: int = 0) -> xr.DataArray:
    """Three correlated 8-bit bands with structure of all sizes, as a scene of the ground has."""
    rng = np.random.default_rng(seed)
    values = np.zeros((rows, cols))
    for cell in (1, 3, 9, 27):
        coarse = rng.normal(size=(rows // cell + 2, cols // cell + 2)) * cell**0.5
        values += np.kron(coarse, np.ones((cell, cell)))[:rows, :cols]
    bands = np.stack([values, 0.8 * values, 0.5 * values]) + rng.normal(scale=0.3, size=(3, rows, cols))
    return as_image(np.clip(128 + 12 * bands, 0, 255).astype(np.uint8))


def voronoi(side: int, n_cells: int, *, noise_std: float, seed: int = 0) -> tuple[xr.DataArray, np.ndarray]:
    """Cells of even colour with noise, and which cell each pixel lies in: (y, x) from 0."""
    rng = np.random.default_rng(seed)
    seeds = rng.uniform(0, side, (n_cells, 2))
    pixels = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), axis=-1)
    truth = cKDTree(seeds).query(pixels.reshape(-1, 2))[1].reshape(side, side)
    colours = rng.uniform(30, 225, (n_cells, 3))
    values = colours[truth] + rng.normal(scale=noise_std, size=(side, side, 3))
    return as_image(np.moveaxis(np.clip(np.rint(values), 0, 255), -1, 0).astype(np.uint8)), truth


def chain(n: int) -> xr.DataArray:
    """One row whose steps grow to the right: the row merges from its left end, a few pixels an iteration."""
    return as_image(np.cumsum(np.arange(n, dtype=np.uint16)).reshape(1, 1, n))
