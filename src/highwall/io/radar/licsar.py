"""COMET's LiCSAR products of Sentinel-1: a frame's folder ``GEOC`` with one folder a pair.

``20200101_20200113.geo.unw.tif`` [rad, 0 is missing], ``.geo.cc.tif`` (bytes, 255ths, 0 is missing), ``metadata.txt``
(``heading``, ``avg_incidence_angle``), ``baselines`` (primary, epoch, perpendicular baseline, days), and the frame's
``*.geo.E.tif``, ``N``, ``U`` (vector from the ground to the satellite, 0 is missing) and ``*.geo.hgt.tif``, here or
in ``metadata`` beside ``GEOC``.

Sign: as stored. LiCSAR is made with GAMMA as first × conj(second), and is turned into motion toward the satellite by
−λ/4π: positive away, ours.
"""

from pathlib import Path

from highwall.core.constants import SENTINEL1_WAVELENGTH
from highwall.core.epochs import dates_in
from highwall.core.errors import SetAside
from highwall.io.radar.geotiffs import first_map, matching, read_coherence, read_phase
from highwall.io.radar.pairs import Gathered, OfPair, Pair, Placed, collect, number

_PHASE = "*.geo.unw.tif"


def is_licsar(source: Path) -> bool:
    """Tell whether a folder holds LiCSAR's phases."""
    return source.is_dir() and any(True for _ in source.rglob(_PHASE))


def read_licsar(source: Path, set_aside: list[SetAside]) -> Gathered:
    """Gather a frame."""
    phases = collect(matching(source, [_PHASE]), _phase, set_aside=set_aside)
    layers = {"unw": phases}
    if files := matching(source, ["*.geo.cc.tif"]):
        layers["coh"] = collect(files, _coherence, set_aside=set_aside)
    record = _record(source)
    return Gathered(
        layers,
        maps={"height": first_map(_beside(source, "*.geo.hgt.tif"), set_aside), "los_enu": _los(source, set_aside)},
        baselines=_baselines(source, list(phases)),
        attrs={
            "wavelength_m": SENTINEL1_WAVELENGTH,
            "incidence_deg": number(record, "avg_incidence_angle"),
            "heading_deg": number(record, "heading"),
        },
    )


def _phase(path: Path) -> OfPair:
    return read_phase(path, zero_is_missing=True)


def _coherence(path: Path) -> OfPair:
    return read_coherence(path, zero_is_missing=True)


def _beside(source: Path, pattern: str) -> list[Path]:
    """Files of the frame: in the folder, or in ``metadata`` next to it."""
    return matching(source, [pattern]) or matching(source.resolve().parent / "metadata", [pattern])


def _los(source: Path, set_aside: list[SetAside]) -> tuple[Placed, ...]:
    """East, north, up; nothing unless all three are there."""
    parts = [first_map(_beside(source, f"*.geo.{axis}.tif"), set_aside, zero_is_missing=True) for axis in "ENU"]
    return tuple(part[0] for part in parts) if all(parts) else ()


def _record(source: Path) -> dict[str, str]:
    rows = [
        line.partition("=") for path in _beside(source, "metadata.txt")[:1] for line in path.read_text().splitlines()
    ]
    return {key.strip(): value.strip() for key, _, value in rows}


def _baselines(source: Path, pairs: list[Pair]) -> dict[Pair, float]:
    """Perpendicular baseline of each pair [m]: the second epoch's to the primary less the first's."""
    epochs: dict[str, float] = {}
    for path in _beside(source, "baselines")[:1]:
        for line in path.read_text().splitlines():
            dates, words = dates_in(line), line.split()
            if len(dates) == 2 and len(words) >= 3:
                epochs |= {dates[0].isoformat(): 0.0, dates[1].isoformat(): float(words[2])}
    return {(a, b): epochs[b] - epochs[a] for a, b in pairs if a in epochs and b in epochs}
