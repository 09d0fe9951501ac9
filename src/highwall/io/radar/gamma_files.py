"""GAMMA's own files: big-endian float32 rows without a header, described by parameter files in the same folder.

``*.unw`` [rad] and ``*.cc`` or ``*.coh``, 0 missing, two dates in the name. The parameter file whose size fits tells
the shape: a DEM/MAP file (``width``, ``nlines``, corner and post: geocoded) before an image file (``range_samples``,
``azimuth_lines``: radar coordinates). ``*lv_theta`` and ``*lv_phi`` [rad] give the vector to the satellite, ``*.hgt``
or ``*.dem`` the height. GAMMA's corner is the centre of the upper left pixel; half a pixel is added here.

Sign: as stored. GAMMA forms first × conj(second): positive away from the satellite.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from highwall.core.errors import SetAside, StackError
from highwall.io.radar import gamma
from highwall.io.radar.geotiffs import matching
from highwall.io.radar.look import from_elevation
from highwall.io.radar.pairs import Gathered, OfPair, Placed, collect, pair_in
from highwall.io.radar.pictures import FlatPicture

_PHASE = ["*.unw"]
_COHERENCE = ["*.cc", "*.coh"]
_FLOAT = ">f4"
LARGEST_RAD = 1e5
"""Phase [rad] that no interferogram reaches; beyond it the bytes lie in another order."""


class _Frame(NamedTuple):
    """Shape and grid that a parameter file describes."""

    shape: tuple[int, int]
    grid: GeoBox | None


def is_gamma(source: Path) -> bool:
    """Tell whether a folder holds phases and parameter files of GAMMA."""
    if not source.is_dir() or not any(True for _ in source.rglob("*.unw")):
        return False
    return not any(True for _ in source.rglob("*.unw.rsc")) and bool(_frames(source))


def read_gamma(source: Path, set_aside: list[SetAside]) -> Gathered:
    """Gather a folder with its subfolders."""
    frames = _frames(source)
    layers = {"unw": collect(matching(source, _PHASE), partial(_phase, frames=frames), set_aside=set_aside)}
    if files := matching(source, _COHERENCE):
        layers["coh"] = collect(files, partial(_of_pair, frames=frames), set_aside=set_aside)
    theta, phi = (_map(source, [f"*lv_{name}", f"*lv_{name}.*"], frames=frames) for name in ("theta", "phi"))
    return Gathered(
        layers,
        maps={"height": _map(source, ["*.hgt", "*.dem"], frames=frames), "los_enu": from_elevation(theta, phi)},
        baselines=gamma.perpendicular_baselines(source),
        attrs={
            "wavelength_m": gamma.wavelength_m(source),
            "incidence_deg": gamma.incidence_deg(source),
            "heading_deg": gamma.heading_deg(source),
        },
    )


def _of_pair(path: Path, *, frames: list[_Frame]) -> OfPair:
    return OfPair(pair_in(path.name), _placed(path, frames))


def _phase(path: Path, *, frames: list[_Frame]) -> OfPair:
    item = _of_pair(path, frames=frames)
    height = item.placed.picture.shape[0]
    row = np.fromfile(
        path, _FLOAT, count=item.placed.picture.shape[1], offset=path.stat().st_size // height * (height // 2)
    )
    if not (np.abs(row) < LARGEST_RAD).all():
        raise StackError("its numbers are no phases [rad]; write it as big-endian float32, as GAMMA does")
    return item


def _placed(path: Path, frames: list[_Frame]) -> Placed:
    """Frame whose size the file has."""
    size = path.stat().st_size
    for frame in frames:
        if frame.shape[0] * frame.shape[1] * np.dtype(_FLOAT).itemsize == size:
            return Placed(FlatPicture(path, frame.shape, _FLOAT), frame.grid)
    known = ", ".join(sorted({f"{height}×{width}" for (height, width), _ in frames}))
    raise StackError(
        f"its {size} bytes are no float32 image of the parameter files' shapes ({known}); it is cut off, or its .par "
        "is missing"
    )


def _map(source: Path, patterns: list[str], *, frames: list[_Frame]) -> tuple[Placed, ...]:
    """First file of that name whose size fits; a map in another geometry is no fault."""
    for path in matching(source, patterns):
        try:
            return (_placed(path, frames),)
        except StackError:
            continue
    return ()


def _frames(source: Path) -> list[_Frame]:
    """Frames of all parameter files, map geometry first."""
    found = list(_described(matching(source, ["*.par", "*_par"])))
    return sorted(found, key=lambda frame: frame.grid is None)


def _described(files: list[Path]) -> Iterator[_Frame]:
    for path in files:
        values = gamma.parameters(path)
        if "nlines" in values and "width" in values:
            shape = (int(values["nlines"][0]), int(values["width"][0]))
            yield _Frame(shape, GeoBox(shape, _transform(values), _crs(path, values)))
        elif "azimuth_lines" in values and "range_samples" in values:
            yield _Frame((int(values["azimuth_lines"][0]), int(values["range_samples"][0])), None)


def _transform(values: dict[str, list[float]]) -> Affine:
    x, y = ("lon", "lat") if "corner_lon" in values else ("east", "north")
    step_x, step_y = values[f"post_{x}"][0], values[f"post_{y}"][0]
    left, top = values[f"corner_{x}"][0] - step_x / 2, values[f"corner_{y}"][0] - step_y / 2
    return Affine(step_x, 0.0, left, 0.0, step_y, top)


def _crs(path: Path, values: dict[str, list[float]]) -> str:
    """Name of the map projection: geographic (EQA) or UTM, on WGS 84."""
    if "corner_lon" in values:
        return "EPSG:4326"
    if "projection_zone" not in values:
        raise StackError(
            f"{path} describes a map projection other than EQA and UTM; resample the interferograms to UTM, or convert "
            "them to GeoTIFF."
        )
    south = values.get("false_northing", [0.0])[0] > 0.0
    return f"EPSG:{(32700 if south else 32600) + int(values['projection_zone'][0])}"
