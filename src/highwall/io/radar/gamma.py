"""What GAMMA's text files beside the interferograms say: baselines, wavelength, incidence angle."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from highwall.core.constants import SPEED_OF_LIGHT
from highwall.core.epochs import dates_in

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_TABLE_COLUMNS = 9
"""line, range, B_t, B_c, B_n, look angle, bpara, bperp, blen: a row of ``*bperp.par``."""
_BPERP_COLUMN = 7


def parameters(path: Path) -> dict[str, list[float]]:
    """Numbers of a GAMMA parameter file by keyword; lines without a keyword or a number are passed over."""
    found: dict[str, list[float]] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        keyword, colon, rest = line.partition(":")
        numbers = [float(number) for number in _NUMBER.findall(rest)]
        if colon and numbers:
            found[keyword.strip()] = numbers
    return found


def perpendicular_baselines(folder: Path) -> dict[tuple[str, str], float]:
    """Perpendicular baseline of each pair [m] by its two ISO dates, as far as the folder tells.

    The median of the table in ``*bperp.par`` comes first; otherwise the precision baseline, or the initial one, of
    ``*base.par`` is projected with the look angle at the centre, B⊥ = B_c cos l − B_n sin l, if a ``*mli.par`` or
    ``*slc.par`` gives that angle; otherwise a list ``bperp*`` of *base_calc* is read.
    """
    look = _look_angle(folder)
    baselines = _listed(folder)
    for path, pair in _named_by_pair(folder, "*base.par"):
        value = math.nan if look is None else _projected(parameters(path), look)
        if math.isfinite(value):
            baselines[pair] = value
    for path, pair in _named_by_pair(folder, "*bperp.par"):
        value = _table_median(path)
        if math.isfinite(value):
            baselines[pair] = value
    return baselines


def wavelength_m(folder: Path) -> float | None:
    """Radar wavelength [m] from the first image header that gives a frequency."""
    for header in _headers(folder):
        frequency = header.get("radar_frequency", [0.0])[0]
        if frequency > 0.0:
            return SPEED_OF_LIGHT / frequency
    return None


def incidence_deg(folder: Path) -> float | None:
    """Mean incidence angle [degree] of the image headers."""
    angles = [header["incidence_angle"][0] for header in _headers(folder) if "incidence_angle" in header]
    return float(np.mean(angles)) if angles else None


def heading_deg(folder: Path) -> float | None:
    """Direction of flight, clockwise from north [degree], of the first image header that gives one."""
    return next((header["heading"][0] for header in _headers(folder) if "heading" in header), None)


def _headers(folder: Path) -> Iterator[dict[str, list[float]]]:
    for pattern in ("*mli.par", "*slc.par"):
        for path in sorted(folder.rglob(pattern)):
            yield parameters(path)


def _named_by_pair(folder: Path, pattern: str) -> Iterator[tuple[Path, tuple[str, str]]]:
    for path in sorted(folder.rglob(pattern)):
        dates = dates_in(path.name)
        if len(dates) == 2:
            yield path, (dates[0].isoformat(), dates[1].isoformat())


def _listed(folder: Path) -> dict[tuple[str, str], float]:
    """Baselines of lists with a pair a line: number, first date, second date, perpendicular baseline [m], …."""
    found = {}
    for path in sorted(path for path in folder.rglob("bperp*") if path.is_file() and path.suffix in {"", ".txt"}):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            dates, words = dates_in(line), line.split()
            if len(dates) == 2 and len(words) >= 4 and _NUMBER.fullmatch(words[3]):
                found[dates[0].isoformat(), dates[1].isoformat()] = float(words[3])
    return found


def _look_angle(folder: Path) -> float | None:
    """Look angle at the scene's centre [rad]: sin l = sin θ · R_earth / R_satellite, both from the Earth's centre."""
    needed = ("incidence_angle", "earth_radius_below_sensor", "sar_to_earth_center")
    for header in _headers(folder):
        if all(name in header for name in needed):
            angle, earth, satellite = (header[name][0] for name in needed)
            return math.asin(math.sin(math.radians(angle)) * earth / satellite)
    return None


def _projected(values: dict[str, list[float]], look: float) -> float:
    """Perpendicular part of a baseline vector in track, cross-track, normal."""
    for name in ("precision_baseline(TCN)", "initial_baseline(TCN)"):
        vector = values.get(name, [])
        if len(vector) >= 3 and any(vector[:3]):
            return vector[1] * math.cos(look) - vector[2] * math.sin(look)
    return math.nan


def _table_median(path: Path) -> float:
    """Median of the column *bperp* over the scene; NaN when the file holds no table."""
    rows = [line.split() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    values = [
        float(row[_BPERP_COLUMN])
        for row in rows
        if len(row) == _TABLE_COLUMNS and all(_NUMBER.fullmatch(word) for word in row)
    ]
    return float(np.median(values)) if values else math.nan
