"""A simulated stack larger than memory, written block by block as Zarr, with the truth beside it."""

from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr
import zarr
from affine import Affine
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from highwall.core.constants import SENTINEL1_WAVELENGTH
from highwall.core.products import LAYERS
from insar_scene import DATES, LOOKS, displacement, interferograms, missing_where_incoherent, scene, short_pairs

CHUNK_PX, POSTING_M = 128, 15.0


def make(folder: Path, side: int) -> None:
    """Write ``stack.zarr`` and ``truth.npz`` of ``side`` × ``side`` pixels to a folder."""
    pairs, ground = short_pairs(), scene(side)
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / "stack.zarr"
    template(pairs, side).to_zarr(store, mode="w", zarr_format=3, consolidated=False, compute=False)
    group = zarr.open_group(store, mode="r+")
    starts = range(0, side, CHUNK_PX)
    for top in starts:
        for left in starts:
            rows, cols = slice(top, top + CHUNK_PX), slice(left, left + CHUNK_PX)
            rng = np.random.default_rng((top, left))
            series = displacement(ground, rows, cols)
            block = interferograms(rng, series, ground.coherence[rows, cols], pairs=pairs)
            for name, values in missing_where_incoherent(block)._asdict().items():
                group[name][:, rows, cols] = values
        print(f"{min(top + CHUNK_PX, side)} of {side} rows", end="\r", flush=True)
    np.savez(folder / "truth.npz", velocity=ground.velocity, coherence=ground.coherence)
    print(f"{store}: {len(pairs)} × {side} × {side}, {size_mb(store):.0f} MB as arrays")


def template(pairs: np.ndarray, side: int) -> xr.Dataset:
    """Variables and coordinates of the stack; its arrays take no memory."""
    geobox = GeoBox((side, side), Affine(POSTING_M, 0, 440_000, 0, -POSTING_M, 4_400_000), "EPSG:32650")
    blank = da.zeros((len(pairs), side, side), dtype=np.float32, chunks=(-1, CHUNK_PX, CHUNK_PX))
    dates = {name: ("pair", DATES[pairs[:, column]]) for column, name in enumerate(("first", "second"))}
    arrays = {name: (("pair", "y", "x"), blank, LAYERS[name].attrs()) for name in ("unw", "coh")}
    attrs = {"wavelength_m": SENTINEL1_WAVELENGTH, "looks": LOOKS, "simulated": "yes"}
    return xr.Dataset(arrays, coords=xr_coords(geobox) | dates, attrs=attrs)


def size_mb(store: Path) -> float:
    """Size of the arrays as they lie in memory [MB]."""
    group = zarr.open_group(store, mode="r")
    return sum(group[name].nbytes for name in ("unw", "coh")) / 1e6
