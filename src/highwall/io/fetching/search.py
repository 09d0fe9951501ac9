"""Ask a STAC archive what it holds: an API that searches, or a static catalogue that is walked through."""

import datetime as dt
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pystac
import pystac_client
import requests
import shapely
from odc.geo.geom import Geometry
from pystac.errors import STACError
from pystac_client.conformance import ConformanceClasses
from pystac_client.errors import ClientTypeError
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from pystac_client.warnings import PystacClientWarning
from shapely.affinity import translate
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from urllib3.util import Retry

from highwall.core.errors import SceneError, TransferError
from highwall.io.fetching.places import without_jump

_PAGE: Final = 200
"""Items that are asked for at once."""
_RETRIES: Final = Retry(total=4, connect=1, read=1, backoff_factor=1.0, status_forcelist=(429, 500, 502, 503, 504))
"""A server that is busy is asked four times again; one that is not there or says nothing, once: that takes long."""
_MOST_ITEMS: Final = 5000
"""Items of one search beyond which something is wrong with it."""


class Catalogue:
    """An open archive.

    Raises
    ------
    TransferError
        It does not answer, or is no STAC archive.
    """

    def __init__(self, url: str, *, patience_s: float) -> None:
        self.url = url
        with _asking(url):
            self._client = pystac_client.Client.open(url, stac_io=StacApiIO(max_retries=_RETRIES), timeout=patience_s)
            self._can_search = bool(self._client.conforms_to(ConformanceClasses.ITEM_SEARCH))

    def find(self, collection: str, area: Geometry, *, start: dt.datetime, end: dt.datetime) -> list[pystac.Item]:
        """Items of a collection that touch an area (EPSG:4326) within a span of time, oldest first.

        Raises
        ------
        TransferError
            The archive does not answer.
        """
        with _asking(self.url):
            if self._can_search:
                found = self._client.search(
                    collections=[collection], intersects=area.json, datetime=f"{_utc(start)}/{_utc(end)}", limit=_PAGE,
                    max_items=_MOST_ITEMS,
                ).items()  # fmt: skip
            else:
                found = self._client.get_items(recursive=True)
            items = [item for item in found if _matches(item, collection, area, start=start, end=end)]
        return sorted(items, key=lambda item: (when(item), item.id))


def when(item: pystac.Item) -> dt.datetime:
    """Begin of an item's acquisition (UTC); what states only a span begins at its start.

    Raises
    ------
    SceneError
        It states neither.
    """
    begin = item.datetime or item.common_metadata.start_datetime
    if begin is None:
        raise SceneError(f"item {item.id} states no datetime; leave it out of the archive.")
    return begin if begin.tzinfo else begin.replace(tzinfo=dt.UTC)


def _matches(item: pystac.Item, collection: str, area: Geometry, *, start: dt.datetime, end: dt.datetime) -> bool:
    """Hold what came against what was asked for: not every server filters by all of it."""
    if item.collection_id not in (None, collection) or item.geometry is None:
        return False
    last = item.common_metadata.end_datetime or when(item)
    last = last if last.tzinfo else last.replace(tzinfo=dt.UTC)
    return when(item) <= end and last >= start and _touches(shape(item.geometry), area.geom)


def _touches(footprint: BaseGeometry, area: BaseGeometry) -> bool:
    """Tell whether two places share ground, however their longitudes are written near the dateline."""
    whole = without_jump(footprint)
    return any(shapely.intersects(translate(whole, turn), area) for turn in (0.0, -360.0, 360.0))


def _utc(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def _asking(url: str) -> Iterator[None]:
    """Say in our words what went wrong with an archive."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PystacClientWarning)  # of static catalogues, which cannot search
            yield
    except (APIError, ClientTypeError, STACError, requests.RequestException, OSError, ValueError, KeyError) as error:
        if isinstance(error, SceneError):
            raise
        raise TransferError(
            f"the STAC archive {url} did not answer as one: {error}. Check the address, or wait."
        ) from error
