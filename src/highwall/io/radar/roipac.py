"""ROI_PAC's files: little-endian float32 rows, amplitude then phase or coherence, each with a text file ``.rsc``.

``*.unw`` [rad] and ``*.cor``, 0 missing. The ``.rsc`` beside each tells ``WIDTH``, ``FILE_LENGTH``, ``DATE12``,
``WAVELENGTH``, ``P_BASELINE_TOP_HDR`` and ``P_BASELINE_BOTTOM_HDR`` and, when geocoded, ``X_FIRST``, ``Y_FIRST``,
``X_STEP``, ``Y_STEP`` of the upper left corner; without these the stack is in radar coordinates.

Sign: as stored. ROI_PAC forms first × conj(second) in the order of ``DATE12``: positive away from the satellite.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from affine import Affine
from odc.geo.geobox import GeoBox

from highwall.core.errors import SetAside, StackError
from highwall.io.radar.geotiffs import matching
from highwall.io.radar.pairs import Gathered, OfPair, Pair, Placed, collect, number, pair_in
from highwall.io.radar.pictures import FlatPicture

_FLOAT = "<f4"
_SHORT_DATES = re.compile(r"(?<!\d)(\d{6})[-_](\d{6})(?!\d)")
_CENTURY_BREAK = 70
"""Two-digit years from here on belong to the 20th century."""


def is_roipac(source: Path) -> bool:
    """Tell whether a folder holds ROI_PAC's phases."""
    return source.is_dir() and any(True for _ in source.rglob("*.unw.rsc"))


def read_roipac(source: Path, set_aside: list[SetAside]) -> Gathered:
    """Gather a folder with its subfolders.

    Raises
    ------
    StackError
        The files mix wavelengths.
    """
    phases = collect(matching(source, ["*.unw"]), _of_pair, set_aside=set_aside)
    layers = {"unw": phases}
    if files := matching(source, ["*.cor"]):
        layers["coh"] = collect(files, _of_pair, set_aside=set_aside)
    records = {pair: item.tags for pair, item in phases.items()}
    baselines = {pair: value for pair, record in records.items() if (value := _baseline(record)) is not None}
    first = next(iter(records.values()), {})
    attrs = {"wavelength_m": number(first, "WAVELENGTH"), "heading_deg": heading_deg(first)}
    return Gathered(layers, maps={"height": _height(source)}, baselines=baselines, attrs=attrs)


def grid_of_record(record: Mapping[str, Any]) -> GeoBox | None:
    """Grid of ROI_PAC's and MintPy's attributes; None in radar coordinates.

    Raises
    ------
    StackError
        Map coordinates in metres without ``EPSG`` or ``UTM_ZONE``.
    """
    values = [value for key in ("X_STEP", "X_FIRST", "Y_STEP", "Y_FIRST") if (value := number(record, key)) is not None]
    if len(values) < 4:
        return None
    step_x, left, step_y, top = values
    return GeoBox(shape_of_record(record), Affine(step_x, 0.0, left, 0.0, step_y, top), _crs(record))


def shape_of_record(record: Mapping[str, Any]) -> tuple[int, int]:
    """Rows and columns."""
    try:
        return int(record["LENGTH" if "LENGTH" in record else "FILE_LENGTH"]), int(record["WIDTH"])
    except (KeyError, ValueError) as error:
        raise StackError("its attributes give no WIDTH or LENGTH; write it again") from error


def heading_deg(record: Mapping[str, Any]) -> float | None:
    """Direction of flight, clockwise from north [degree]."""
    return number(record, "HEADING_DEG" if "HEADING_DEG" in record else "HEADING")


def _crs(record: Mapping[str, Any]) -> str:
    if (code := number(record, "EPSG")) is not None:
        return f"EPSG:{code:.0f}"
    if str(record.get("X_UNIT", "degrees")).lower().startswith("deg"):
        return "EPSG:4326"
    zone = re.fullmatch(r"(\d+)\s*([NS])", str(record.get("UTM_ZONE", "")).strip().upper())
    if zone is None:
        raise StackError("its map coordinates are in metres, without EPSG or UTM_ZONE (such as 33N); add one of them")
    return f"EPSG:{(32600 if zone[2] == 'N' else 32700) + int(zone[1])}"


def _of_pair(path: Path) -> OfPair:
    record = _record(path)
    return OfPair(_pair(path, record), _placed(path, record), record)


def _placed(path: Path, record: Mapping[str, str]) -> Placed:
    """Second quantity of each row, or the only one where the file's size says so."""
    height, width = shape_of_record(record)
    double = path.stat().st_size != height * width * 4
    picture = FlatPicture(path, (height, width), _FLOAT, skip=width * double, row_length=width * (1 + double))
    return Placed(picture, grid_of_record(record))


def _record(path: Path) -> dict[str, str]:
    """Keys and values of the ``.rsc`` beside a file."""
    text = path.with_name(f"{path.name}.rsc").read_text(encoding="utf-8", errors="replace")
    return {words[0]: words[1] for line in text.splitlines() if len(words := line.split(maxsplit=1)) == 2}


def _pair(path: Path, record: Mapping[str, str]) -> Pair:
    text = record.get("DATE12") or path.name
    short = _SHORT_DATES.search(text)
    return pair_in(" ".join(_long(date) for date in short.groups()) if short else text)


def _long(date: str) -> str:
    return f"{'19' if int(date[:2]) >= _CENTURY_BREAK else '20'}{date}"


def _baseline(record: Mapping[str, str]) -> float | None:
    """Mean of the perpendicular baselines at the top and the bottom [m]."""
    ends = [number(record, f"P_BASELINE_{end}_HDR") for end in ("TOP", "BOTTOM")]
    known = [value for value in ends if value is not None]
    return sum(known) / len(known) if known else None


def _height(source: Path) -> tuple[Placed, ...]:
    """Height model ``*.hgt`` (amplitude and height) that has its ``.rsc``."""
    for path in matching(source, ["*.hgt"]):
        if path.with_name(f"{path.name}.rsc").is_file():
            return (_placed(path, _record(path)),)
    return ()
