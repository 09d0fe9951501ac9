"""Polygons of a run as GeoJSON in degrees."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from highwall.io.vectors import read_polygons

_METRES: Final = 7
"""Decimals of a degree: about a centimetre."""
_NOT_SHOWN: Final = ("evidence",)


def features(path: Path) -> list[dict[str, Any]]:
    """Features of a vector file; read again when the file has changed."""
    return _features(str(path), path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _features(path: str, changed: int) -> list[dict[str, Any]]:
    table = read_polygons(Path(path), allow_empty=True).to_crs("EPSG:4326")
    shown = table.drop(columns=[name for name in _NOT_SHOWN if name in table.columns])
    shown = shown.set_geometry(shown.geometry.set_precision(10.0**-_METRES))
    found: list[dict[str, Any]] = json.loads(shown.to_json(na="null", default=str))["features"]
    for feature in found:
        feature["properties"] |= _named(feature["properties"])
    return found


def _named(properties: dict[str, Any]) -> dict[str, Any]:
    """Id and title of a feature, from the columns that its kind has."""
    found = {
        key: next((str(properties[name]) for name in names if properties.get(name)), "")
        for key, names in _NAMES.items()
    }
    return found


_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "id": ("finding_id", "patch_id", "permit_id"),
    "title": ("statement", "mine_class", "holder", "permit_id"),
}
"""Property → columns, the first of which is taken that has anything in it."""
