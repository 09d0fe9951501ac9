"""Lines out: GeoJSON in pixel or map coordinates."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.grid import GeoBox, crs_name
from highwall.io.aside import write_text

PIXELS = "pixels: x right, y down, origin at the upper left corner"


class Lines(NamedTuple):
    """One record: lines that belong together, and what is known of them."""

    parts: Sequence[NDArray[np.float64]]
    """Each (n, 2) x, y [px], origin at the upper left corner of the image."""
    properties: Mapping[str, Any]


def write_lines(records: Sequence[Lines], path: Path, *, grid: GeoBox | None) -> Path:
    """Write records as GeoJSON, in the coordinates of ``grid``, or in pixels where there is none.

    A CRS other than that of GPS is named as GDAL and QGIS read it; ``coordinates`` says in words what the numbers are.
    """
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "MultiLineString", "coordinates": [_placed(part, grid) for part in record.parts]},
            "properties": dict(record.properties),
        }
        for record in records
    ]
    collection: dict[str, Any] = {
        "type": "FeatureCollection",
        "coordinates": PIXELS if grid is None else crs_name(grid),
    }
    code = grid.crs.epsg if grid is not None and grid.crs is not None else None
    if code is not None:
        collection["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{code}"}}
    return write_text(json.dumps({**collection, "features": features}, ensure_ascii=False) + "\n", path)


def _placed(part: NDArray[np.float64], grid: GeoBox | None) -> list[list[float]]:
    if grid is None:
        return [[round(float(x), 2), round(float(y), 2)] for x, y in part]
    return [[float(value) for value in grid.transform * (x, y)] for x, y in part]
