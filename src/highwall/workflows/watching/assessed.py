"""What an assessment was given, read again for pictures and pages as long as it is still the same."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd

from highwall.activity.permits import permit_table
from highwall.io.catalog import checksum
from highwall.io.vectors import read_polygons


def permits_of(record: Mapping[str, Any]) -> gpd.GeoDataFrame | None:
    """Permits that were compared; None where there were none, or their file is gone or another one by now.

    Parameters
    ----------
    record
        Of the stage *assess*.
    """
    given = record["highwall:inputs"].get("permits")
    if given is None or checksum(Path(given["path"])) != given["checksum"]:
        return None
    path, fields = Path(given["path"]), record["highwall:parameters"]["fields"]
    return permit_table(read_polygons(path), fields=fields, source=path.name).permits
