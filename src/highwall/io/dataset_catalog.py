"""A dataset as a STAC catalogue: an item a chip, with its image, its labels and what is known of both."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pystac

from highwall import __version__
from highwall.core.bands import BANDS
from highwall.core.grid import GeoBox, crs_name
from highwall.core.taxonomy import BLANK, CLASS_NAMES
from highwall.io.catalog import checksum, write_json

_EXTENSIONS: Final = [
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/label/v1.0.1/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
]
_ITEMS: Final = "items"
_UP: Final = "../"


def write_chip_item(folder: Path, row: Mapping[str, Any], *, grid: GeoBox, bands: Sequence[str]) -> Path:
    """Write the item of one chip.

    Parameters
    ----------
    row
        The chip's row in ``dataset.json``.
    """
    extent = grid.extent.to_crs("EPSG:4326")
    box = extent.boundingbox
    item = pystac.Item(
        id=row["name"], geometry=extent.json, bbox=[box.left, box.bottom, box.right, box.top],
        datetime=_instant(row["date"]), properties=_properties(row, grid), stac_extensions=_EXTENSIONS,
    )  # fmt: skip
    item.add_asset("image", _asset(folder, row["image"], bands=bands))
    for annotator, place in row["labels"].items():
        item.add_asset(f"labels-{annotator}", _asset(folder, place))
    for relation in (pystac.RelType.ROOT, pystac.RelType.PARENT):
        item.add_link(pystac.Link(relation, f"{_UP}catalog.json", pystac.MediaType.JSON))
    content = item.to_dict(include_self_link=False, transform_hrefs=False)
    return write_json(content, folder / _ITEMS / f"{row['name']}.json")


def write_dataset_catalog(folder: Path, names: Sequence[str], *, title: str, description: str) -> Path:
    """Write ``catalog.json``, which links the items."""
    catalog = pystac.Catalog(id=title, description=description, title=title)
    catalog.links = [link for link in catalog.links if link.rel != pystac.RelType.ROOT]
    content = catalog.to_dict(include_self_link=False, transform_hrefs=False)
    content["links"] = [{"rel": "root", "href": "./catalog.json", "type": "application/json"}] + [
        {"rel": "item", "href": f"./{_ITEMS}/{name}.json", "type": "application/geo+json"} for name in names
    ]
    return write_json(content, folder / "catalog.json")


def _properties(row: Mapping[str, Any], grid: GeoBox) -> dict[str, Any]:
    facts = ("site", "group", "split", "material", "mine_type", "level", "scene", "is_simulated")
    return {
        "title": row["name"],
        "proj:code": crs_name(grid) if grid.crs and grid.crs.epsg else None,
        "proj:shape": list(grid.shape),
        "proj:transform": list(grid.transform)[:6],
        "label:type": "raster",
        "label:tasks": ["segmentation"],
        "label:properties": None,
        "label:classes": [{"name": None, "classes": [*CLASS_NAMES, BLANK]}],
        "label:description": "bit code - 1 for each class in its order, bit 10 for blank, 65535 outside the data",
        "highwall:dated_by": "data" if row["date"] else "processing",
        "highwall:software": f"highwall {__version__}",
        **{f"highwall:{name}": row[name] for name in facts},
    }


def _asset(folder: Path, place: Mapping[str, Any], *, bands: Sequence[str] = ()) -> pystac.Asset:
    is_zarr = "array" in place
    fields: dict[str, Any] = {"highwall:array": place["array"], "highwall:number": place["number"]} if is_zarr else {}
    if not is_zarr:
        fields["file:checksum"] = checksum(folder / place["file"])
    if bands:
        rows = (BANDS[band] for band in bands)
        fields["bands"] = [{"name": row.name, "description": row.meaning, "unit": row.unit} for row in rows]
    media = pystac.MediaType.ZARR if is_zarr else pystac.MediaType.GEOTIFF
    roles = ["data" if bands else "labels"]
    return pystac.Asset(f"{_UP}{place['file']}", media_type=media, roles=roles, extra_fields=fields)


def _instant(date: str | None) -> dt.datetime:
    """Date of the image at midnight; today's where it is unknown."""
    day = dt.date.fromisoformat(date) if date else dt.datetime.now(dt.UTC).date()
    return dt.datetime.combine(day, dt.time(), dt.UTC)
