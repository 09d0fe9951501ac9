"""Writes one product twice: whole, then under ever larger limits on file size, as a disk would fill.

Run as a process of its own, because the limit holds for all of it: ``full_disk.py WHAT FOLDER``. It fails when an
attempt neither succeeds nor raises OutputError, when a failure touches the former product, or when anything is left.
"""

import resource
import sys
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import odc.geo.xr
import shapely
import xarray as xr
from affine import Affine

from highwall.core.errors import OutputError
from highwall.core.grid import GeoBox
from highwall.io.catalog import checksum, write_json
from highwall.io.rasters import read_raster, read_zarr, write_cog, write_zarr
from highwall.io.vectors import read_polygons, write_polygons

GRID = GeoBox((520, 560), Affine(10, 0, 500_000, 0, -10, 4_000_000), "EPSG:32633")
ATTEMPTS = 11


def cog(folder: Path, seed: int) -> Callable[[], bool]:
    noise = odc.geo.xr.wrap_xr(np.random.default_rng(seed).random(GRID.shape, dtype="f4"), GRID).rename("velocity")
    write_cog(noise, folder / "velocity.tif")
    return lambda: bool((read_raster(folder / "velocity.tif") == noise).all())


def vectors(folder: Path, seed: int) -> Callable[[], bool]:
    points = np.random.default_rng(seed).random((3000, 2))
    circles = shapely.buffer(shapely.points(points), 1)
    frame = gpd.GeoDataFrame({"seed": [seed] * len(circles)}, geometry=circles, crs="EPSG:32633")
    write_polygons(frame, folder / "patches")
    return lambda: all(
        bool((read_polygons(folder / name).seed == seed).all()) and len(read_polygons(folder / name)) == 3000
        for name in ("patches.gpkg", "patches.parquet")
    )


def zarr(folder: Path, seed: int) -> Callable[[], bool]:
    values = np.random.default_rng(seed).random((6, 200, 200), dtype="f4")
    write_zarr(xr.Dataset({"displacement": (("epoch", "y", "x"), values)}), folder / "displacement.zarr")
    return lambda: bool((read_zarr(folder / "displacement.zarr").displacement.values == values).all())


def json(folder: Path, seed: int) -> Callable[[], bool]:
    write_json({"seed": [seed] * 50_000}, folder / "summary.json")
    return lambda: (folder / "summary.json").read_text().count(str(seed)) == 50_000


def main(what: str, folder: Path) -> None:
    write = {"cog": cog, "vectors": vectors, "zarr": zarr, "json": json}[what]
    write(folder, 1)
    names = sorted(path.name for path in folder.iterdir())
    largest = max(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    refused = 0
    for limit in np.linspace(200, 1.1 * largest, ATTEMPTS, dtype=int):
        before = {name: checksum(folder / name) for name in names}
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
        try:
            is_whole = write(folder, 2)
        except OutputError as error:
            refused += 1
            is_whole = None
            check("could not write" in str(error), str(error))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        check(sorted(path.name for path in folder.iterdir()) == names, f"{limit}: something is left")
        if is_whole is None and len(names) == 1:  # of two files the first may be written before the second fails
            check(before == {name: checksum(folder / name) for name in names}, f"{limit}: the former product changed")
        if is_whole is not None:
            check(is_whole(), f"{limit}: written without a complaint, and wrong")
            write(folder, 1)
    check(0 < refused < ATTEMPTS, f"{refused} of {ATTEMPTS} refused: the limits miss the size of the product")


def check(holds: bool, message: str) -> None:
    if not holds:
        raise SystemExit(message)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
