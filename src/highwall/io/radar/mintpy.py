"""MintPy's stack of interferograms: ``ifgramStack.h5``, alone, in a folder or in its ``inputs``.

``unwrapPhase`` [rad, 0 is missing], ``coherence`` (0 is missing), ``connectComponent``, ``date``, ``bperp`` and
``dropIfgram`` (False: left out), with ROI_PAC's attributes; ``geometryGeo.h5`` or ``geometryRadar.h5`` beside it gives
``height``, ``incidenceAngle`` (from the vertical), ``azimuthAngle`` (of the vector from the ground to the satellite,
anticlockwise from north) [degree], ``latitude`` and ``longitude``.

Sign: as stored. MintPy writes phase as second minus first and takes −λ/4π of it as motion toward the satellite: its
equations put the sign there, the paper's eq. 1 into first minus second of the propagation phase −4π/λ·range. All
three are 4π/λ × (range of the second − range of the first), positive away from the satellite.
"""

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np

from highwall.core.errors import SetAside, StackError
from highwall.io.radar.hdf import holds, texts_of
from highwall.io.radar.look import from_incidence
from highwall.io.radar.pairs import Gathered, OfPair, Pair, PicturesByPair, Placed, number, pair_in
from highwall.io.radar.pictures import UNREADABLE, HdfPicture, check_end
from highwall.io.radar.roipac import grid_of_record, heading_deg, shape_of_record

_PLACES = ("ifgramStack.h5", "inputs/ifgramStack.h5")
_GEOMETRIES = ("geometryGeo.h5", "geometryRadar.h5")
_LAYERS = {"unw": "unwrapPhase", "coh": "coherence", "conncomp": "connectComponent"}


def is_mintpy(source: Path) -> bool:
    """Tell whether a path is MintPy's stack or holds it."""
    return _stack_file(source) is not None


def read_mintpy(source: Path, set_aside: list[SetAside]) -> Gathered:
    """Gather a stack and the geometry beside it.

    Raises
    ------
    StackError
        The file is cut off.
    """
    path = _stack_file(source) or source
    with h5py.File(path, "r") as file:
        record = texts_of(file.attrs)
        pairs = [pair_in(f"{first.decode()} {second.decode()}") for first, second in file["date"][()]]
        bperp = file["bperp"][()] if "bperp" in file else np.full(len(pairs), np.nan)
        keep = file["dropIfgram"][()] if "dropIfgram" in file else np.ones(len(pairs), bool)
        names = [layer for layer, dataset in _LAYERS.items() if dataset in file]
    dropped = [pair for pair, kept in zip(pairs, keep, strict=True) if not kept]
    set_aside += [SetAside("/".join(pair), f"{path.name} marks it as left out (dropIfgram)") for pair in dropped]
    layers = {layer: _pictures(path, layer, record=record, pairs=pairs) for layer in _LAYERS if layer in names}
    for pictures in layers.values():
        _check_end(path, pictures)
        for pair in dropped:
            del pictures[pair]
    return Gathered(
        layers,
        maps=_maps(path),
        baselines={pair: float(value) for pair, value in zip(pairs, bperp, strict=True) if np.isfinite(value)},
        attrs={"wavelength_m": number(record, "WAVELENGTH"), "heading_deg": heading_deg(record)},
    )


def _pictures(path: Path, layer: str, *, record: Mapping[str, str], pairs: list[Pair]) -> PicturesByPair:
    """Each pair's picture of a layer; 0 is no phase, and no coherence."""
    grid, shape = grid_of_record(record), shape_of_record(record)
    missing = (0.0,) if layer in ("unw", "coh") else ()
    pictures = [HdfPicture(path, shape, _LAYERS[layer], index=(n,), missing=missing) for n in range(len(pairs))]
    found = {pair: OfPair(pair, Placed(picture, grid)) for pair, picture in zip(pairs, pictures, strict=True)}
    return {pair: found[pair] for pair in sorted(found)}


def _stack_file(source: Path) -> Path | None:
    places = [source / place for place in _PLACES] if source.is_dir() else [source]
    return next((place for place in places if holds(place, _LAYERS["unw"])), None)


def _check_end(path: Path, pictures: PicturesByPair) -> None:
    try:
        for item in pictures.values():
            check_end(item.placed.picture)
    except UNREADABLE as error:
        raise StackError(f"{path} is cut off ({error}); write it again with MintPy's load_data.py.") from error


def _maps(path: Path) -> dict[str, tuple[Placed, ...]]:
    """Maps of the geometry file beside a stack."""
    geometry = next((place for name in _GEOMETRIES if (place := path.with_name(name)).is_file()), None)
    if geometry is None:
        return {}
    with h5py.File(geometry, "r") as file:
        record = texts_of(file.attrs)
        present = {name for name in file if isinstance(file[name], h5py.Dataset)}
    grid, shape = grid_of_record(record), shape_of_record(record)

    def part(name: str, *missing: float) -> tuple[Placed, ...]:
        return (Placed(HdfPicture(geometry, shape, name, missing=missing), grid),) if name in present else ()

    in_radar = ("latitude", "longitude") if grid is None else ()
    look = from_incidence(part("incidenceAngle", 0.0), part("azimuthAngle", 0.0))
    return {**{name: part(name) for name in ("height", *in_radar)}, "los_enu": look}
