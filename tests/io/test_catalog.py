import datetime as dt
import json
import os
from pathlib import Path

import pystac
import pytest
from odc.geo.geom import box

from highwall.io.catalog import checksum, stage_item, write_catalog, write_json

AOI = box(14.0, 45.0, 14.1, 45.1, "EPSG:4326")
EMPTY_SHA256 = "1220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_checksum_of_a_file_is_a_sha256_multihash(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"")
    assert checksum(tmp_path / "a") == EMPTY_SHA256


def test_the_checksum_of_a_folder_does_not_depend_on_the_order_of_writing(tmp_path: Path):
    for folder, names in (("first", ("a", "sub/b", "c")), ("second", ("c", "sub/b", "a"))):
        for name in names:
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
    assert checksum(tmp_path / "first") == checksum(tmp_path / "second")


def test_the_checksum_changes_with_content_and_names(tmp_path: Path):
    path = tmp_path / "store" / "c" / "0"
    path.parent.mkdir(parents=True)
    path.write_text("old")
    seen = {checksum(tmp_path / "store"), checksum(path)}
    former = path.stat()
    replacement = path.with_name("new")
    replacement.write_text("new")
    os.utime(replacement, ns=(former.st_atime_ns, former.st_mtime_ns))
    replacement.rename(path)  # same size, same time of change, other file: as an atomic replacement leaves it
    seen |= {checksum(tmp_path / "store"), checksum(path)}
    path.rename(path.with_name("1"))
    seen.add(checksum(tmp_path / "store"))
    assert len(seen) == 5


def test_what_is_not_there_has_the_sum_of_nothing(tmp_path: Path):
    missing = checksum(tmp_path / "gone")
    assert missing == checksum(tmp_path / "gone too")
    (tmp_path / "gone").write_text("here")
    assert checksum(tmp_path / "gone") != missing


def test_companions_links_and_runs(tmp_path: Path):
    shape, table = tmp_path / "a.shp", tmp_path / "a.dbf"
    shape.write_text("shape")
    table.write_text("2020")
    before = checksum(shape)
    table.write_text("2030")
    assert checksum(shape) != before
    folder, elsewhere = tmp_path / "scenes", tmp_path / "archive"
    folder.mkdir()
    elsewhere.mkdir()
    (elsewhere / "scene.tif").write_text("pixels")
    empty = checksum(folder)
    (folder / "link").symlink_to(elsewhere)
    linked = checksum(folder)
    assert linked != empty
    (folder / "run" / "stac").mkdir(parents=True)
    (folder / "run" / "catalog.json").write_text("{}")
    assert checksum(folder) == linked


def test_json_refuses_what_json_lacks_and_keeps_letters(tmp_path: Path):
    path = write_json({"site": "Serra Pelée"}, tmp_path / "a.json")
    assert "Pelée" in path.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json({"a": float("nan")}, path)
    assert json.loads(path.read_text()) == {"site": "Serra Pelée"}


def run(folder: Path) -> Path:
    when = {"prepare": [dt.date(2023, 7, 18)], "deform": [dt.date(2018, 7, 17), dt.date(2018, 1, 6)]}
    outputs = {"prepare": ["scene.tif"], "deform": ["displacement.zarr", "velocity.tif"]}
    for names in outputs.values():
        for name in names:
            (folder / name).write_text(name)
    for stage in when:
        item = stage_item(
            stage, site="Serra", aoi=AOI, when=when[stage], properties={"highwall:facts": {"n": 1}},
            outputs=[folder / name for name in outputs[stage]],
        )  # fmt: skip
        write_json(item, folder / "stac" / f"{stage}.json")
    return write_catalog(folder, site="Serra", stages=list(when))


def test_a_run_is_a_catalogue_whose_links_resolve(tmp_path: Path):
    catalog = pystac.Catalog.from_file(str(run(tmp_path)))
    items = {item.id: item for item in catalog.get_items()}
    assert set(items) == {"prepare", "deform"}
    for item in items.values():
        assert item.get_root() is catalog
        assert item.get_parent().id == catalog.id
        for asset in item.assets.values():
            path = Path(asset.get_absolute_href())
            assert path.exists()
            assert asset.extra_fields["file:checksum"] == checksum(path)
    assert items["deform"].assets["velocity.tif"].media_type == pystac.MediaType.COG
    assert "year" in items["deform"].assets["velocity.tif"].title


def test_an_item_carries_where_and_when(tmp_path: Path):
    run(tmp_path)
    item = pystac.Item.from_file(str(tmp_path / "stac" / "deform.json"))
    assert item.bbox == [14.0, 45.0, 14.1, 45.1]
    assert item.geometry["type"] == "Polygon"
    assert item.properties["start_datetime"] == "2018-01-06T00:00:00Z"
    assert item.properties["end_datetime"] == item.properties["datetime"] == "2018-07-17T00:00:00Z"
    assert item.properties["highwall:facts"] == {"n": 1}


def test_the_folder_of_a_run_can_be_moved(tmp_path: Path):
    (tmp_path / "run").mkdir()
    run(tmp_path / "run")
    assert str(tmp_path) not in (tmp_path / "run" / "catalog.json").read_text()
    (tmp_path / "run").rename(tmp_path / "moved")
    catalog = pystac.Catalog.from_file(str(tmp_path / "moved" / "catalog.json"))
    assert len(list(catalog.get_items())) == 2
