"""Scenes from a STAC search, loaded lazily through odc-stac.

Archives differ in what they did with the offset of processing baseline 04.00: some deliver digital numbers with it,
some have already taken it off, some say so in ``raster:bands``. :func:`offset_of` reads the item and decides; the
decision and its reason travel with the scene, and ``imagery.scaling`` applies it exactly once.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import odc.stac
import pystac
import pystac_client
import xarray as xr
from odc.geo.geobox import GeoBox
from odc.geo.geom import Geometry
from pystac.errors import STACError
from pystac_client.errors import ClientTypeError
from pystac_client.exceptions import APIError

from highwall.core.constants import SENTINEL2_OFFSET, SENTINEL2_OFFSET_BASELINE, SENTINEL2_QUANTIFICATION
from highwall.core.errors import SceneError, SetAside
from highwall.core.grid import grid_over
from highwall.io.scenes import SceneReading, band_name

_ASSET_OF_BAND = {
    "B01": "coastal", "B02": "blue", "B03": "green", "B04": "red", "B05": "rededge1", "B06": "rededge2",
    "B07": "rededge3", "B08": "nir", "B8A": "nir08", "B09": "nir09", "B11": "swir16", "B12": "swir22", "SCL": "scl",
}  # fmt: skip
"""Names that Earth Search gives the bands; other archives call them by their Sentinel-2 names."""

_PATIENCE_S = 60.0
"""s, without a word from the server after which it counts as silent."""


@dataclass(frozen=True)
class StacSource:
    """The least cloudy scenes of a collection over an area and a span of dates."""

    url: str
    collection: str
    crs: str
    """Projected CRS of the grid on which scenes are loaded."""
    start: dt.date
    end: dt.date
    bands: tuple[str, ...] = ("B02", "B03", "B04", "B08", "B11", "B12")
    max_cloud_percent: float = 20.0
    limit: int = 4
    """Most scenes to take, the least cloudy first."""
    resolution_m: float = 10.0

    def read(self, area: Geometry) -> SceneReading:
        """Search, choose and open scenes; pixels are fetched when they are used.

        Raises
        ------
        SceneError
            The server does not answer, is no STAC server, or nothing matches.
        """
        items = self._search(area.to_crs("EPSG:4326"))
        grid = grid_over(area, crs=self.crs, resolution_m=self.resolution_m)
        scenes, set_aside = [], []
        for item in items:
            try:
                scenes.append(load_item(item, grid, bands=self.bands))
            except SceneError as error:
                set_aside.append(SetAside(item.id, str(error)))
        return SceneReading(sorted(scenes, key=lambda scene: str(scene.attrs["acquired"])), set_aside)

    def _search(self, area: Geometry) -> list[pystac.Item]:
        span = f"{self.start.isoformat()}/{self.end.isoformat()}"
        try:
            client = pystac_client.Client.open(self.url, timeout=_PATIENCE_S)
            found = list(client.search(
                collections=[self.collection], intersects=area.json, datetime=span, max_items=500,
                query={"eo:cloud_cover": {"lte": self.max_cloud_percent}},
            ).items())  # fmt: skip
        except (APIError, ClientTypeError, STACError, OSError, ValueError) as error:
            raise SceneError(f"the STAC server {self.url} did not answer: {error}") from error
        if not found:
            raise SceneError(
                f"no scene of {self.collection} over the AOI in {span} with at most {self.max_cloud_percent:g} % "
                "cloud; widen the dates or raise scenes.stac.max_cloud_percent."
            )
        return sorted(found, key=lambda item: float(item.properties.get("eo:cloud_cover", 100.0)))[: self.limit]


def load_item(
    item: pystac.Item, grid: GeoBox, *, bands: tuple[str, ...], patch_url: Callable[[str], str] | None = None
) -> xr.DataArray:
    """Open the bands of an item on ``grid`` as a scene: lazy digital numbers (band, y, x), nearest neighbour.

    Parameters
    ----------
    patch_url
        Gives where an asset is read, by its address in the item; by default there.

    Raises
    ------
    SceneError
        The item lacks a band.
    """
    assets = {band: asset_of(item, band) for band in bands}
    loaded = odc.stac.load(
        [item], bands=list(assets.values()), geobox=grid, chunks={"y": 1024, "x": 1024}, patch_url=patch_url
    )
    layers = [loaded[assets[band]].isel(time=0, drop=True) for band in bands]
    scene = xr.concat(layers, dim="band", coords="minimal", compat="override", join="override")
    scene = scene.assign_coords(band=[band_name(band) for band in bands])
    offset, reason = offset_of(item)
    acquired = item.datetime or dt.datetime.fromisoformat(str(item.properties["start_datetime"]))
    scene.attrs = {
        "scene_id": item.id, "acquired": acquired.date().isoformat(), "level": _level_of(item),
        "quantification": SENTINEL2_QUANTIFICATION, "offset": offset, "offset_reason": reason, "nodata": 0.0,
        "source": item.get_self_href() or item.id,
    }  # fmt: skip
    return scene.rename("dn")


def offset_of(item: pystac.Item) -> tuple[float, str]:
    """Digital numbers still to be added to an item's pixels, and the reason.

    In order of trust: the archive says that it took the offset off (``earthsearch:boa_offset_applied``); the asset
    states scale and offset (``raster:bands``); the processing baseline decides.
    """
    if item.properties.get("earthsearch:boa_offset_applied") is True:
        return 0.0, "the archive has already applied it (earthsearch:boa_offset_applied)"
    stated = _stated_offset(item)
    if stated is not None:
        return stated, "stated in raster:bands"
    baseline = _baseline_of(item)
    if not baseline:
        return 0.0, "no processing baseline stated; assumed none"
    if baseline >= SENTINEL2_OFFSET_BASELINE:
        return SENTINEL2_OFFSET, f"processing baseline {baseline}"
    return 0.0, f"processing baseline {baseline} has none"


def _stated_offset(item: pystac.Item) -> float | None:
    """Offset [digital numbers] that the red band states (there in reflectance, after scale).

    STAC 1.0 has ``raster:bands`` with ``offset`` and ``scale``; STAC 1.1 has ``raster:offset`` and ``raster:scale``,
    on the asset or on its ``bands``.
    """
    red = item.assets.get("red") or item.assets.get("B04")
    if red is None:
        return None
    fields = red.extra_fields
    for stated in [*fields.get("raster:bands", []), fields, *fields.get("bands", [])]:
        offset = stated.get("offset", stated.get("raster:offset"))
        if offset is not None:
            return float(round(offset / stated.get("scale", stated.get("raster:scale", 1.0))))
    return None


def _baseline_of(item: pystac.Item) -> str:
    for key in ("s2:processing_baseline", "processing:version", "sentinel2:processing_baseline"):
        if value := item.properties.get(key):
            return str(value)
    return ""


def _level_of(item: pystac.Item) -> str:
    text = f"{item.properties.get('processing:level', '')} {item.collection_id} {item.id}".upper()
    return "L2A" if "L2" in text else "L1C" if "L1C" in text else "unknown"


def asset_of(item: pystac.Item, band: str) -> str:
    """Name of the asset that holds a band of Sentinel-2 or a polarisation of Sentinel-1, as archives call them.

    Raises
    ------
    SceneError
        There is none.
    """
    for name in (band, _ASSET_OF_BAND.get(band, band), band.lower(), f"{band}_10m", f"{band}_20m", f"{band}_60m"):
        if name in item.assets:
            return name
    raise SceneError(f"item {item.id} has no asset for {band}; it has {', '.join(sorted(item.assets))}.")
