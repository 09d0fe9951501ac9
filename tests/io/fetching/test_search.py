import datetime as dt
import socket
from pathlib import Path

import pystac
import pytest
from odc.geo.geom import box

from highwall.core.errors import SceneError, TransferError
from highwall.io.fetching.search import Catalogue, when

from ..archive_made import LEFT, TOP, UTM, add_maps, add_optical
from ..archive_server import Archive, archive_server
from ..stac_server import stac_server

AREA = box(LEFT + 100, TOP - 300, LEFT + 300, TOP - 100, crs=UTM).to_crs("EPSG:4326")
YEAR = {"start": dt.datetime(2021, 1, 1, tzinfo=dt.UTC), "end": dt.datetime(2021, 12, 31, 23, 59, 59, tzinfo=dt.UTC)}


def archive(folder: Path) -> Archive:
    held = Archive(folder)
    add_optical(held, "june", "2021-06-01T10:00:00+00:00", cloud_percent=3)
    add_optical(held, "last", "2020-12-31T10:00:00+00:00", cloud_percent=3)
    add_optical(held, "far", "2021-06-01T10:00:00+00:00", cloud_percent=3, left=LEFT + 50_000)
    add_maps(held)
    return held


def test_an_api_is_searched(tmp_path: Path) -> None:
    with archive_server(archive(tmp_path)) as url:
        catalogue = Catalogue(url, patience_s=5)
        found = catalogue.find("sentinel-2-l2a", AREA, **YEAR)
        assert [item.id for item in found] == ["june"]
        maps = catalogue.find("esa-worldcover", AREA, **YEAR)
        assert [(item.id, when(item).year) for item in maps] == [("cover2021", 2021)]


def test_a_static_catalogue_is_walked_through(tmp_path: Path) -> None:
    held = archive(tmp_path / "files")
    catalog = pystac.Catalog("mines", "scenes on a disk")
    for item in held.items:
        content = pystac.Item.from_dict(item)
        content.collection_id = item["collection"]
        catalog.add_item(content)
    catalog.normalize_and_save(str(tmp_path / "stac"), pystac.CatalogType.SELF_CONTAINED)
    found = Catalogue(str(tmp_path / "stac" / "catalog.json"), patience_s=5).find("sentinel-2-l2a", AREA, **YEAR)
    assert [item.id for item in found] == ["june"]


def test_what_a_server_gives_too_much_is_left_out(tmp_path: Path) -> None:
    """A server that filters by nothing but its own fields."""
    held = archive(tmp_path)
    with stac_server([]) as url:
        catalogue = Catalogue(url, patience_s=5)
    items = [pystac.Item.from_dict(item) for item in held.items]

    class All:
        @staticmethod
        def items() -> list[pystac.Item]:
            return items

    catalogue._client.search = lambda **asked: All  # type: ignore[method-assign, assignment]
    assert [item.id for item in catalogue.find("sentinel-2-l2a", AREA, **YEAR)] == ["june"]


def test_who_does_not_answer_is_named() -> None:
    with pytest.raises(TransferError, match=r"http://127\.0\.0\.1:9 did not answer"):
        Catalogue("http://127.0.0.1:9", patience_s=1)
    with (
        stac_server([], landing="<html>no STAC</html>") as url,
        pytest.raises(TransferError, match="Check the address"),
    ):
        Catalogue(url, patience_s=5)


def test_a_server_that_says_nothing_is_not_waited_for_forever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TransferError, match="did not answer"):
            Catalogue(url, patience_s=0.2)


def test_an_item_without_a_date_is_refused() -> None:
    span = {"start_datetime": dt.datetime(2021, 1, 1), "end_datetime": dt.datetime(2021, 12, 31)}
    assert when(pystac.Item("a", None, None, None, {}, **span)) == dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
    bare = pystac.Item("a", None, None, dt.datetime(2021, 1, 1), {})
    bare.datetime = None
    with pytest.raises(SceneError, match="states no datetime"):
        when(bare)
