"""A run as a STAC catalogue: what each stage took, with which parameters, and what it left."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pystac
from odc.geo.geom import Geometry

from highwall import __version__
from highwall.core.errors import MissingInputError
from highwall.core.products import RUN_FILES
from highwall.io.aside import write_text

_MEDIA = {
    ".tif": pystac.MediaType.COG, ".gpkg": pystac.MediaType.GEOPACKAGE, ".parquet": pystac.MediaType.PARQUET,
    ".zarr": pystac.MediaType.ZARR, ".json": pystac.MediaType.JSON, ".html": pystac.MediaType.HTML,
}  # fmt: skip
_FILE_EXTENSION = "https://stac-extensions.github.io/file/v2.1.0/schema.json"


def checksum(path: Path) -> str:
    """SHA-256 of a file, or of a folder's names and contents, as a hexadecimal multihash (STAC ``file:checksum``).

    Raises
    ------
    MissingInputError
        Nothing is there.
    """
    if not path.exists():
        raise MissingInputError(f"nothing at {path}; check the path.")
    files = [path] if path.is_file() else sorted(child for child in path.rglob("*") if child.is_file())
    if path.is_file():
        return "1220" + _digest(path)
    names = "\n".join(f"{child.relative_to(path)} {_digest(child)}" for child in files)
    return "1220" + hashlib.sha256(names.encode()).hexdigest()


def stage_item(
    stage: str,
    *,
    site: str,
    aoi: Geometry,
    when: Sequence[dt.date],
    properties: Mapping[str, Any],
    outputs: Sequence[Path],
) -> dict[str, Any]:
    """Describe what a stage did as a STAC item.

    Parameters
    ----------
    aoi
        EPSG:4326.
    when
        Dates of the data; today's date stands where they have none.
    properties
        Entries of the item's ``properties``.
    outputs
        Files that it left; they become assets with checksums.
    """
    dates = sorted(when) or [dt.datetime.now(dt.UTC).date()]
    start, end = (dt.datetime.combine(date, dt.time(), dt.UTC) for date in (dates[0], dates[-1]))
    box = aoi.boundingbox
    item = pystac.Item(
        id=stage, geometry=aoi.json, bbox=[box.left, box.bottom, box.right, box.top], datetime=end,
        start_datetime=start, end_datetime=end, properties=dict(properties) | {"title": f"{site}: {stage}"},
        stac_extensions=[_FILE_EXTENSION],
    )  # fmt: skip
    for path in outputs:
        item.add_asset(path.name, _asset(path))
    item.add_link(pystac.Link(pystac.RelType.ROOT, "../catalog.json", pystac.MediaType.JSON))
    item.add_link(pystac.Link(pystac.RelType.PARENT, "../catalog.json", pystac.MediaType.JSON))
    return item.to_dict(include_self_link=False, transform_hrefs=False)


def write_catalog(folder: Path, *, site: str, stages: Sequence[str]) -> Path:
    """Write ``catalog.json``, which links the items of the stages in ``stac/``."""
    catalog = pystac.Catalog(id="highwall-run", description=f"Highwall {__version__} on {site}", title=site)
    catalog.links = [link for link in catalog.links if link.rel != pystac.RelType.ROOT]
    content = catalog.to_dict(include_self_link=False, transform_hrefs=False)
    content["links"] = [{"rel": "root", "href": "./catalog.json", "type": "application/json"}] + [
        {"rel": "item", "href": f"./stac/{stage}.json", "type": "application/geo+json"} for stage in stages
    ]
    return write_json(content, folder / "catalog.json")


def write_json(content: Any, path: Path) -> Path:
    """Write JSON, aside and then renamed; NaN, which JSON lacks, is refused."""
    return write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", path)


def _asset(path: Path) -> pystac.Asset:
    return pystac.Asset(
        href=f"../{path.name}", title=RUN_FILES.get(path.name, path.name), media_type=_MEDIA.get(path.suffix),
        roles=["data"], extra_fields={"file:checksum": checksum(path)},
    )  # fmt: skip


def _digest(path: Path) -> str:
    stat = path.stat()
    return _digest_of(str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=100_000)
def _digest_of(path: str, inode: int, size: int, modified_ns: int) -> str:
    """SHA-256 of a file; what marks a changed or replaced file is part of the key, so that it is read again."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
