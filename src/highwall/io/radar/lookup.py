"""GAMMA's lookup tables: where each pixel of a DEM's grid lies in the multilooked radar image."""

from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from highwall.core.errors import GridError, MissingInputError, StackError
from highwall.io.radar.gamma import parameters

_COMPLEX: Final = np.dtype(">c8")
"""GAMMA's FCOMPLEX: two big-endian 32-bit floats."""


def read_lookup(path: Path, *, dem: Path, image: Path) -> xr.Dataset:
    """Read a GAMMA lookup table (``*_to_rdc.lt``).

    Parameters
    ----------
    path
        FCOMPLEX on the DEM's grid: real = range sample, imaginary = azimuth line, 0 + 0j = outside the image.
    dem
        Parameter file of that DEM (``*_eqa_dem.par``).
    image
        Parameter file of the multilooked image (``*_mli.par``).

    Returns
    -------
    row, col : (y, x) float32, NaN outside the image
        On the DEM's grid, with the attributes ``lines`` and ``samples`` of the radar image.

    Raises
    ------
    MissingInputError
        A file is not there.
    StackError
        The table is not as large as the DEM, a header lacks an entry, or the table points outside the image.
    """
    grid = dem_grid(dem)
    header = _header(image)
    lines, samples = (int(_entry(header, name, image)) for name in ("azimuth_lines", "range_samples"))
    places = _places(path, grid)
    inside = (places.imag <= lines - 1) & (places.real <= samples - 1) & (places.imag >= 0) & (places.real >= 0)
    if not inside.any():
        raise StackError(
            f"{path} points nowhere into the {lines}×{samples} image of {image.name}; give its own headers."
        )
    layers = {"row": places.imag, "col": places.real}
    return xr.Dataset(
        {name: (("y", "x"), np.where(inside, layer, np.nan).astype(np.float32)) for name, layer in layers.items()},
        coords=xr_coords(grid, dims=("y", "x")),
        attrs={"lines": lines, "samples": samples},
    )


def dem_grid(path: Path) -> GeoBox:
    """Grid of a GAMMA DEM parameter file in geographic (EQA) or UTM coordinates.

    GAMMA gives the centre of the first pixel; the grid begins half a pixel before.

    Raises
    ------
    MissingInputError
        There is no such file.
    StackError
        An entry is missing.
    GridError
        The DEM is in another projection.
    """
    header, projection = _header(path), _projection(path)
    if projection == "EQA":
        names, crs = ("corner_lon", "corner_lat", "post_lon", "post_lat"), "EPSG:4326"
    elif projection == "UTM":
        names = ("corner_east", "corner_north", "post_east", "post_north")
        southern = _entry(header, "false_northing", path) > 0.0
        crs = f"EPSG:{(32700 if southern else 32600) + int(_entry(header, 'projection_zone', path))}"
    else:
        raise GridError(f"{path} has the projection {projection!r}; geocode in EQA or UTM.")
    x, y, dx, dy = (_entry(header, name, path) for name in names)
    height, width = (int(_entry(header, name, path)) for name in ("nlines", "width"))
    return GeoBox((height, width), Affine(dx, 0.0, x - dx / 2.0, 0.0, dy, y - dy / 2.0), crs)


def _places(path: Path, grid: GeoBox) -> NDArray[np.complex64]:
    """Samples + i · lines of each DEM pixel: (y, x), NaN outside the image."""
    if not path.is_file():
        raise MissingInputError(f"{path} does not exist; give GAMMA's lookup table (*_to_rdc.lt).")
    values = np.fromfile(path, dtype=_COMPLEX)
    height, width = grid.shape
    if values.size != height * width or path.stat().st_size % _COMPLEX.itemsize:
        raise StackError(
            f"{path} holds {path.stat().st_size} bytes, the DEM of {height}×{width} pixels needs "
            f"{height * width * _COMPLEX.itemsize}; the file is truncated or belongs to another DEM."
        )
    places = values.astype(np.complex64).reshape(height, width)
    return np.where(places == 0, np.complex64(complex(np.nan, np.nan)), places)


def _header(path: Path) -> dict[str, list[float]]:
    if not path.is_file():
        raise MissingInputError(f"{path} does not exist; give GAMMA's parameter file.")
    return parameters(path)


def _entry(header: dict[str, list[float]], name: str, path: Path) -> float:
    if name not in header:
        raise StackError(f"{path} has no entry {name!r}; give GAMMA's parameter file of that image or DEM.")
    return header[name][0]


def _projection(path: Path) -> str:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("DEM_projection:"):
            return line.partition(":")[2].strip()
    return "not stated"
