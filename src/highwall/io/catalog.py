"""A run as a STAC catalogue: what each stage took, with which parameters, and what it left."""

import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pystac
from odc.geo.geom import Geometry

from highwall import __version__
from highwall.core.products import RUN_FILES, RUN_FILES_ASKED
from highwall.io.aside import write_text

_MEDIA = {
    ".tif": pystac.MediaType.COG, ".gpkg": pystac.MediaType.GEOPACKAGE, ".parquet": pystac.MediaType.PARQUET,
    ".zarr": pystac.MediaType.ZARR, ".json": pystac.MediaType.JSON, ".html": pystac.MediaType.HTML,
    ".png": pystac.MediaType.PNG, ".h5": pystac.MediaType.HDF5,
}  # fmt: skip
_COMPANIONS = {".shp": (".dbf", ".shx", ".prj", ".cpg"), ".gpkg": (".gpkg-wal",)}
"""Files beside a file that are part of it."""
_FILE_EXTENSION = "https://stac-extensions.github.io/file/v2.1.0/schema.json"


def checksum(path: Path) -> str:
    """SHA-256 of what a path holds, as a hexadecimal multihash (STAC ``file:checksum``).

    Of a file its content, with the companions of a shapefile and the journal of a GeoPackage; of a folder the names and
    contents of its files, links followed, runs of Highwall left out. What is not there has the sum of nothing.
    """
    files = [path] if path.is_file() else list(_files_below(path))
    companions = [
        other for pattern in _COMPANIONS.get(path.suffix, ()) for other in path.parent.glob(path.stem + pattern)
    ]
    if path.is_file() and not companions:
        return "1220" + _digest(path)
    base = path.parent if path.is_file() else path
    names = "\n".join(f"{file.relative_to(base)} {_digest(file)}" for file in sorted({*files, *companions}))
    return "1220" + hashlib.sha256(names.encode()).hexdigest()


def is_run(folder: Path) -> bool:
    """Tell whether a folder is one that Highwall left: its files are results, never inputs."""
    return (folder / "catalog.json").is_file() and (folder / "stac").is_dir()


def _files_below(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not is_run(Path(root) / name)]
        yield from (Path(root) / name for name in names)


def stage_item(
    stage: str,
    *,
    site: str,
    aoi: Geometry,
    when: Sequence[dt.date],
    properties: Mapping[str, Any],
    outputs: Sequence[Path],
    extensions: Sequence[str] = (),
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
    extensions
        Schemas of STAC extensions whose fields are among the properties.
    """
    dates = sorted(when) or [dt.datetime.now(dt.UTC).date()]
    start, end = (dt.datetime.combine(date, dt.time(), dt.UTC) for date in (dates[0], dates[-1]))
    box = aoi.boundingbox
    item = pystac.Item(
        id=stage, geometry=aoi.json, bbox=[box.left, box.bottom, box.right, box.top], datetime=end,
        start_datetime=start, end_datetime=end, properties=dict(properties) | {"title": f"{site}: {stage}"},
        stac_extensions=[_FILE_EXTENSION, *extensions],
    )  # fmt: skip
    item.properties["highwall:dated_by"] = "data" if when else "processing"
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
        href=f"../{path.name}", title=(RUN_FILES | RUN_FILES_ASKED).get(path.name, path.name),
        media_type=_MEDIA.get(path.suffix), roles=["data"], extra_fields={"file:checksum": checksum(path)},
    )  # fmt: skip


def _digest(path: Path) -> str:
    stat = path.stat()
    return _digest_of(str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=100_000)
def _digest_of(path: str, inode: int, size: int, modified_ns: int) -> str:
    """SHA-256 of a file; what marks a changed or replaced file is part of the key, so that it is read again."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
